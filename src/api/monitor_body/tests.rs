//! Bodies of monitors, tried.

use uuid::Uuid;

use super::*;
use crate::domain::id::TeamId;

fn body(value: serde_json::Value) -> MonitorBody {
    serde_json::from_value(value).unwrap()
}

fn read(value: serde_json::Value, known: Option<&Monitor>) -> Result<MonitorSpec, ApiError> {
    body(value)
        .read(known.map(|known| (known, &[][..])))
        .map(|(spec, _)| spec)
}

fn known() -> Monitor {
    let made = serde_json::json!({
        "url": "https://e.example/mcp?key=abc", "headers": [{"name": "X-Key", "value": "1"}],
        "bearer": "t0ken", "interval_seconds": 30, "slow_ms": 900, "target_percent": 99.9, "tags": ["a"],
    });
    Monitor {
        id: MonitorId(Uuid::nil()),
        team: TeamId(Uuid::nil()),
        spec: read(made, None).unwrap(),
        paused: false,
    }
}

#[test]
fn a_change_keeps_what_it_does_not_name_and_null_means_the_default() {
    let known = known();
    let untouched = read(serde_json::json!({}), Some(&known)).unwrap();
    assert_eq!(untouched, known.spec);
    let told_back = serde_json::json!({
        "url": "https://e.example/mcp?key=…", "headers": [{"name": "X-Key"}],
    });
    assert_eq!(read(told_back, Some(&known)).unwrap(), known.spec);
    let reset = serde_json::json!({
        "headers": null, "bearer": null, "interval_seconds": null, "slow_ms": null, "tags": null,
        "target_percent": null,
    });
    let reset = read(reset, Some(&known)).unwrap();
    assert_eq!(
        reset,
        MonitorSpec::of(Endpoint {
            headers: vec![],
            bearer: None,
            oauth: None,
            ..known.spec.endpoint
        })
    );
}

#[test]
fn every_fault_is_named_at_once() {
    let wrong = serde_json::json!({
        "url": "ftp://e.example/", "transport": "pigeon", "bearer": "",
        "headers": [{"name": "X-Key"}, {"name": "Host", "value": "x"}],
        "oauth": {"client_id": "x"}, "channels": ["x"], "depends_on": ["x"],
    });
    let error = format!("{:?}", read(wrong, None).unwrap_err());
    for field in [
        "url",
        "transport",
        "bearer",
        "headers[0].value",
        "headers[1]",
        "oauth.client_secret",
        "channels[0]",
        "depends_on[0]",
    ] {
        assert!(
            error.contains(&format!("field: {field:?}")),
            "{field}: {error}"
        );
    }
    let slow =
        serde_json::json!({"url": "https://e.example/", "interval_seconds": 1, "slow_ms": 0});
    let target = serde_json::json!({"url": "https://e.example/", "target_percent": 100});
    let refused = format!("{:?}", read(target, None).unwrap_err());
    assert!(refused.contains("like 99.9"), "{refused}");
    let error = format!("{:?}", read(slow, None).unwrap_err());
    assert!(
        error.contains("interval_seconds") && error.contains("slow_ms"),
        "{error}"
    );
}
