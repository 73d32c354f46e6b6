//! What servers answer, as our own prober has seen it: one real check of each kind, made once and
//! played again and again.

use fake_mcp::{FakeMcp, duplicate_tool, healthy, status};
use lifesign::app::check::Checked;
use lifesign::domain::at::At;
use lifesign::domain::report::CheckReport;
use lifesign::domain::verdict::CheckStatus;
use lifesign::store::DueCheck;

use crate::support::app::TestApp;
use crate::support::engines::{Database, Engine};

/// Longer than the lease of a claim.
const LEASE_OVER: u64 = 31;

/// The reports of the four kinds of checks.
pub(super) struct Cast([CheckReport; 4]);

impl Cast {
    /// Makes each check once, against a scripted server.
    pub(super) async fn new() -> Self {
        let database = Database::new(Engine::Sqlite).await;
        let world = TestApp::new(database.store().await).await;
        let server = FakeMcp::start(healthy()).unwrap();
        world.watch(&server.url()).await;
        let scripts = [
            (CheckStatus::Up, healthy()),
            (CheckStatus::Degraded, duplicate_tool()),
            (CheckStatus::Down, status(503)),
            (CheckStatus::Unknown, status(429)),
        ];
        let mut reports = Vec::new();
        for (expected, script) in scripts {
            server.set(script);
            world.advance(LEASE_OVER);
            let made = world.checks().await.remove(0);
            assert_eq!(made.result.report.status, expected);
            reports.push(*made.result.report);
        }
        Self(reports.try_into().unwrap())
    }

    /// The check that was due, made at `now` and answered like that.
    pub(super) fn check(&self, due: DueCheck, status: CheckStatus, now: At) -> Checked {
        let report = self.0.iter().find(|report| report.status == status);
        let report = CheckReport {
            started_at: now,
            url: due.monitor.spec.endpoint.url.redacted(),
            location: due.watch.location.clone(),
            ..report.unwrap().clone()
        };
        Checked {
            claim: due.claim,
            interval: due.monitor.spec.interval(),
            timeout: due.monitor.spec.timeout(),
            locations: due.locations,
            quorum: due.monitor.spec.quorum,
            facts_hash: due.facts_hash,
            tools: None,
            are_tools_untold: false,
            expiring: vec![],
            gate: vec![],
            result: lifesign::domain::check::CheckResult {
                watch: due.watch,
                slot: due.slot,
                attempt: due.attempt,
                report: Box::new(report),
                memory: due.memory,
                has_learnt: false,
                changes: vec![],
            },
        }
    }
}
