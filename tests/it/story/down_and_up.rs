//! One outage from its first failing check to the recovery, on each engine.

use lifesign::clock::Clock;
use lifesign::domain::at::At;
use standardwebhooks::Webhook as Verifier;

use super::*;
use crate::support::visitor::{Visitor, attributes, texts};

fn time(value: &Value) -> At {
    At::parse(value.as_str().unwrap()).unwrap()
}

/// History, status JSON and pages say the same of one outage.
async fn agree_on_the_minutes(story: &Story, incident: &str) {
    let ask = async |path: &str| story.service.api(&story.token, "GET", path, None).await.1;

    let history = ask(&format!("/incidents/{incident}")).await;
    let lasted = time(&history["resolved_at"]).ms_since(time(&history["started_at"]));
    assert_eq!(history["duration_seconds"], lasted / 1_000);

    let visitor = Visitor::invited(&story.service, "eyes@example.com", "Team").await;
    let form = [
        ("title", "Acme"),
        ("slug", "acme"),
        ("components", &*story.monitor),
        ("visibility", "public"),
    ];
    visitor.post("/status-pages", &form).await;

    let status = ask("/status/acme").await;
    let told = &status["incidents"][0];
    for member in [
        "id",
        "started_at",
        "resolved_at",
        "duration_seconds",
        "code",
    ] {
        assert_eq!(told[member], history[member], "{member} of the status JSON");
    }
    let near = |down_ms: i64, where_: &str| {
        let apart = (down_ms - lasted).abs();
        assert!(
            apart < 2_000,
            "{where_}: down {down_ms} ms, the incident lasted {lasted} ms"
        );
    };
    let uptime = ask(&format!("/monitors/{}/uptime?window=24h", story.monitor)).await;
    near(uptime["down_ms"].as_i64().unwrap(), "uptime");
    let component = &status["components"][0];
    near(component["down_ms"]["24h"].as_i64().unwrap(), "status JSON");

    for path in [
        "/status/acme".to_owned(),
        format!("/monitors/{}", story.monitor),
    ] {
        let page = visitor.page(&path).await;
        let times = attributes(&page, "time", "datetime");
        let started = history["started_at"].as_str().unwrap();
        assert!(
            times.iter().any(|time| time == started),
            "{path}: {times:?}"
        );
        let body = &texts(&page, "main")[0];
        let words = in_words(lasted);
        assert!(body.contains(&words), "{path} does not say {words}");
        let days = texts(&page, ".day span");
        near(days.iter().map(|day| down_ms(day)).sum(), &path);
    }
}

/// A short time as the pages write it.
fn in_words(ms: i64) -> String {
    match (ms / 60_000, ms / 1_000 % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

/// The time down in the words for a day: `22 November: 1 min 3 s down, 2 s unknown`.
fn down_ms(day: &str) -> i64 {
    let (_, spent) = day.split_once(": ").unwrap();
    let down = spent
        .split(", ")
        .find_map(|part| part.strip_suffix(" down"));
    let words: Vec<&str> = down.into_iter().flat_map(str::split_whitespace).collect();
    let pairs = words.chunks(2).map(|pair| {
        let unit = if pair[1] == "min" { 60_000 } else { 1_000 };
        pair[0].parse::<i64>().unwrap() * unit
    });
    pairs.sum()
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
    let text = mails[0].part("text/plain").unwrap();
    assert!(text.contains("/acknowledge/"), "{text}");
    let thread = mails[0].header("References").unwrap();
    assert_eq!(mails[1].header("References").unwrap(), thread, "one thread");

    agree_on_the_minutes(&story, incident["id"].as_str().unwrap()).await;
    drop(story);
    database.remove().await;
}

on_both!(an_outage_is_told_and_its_end_too);
