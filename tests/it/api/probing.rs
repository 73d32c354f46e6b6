//! Checks that somebody asks for: of a monitor, and of an address that is not watched.

use fake_mcp::{FakeMcp, healthy, status};

use super::*;

#[tokio::test]
async fn an_address_is_checked_without_being_kept() {
    let world = World::new().await;
    let server = FakeMcp::start(healthy()).unwrap();
    let told = world
        .post("/probe", json!({"url": server.url()}))
        .await
        .is(200);
    assert_eq!(
        (&told["status"], &told["failure"]),
        (&json!("up"), &Value::Null)
    );
    assert_eq!(told["protocol"]["transport"], "streamable_http");
    assert!(told["tools"]["count"].as_u64().unwrap() > 0);
    assert_eq!(
        told["cost"]["sessions_opened"],
        told["cost"]["sessions_closed"]
    );
    let wanted = json!({"url": server.url(), "expect_tools": ["no-such-tool"]});
    let told = world.post("/probe", wanted).await.is(200);
    assert_eq!(told["status"], "degraded");
    assert_eq!(world.get("/monitors").await.is(200)["data"], json!([]));
    for (body, field) in [
        (json!({}), "url"),
        (json!({"url": "http://10.0.0.1/mcp"}), "url"),
        (
            json!({"url": server.url(), "timeout_seconds": 1}),
            "timeout_seconds",
        ),
        (json!({"url": server.url(), "name": "x"}), "name"),
    ] {
        let refused = world.post("/probe", body.clone()).await.refused_fields();
        assert_eq!(refused[0].0, field, "{body}");
    }
}

#[tokio::test]
async fn a_monitor_is_checked_now_and_the_check_is_kept() {
    let world = World::new().await;
    let server = FakeMcp::start(healthy()).unwrap();
    let path = format!("/monitors/{}", world.watch(&server.url()).await);
    let told = world
        .post(&format!("{path}/check"), json!({}))
        .await
        .is(200);
    assert_eq!(told["status"], "up");
    assert_eq!(world.get(&path).await.is(200)["status"], "up");
    server.set(status(503));
    world.app.clock.advance(std::time::Duration::from_secs(60));
    let told = world
        .post(&format!("{path}/check"), json!({}))
        .await
        .is(200);
    assert_eq!(told["failure"]["code"], "http_503");
    let checks = world.get(&format!("{path}/checks")).await.is(200);
    assert_eq!(checks["data"].as_array().unwrap().len(), 2);
    assert_eq!(checks["data"][0]["code"], "http_503");
}
