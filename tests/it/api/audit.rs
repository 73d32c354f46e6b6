//! The audit log of the team, for scripts.

use super::*;

#[tokio::test]
async fn the_audit_log_says_who_did_what_by_which_token() {
    let world = World::new().await;
    let monitor = world.watch("https://search.example.com/mcp").await;
    world
        .patch(&format!("/monitors/{monitor}"), json!({"name": "Search"}))
        .await
        .is(200);
    let log = world.get("/audit-log?limit=2").await.is(200);
    insta::assert_json_snapshot!("audit_log", tamed(&log["data"]));
    let next = log["next_cursor"].as_str().unwrap();
    let rest = world
        .get(&format!("/audit-log?cursor={next}"))
        .await
        .is(200);
    assert_eq!(rest["data"][0]["action"], "token.added");
    assert_eq!(rest["data"][0]["by"]["way"], "page");
    let monitors = world.get("/audit-log?kind=monitor").await.is(200);
    assert_eq!(monitors["data"].as_array().unwrap().len(), 2);
    let wrong = world.get("/audit-log?kind=cat").await.refused_fields();
    assert_eq!(wrong[0].0, "kind");
    let viewer = world
        .somebody("viewer", Some(world.actor.team), Role::Viewer)
        .await
        .1;
    let refused = world.ask(&viewer, "GET", "/audit-log", "").await;
    assert_eq!(refused.is(403)["code"], "forbidden");
    let stranger = world.somebody("stranger", None, Role::Owner).await.1;
    let theirs = world
        .ask(&stranger, "GET", "/audit-log?kind=monitor", "")
        .await
        .is(200);
    assert_eq!(theirs["data"], json!([]));
}
