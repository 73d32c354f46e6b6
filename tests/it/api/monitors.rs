//! Monitors: made, changed, listed, paused, deleted.

use super::*;

const URL: &str = "https://mcp.example.com/mcp?key=hunter2";

#[tokio::test]
async fn only_a_url_is_needed() {
    let world = World::new().await;
    let made = world.post("/monitors", json!({"url": URL})).await;
    assert!(!made.text.contains("hunter2"), "{}", made.text);
    insta::assert_json_snapshot!("monitor_made", tamed(&made.is(201)));
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let one = world.get(&format!("/monitors/{id}")).await.is(200);
    assert_eq!(one["url"], "https://mcp.example.com/mcp?key=…");
    assert_eq!(world.get("/monitors").await.is(200)["data"], json!([one]));
}

#[tokio::test]
async fn everything_that_is_said_is_kept_and_nothing_secret_is_told() {
    let world = World::new().await;
    let channel = json!({"name": "Me", "kind": "email", "settings": {"to": "me@example.com"}});
    let channel = world.post("/channels", channel).await.is(201)["id"].clone();
    let body = json!({
        "url": URL, "name": "Search", "transport": "streamable-http", "interval_seconds": 30,
        "timeout_seconds": 10, "headers": [{"name": "X-Api-Key", "value": "hunter3"}],
        "bearer": "hunter4", "oauth": null, "expect_tools": ["search"], "slow_ms": 900,
        "tags": ["prod", "search"], "channels": [channel], "locations": null, "lint": true,
    });
    let made = world.post("/monitors", body).await;
    assert!(!made.text.contains("hunter"), "{}", made.text);
    insta::assert_json_snapshot!("monitor_whole", tamed(&made.is(201)));
}

