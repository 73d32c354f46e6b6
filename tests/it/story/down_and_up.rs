//! One outage from its first failing check to the recovery, on each engine.

use lifesign::clock::Clock;
use lifesign::domain::at::At;
use standardwebhooks::Webhook as Verifier;

use super::*;

fn time(value: &Value) -> At {
    At::parse(value.as_str().unwrap()).unwrap()
}

async fn an_outage_is_told_and_its_end_too(engine: Engine) {
    let database = Database::new(engine).await;
    let (story, mut server) = Story::begin(&database).await;

    server.stop().await.unwrap();
    let opened = story.until_told("incident.opened").await;
    let incident = &opened["data"]["incident"];
    assert_eq!(incident["code"], "tcp_refused");
    assert_eq!(incident["severity"], "down");
    let waited = Clock::system()
        .now()
        .ms_since(time(&incident["started_at"]));
    assert!(
        waited <= 60_000,
        "told {waited} ms after the first failing check"
    );

    server.restart().unwrap();
    let resolved = story.until_told("incident.resolved").await;
    assert_eq!(resolved["data"]["incident"]["id"], incident["id"]);
    story.until_status("up").await;

    // Everything that arrived is signed with the secret that was shown once.
    let verifier = Verifier::new(&story.secret).unwrap();
    for request in story.hook.received() {
        verifier.verify(&request.body, &request.headers).unwrap();
    }

    let mails = story.until_mails(2).await;
    let subject = |n: usize| mails[n].header("Subject").unwrap();
    assert!(subject(0).starts_with("DOWN Search: "), "{}", subject(0));
    assert!(subject(1).starts_with("UP Search: "), "{}", subject(1));
    let thread = mails[0].header("References").unwrap();
    assert_eq!(mails[1].header("References").unwrap(), thread, "one thread");

    // History, status JSON and page agree on the minutes.
    let path = format!("/incidents/{}", incident["id"].as_str().unwrap());
    let (_, history) = story.service.api(&story.token, "GET", &path, None).await;
    let lasted = time(&history["resolved_at"]).ms_since(time(&history["started_at"]));
    assert_eq!(history["duration_seconds"], lasted / 1_000);
    let path = format!("/monitors/{}/uptime?window=24h", story.monitor);
    let (_, uptime) = story.service.api(&story.token, "GET", &path, None).await;
    let down = uptime["down_ms"].as_i64().unwrap();
    assert!(
        (down - lasted).abs() < 1_000,
        "down for {down} ms, the incident lasted {lasted} ms"
    );
    drop(story);
    database.remove().await;
}

on_both!(an_outage_is_told_and_its_end_too);
