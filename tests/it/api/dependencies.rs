//! What a monitor depends on: told back, changed, refused by its field.

use super::*;

fn url(n: usize) -> String {
    format!("https://s{n}.example.com/mcp")
}

#[tokio::test]
async fn what_a_monitor_depends_on_is_told_back_and_changed() {
    let world = World::new().await;
    let (first, second) = (world.watch(&url(1)).await, world.watch(&url(2)).await);
    let body = json!({"url": url(3), "depends_on": [second, first]});
    let made = world.post("/monitors", body).await.is(201);
    assert_eq!(made["depends_on"], json!([second, first]));
    let path = format!("/monitors/{}", made["id"].as_str().unwrap());
    let kept = world.patch(&path, json!({"name": "New"})).await.is(200);
    assert_eq!(kept["depends_on"], made["depends_on"]);
    let body = json!({"depends_on": [first]});
    let changed = world.patch(&path, body).await.is(200);
    assert_eq!(changed["depends_on"], json!([first]));
    world.delete(&format!("/monitors/{first}")).await.is(204);
    let left = world.get(&path).await.is(200);
    assert_eq!(left["depends_on"], json!([]));
    let body = json!({"depends_on": [second]});
    world.patch(&path, body).await.is(200);
    let reset = world.patch(&path, json!({"depends_on": null})).await;
    assert_eq!(reset.is(200)["depends_on"], json!([]));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_nothing_is_kept() {
    let world = World::new().await;
    let first = world.watch(&url(1)).await;
    let body = json!({"url": url(2), "name": "Second", "depends_on": [first]});
    let second = world.post("/monitors", body).await.is(201)["id"].clone();
    let (_, rival) = world.somebody("rival", None, Role::Owner).await;
    let body = json!({"url": url(3)}).to_string();
    let theirs = world.ask(&rival, "POST", "/monitors", body).await.is(201)["id"].clone();
    let many: Vec<String> = (0..11).map(|n| format!("{n:032x}")).collect();
    for (depends_on, field, words) in [
        (json!([first]), "depends_on", "names the monitor itself"),
        (
            json!([second]),
            "depends_on",
            "names 'Second', which depends on this monitor in turn",
        ),
        (
            json!([theirs]),
            "depends_on",
            "names a monitor that there is not",
        ),
        (
            json!(["00000000-0000-0000-0000-000000000001"]),
            "depends_on",
            "names a monitor that there is not",
        ),
        (json!([second, second]), "depends_on", "twice"),
        (json!(many), "depends_on", "more than 10"),
        (json!(["x"]), "depends_on[0]", "is not the id of a monitor"),
        (json!("x"), "depends_on", "list"),
    ] {
        let path = format!("/monitors/{first}");
        let body = json!({"depends_on": depends_on});
        let refused = world.patch(&path, body).await.refused_fields();
        assert_eq!(refused[0].0, field, "{depends_on}: {refused:?}");
        assert!(refused[0].1.contains(words), "{depends_on}: {refused:?}");
        assert_eq!(world.get(&path).await.is(200)["depends_on"], json!([]));
    }
    let body = json!({"url": url(4), "interval_seconds": 1, "depends_on": [theirs]});
    let refused = world.post("/monitors", body).await.refused_fields();
    assert_eq!(refused[0].0, "interval_seconds");
}
