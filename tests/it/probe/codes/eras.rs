//! Servers of 2026-07-28 that do not do as it says, and servers of both generations that lost one.

use fake_mcp::{Era, FakeMcp, Sessions, dual, healthy, modern, refusal};
use lifesign::domain::at::At;
use lifesign::domain::failure::Code;

use super::LeadsTo::{Degraded, Down, Finding};
use super::{Checked, Probe, Row, row, script};

pub(super) fn rows() -> Vec<Row> {
    let refused = |code| modern().on("2026-07-28", refusal(400, code, "_meta is missing"));
    let unknown = refusal(404, -32_601, "Method not found");
    vec![
        row(Code::ModernHeadersStripped, Down, script(refused(-32_020))),
        row(Code::ModernMetaRejected, Down, script(refused(-32_602))),
        row(
            Code::DiscoverMissing,
            Degraded,
            script(modern().on("server/discover", unknown)),
        ),
        row(
            Code::ResultTypeInvalid,
            Down,
            script(modern().result_type("surprise")),
        ),
        row(
            Code::ResultTypeInvalid,
            Finding,
            script(modern().result_type("")),
        ),
        row(
            Code::SessionCookieAffinity,
            Degraded,
            elsewhere(Sessions::ByCookie(404)),
        ),
        row(
            Code::SessionLost,
            Degraded,
            elsewhere(Sessions::Sticky(404)),
        ),
        row(Code::EraRegression, Degraded, vanished(Era::Modern)),
        row(Code::EraRegression, Degraded, vanished(Era::Legacy)),
    ]
}

/// A server whose sessions are known on one connection only, at a check that looks on another.
async fn elsewhere(sessions: Sessions) -> Checked {
    let server = FakeMcp::start(healthy().sessions(sessions)).unwrap();
    let mut memory = Probe::of(&server.url()).run().await.seen.memory;
    memory.is_session_doubtful = true;
    Probe::of(&server.url()).memory(memory).run().await
}

/// A server that spoke both generations, and speaks only this one now.
async fn vanished(left: Era) -> Checked {
    let server = FakeMcp::start(dual()).unwrap();
    let first = Probe::of(&server.url()).run().await;
    server.set(dual().era(left));
    let mut memory = first.seen.memory;
    memory.pace.greeted_at = Some(At(0));
    Probe::of(&server.url()).memory(memory).run().await
}
