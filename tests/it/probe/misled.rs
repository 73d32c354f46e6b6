//! What an earlier check has learnt, or another address, misleads no verdict.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use fake_mcp::{Delete, FakeMcp, dual, healthy, modern, refusal, stall, status};
use lifesign::domain::failure::Code;
use lifesign::domain::observation::Era;
use lifesign::domain::verdict::CheckStatus::{Degraded, Down};
use lifesign::net::Names;

use super::{Checked, Probe, check};
use crate::support::dns::{NameServer, Zone};

fn next(server: &FakeMcp, before: &Checked) -> Probe {
    Probe::of(&server.url()).memory(before.seen.memory.clone())
}

#[tokio::test]
async fn a_host_without_ipv6_says_what_ipv4_says() {
    let mut server = FakeMcp::start(healthy()).unwrap();
    let port = server.address().port();
    server.stop().await.unwrap();
    // Reserved for documentation: nobody has a way there.
    let nowhere = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
    let both = Zone::Has(Some(Ipv4Addr::LOCALHOST), Some(nowhere));
    let names = NameServer::start(both).await;
    let probe = Probe::of(&format!("http://mcp.test.example:{port}/mcp"));
    let probe = probe.names(Names::asking(&[names.address])).timeout(3_000);
    let checked = probe.run().await;
    checked.is(Down, Code::TcpRefused);
    let address = checked.report.address.unwrap();
    assert!(address.starts_with("127.0.0.1"), "{address}");
}

/// How servers of the official TypeScript SDK refuse what they do not know.
fn rolled_back() -> fake_mcp::Reply {
    let refused = refusal(400, -32_000, "Bad Request: Server not initialized");
    healthy().on("2026-07-28", refused)
}

#[tokio::test]
async fn a_modern_server_that_is_rolled_back_is_greeted_again() {
    let (mut last, server) = check(modern()).await;
    server.set(rolled_back());
    for _ in 0..2 {
        last = next(&server, &last).run().await;
        assert_eq!(last.verdict.status, Down, "{:?}", last.verdict);
    }
    let last = next(&server, &last).run().await;
    last.is_up();
    let era = last.report.protocol.as_ref().and_then(|it| it.era);
    assert_eq!(era, Some(Era::Legacy));
}

#[tokio::test]
async fn a_server_of_both_generations_that_is_rolled_back_has_lost_one() {
    let (first, server) = check(dual()).await;
    server.set(rolled_back());
    let second = next(&server, &first).run().await;
    second.is(Degraded, Code::EraRegression);
}

#[tokio::test]
async fn the_only_request_of_a_check_is_not_said_to_follow_a_handshake() {
    let (first, server) = check(modern()).await;
    server.set(modern().on("tools/list", stall()));
    let hung = next(&server, &first).timeout(600).run().await;
    hung.is(Down, Code::HttpTimeoutHeaders);
    server.set(modern().on("tools/list", status(401)));
    let refused = next(&server, &first).bearer("an-old-token").run().await;
    refused.is(Down, Code::AuthInvalid);
}

#[tokio::test]
async fn a_session_that_was_kept_is_given_up_however_it_is_refused() {
    let script = || healthy().delete(Delete::Status(405));
    // What answers the next check in the same session.
    let then = |answer| script().on("tools/list", script().then(answer));
    let uninitialized = refusal(400, -32_000, "Bad Request: Server not initialized");
    let lives = then(uninitialized).then(then(status(500))).then(script());
    let (first, server) = check(lives).await;
    first.is_up();
    let second = next(&server, &first).run().await;
    second.is_up();
    assert_eq!(server.sessions_opened(), 2);
    // Whatever is wrong with it: the repetition opens another one.
    let third = next(&server, &second).run().await;
    assert_eq!(third.verdict.status, Down);
    let fourth = next(&server, &third).run().await;
    fourth.is_up();
    assert!(server.asked().contains(&"initialize".to_owned()));
}

#[tokio::test]
async fn a_second_generation_that_is_slow_has_as_much_time_as_the_first() {
    let slow = dual().delayed(Duration::from_millis(5_500));
    let (checked, _server) = check(dual().on("tools/list", dual().then(slow))).await;
    checked.is_up();
}
