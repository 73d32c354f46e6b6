//! Agents: made by owners, shown their watches, and what they have done is answer as a node's.

use lifesign::clock::Ids;
use lifesign::domain::node::{Node, NodeKey};
use lifesign::domain::schedule;

use super::*;

/// An agent at `office`: its id and its token.
async fn office(world: &World) -> (String, String) {
    let body = json!({"name": "Office", "location": "office"});
    let made = world.post("/agents", body).await.is(201);
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("id"), text("token"))
}

async fn watch_at(world: &World, url: &str, locations: &[&str]) -> String {
    let body = json!({"url": url, "locations": locations});
    let made = world.post("/monitors", body).await.is(201);
    made["id"].as_str().unwrap().to_owned()
}

/// A check as the agent tells it.
fn done(monitor: &str, slot: At, is_down: bool) -> Value {
    let mut report = serde_json::to_value(report(slot, is_down)).unwrap();
    report["location"] = json!("a lie");
    json!({"monitor": monitor, "slot": slot, "revision": 1, "report": report,
        "memory": ProbeMemory::default()})
}

async fn push(world: &World, token: &str, results: &[Value]) -> Answer {
    let body = json!({"results": results}).to_string();
    world.ask(token, "POST", "/agent/results", body).await
}

/// The one standing that an answer tells of.
fn standing(answer: &Value) -> &Value {
    let [one] = &answer["standings"].as_array().unwrap()[..] else {
        panic!("{answer}")
    };
    one
}

