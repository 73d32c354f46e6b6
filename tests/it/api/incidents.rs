//! Incidents: read, acknowledged, written into, closed.

use super::*;

/// A server that has gone down.
async fn broken() -> (World, String) {
    let world = World::new().await;
    world.watch("https://search.example.com/mcp").await;
    world.checked(false).await;
    world.rounds(1, 60, true).await;
    world.rounds(2, 5, true).await;
    let incidents = world.get("/incidents").await.is(200);
    let id = incidents["data"][0]["id"].as_str().unwrap().to_owned();
    (world, format!("/incidents/{id}"))
}

#[tokio::test]
async fn an_incident_tells_what_happened_and_what_showed_it() {
    let (world, path) = broken().await;
    let list = world.get("/incidents?status=open").await.is(200);
    insta::assert_json_snapshot!("incident_listed", tamed(&list["data"][0]));
    let one = world.get(&path).await.is(200);
    assert_eq!(one["check"]["failure"]["code"], one["code"]);
    assert_eq!(one["changed"][0]["what"], "address");
    let monitor = one["monitor_id"].as_str().unwrap();
    let of_monitor = world
        .get(&format!("/incidents?monitor={monitor}"))
        .await
        .is(200);
    assert_eq!(of_monitor["data"].as_array().unwrap().len(), 1);
    assert_eq!(
        world.get("/incidents?status=resolved").await.is(200)["data"],
        json!([])
    );
}

#[tokio::test]
async fn people_acknowledge_write_and_close() {
    let (world, path) = broken().await;
    world.app.clock.advance(std::time::Duration::from_secs(30));
    let acknowledged = world
        .post(&format!("{path}/acknowledge"), json!({}))
        .await
        .is(200);
    assert_eq!(acknowledged["status"], "acknowledged");
    let again = world
        .post(&format!("{path}/acknowledge"), json!({}))
        .await
        .is(200);
    assert_eq!(again["timeline"], acknowledged["timeline"]);
    let noted = world
        .post(&format!("{path}/notes"), json!({"text": "Renewing."}))
        .await
        .is(200);
    let last = noted["timeline"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["kind"], &last["by"]),
        (&json!("note"), &json!("owner@example.com"))
    );
    for body in [
        json!({}),
        json!({"text": " "}),
        json!({"text": "x".repeat(4_001)}),
    ] {
        let refused = world
            .post(&format!("{path}/notes"), body)
            .await
            .refused_fields();
        assert_eq!(refused[0].0, "text");
    }
    let closed = world
        .post(&format!("{path}/resolve"), json!({}))
        .await
        .is(200);
    assert_eq!(
        (&closed["status"], &closed["duration_seconds"]),
        (&json!("resolved"), &json!(40))
    );
    for action in ["resolve", "acknowledge"] {
        let refused = world
            .post(&format!("{path}/{action}"), json!({}))
            .await
            .is(409);
        assert_eq!(refused["code"], "conflict");
    }
    world
        .post(&format!("{path}/notes"), json!({"text": "Done."}))
        .await
        .is(200);
}
