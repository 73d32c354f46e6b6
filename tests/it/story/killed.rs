//! The service is killed at random moments of an outage; nothing is lost or doubled.

use std::collections::{BTreeSet, HashSet};

use futures_util::future::join_all;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::*;

/// Moments of each engine; ten together.
const MOMENTS: usize = 5;
/// The story takes about this long from the server's death to the recovery.
const LENGTH: Duration = Duration::from_secs(40);

async fn a_killed_service_loses_and_doubles_nothing(engine: Engine) {
    let seed = rand::random::<u64>();
    #[expect(clippy::print_stdout, reason = "what it takes to repeat a failure")]
    {
        println!("seed {seed}");
    }
    let mut chance = StdRng::seed_from_u64(seed);
    let moments: Vec<Duration> = (0..MOMENTS)
        .map(|_| LENGTH.mul_f64(chance.random_range(0.0..1.0)))
        .collect();
    join_all(moments.into_iter().map(|moment| killed_at(engine, moment))).await;
}

async fn killed_at(engine: Engine, moment: Duration) {
    let database = Database::new(engine).await;
    let (story, mut server) = Story::begin(&database).await;
    server.stop().await.unwrap();
    let killer = async {
        tokio::time::sleep(moment).await;
        story.service.kill();
        story.service.restart().await;
    };
    let outage = async {
        story.until_told("incident.opened").await;
        server.restart().unwrap();
        story.until_told("incident.resolved").await;
        story.until_status("up").await;
        // A mail may come twice: what was not known to be sent is sent again.
        eventually("both mails", async || {
            (mails(&story).len() == 2).then_some(())
        })
        .await;
    };
    tokio::join!(killer, outage);

    let at = format!("killed after {moment:?}");
    let incidents = eventually("the incidents", async || {
        story.service.look(&story.token, "/incidents").await
    })
    .await;
    let incidents = incidents["data"].as_array().unwrap();
    assert_eq!(incidents.len(), 1, "{at}: one incident, not {incidents:?}");
    assert_eq!(incidents[0]["status"], "resolved", "{at}");

    // What arrived twice is recognised by its id.
    let ids: BTreeSet<(String, String)> = story
        .hook
        .received()
        .iter()
        .map(|request| {
            let id = request.header("webhook-id").unwrap().to_owned();
            (request.json()["type"].as_str().unwrap().to_owned(), id)
        })
        .collect();
    let kinds: Vec<&str> = ids.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(
        kinds,
        ["incident.opened", "incident.resolved"],
        "{at}: {ids:?}"
    );
    assert_eq!(mails(&story).len(), 2, "{at}");

    let path = format!("/monitors/{}/checks?limit=200", story.monitor);
    let checks = story.service.look(&story.token, &path).await.unwrap();
    let slots: Vec<&Value> = checks["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| &c["slot"])
        .collect();
    let once: HashSet<String> = slots.iter().map(ToString::to_string).collect();
    assert_eq!(once.len(), slots.len(), "{at}: no slot twice");
    drop(story);
    database.remove().await;
}

/// The ids of the mails that came.
fn mails(story: &Story) -> HashSet<String> {
    let mails = story.mail.mails();
    let ids = mails.iter().map(|mail| mail.header("Message-ID").unwrap());
    ids.collect()
}

on_both!(a_killed_service_loses_and_doubles_nothing);
