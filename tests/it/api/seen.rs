//! What was seen of a monitor: checks, uptime, latency, tools.

use super::*;

const URL: &str = "https://search.example.com/mcp";

/// Up for ten minutes, then down, confirmed after ten seconds.
async fn watched() -> (World, String) {
    let world = World::new().await;
    let path = format!("/monitors/{}", world.watch(URL).await);
    world.checked(false).await;
    world.rounds(10, 60, false).await;
    world.rounds(1, 60, true).await;
    world.rounds(2, 5, true).await;
    (world, path)
}

#[tokio::test]
async fn a_monitor_tells_how_it_is() {
    let (world, path) = watched().await;
    let mut told = world.get(&path).await.is(200);
    // Its place in the minute comes from its id, which is another in every run.
    assert!(told["next_check_at"].is_string());
    told["next_check_at"] = json!("[slot]");
    insta::assert_json_snapshot!("monitor_down", tamed(&told));
    let down = world.get("/monitors?status=down").await.is(200);
    assert_eq!(down["data"][0]["id"], told["id"]);
}

#[tokio::test]
async fn checks_are_listed_newest_first_with_the_reports_of_failures() {
    let (world, path) = watched().await;
    let all = world.get(&format!("{path}/checks?limit=200")).await.is(200);
    let all = all["data"].as_array().unwrap();
    assert_eq!(all.len(), 14);
    assert!(
        all.windows(2)
            .all(|pair| pair[0]["slot"].as_str() > pair[1]["slot"].as_str())
    );
    assert!(all.iter().all(|check| check["report"].is_null()));
    // A repetition that falls into the next slot is the check of that one.
    let mut newest = tamed(&all[0]);
    newest["slot"] = json!("[slot]");
    insta::assert_json_snapshot!("check", newest);
    let down = world
        .get(&format!("{path}/checks?status=down&reports=true&limit=1"))
        .await
        .is(200);
    assert_eq!(down["data"][0]["report"]["failure"]["code"], "tls_expired");
    assert!(down["next_cursor"].is_string());
    let (from, until) = (after(120), after(300));
    let some = world
        .get(&format!("{path}/checks?from={from}&until={until}"))
        .await
        .is(200);
    let slots: Vec<&str> = some["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["slot"].as_str().unwrap())
        .collect();
    assert_eq!(slots.len(), 3, "one a minute");
    assert!(
        slots
            .iter()
            .all(|slot| (from.as_str()..until.as_str()).contains(slot))
    );
    for query in ["status=paused", "reports=maybe", "from=now"] {
        world
            .get(&format!("{path}/checks?{query}"))
            .await
            .refused_fields();
    }
}

#[tokio::test]
async fn uptime_is_told_in_time_with_what_was_not_measured() {
    let (world, path) = watched().await;
    insta::assert_json_snapshot!("uptime", world.get(&format!("{path}/uptime")).await.is(200));
    let year = world
        .get(&format!("{path}/uptime?window=365d"))
        .await
        .is(200);
    let day = world
        .get(&format!("{path}/uptime?window=24h"))
        .await
        .is(200);
    for field in ["uptime", "up_ms", "down_ms", "unknown_ms"] {
        assert_eq!(year[field], day[field], "{field}");
    }
    let refused = world
        .get(&format!("{path}/uptime?window=2d"))
        .await
        .refused_fields();
    assert_eq!(refused[0].0, "window");
}

#[tokio::test]
async fn latency_is_told_by_phase_and_by_time() {
    let (world, path) = watched().await;
    let told = world
        .get(&format!("{path}/latency?window=24h"))
        .await
        .is(200);
    assert_eq!(told["step_seconds"], 3600);
    let points = told["points"].as_array().unwrap();
    assert!((24..=25).contains(&points.len()), "{}", points.len());
    let now = points.last().unwrap();
    assert_eq!((&now["checks"], &now["failures"]), (&json!(14), &json!(3)));
    insta::assert_json_snapshot!("latency_phases", told["phases"]);
}

#[tokio::test]
async fn the_tools_that_were_last_listed_are_told() {
    let world = World::new().await;
    let path = format!("/monitors/{}", world.watch(URL).await);
    let none = world.get(&format!("{path}/tools")).await.is(200);
    assert_eq!((&none["count"], &none["names"]), (&Value::Null, &json!([])));
    world.checked(false).await;
    world.rounds(1, 60, true).await;
    insta::assert_json_snapshot!("tools", world.get(&format!("{path}/tools")).await.is(200));
}