#[tokio::test]
async fn a_second_monitor_of_the_same_server_is_a_warning() {
    let world = World::new().await;
    let first = world
        .post("/monitors", json!({"url": URL, "name": "Search"}))
        .await
        .is(201);
    assert_eq!(first["warnings"], json!([]));
    let second = world.post("/monitors", json!({"url": URL})).await.is(201);
    assert_eq!(second["warnings"][0]["field"], "url");
    assert!(
        second["warnings"][0]["message"]
            .as_str()
            .unwrap()
            .contains("'Search'")
    );
    let other = json!({"url": URL, "headers": [{"name": "X-Key", "value": "1"}]});
    assert_eq!(
        world.post("/monitors", other).await.is(201)["warnings"],
        json!([])
    );
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_its_field_and_nothing_is_kept() {
    let world = World::new().await;
    for (body, field, words) in [
        (json!({}), "url", "required"),
        (
            json!({"url": "mcp.example.com"}),
            "url",
            "https://mcp.example.com",
        ),
        (json!({"url": "ftp://mcp.example.com"}), "url", "'ftp'"),
        (
            json!({"url": "https://u:p@mcp.example.com/"}),
            "url",
            "user name",
        ),
        (
            json!({"url": "https://mcp.example.com/#x"}),
            "url",
            "fragment",
        ),
        (
            json!({"url": "http://10.0.0.1/mcp"}),
            "url",
            "LIFESIGN_ALLOW_TARGETS",
        ),
        (
            json!({"url": URL, "interval_seconds": 5}),
            "interval_seconds",
            "between 10 and 86400",
        ),
        (
            json!({"url": URL, "interval_seconds": "60"}),
            "interval_seconds",
            "whole number",
        ),
        (
            json!({"url": URL, "timeout_seconds": 500}),
            "timeout_seconds",
            "between 5 and 120",
        ),
        (
            json!({"url": URL, "intervall": 60}),
            "intervall",
            "not a field",
        ),
        (
            json!({"url": URL, "transport": "pigeon"}),
            "transport",
            "'pigeon'",
        ),
        (
            json!({"url": URL, "headers": [{"name": "Host", "value": "x"}]}),
            "headers[0]",
            "protocol",
        ),
        (
            json!({"url": URL, "headers": [{"name": "X", "value": "a\r\nb"}]}),
            "headers[0]",
            "line break",
        ),
        (
            json!({"url": URL, "headers": [{"value": "x"}]}),
            "headers[0].name",
            "required",
        ),
        (
            json!({"url": URL, "headers": {"X": "y"}}),
            "headers",
            "list",
        ),
        (
            json!({"url": URL, "oauth": {}}),
            "oauth.client_id",
            "is required",
        ),
        (json!({"url": URL, "tags": [""]}), "tags", "characters"),
        (
            json!({"url": URL, "channels": ["00000000-0000-0000-0000-000000000001"]}),
            "channels",
            "not",
        ),
        (json!({"url": 5}), "url", "must be text"),
    ] {
        let refused = world.post("/monitors", body.clone()).await.refused_fields();
        assert_eq!(refused[0].0, field, "{body}: {refused:?}");
        assert!(refused[0].1.contains(words), "{body}: {refused:?}");
    }
    assert_eq!(world.get("/monitors").await.is(200)["data"], json!([]));
}

#[tokio::test]
async fn a_change_keeps_what_it_does_not_name() {
    let world = World::new().await;
    let headers = json!([{"name": "X-Api-Key", "value": "hunter3"}]);
    let body = json!({"url": URL, "headers": headers, "bearer": "t", "tags": ["a"]});
    let made = world.post("/monitors", body).await.is(201);
    let path = format!("/monitors/{}", made["id"].as_str().unwrap());
    let changed = world
        .patch(&path, json!({"name": "New", "interval_seconds": 300}))
        .await
        .is(200);
    assert_eq!(
        (&changed["name"], &changed["interval_seconds"]),
        (&json!("New"), &json!(300))
    );
    for field in ["url", "headers", "has_bearer", "tags"] {
        assert_eq!(changed[field], made[field], "{field}");
    }
    // What was told can be sent back without losing what was hidden.
    let back = json!({"url": changed["url"], "headers": changed["headers"]});
    world.patch(&path, back).await.is(200);
    let (team, id) = (
        world.actor.team,
        made["id"].as_str().unwrap().parse().unwrap(),
    );
    let kept = world
        .app
        .store
        .monitor(team, id)
        .await
        .unwrap()
        .unwrap()
        .monitor
        .spec
        .endpoint;
    assert_eq!(kept.url.as_str(), URL);
    assert_eq!(kept.headers[0].value.expose(), "hunter3");
    let reset = world
        .patch(&path, json!({"bearer": null, "headers": null}))
        .await
        .is(200);
    assert_eq!(
        (&reset["has_bearer"], &reset["headers"]),
        (&json!(false), &json!([]))
    );
    let refused = world
        .patch(&path, json!({"interval_seconds": 1}))
        .await
        .refused_fields();
    assert_eq!(refused[0].0, "interval_seconds");
}

#[tokio::test]
async fn lists_are_filtered_and_turned_page_by_page() {
    let world = World::new().await;
    for n in 0..5 {
        let tag = if n % 2 == 0 { "even" } else { "odd" };
        let body = json!({"url": format!("https://s{n}.example.com/mcp"), "tags": [tag]});
        world.post("/monitors", body).await.is(201);
    }
    let names = |answer: &Value| -> Vec<String> {
        let data = answer["data"].as_array().unwrap().iter();
        data.map(|monitor| monitor["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let odd = world.get("/monitors?tag=odd").await.is(200);
    assert_eq!(names(&odd), ["s1.example.com", "s3.example.com"]);
    let found = world.get("/monitors?text=S4").await.is(200);
    assert_eq!(names(&found), ["s4.example.com"]);
    assert_eq!(
        names(&world.get("/monitors?status=up").await.is(200)).len(),
        0
    );
    let mut path = "/monitors?limit=2".to_owned();
    let mut all = Vec::new();
    loop {
        let page = world.get(&path).await.is(200);
        all.extend(names(&page));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/monitors?limit=2&cursor={cursor}");
    }
    assert_eq!(all.len(), 5, "{all:?}");
    all.dedup();
    assert_eq!(all.len(), 5);
}

#[tokio::test]
async fn a_paused_monitor_waits_and_a_deleted_one_is_gone() {
    let world = World::new().await;
    let path = format!("/monitors/{}", world.watch(URL).await);
    let paused = world
        .post(&format!("{path}/pause"), json!({}))
        .await
        .is(200);
    assert_eq!(
        (&paused["status"], &paused["next_check_at"]),
        (&json!("paused"), &Value::Null)
    );
    let refused = world
        .post(&format!("{path}/check"), json!({}))
        .await
        .is(409);
    assert!(refused["detail"].as_str().unwrap().contains("paused"));
    let resumed = world
        .post(&format!("{path}/resume"), json!({}))
        .await
        .is(200);
    assert_eq!(resumed["status"], "pending");
    assert!(resumed["next_check_at"].is_string());
    world.delete(&path).await.is(204);
    world.get(&path).await.is(404);
    world.delete(&path).await.is(404);
}

#[tokio::test]
async fn a_client_of_an_authorization_server_is_kept_and_its_secret_never_told() {
    let world = World::new().await;
    let oauth = json!({"client_id": "me", "client_secret": "hunter2", "scope": "a"});
    let body = json!({"url": "https://mcp.example.com/mcp", "oauth": oauth});
    let made = world.post("/monitors", body).await;
    assert!(!made.text.contains("hunter2"), "{}", made.text);
    let expected = |scope: &str| json!({"client_id": "me", "method": "client_secret", "scope": scope, "issuer": null});
    let made = made.is(201);
    assert_eq!(made["oauth"], expected("a"));
    let path = format!("/monitors/{}", made["id"].as_str().unwrap());
    let changed = world
        .patch(&path, json!({"oauth": {"scope": "b"}}))
        .await
        .is(200);
    assert_eq!(changed["oauth"], expected("b"));
    assert_eq!(
        world.patch(&path, json!({"oauth": null})).await.is(200)["oauth"],
        json!(null)
    );
    let again = json!({"oauth": {"client_id": "me", "client_secret": "hunter2"}});
    world.patch(&path, again).await.is(200);
    let moved = json!({"url": "https://other.example.com/mcp"});
    let refused = world.patch(&path, moved).await.is(422);
    assert_eq!(refused["errors"][0]["field"], "oauth");
    world.patch(&path, json!({"oauth": null})).await.is(200);
    for (body, field) in [
        (json!({"oauth": {"client_id": "me"}}), "oauth.client_secret"),
        (
            json!({"oauth": {"client_id": "me", "private_key": "no"}}),
            "oauth.private_key",
        ),
        (
            json!({"oauth": {"client_id": "me", "private_key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"}}),
            "oauth.private_key",
        ),
        (
            json!({"oauth": {"client_id": "me", "client_secret": "s"}, "bearer": "b"}),
            "oauth",
        ),
        (
            json!({"url": "http://mcp.example.com/mcp", "bearer": "b"}),
            "bearer",
        ),
    ] {
        let told = body.to_string();
        let refused = world.patch(&path, body).await.is(422);
        assert_eq!(refused["errors"][0]["field"], field, "{told}: {refused}");
    }
}
