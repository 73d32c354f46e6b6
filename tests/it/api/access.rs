//! Who may ask what, how often, and what a malformed request gets.

use std::time::Duration;

use super::*;

#[tokio::test]
async fn without_a_token_that_opens_it_nothing_is_told() {
    let world = World::new().await;
    let bare = Request::get("/api/v1/monitors")
        .body(Body::empty())
        .unwrap();
    let answer = world.send(bare).await;
    assert_eq!(answer.is(401)["code"], "unauthorized");
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let basic = Request::get("/api/v1/monitors").header("authorization", "Basic eDp5");
    let answer = world.send(basic.body(Body::empty()).unwrap()).await;
    assert!(
        answer.is(401)["detail"]
            .as_str()
            .unwrap()
            .contains("Bearer")
    );
    world.ask("ls_wrong", "GET", "/monitors", "").await.is(401);

    let id = world.get("/tokens").await.is(200)["data"][0]["id"].clone();
    world
        .delete(&format!("/tokens/{}", id.as_str().unwrap()))
        .await
        .is(204);
    world.get("/monitors").await.is(401);
}

#[tokio::test]
async fn a_token_that_reads_does_not_write() {
    let world = World::new().await;
    let reader = token(&world.app, &world.actor, "read").await;
    world.ask(&reader, "GET", "/monitors", "").await.is(200);
    for (method, path) in [
        ("POST", "/monitors"),
        ("POST", "/probe"),
        ("DELETE", "/channels/x"),
    ] {
        let answer = world.ask(&reader, method, path, "{}").await;
        assert_eq!(
            answer.is(403)["code"],
            "insufficient_scope",
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn a_role_that_looks_does_not_write_and_an_editor_makes_no_tokens() {
    let world = World::new().await;
    let team = Some(world.actor.team);
    let (_, viewer) = world.somebody("viewer", team, Role::Viewer).await;
    let url = json!({"url": "https://mcp.example.com/mcp"}).to_string();
    world.ask(&viewer, "GET", "/monitors", "").await.is(200);
    for path in ["/monitors", "/probe"] {
        let answer = world.ask(&viewer, "POST", path, url.clone()).await;
        assert_eq!(answer.is(403)["code"], "forbidden", "{path}");
    }
    let (_, editor) = world.somebody("editor", team, Role::Editor).await;
    world.ask(&editor, "POST", "/monitors", url).await.is(201);
    let body = json!({"name": "x", "scope": "write"}).to_string();
    assert_eq!(
        world.ask(&editor, "POST", "/tokens", body).await.is(403)["code"],
        "forbidden"
    );
}

#[tokio::test]
async fn tokens_are_told_once_and_listed_without_their_value() {
    let world = World::new().await;
    let made = world
        .post("/tokens", json!({"name": "CI", "scope": "read"}))
        .await
        .is(201);
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("ls_"));
    world.app.clock.advance(Duration::from_secs(90));
    world.ask(secret, "GET", "/team/members", "").await.is(200);
    let listed = world.get("/tokens").await;
    assert_eq!(listed.header("cache-control"), "no-store");
    assert!(!listed.text.contains(secret));
    insta::assert_json_snapshot!("tokens", tamed(&listed.json()));
    let wrong = world
        .post("/tokens", json!({"name": "", "scope": "admin"}))
        .await;
    let fields: Vec<_> = wrong
        .refused_fields()
        .into_iter()
        .map(|(field, _)| field)
        .collect();
    assert_eq!(fields, ["name", "scope"]);
    insta::assert_json_snapshot!("members", tamed(&world.get("/team/members").await.is(200)));
}

#[tokio::test]
async fn a_token_that_asks_too_often_is_told_when_to_come_back() {
    let world = World::with_limit(3).await;
    for left in [2, 1, 0] {
        let answer = world.get("/monitors").await;
        answer.is(200);
        assert_eq!(
            answer.header("ratelimit"),
            format!("\"default\";r={left};t=60")
        );
        assert_eq!(answer.header("ratelimit-policy"), "\"default\";q=3;w=60");
    }
    let answer = world.get("/monitors").await;
    assert_eq!(answer.is(429)["code"], "rate_limited");
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=21).contains(&wait), "{wait}");
    let other = token(&world.app, &world.actor, "read").await;
    world.ask(&other, "GET", "/monitors", "").await.is(200);
}

#[tokio::test]
async fn what_is_malformed_is_named() {
    let world = World::new().await;
    let ask =
        async |method, path, body: &'static str| world.ask(&world.token, method, path, body).await;
    assert_eq!(
        ask("POST", "/monitors", "{\"url\": ").await.is(400)["code"],
        "invalid_json"
    );
    assert_eq!(
        ask("POST", "/monitors", "[]").await.is(400)["code"],
        "invalid_json"
    );
    assert_eq!(
        ask("GET", "/nothing", "").await.is(404)["code"],
        "not_found"
    );
    assert_eq!(
        ask("PUT", "/monitors", "{}").await.is(405)["code"],
        "method_not_allowed"
    );
    assert_eq!(
        ask("GET", "/monitors/not-an-id", "").await.is(404)["code"],
        "not_found"
    );
    let large = format!("{{\"name\": \"{}\"}}", "x".repeat(300 * 1024));
    let answer = world.ask(&world.token, "POST", "/monitors", large).await;
    assert_eq!(answer.is(413)["code"], "too_large");
    for (path, field) in [
        ("/monitors?stauts=up", "stauts"),
        ("/monitors?status=sideways", "status"),
        ("/monitors?limit=0", "limit"),
        ("/monitors?limit=201", "limit"),
        ("/monitors?limit=5&limit=6", "limit"),
        ("/monitors?cursor=made-up", "cursor"),
        ("/incidents?since=yesterday", "since"),
        ("/incidents?monitor=x", "monitor"),
    ] {
        assert_eq!(
            ask("GET", path, "").await.refused_fields()[0].0,
            field,
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_page_for_people_tells_every_route() {
    let world = World::new().await;
    let page = world
        .send(Request::get("/api").body(Body::empty()).unwrap())
        .await;
    assert_eq!(page.status.as_u16(), 200);
    let document = serde_json::to_value(lifesign::api::document()).unwrap();
    for path in document["paths"].as_object().unwrap().keys() {
        assert!(page.text.contains(&format!(" {path}</code>")), "{path}");
    }
    assert!(!page.text.contains("<script"));
}
