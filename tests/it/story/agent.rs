//! A prober in another network: an outage that only it sees is told; its server goes away, it is
//! killed itself meanwhile, and no slot is lost or doubled.

use std::collections::BTreeSet;

use lifesign::domain::at::At;

use super::*;
use crate::support::service::AgentProcess;

/// Checks that are made while the server is away, before and after the death of the agent.
const ALONE: usize = 2;
/// Far more than a check takes here, far less than a slot that is lost.
const LONGEST_CHECK_MS: i64 = 2_000;

async fn an_agent_loses_and_doubles_nothing(engine: Engine) {
    let database = Database::new(engine).await;
    let (mut story, _server) = Story::begin(&database).await;
    let mut inside = FakeMcp::start(healthy()).unwrap();
    let (service, owner) = (&story.service, &story.token);
    let body = json!({"name": "Office", "location": "office"});
    let (status, made) = service.api(owner, "POST", "/agents", Some(body)).await;
    assert_eq!(status, 201, "{made}");
    let token = made["token"].as_str().unwrap();
    let body = json!({"url": inside.url(), "name": "Inside", "interval_seconds": INTERVAL,
        "locations": ["office"]});
    let (status, monitor) = service.api(owner, "POST", "/monitors", Some(body)).await;
    assert_eq!(status, 201, "{monitor}");
    story.monitor = monitor["id"].as_str().unwrap().to_owned();
    let agent = AgentProcess::start(&story.service.url, token);
    let said = agent.refuses(&story.service.url, "ls_another");
    assert!(said.contains("does not know the token"), "{said}");
    let said = agent.refuses("http://status.example.com", token);
    assert!(said.contains("must be https"), "{said}");
    story.until_status("up").await;

    inside.stop().await.unwrap();
    let opened = story.until_told("incident.opened").await;
    assert_eq!(opened["data"]["monitor"]["name"], "Inside");
    assert_eq!(opened["data"]["incident"]["code"], "tcp_refused");
    inside.restart().unwrap();
    story.until_told("incident.resolved").await;
    story.until_status("up").await;

    story.service.kill();
    let alone = async |count: usize| {
        let what = format!("{count} results that wait");
        eventually(&what, async || (agent.waiting() >= count).then_some(())).await;
    };
    alone(ALONE).await;
    agent.kill_and_restart();
    alone(ALONE * 2).await;
    story.service.restart().await;
    eventually("everything is told", async || {
        (agent.waiting() == 0).then_some(())
    })
    .await;

    let path = format!("/monitors/{}/checks?limit=200", story.monitor);
    let checks = story.service.look(&story.token, &path).await.unwrap();
    let checks = checks["data"].as_array().unwrap();
    let slot = |check: &Value| At::parse(check["slot"].as_str().unwrap()).unwrap();
    let slots: BTreeSet<At> = checks.iter().map(slot).collect();
    assert_eq!(slots.len(), checks.len(), "no slot twice");
    let slots: Vec<At> = slots.into_iter().collect();
    // A check that begins right before a slot and ends after it stands for that one, too.
    let longest = i64::try_from(INTERVAL * 1_000).unwrap() + LONGEST_CHECK_MS;
    for pair in slots.windows(2) {
        let gap = pair[1].ms_since(pair[0]);
        assert!(
            gap <= longest,
            "no slot between {} and {}",
            pair[0],
            pair[1]
        );
    }
    assert!(checks.iter().all(|check| check["location"] == "office"));
    drop(story);
    database.remove().await;
}

on_both!(an_agent_loses_and_doubles_nothing);
