//! Maintenance windows: a deployment announces itself, and what makes no sense is refused by name.

use lifesign::app::status_pages::{self, PageSpec};
use lifesign::domain::status_page::Component;

use super::*;

#[tokio::test]
async fn a_deployment_announces_itself_and_ends_early() {
    let world = World::new().await;
    let monitor = world.watch("https://search.example.com/mcp").await;
    let path = format!("/monitors/{monitor}");
    assert_eq!(world.get(&path).await.is(200)["in_maintenance"], false);
    let body = json!({"name": "Deploy", "minutes": 15, "monitors": [monitor]});
    let made = world.post("/maintenance-windows", body).await.is(201);
    let now = world.app.clock.now();
    let end = now + std::time::Duration::from_mins(15);
    let first = json!([{"starts_at": now.rfc3339(), "ends_at": end.rfc3339()}]);
    assert_eq!(
        (&made["kind"], &made["running"]),
        (&json!("once"), &json!(true))
    );
    assert_eq!(
        (&made["next"], &made["exclude_from_uptime"]),
        (&first, &json!(true))
    );
    assert_eq!(world.get(&path).await.is(200)["in_maintenance"], true);

    world.app.clock.advance(std::time::Duration::from_mins(5));
    let window = format!("/maintenance-windows/{}", made["id"].as_str().unwrap());
    let ended = world
        .post(&format!("{window}/end"), json!({}))
        .await
        .is(200);
    assert_eq!(
        (&ended["running"], &ended["next"]),
        (&json!(false), &json!([]))
    );
    assert_eq!(ended["ended_at"], world.app.clock.now().rfc3339());
    assert_eq!(world.get(&path).await.is(200)["in_maintenance"], false);
    let again = world.post(&format!("{window}/end"), json!({})).await;
    assert_eq!(again.is(409)["code"], "conflict");
    let longer = json!({"minutes": 30});
    assert_eq!(world.patch(&window, longer).await.is(200)["running"], true);
    world.delete(&window).await.is(204);
    world.get(&window).await.is(404);
}

#[tokio::test]
async fn a_window_recurs_in_its_zone_and_five_are_told() {
    let world = World::new().await;
    let weekly = json!({
        "name": "Backup", "days": ["Sun", "wed"], "at": "02:30", "minutes": 60,
        "zone": "Europe/Berlin", "tags": ["prod"], "exclude_from_uptime": false,
    });
    let made = world.post("/maintenance-windows", weekly).await.is(201);
    assert_eq!(made["next"].as_array().unwrap().len(), 5);
    assert_eq!(made["days"], json!(["wed", "sun"]));
    let path = format!("/maintenance-windows/{}", made["id"].as_str().unwrap());
    let cron = json!({"kind": "cron", "cron": "30 2 * * 0", "minutes": 45});
    let changed = world.patch(&path, cron).await.is(200);
    assert_eq!(
        (&changed["name"], &changed["zone"]),
        (&json!("Backup"), &json!("Europe/Berlin"))
    );
    assert_eq!(
        (&changed["tags"], &changed["days"]),
        (&json!(["prod"]), &Value::Null)
    );
    assert_eq!(changed["exclude_from_uptime"], false);
    insta::assert_json_snapshot!("maintenance_window", tamed(&world.get(&path).await.is(200)));
    let once = json!({"name": "Deploy", "minutes": 15, "all": true});
    let once = world.post("/maintenance-windows", once).await.is(201);
    let all = world.get("/maintenance-windows").await.is(200);
    assert_eq!(all["data"].as_array().unwrap().len(), 2);
    assert_eq!(all["data"][0]["id"], once["id"]);
    world.app.clock.advance(std::time::Duration::from_mins(15));
    for (is_over, id) in [("true", &once["id"]), ("false", &made["id"])] {
        let some = world
            .get(&format!("/maintenance-windows?over={is_over}"))
            .await
            .is(200);
        assert_eq!(some["data"].as_array().unwrap().len(), 1);
        assert_eq!(&some["data"][0]["id"], id);
    }
}