#[tokio::test]
async fn an_agent_is_made_once_for_a_location_and_its_token_is_told_once() {
    let world = World::new().await;
    let (id, token) = office(&world).await;
    assert!(token.starts_with("ls_"), "{token}");
    let list = world.get("/agents").await.is(200);
    assert_eq!(list["data"][0]["location"], "office");
    assert_eq!(list["data"][0]["seen_at"], json!(null));
    assert!(!list.to_string().contains(&token));
    let refused = async |body: Value| world.post("/agents", body).await.refused_fields();
    for (location, part) in [
        ("office", "Office"),
        ("local", "every node"),
        ("two words", "short word"),
    ] {
        let fields = refused(json!({"name": "B", "location": location})).await;
        assert_eq!(fields[0].0, "location");
        assert!(fields[0].1.contains(part), "{fields:?}");
    }
    let node = Node {
        key: NodeKey {
            name: "node".to_owned(),
            location: "fra".to_owned(),
            roles: "probe".to_owned(),
        },
        version: "0.1.0".to_owned(),
        started_at: NOW,
        seen_at: NOW,
        lag_ms: None,
        in_flight: 0,
        troubled_since: None,
        silent_since: None,
        told_trouble: None,
    };
    world.app.store.beat(&node).await.unwrap();
    let fields = refused(json!({"name": "B", "location": "fra"})).await;
    assert!(fields[0].1.contains("a node"), "{fields:?}");

    let (_, editor) = world
        .somebody("ed", Some(world.actor.team), Role::Editor)
        .await;
    let body = json!({"name": "B", "location": "lab"}).to_string();
    world.ask(&editor, "POST", "/agents", body).await.is(403);
    let path = format!("/agents/{id}");
    world.ask(&editor, "DELETE", &path, "").await.is(403);
    world.delete(&path).await.is(204);
    world.delete(&path).await.is(404);
    world.ask(&token, "GET", "/agent/watches", "").await.is(401);
    let log = world.get("/audit-log?kind=agent").await.is(200);
    let deeds: Vec<_> = log["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["action"])
        .collect();
    assert_eq!(deeds, ["agent.removed", "agent.added"]);
}

#[tokio::test]
async fn the_token_of_an_agent_opens_what_it_needs_and_nothing_else() {
    let world = World::new().await;
    let (_, token) = office(&world).await;
    for path in ["/monitors", "/agents", "/tokens"] {
        world.ask(&token, "GET", path, "").await.is(401);
    }
    for path in ["/agent/watches", "/agent/standings"] {
        world.get(path).await.is(401);
        world.ask(&token, "GET", path, "").await.is(200);
    }
    let list = world.get("/agents").await.is(200);
    assert_eq!(
        list["data"][0]["seen_at"],
        json!(NOW),
        "that was a sign of life"
    );
}

#[tokio::test]
async fn the_watches_come_with_their_secrets_and_an_etag_that_no_check_changes() {
    let world = World::new().await;
    let (_, token) = office(&world).await;
    let body =
        json!({"url": "https://in.example/mcp", "bearer": "s3cret", "locations": ["office"]});
    let made = world.post("/monitors", body).await.is(201);
    let monitor = made["id"].as_str().unwrap();
    world.watch("https://elsewhere.example/mcp").await;
    let (_, stranger) = world.somebody("stranger", None, Role::Owner).await;
    let body = json!({"url": "https://x.example/", "locations": ["office"]}).to_string();
    world
        .ask(&stranger, "POST", "/monitors", body)
        .await
        .is(201);

    let first = world.ask(&token, "GET", "/agent/watches", "").await;
    let all = first.is(200);
    assert_eq!(
        (&all["location"], &all["is_cut"]),
        (&json!("office"), &json!(false))
    );
    let watches = all["watches"].as_array().unwrap();
    assert_eq!(watches.len(), 1);
    assert_eq!(
        (&watches[0]["monitor"], &watches[0]["bearer"]),
        (&json!(monitor), &json!("s3cret"))
    );
    let tag = first.header("etag").to_owned();
    let again = async || {
        let request = Request::get("/api/v1/agent/watches")
            .header("authorization", format!("Bearer {token}"))
            .header("if-none-match", &tag);
        let answer = world.send(request.body(Body::empty()).unwrap()).await;
        answer.status.as_u16()
    };
    assert_eq!(again().await, 304);
    push(&world, &token, &[done(monitor, NOW, false)])
        .await
        .is(200);
    assert_eq!(again().await, 304);
    let path = format!("/monitors/{monitor}");
    world
        .patch(&path, json!({"timeout_seconds": 7}))
        .await
        .is(200);
    assert_eq!(again().await, 200);
}

#[tokio::test]
async fn what_an_agent_sends_is_recorded_once_and_confirmed_as_quickly_as_a_nodes() {
    let world = World::new().await;
    let (_, token) = office(&world).await;
    let monitor = watch_at(&world, "https://in.example/mcp", &["office"]).await;
    let standings = world
        .ask(&token, "GET", "/agent/standings", "")
        .await
        .is(200);
    assert_eq!(standing(&standings)["due"], json!(NOW));
    let answer = push(&world, &token, &[done(&monitor, NOW, false)])
        .await
        .is(200);
    assert_eq!(
        (&answer["recorded"], &answer["refused"]),
        (&json!(1), &json!([]))
    );
    let id = monitor.parse().unwrap();
    let minute = std::time::Duration::from_secs(60);
    let place = schedule::place(id, "office", minute);
    let slot = schedule::next_slot(NOW, place, minute);
    assert_eq!(
        standing(&answer)["due"],
        json!(slot),
        "at its place in the interval"
    );

    world.app.clock.advance(minute);
    let mut due = slot;
    for attempt in 0..3 {
        let now = world.app.clock.now();
        let result = done(&monitor, due, true);
        let answer = push(&world, &token, std::slice::from_ref(&result))
            .await
            .is(200);
        assert_eq!(answer["recorded"], 1);
        let told = standing(&answer)["due"].clone();
        let twice = push(&world, &token, &[result]).await.is(200);
        assert_eq!(twice["recorded"], 0);
        assert_eq!(
            standing(&twice)["due"],
            told,
            "a batch that comes twice has no effect"
        );
        let next = At::parse(told.as_str().unwrap()).unwrap();
        if attempt < 2 {
            let soon = now + std::time::Duration::from_secs(5);
            let regular = schedule::next_slot(now, place, minute);
            assert_eq!(next, soon.min(regular), "a recheck");
        }
        world.app.clock.advance(std::time::Duration::from_secs(5));
        due = next;
    }
    let shown = world.get(&format!("/monitors/{monitor}")).await.is(200);
    assert_eq!(
        (&shown["status"], &shown["last_check"]["location"]),
        (&json!("down"), &json!("office"))
    );
    let incidents = world.get("/incidents").await.is(200);
    assert_eq!(incidents["data"][0]["started_at"], json!(slot));
    let checks = world
        .get(&format!("/monitors/{monitor}/checks"))
        .await
        .is(200);
    assert_eq!(checks["data"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn a_batch_that_was_kept_for_long_tells_the_same_story() {
    let world = World::new().await;
    let (_, token) = office(&world).await;
    let monitor = watch_at(&world, "https://in.example/mcp", &["office"]).await;
    let slot = |minute: i64| At(NOW.0 + minute * 60_000);
    let states = [
        false, false, true, true, true, true, false, false, false, false,
    ];
    let results: Vec<Value> = states
        .iter()
        .zip(0..)
        .map(|(is_down, minute)| done(&monitor, slot(minute), *is_down))
        .collect();
    world.app.clock.advance(std::time::Duration::from_secs(600));
    let answer = push(&world, &token, &results).await.is(200);
    assert_eq!(answer["recorded"], 10);
    let incidents = world.get("/incidents").await.is(200);
    let [incident] = &incidents["data"].as_array().unwrap()[..] else {
        panic!("{incidents}")
    };
    assert_eq!(incident["started_at"], json!(slot(2)));
    assert_eq!(incident["resolved_at"], json!(slot(6)));
    let uptime = world
        .get(&format!("/monitors/{monitor}/uptime?window=24h"))
        .await
        .is(200);
    assert_eq!(uptime["down_ms"], 240_000);
    assert_eq!(uptime["unknown_ms"], 0);
}

#[tokio::test]
async fn time_without_an_agent_is_unknown() {
    let world = World::new().await;
    let (_, token) = office(&world).await;
    let monitor = watch_at(&world, "https://in.example/mcp", &["office"]).await;
    push(&world, &token, &[done(&monitor, NOW, false)])
        .await
        .is(200);
    world
        .app
        .clock
        .advance(std::time::Duration::from_secs(3_600));
    let now = world.app.clock.now();
    push(&world, &token, &[done(&monitor, now, false)])
        .await
        .is(200);
    let path = format!("/monitors/{monitor}/uptime?window=24h");
    let uptime = world.get(&path).await.is(200);
    assert_eq!(uptime["down_ms"], 0);
    assert_eq!(uptime["unknown_ms"], 3_600_000 - 180_000);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_does_not_stand_in_the_way() {
    let world = World::new().await;
    let (_, token) = office(&world).await;
    let monitor = watch_at(&world, "https://in.example/mcp", &["office"]).await;
    let nobodys = Ids::random().next().to_string();
    let results = [
        json!({"monitor": monitor}),
        done(&monitor, At(NOW.0 + 600_000), false),
        done(&monitor, At(NOW.0 - 40 * 86_400_000), false),
        done(&nobodys, NOW, false),
        done(&monitor, NOW, false),
    ];
    let answer = push(&world, &token, &results).await.is(200);
    assert_eq!(answer["recorded"], 1);
    let places: Vec<_> = answer["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["place"])
        .collect();
    assert_eq!(places, [0, 1, 2]);
    let many: Vec<Value> = (0..201).map(|_| done(&monitor, NOW, false)).collect();
    let fields = push(&world, &token, &many).await.refused_fields();
    assert_eq!(fields[0].0, "results");
    world
        .ask(&token, "POST", "/agent/results", "{")
        .await
        .is(400);
    let large = format!("{{\"results\": [\"{}\"]}}", "x".repeat(17 << 20));
    world
        .ask(&token, "POST", "/agent/results", large)
        .await
        .is(413);
}

#[tokio::test]
async fn what_only_an_agent_reaches_may_be_watched_by_it_and_by_nobody_else() {
    let world = World::new().await;
    let inside = |at: &str| json!({"url": "http://10.1.2.3/mcp", "locations": [at]});
    let refused = world.post("/monitors", inside("office")).await;
    assert_eq!(refused.refused_fields()[0].0, "url");
    office(&world).await;
    let made = world.post("/monitors", inside("office")).await.is(201);
    let refused = world.post("/monitors", inside("fra")).await;
    assert_eq!(refused.refused_fields()[0].0, "url");
    let path = format!("/monitors/{}/check", made["id"].as_str().unwrap());
    let problem = world.post(&path, json!({})).await.is(409);
    assert!(
        problem["detail"].as_str().unwrap().contains("only agents"),
        "{problem}"
    );
    let elsewhere = watch_at(&world, "https://out.example/mcp", &["fra"]).await;
    let path = format!("/monitors/{elsewhere}/check");
    let problem = world.post(&path, json!({})).await.is(409);
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("from fra only"),
        "{problem}"
    );
}
