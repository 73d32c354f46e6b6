//! Channels: made, changed, tested, deleted; what was told, and told again.

use lifesign::app::alerter;

use super::*;
use crate::support::webhook::{Answer as Reply, WebhookReceiver};

#[tokio::test]
async fn the_secret_of_a_webhook_is_told_once() {
    let world = World::new().await;
    let body = json!({
        "name": "Ops", "kind": "webhook", "default": true,
        "settings": {"url": "https://hooks.example.com/lifesign?key=hunter2"},
    });
    let made = world.post("/channels", body).await;
    assert!(!made.text.contains("hunter2"));
    let made = made.is(201);
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    let path = format!("/channels/{}", made["id"].as_str().unwrap());
    let one = world.get(&path).await.is(200);
    insta::assert_json_snapshot!("channel", tamed(&one));
    assert_eq!(
        world.get("/channels").await.is(200),
        json!({"data": [one], "next_cursor": null})
    );

    let renewed = world.post(&format!("{path}/secret"), json!({})).await;
    let renewed = renewed.is(200)["secret"].clone();
    assert!(renewed.as_str().unwrap().starts_with("whsec_"));
    let channels = world.app.store.channels(world.actor.team).await.unwrap();
    let secrets: Vec<_> = channels[0].settings.signing_secrets().collect();
    let secrets: Vec<_> = secrets.iter().map(|secret| secret.expose()).collect();
    assert_eq!(json!(secrets), json!([renewed, made["secret"]]));

    let email = json!({"name": "Me", "kind": "email", "settings": {"to": "Me@Example.com"}});
    let email = world.post("/channels", email).await.is(201);
    let path = format!("/channels/{}/secret", email["id"].as_str().unwrap());
    world.post(&path, json!({})).await.is(409);
    assert_eq!(
        (&email["settings"]["to"], &email["default"]),
        (&json!("me@example.com"), &json!(false))
    );
    assert_eq!(email.get("secret"), None);
}

