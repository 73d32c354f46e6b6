//! Names, addresses and connections.

use fake_mcp::{FakeMcp, healthy};
use lifesign::domain::failure::Code;
use lifesign::domain::verdict::CheckStatus::{Down, Unknown};

use super::Probe;

#[tokio::test]
async fn an_address_that_is_not_public_is_not_probed_however_it_is_spelled() {
    let server = FakeMcp::start(healthy()).unwrap();
    let port = server.address().port();
    for host in [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "[::ffff:127.0.0.1]",
    ] {
        let checked = Probe::of(&format!("http://{host}:{port}/mcp"))
            .guard("")
            .run()
            .await;
        checked.is(Unknown, Code::TargetPrivate);
        let message = &checked.verdict.failure.as_ref().unwrap().message;
        assert!(message.contains("LIFESIGN_ALLOW_TARGETS"), "{message}");
    }
    assert_eq!(server.connections(), 0);
    Probe::of(&server.url())
        .guard("127.0.0.0/8")
        .run()
        .await
        .is_up();
}

#[tokio::test]
async fn a_name_of_this_machine_is_found_and_its_step_is_told() {
    let server = FakeMcp::start(healthy()).unwrap();
    let url = format!("http://localhost:{}/mcp", server.address().port());
    let checked = Probe::of(&url).run().await;
    checked.is_up();
    assert_eq!(checked.step_names()[..2], ["dns", "tcp"]);
    assert!(checked.report.timings_ms.dns.is_some());
    assert_eq!(checked.report.address, Some(server.address().to_string()));
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_refused() {
    let mut server = FakeMcp::start(healthy()).unwrap();
    server.stop().await.unwrap();
    let checked = Probe::of(&server.url()).run().await;
    checked.is(Down, Code::TcpRefused);
    assert_eq!(checked.step_names(), ["tcp"]);
    assert!(checked.report.curl.unwrap().contains("initialize"));
    server.restart().unwrap();
    Probe::of(&server.url()).run().await.is_up();
}

#[tokio::test]
async fn what_the_name_resolved_to_is_kept_where_nobody_listens() {
    let mut server = FakeMcp::start(healthy()).unwrap();
    let port = server.address().port();
    server.stop().await.unwrap();
    let checked = Probe::of(&format!("http://localhost:{port}/mcp"))
        .run()
        .await;
    checked.is(Down, Code::TcpRefused);
    let addresses = &checked.report.addresses;
    assert!(addresses.contains(&"127.0.0.1".to_owned()), "{addresses:?}");
    let checked = Probe::of(&server.url()).run().await;
    assert_eq!(
        checked.report.addresses,
        Vec::<String>::new(),
        "there was no name"
    );
}
