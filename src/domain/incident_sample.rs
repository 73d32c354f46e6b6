//! An incident for the tests of the files that speak of one.

use uuid::Uuid;

use super::at::At;
use super::failure::Code;
use super::id::{IncidentId, MonitorId, TeamId};
use super::incident::{Incident, Severity};
use super::report::CheckReport;
use super::status::{MonitorStatus, Transition};
use super::team::Email;

/// When it all happens.
pub(super) const NOON: At = At(1_795_348_800_000);

pub(super) fn somebody() -> Email {
    Email::parse("ops@example.com").unwrap()
}

/// A check that shows trouble of a severity.
pub(super) fn evidence(severity: Severity) -> CheckReport {
    let code = match severity {
        Severity::Down => Code::TcpRefused,
        Severity::Degraded => Code::SlowTotal,
    };
    let seen = serde_json::json!({
        "url": "https://a.example/mcp", "started_at": NOON, "location": "local",
        "status": severity, "gated": false, "findings": [], "protocol": null, "tools": null,
        "failure": {"code": code, "layer": code.layer(), "message": code.words(), "hint": ""},
        "address": null, "timings_ms": {}, "steps": [], "tls": null,
        "cost": {"requests": 0, "bytes_sent": 0, "bytes_received": 0, "sessions_opened": 0,
            "sessions_closed": 0},
        "retry_after_seconds": null, "transcript": [], "curl": null,
    });
    serde_json::from_value(seen).unwrap()
}

/// An incident that has just been confirmed.
pub(super) fn incident(severity: Severity) -> Incident {
    let to = match severity {
        Severity::Down => MonitorStatus::Down,
        Severity::Degraded => MonitorStatus::Degraded,
    };
    let transition = Transition {
        from: MonitorStatus::Up,
        to,
        since: NOON,
    };
    let whose = (TeamId(Uuid::nil()), MonitorId(Uuid::nil()));
    let id = IncidentId(Uuid::nil());
    Incident::open(id, whose, &transition, evidence(severity), None).unwrap()
}