#[tokio::test]
async fn a_change_keeps_what_it_does_not_name() {
    let world = World::new().await;
    let url = "https://hooks.example.com/x?key=hunter2";
    let body = json!({"name": "Ops", "kind": "webhook", "settings": {"url": url}});
    let made = world.post("/channels", body).await.is(201);
    let path = format!("/channels/{}", made["id"].as_str().unwrap());
    let changed = world
        .patch(&path, json!({"name": "On call", "default": true}))
        .await
        .is(200);
    assert_eq!(
        (&changed["name"], &changed["default"]),
        (&json!("On call"), &json!(true))
    );
    world
        .patch(&path, json!({"settings": changed["settings"]}))
        .await
        .is(200);
    let id = made["id"].as_str().unwrap().parse().unwrap();
    let kept = world
        .app
        .store
        .channel(world.actor.team, id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(kept.settings.get("url"), Some(url), "the key is kept");
    let refused = world
        .patch(&path, json!({"kind": "email", "settings": {"to": "a@b"}}))
        .await;
    assert_eq!(refused.is(409)["code"], "conflict");
    world.delete(&path).await.is(204);
    world.get(&path).await.is(404);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_its_field() {
    let world = World::new().await;
    for (body, field) in [
        (json!({"name": "x"}), "kind"),
        (json!({"name": "x", "kind": "pigeon"}), "kind"),
        (json!({"name": "x", "kind": "email"}), "settings.to"),
        (
            json!({"name": "x", "kind": "webhook", "settings": {}}),
            "settings.url",
        ),
        (
            json!({"name": "x", "kind": "webhook", "settings": {"to": "a@b"}}),
            "settings.to",
        ),
        (
            json!({"name": "x", "kind": "email", "settings": {"to": "nobody"}}),
            "settings.to",
        ),
        (
            json!({"name": "x", "kind": "webhook", "settings": {"url": "hooks"}}),
            "settings.url",
        ),
        (
            json!({"name": "x", "kind": "webhook", "settings": {"url": "http://10.0.0.1/"}}),
            "settings.url",
        ),
        (json!({"kind": "email", "settings": {"to": "a@b"}}), "name"),
        (
            json!({"name": "", "kind": "email", "settings": {"to": "a@b"}}),
            "name",
        ),
        (
            json!({"name": "x", "kind": "email", "settings": {"to": "a@b", "cc": "c@d"}}),
            "settings.cc",
        ),
    ] {
        let refused = world.post("/channels", body.clone()).await.refused_fields();
        assert_eq!(refused[0].0, field, "{body}: {refused:?}");
    }
    assert_eq!(world.get("/channels").await.is(200)["data"], json!([]));
}

#[tokio::test]
async fn a_test_tells_what_the_receiver_answered_and_a_delivery_is_replayed() {
    let world = World::new().await;
    let hook = WebhookReceiver::start().await;
    hook.answer([
        Reply::status(503).body("busy"),
        Reply::status(200).body("thanks"),
    ]);
    let body = json!({"name": "Ops", "kind": "webhook", "settings": {"url": hook.url()}});
    let made = world.post("/channels", body).await.is(201);
    let path = format!("/channels/{}", made["id"].as_str().unwrap());
    let tested = world.post(&format!("{path}/test"), json!({})).await.is(200);
    let busy = "answered 503 Service Unavailable: busy";
    assert_eq!(tested, json!({"delivered": false, "detail": busy}));

    let told = world.get(&format!("{path}/deliveries")).await.is(200);
    insta::assert_json_snapshot!("delivery", tamed(&told["data"][0]));
    let replay = format!(
        "{path}/deliveries/{}/replay",
        told["data"][0]["id"].as_str().unwrap()
    );
    assert_eq!(world.post(&replay, json!({})).await.status.as_u16(), 202);
    assert_eq!(
        world.post(&replay, json!({})).await.is(409)["code"],
        "conflict"
    );
    alerter::step(&world.app).await.unwrap();
    let told = world
        .get(&format!("{path}/deliveries?limit=1"))
        .await
        .is(200);
    assert_eq!(told["data"][0]["status"], "sent");
    assert_eq!(
        told["data"][0]["attempts"][1]["detail"],
        "answered 200 OK: thanks"
    );
    let ids: Vec<_> = hook
        .received()
        .iter()
        .map(|r| r.header("webhook-id").unwrap().to_owned())
        .collect();
    assert_eq!(ids[0], ids[1], "the same id");
}

#[tokio::test]
async fn a_channel_chooses_what_it_hears_and_when() {
    let world = World::new().await;
    let hook = |name: &str| json!({"name": name, "kind": "webhook", "settings": {"url": "https://hooks.example.com/x"}});
    let spare = world.post("/channels", hook("Spare")).await.is(201);
    let mut body = hook("Night");
    let route = json!({
        "kinds": ["incidents", "tools_additive"], "severities": ["down"], "tags": ["prod"],
        "hours": {"zone": "Europe/Berlin", "days": ["sun", "mon"], "from": "22:00", "until": "06:00"},
        "escalate_after_minutes": 15, "fallback": spare["id"],
    });
    for (name, value) in route.as_object().unwrap() {
        body[name] = value.clone();
    }
    let made = world.post("/channels", body).await.is(201);
    for name in [
        "kinds",
        "severities",
        "tags",
        "escalate_after_minutes",
        "fallback",
    ] {
        assert_eq!(made[name], route[name], "{name}");
    }
    assert_eq!(made["hours"]["days"], json!(["mon", "sun"]));
    assert_eq!(made["hours"]["held_outside"], "all_but_down");

    let path = format!("/channels/{}", made["id"].as_str().unwrap());
    let renamed = world.patch(&path, json!({"name": "On call"})).await.is(200);
    assert_eq!(renamed["hours"], made["hours"], "what is not named stays");
    let back = json!({"kinds": null, "severities": null, "tags": null, "hours": null,
        "escalate_after_minutes": null, "fallback": null});
    let usual = world.patch(&path, back).await.is(200);
    for name in [
        "kinds",
        "severities",
        "tags",
        "hours",
        "escalate_after_minutes",
        "fallback",
    ] {
        assert_eq!(usual[name], spare[name], "{name}");
    }

    let spares = format!("/channels/{}", spare["id"].as_str().unwrap());
    world
        .patch(&path, json!({"fallback": spare["id"]}))
        .await
        .is(200);
    let hours = |change: Value| {
        let mut hours = json!({"zone": "UTC", "days": ["mon"], "from": "08:00", "until": "20:00"});
        for (name, value) in change.as_object().unwrap() {
            hours[name] = value.clone();
        }
        json!({"hours": hours})
    };
    for (at, body, field) in [
        (&path, json!({"kinds": ["weather"]}), "kinds"),
        (&path, json!({"kinds": []}), "kinds"),
        (
            &path,
            json!({"escalate_after_minutes": 9_999}),
            "escalate_after_minutes",
        ),
        (&path, json!({"fallback": made["id"]}), "fallback"),
        (&path, json!({"fallback": "x"}), "fallback"),
        (&spares, json!({"fallback": made["id"]}), "fallback"),
        (&path, hours(json!({"zone": "Moon"})), "hours.zone"),
        (&path, hours(json!({"days": []})), "hours.days"),
        (&path, hours(json!({"from": "8"})), "hours.from"),
        (
            &path,
            hours(json!({"held_outside": "some"})),
            "hours.held_outside",
        ),
    ] {
        let refused = world.patch(at, body.clone()).await.refused_fields();
        let fields: Vec<&str> = refused.iter().map(|(field, _)| &**field).collect();
        assert_eq!(fields, [field], "{body}");
    }
}

#[tokio::test]
async fn a_channel_can_have_words_of_its_own() {
    let world = World::new().await;
    let body = json!({
        "name": "Me", "kind": "email", "settings": {"to": "me@example.com"},
        "subject": "[prod] {status} {monitor}", "body": "{reason}\n{link}",
    });
    let made = world.post("/channels", body).await.is(201);
    let path = format!("/channels/{}", made["id"].as_str().unwrap());
    let one = world.get(&path).await.is(200);
    assert_eq!(one["subject"], "[prod] {status} {monitor}");
    assert_eq!(one["body"], "{reason}\n{link}");
    let changed = world
        .patch(&path, json!({"subject": null, "name": "You"}))
        .await
        .is(200);
    assert_eq!(
        (&changed["subject"], &changed["body"]),
        (&json!(null), &one["body"])
    );
    let changed = world.patch(&path, json!({"body": ""})).await.is(200);
    assert_eq!(changed["body"], json!(null));

    for (body, field, part) in [
        (
            json!({"subject": "{monitr}"}),
            "subject",
            "known are {status}, {monitor}",
        ),
        (
            json!({"subject": "x".repeat(201)}),
            "subject",
            "at most 200 characters",
        ),
        (json!({"body": "{"}), "body", "without its }"),
    ] {
        let refused = world.patch(&path, body.clone()).await.refused_fields();
        assert_eq!(refused[0].0, field, "{body}");
        assert!(refused[0].1.contains(part), "{refused:?}");
    }
    let hook = json!({"name": "H", "kind": "webhook", "settings": {"url": "https://a.example/"},
        "subject": "{status}"});
    let refused = world.post("/channels", hook).await.refused_fields();
    assert_eq!(
        refused,
        [("subject".to_owned(), "is not used by webhook".to_owned())]
    );
}

#[tokio::test]
async fn words_are_tried_out_without_being_kept() {
    let world = World::new().await;
    let words = json!({
        "kind": "slack", "subject": "{status} {monitor}", "body": "{event}: {reason} {expires}",
    });
    let previews = world.post("/channels/preview", words).await.is(200);
    insta::assert_json_snapshot!("preview", previews);
    let built_in = world
        .post("/channels/preview", json!({"kind": "email"}))
        .await
        .is(200);
    assert_eq!(
        built_in["data"][0]["subject"],
        "DOWN search.example.com: nothing listens on the port"
    );
    for (body, field) in [
        (json!({"kind": "email", "subject": "{x}"}), "subject"),
        (json!({"kind": "pagerduty", "body": "x"}), "body"),
        (json!({"kind": "pigeon"}), "kind"),
        (json!({"subject": "x"}), "kind"),
    ] {
        let refused = world
            .post("/channels/preview", body.clone())
            .await
            .refused_fields();
        assert_eq!(refused[0].0, field, "{body}");
    }
    assert_eq!(world.get("/channels").await.is(200)["data"], json!([]));
}

#[tokio::test]
async fn a_mail_channel_can_tell_what_happened_in_a_day_or_a_week() {
    let world = World::new().await;
    let body = json!({
        "name": "Me", "kind": "email", "settings": {"to": "me@example.com"},
        "digest": {"every": "weekly", "zone": "Europe/Berlin"},
    });
    let made = world.post("/channels", body).await.is(201);
    let path = format!("/channels/{}", made["id"].as_str().unwrap());
    let digest = json!({"every": "weekly", "zone": "Europe/Berlin", "hour": 8});
    assert_eq!(made["digest"], digest);
    let changed = world.patch(&path, json!({"name": "You"})).await.is(200);
    assert_eq!(changed["digest"], digest, "what is not named stays");
    let daily = json!({"digest": {"every": "daily", "hour": 0}});
    let changed = world.patch(&path, daily).await.is(200);
    assert_eq!(
        changed["digest"],
        json!({"every": "daily", "zone": "UTC", "hour": 0})
    );
    for (digest, field) in [
        (json!({"every": "hourly"}), "digest.every"),
        (json!({"every": "daily", "zone": "Berlin"}), "digest.zone"),
        (json!({"every": "daily", "hour": 24}), "digest.hour"),
        (json!({"every": "daily", "minute": 5}), "digest.minute"),
    ] {
        let refused = world
            .patch(&path, json!({"digest": digest}))
            .await
            .refused_fields();
        assert_eq!(refused[0].0, field, "{digest}");
    }
    for none in [json!(null), json!({"every": "none"})] {
        let changed = world.patch(&path, json!({"digest": none})).await.is(200);
        assert_eq!(changed["digest"], json!(null));
    }
    let hook = json!({"name": "H", "kind": "webhook", "settings": {"url": "https://a.example/"},
        "digest": {"every": "daily"}});
    let refused = world.post("/channels", hook).await.refused_fields();
    assert_eq!(refused[0].0, "digest.every");
}
