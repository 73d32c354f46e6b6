//! The report of a month, and what a monitor should reach.

use super::*;

#[tokio::test]
async fn a_month_is_told_with_its_incidents() {
    let world = World::new().await;
    let body =
        json!({"url": "https://search.example.com/mcp", "target_percent": 99.5, "tags": ["a"]});
    let made = world.post("/monitors", body).await.is(201);
    assert_eq!(made["target_percent"], 99.5);
    world.checked(false).await;
    world.rounds(10, 60, false).await;
    world.rounds(1, 60, true).await;
    world.rounds(2, 5, true).await;
    let told = world.get("/reports/2026-11").await.is(200);
    insta::assert_json_snapshot!("report", tamed(&told));
    let tagged = world.get("/reports/2026-11?tag=b").await.is(200);
    assert_eq!(
        (&tagged["monitors"], &tagged["incidents"]),
        (&json!([]), &json!([]))
    );
    for path in ["/reports/2026-12", "/reports/2026-00", "/reports/november"] {
        assert_eq!(world.get(path).await.is(404)["code"], "not_found", "{path}");
    }
    world.get("/reports/2026-11?month=1").await.refused_fields();

    let path = format!("/monitors/{}", made["id"].as_str().unwrap());
    let refused = world
        .patch(&path, json!({"target_percent": 100}))
        .await
        .refused_fields();
    assert_eq!(refused[0].0, "target_percent");
    assert!(
        refused[0].1.contains("from 50 to 99.999"),
        "{}",
        refused[0].1
    );
    let none = world
        .patch(&path, json!({"target_percent": null}))
        .await
        .is(200);
    assert_eq!(none["target_percent"], Value::Null);
}
