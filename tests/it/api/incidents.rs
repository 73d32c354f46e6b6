//! Incidents: read, acknowledged, muted, rated, written about, closed.

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

fn last(incident: &Value) -> Value {
    incident["timeline"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone()
}

#[tokio::test]
async fn a_severity_is_set_by_hand_as_long_as_it_is_not_over() {
    let (world, path) = broken().await;
    let before = world.get(&path).await.is(200);
    assert_eq!(before["severity_by_hand"], false);
    let set = json!({"severity": "degraded"});
    let changed = world.patch(&path, set.clone()).await.is(200);
    assert_eq!(
        (&changed["severity"], &changed["severity_by_hand"]),
        (&json!("degraded"), &json!(true))
    );
    let entry = last(&changed);
    assert_eq!(
        (&entry["kind"], &entry["text"], &entry["by"]),
        (
            &json!("severity"),
            &json!("Set to degraded by hand."),
            &json!("owner@example.com")
        )
    );
    assert_eq!(world.patch(&path, json!({})).await.is(200), changed);
    for (body, field) in [
        (json!({"severity": "bad"}), "severity"),
        (json!({"severity": 1}), "severity"),
        (json!({"state": "down"}), "state"),
    ] {
        let refused = world.patch(&path, body).await.refused_fields();
        assert_eq!(refused[0].0, field);
    }
    world
        .post(&format!("{path}/resolve"), json!({}))
        .await
        .is(200);
    assert_eq!(world.patch(&path, set).await.is(409)["code"], "conflict");
}

#[tokio::test]
async fn an_incident_is_muted_and_unmuted_as_long_as_it_is_not_over() {
    let (world, path) = broken().await;
    let mute = async |word: &str| world.post(&format!("{path}/{word}"), json!({})).await;
    let muted = mute("mute").await.is(200);
    assert_eq!(muted["muted_at"], last(&muted)["at"]);
    assert_eq!(last(&muted)["kind"], "muted");
    assert_eq!(mute("mute").await.is(200), muted);
    let unmuted = mute("unmute").await.is(200);
    assert_eq!(unmuted["muted_at"], Value::Null);
    assert_eq!(last(&unmuted)["kind"], "unmuted");
    assert_eq!(mute("unmute").await.is(200), unmuted);
    mute("resolve").await.is(200);
    for word in ["mute", "unmute"] {
        assert_eq!(mute(word).await.is(409)["code"], "conflict");
    }
}

#[tokio::test]
async fn what_is_written_for_the_public_says_how_far_they_are() {
    let (world, path) = broken().await;
    let write = async |body: Value| world.post(&format!("{path}/notes"), body).await;
    let body = json!({"text": "We know it.\r\n\r\nSoon.", "public": true, "stage": "identified"});
    let entry = last(&write(body).await.is(200));
    assert_eq!(
        (&entry["kind"], &entry["stage"], &entry["text"]),
        (
            &json!("update"),
            &json!("identified"),
            &json!("We know it.\n\nSoon.")
        )
    );
    let plain = write(json!({"text": "Still at it.", "public": true})).await;
    assert_eq!(last(&plain.is(200))["stage"], Value::Null);
    let private = write(json!({"text": "Rack 7.", "public": false})).await;
    assert_eq!(last(&private.is(200))["kind"], "note");
    for (body, field) in [
        (
            json!({"text": "x", "public": true, "stage": "fixed"}),
            "stage",
        ),
        (json!({"text": "x", "stage": "identified"}), "stage"),
        (json!({"text": "x", "public": "yes"}), "public"),
        (json!({"text": "", "public": true}), "text"),
    ] {
        assert_eq!(write(body).await.refused_fields()[0].0, field);
    }
}

#[tokio::test]
async fn a_postmortem_is_written_when_it_is_over_and_changed_later() {
    let (world, path) = broken().await;
    let of = |text: &str| json!({"postmortem": {"text": text, "public": true}});
    let early = world.patch(&path, of("Too early.")).await.is(409);
    assert_eq!(
        early["detail"],
        "a postmortem is written when the incident is resolved"
    );
    world
        .post(&format!("{path}/resolve"), json!({}))
        .await
        .is(200);
    let written = world.patch(&path, of(" The certificate. ")).await.is(200);
    let postmortem = &written["postmortem"];
    assert_eq!(postmortem["text"], "The certificate.");
    assert_eq!(postmortem["by"], "owner@example.com");
    assert_eq!(postmortem["public"], true);
    let private = json!({"postmortem": {"text": "The certificate, again."}});
    let changed = world.patch(&path, private).await.is(200);
    assert_eq!(changed["postmortem"]["public"], false);
    for (body, field) in [
        (of(" "), "postmortem.text"),
        (of(&"x".repeat(10_001)), "postmortem.text"),
        (json!({"postmortem": {}}), "postmortem.text"),
        (
            json!({"postmortem": {"text": "x", "by": "me"}}),
            "postmortem.by",
        ),
    ] {
        let refused = world.patch(&path, body).await.refused_fields();
        assert_eq!(refused[0].0, field);
    }
    let kept = world.get(&path).await.is(200);
    assert_eq!(kept["postmortem"], changed["postmortem"]);
    let gone = world
        .patch(&path, json!({"postmortem": null}))
        .await
        .is(200);
    assert_eq!(gone["postmortem"], Value::Null);
}

#[tokio::test]
async fn who_may_only_look_changes_no_incident() {
    let (world, path) = broken().await;
    let (_, viewer) = world
        .somebody("viewer", Some(world.actor.team), Role::Viewer)
        .await;
    for (method, path, body) in [
        ("PATCH", path.clone(), json!({"severity": "degraded"})),
        ("POST", format!("{path}/mute"), json!({})),
        ("POST", format!("{path}/unmute"), json!({})),
        (
            "POST",
            format!("{path}/notes"),
            json!({"text": "x", "public": true}),
        ),
    ] {
        world
            .ask(&viewer, method, &path, body.to_string())
            .await
            .is(403);
    }
}