#[tokio::test]
async fn a_window_without_sense_is_refused_by_its_field() {
    let world = World::new().await;
    let monitor = world.watch("https://search.example.com/mcp").await;
    let nobody = world.app.ids.next().to_string();
    for (body, field) in [
        (json!({}), "name"),
        (json!({"name": "x", "all": true}), "minutes"),
        (json!({"name": "x", "all": true, "minutes": 0}), "ends_at"),
        (
            json!({"name": "x", "all": true, "minutes": 5, "ends_at": "2030-01-01T00:00:00Z"}),
            "minutes",
        ),
        (
            json!({"name": "x", "all": true, "starts_at": "yesterday", "minutes": 5}),
            "starts_at",
        ),
        (
            json!({"name": "x", "all": true, "starts_at": "2020-01-01T00:00:00Z", "minutes": 5}),
            "ends_at",
        ),
        (json!({"name": "x", "minutes": 5}), "monitors"),
        (
            json!({"name": "x", "minutes": 5, "monitors": ["x"]}),
            "monitors",
        ),
        (
            json!({"name": "x", "minutes": 5, "monitors": [nobody]}),
            "monitors",
        ),
        (
            json!({"name": "x", "minutes": 5, "monitors": [monitor], "all": true}),
            "all",
        ),
        (
            json!({"name": "x", "minutes": 5, "all": true, "zone": "Berlin"}),
            "zone",
        ),
        (
            json!({"name": "x", "minutes": 5, "all": true, "kind": "daily"}),
            "kind",
        ),
        (
            json!({"name": "x", "minutes": 5, "all": true, "days": ["sunday", "funday"], "at": "02:00"}),
            "days",
        ),
        (
            json!({"name": "x", "minutes": 5, "all": true, "days": ["sun"]}),
            "at",
        ),
        (
            json!({"name": "x", "minutes": 5, "all": true, "days": ["sun"], "at": "2 o'clock"}),
            "at",
        ),
        (
            json!({"name": "x", "minutes": 5, "all": true, "cron": "0 30 2 * * 0"}),
            "cron",
        ),
        (
            json!({"name": "x", "minutes": 5, "all": true, "cron": "30 2 * * 0", "at": "02:00"}),
            "at",
        ),
        (
            json!({"name": "x", "all": true, "cron": "30 2 * * 0"}),
            "minutes",
        ),
        (
            json!({"name": "x", "minutes": 5, "all": true, "color": "red"}),
            "color",
        ),
    ] {
        let refused = world
            .post("/maintenance-windows", body.clone())
            .await
            .refused_fields();
        assert_eq!(refused[0].0, field, "{body}: {refused:?}");
    }
    let (_, viewer) = world
        .somebody("viewer", Some(world.actor.team), Role::Viewer)
        .await;
    let body = json!({"name": "x", "minutes": 5, "all": true}).to_string();
    let refused = world
        .ask(&viewer, "POST", "/maintenance-windows", body)
        .await;
    assert_eq!(refused.is(403)["code"], "forbidden");
}

#[tokio::test]
async fn the_public_is_told_of_maintenance_and_not_of_what_it_holds_back() {
    let world = World::new().await;
    let monitor = world.watch("https://search.example.com/mcp").await;
    let component = Component {
        name: Some("Search".to_owned()),
        ..Component::of(monitor.parse().unwrap())
    };
    let spec = PageSpec::public("acme", "Acme", [component]);
    status_pages::create(&world.app, &world.actor, spec)
        .await
        .unwrap();
    world.checked(false).await;
    for body in [
        json!({"name": "Later", "all": true, "cron": "0 0 1 1 *", "minutes": 5}),
        json!({"name": "Tomorrow", "all": true, "minutes": 60,
            "starts_at": (world.app.clock.now() + std::time::Duration::from_hours(24)).rfc3339()}),
        json!({"name": "Elsewhere", "tags": ["other"], "minutes": 60}),
        json!({"name": "Deploy", "monitors": [monitor], "minutes": 30}),
    ] {
        world.post("/maintenance-windows", body).await.is(201);
    }
    world.rounds(1, 60, true).await;
    world.rounds(2, 5, true).await;
    let told = world.get("/status/acme").await.is(200);
    let names = told["maintenance"].as_array().unwrap().iter();
    let names: Vec<_> = names
        .map(|m| (m["name"].clone(), m["status"].clone()))
        .collect();
    let expected = [("Deploy", "running"), ("Tomorrow", "planned")];
    assert_eq!(
        names,
        expected.map(|(name, status)| (json!(name), json!(status)))
    );
    assert_eq!(told["maintenance"][0]["component_ids"], json!([monitor]));
    let component = &told["components"][0];
    assert_eq!(
        (&component["status"], &component["in_maintenance"]),
        (&json!("down"), &json!(true))
    );
    assert_eq!(
        (&component["open_incident"], &told["incidents"]),
        (&Value::Null, &json!([]))
    );
    assert_eq!(told["sentence"], "The only server is in maintenance");
    world.app.clock.advance(std::time::Duration::from_mins(40));
    lifesign::app::release::step(&world.app).await.unwrap();
    let told = world.get("/status/acme").await.is(200);
    assert_eq!(told["incidents"].as_array().unwrap().len(), 1);
}
