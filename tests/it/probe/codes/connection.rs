//! Names, connections and encryption.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use fake_mcp::{FakeMcp, Tls, healthy, reset};
use lifesign::domain::failure::Code;
use lifesign::net::Names;
use tokio::net::{TcpSocket, TcpStream};

use super::LeadsTo::{Degraded, Down, Finding, Gated, Unknown};
use super::{Checked, Probe, Row, row, script, with};
use crate::probe::openssl;
use crate::support::dns::{NameServer, Zone};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row(Code::DnsNxdomain, Down, named([Zone::Fails(3)])),
        row(Code::DnsNoAddress, Down, named([Zone::Has(None, None)])),
        row(Code::DnsTimeout, Down, named([Zone::Silent, Zone::Silent])),
        row(Code::DnsTimeout, Unknown, named([Zone::Silent])),
        row(Code::DnsIpv6Broken, Finding, only_over_ipv4()),
        row(Code::DnsServfail, Down, named([Zone::Fails(2)])),
        row(
            Code::TargetPrivate,
            Unknown,
            with(healthy(), |probe| probe.guard("")),
        ),
        row(Code::TcpRefused, Down, nobody_listens()),
        row(Code::TcpTimeout, Down, full_backlog()),
        row(Code::TcpReset, Down, script(reset())),
        row(Code::NetUnreachable, Down, no_route()),
        row(Code::TlsExpired, Down, tls(Tls::Expired)),
        row(Code::TlsNotYetValid, Down, tls(Tls::NotYetValid)),
        row(Code::TlsHostnameMismatch, Down, tls(Tls::WrongName)),
        row(Code::TlsUntrustedCa, Down, tls(Tls::UnknownCa)),
        row(Code::TlsUntrustedCa, Down, tls(Tls::MissingIntermediate)),
        row(Code::TlsSelfSigned, Down, tls(Tls::SelfSigned)),
        row(Code::TlsBadCertificate, Down, tls(Tls::WrongPurpose)),
        row(Code::TlsHandshakeFailure, Down, tls(Tls::Alert(40))),
        row(Code::TlsHandshakeFailure, Down, tls(Tls::Silent)),
        row(Code::TlsVersionTooOld, Down, openssl::speaking("-tls1_1")),
        row(Code::TlsUnrecognisedName, Down, tls(Tls::Alert(112))),
        row(
            Code::TlsClientCertRequired,
            Gated,
            tls(Tls::ClientCertificate),
        ),
        row(Code::TlsNotTls, Down, tls(Tls::PlainHttp)),
        row(Code::TlsEof, Down, tls(Tls::Eof)),
        row(Code::TlsExpiringSoon, Degraded, tls(Tls::ExpiresIn(2))),
        row(Code::TlsExpiringSoon, Finding, tls(Tls::ExpiresIn(12))),
    ]
}

/// A target whose name these name servers are asked for.
async fn named<const N: usize>(zones: [Zone; N]) -> Checked {
    let mut servers = Vec::new();
    for zone in zones {
        servers.push(NameServer::start(zone).await);
    }
    let addresses: Vec<SocketAddr> = servers.iter().map(|server| server.address).collect();
    let probe = Probe::of("http://mcp.test.example/mcp");
    probe.names(Names::asking(&addresses)).run().await
}

/// A name with two addresses, of which one has a server.
async fn only_over_ipv4() -> Checked {
    let server = FakeMcp::start(healthy()).unwrap();
    let both = Zone::Has(Some(Ipv4Addr::LOCALHOST), Some(Ipv6Addr::LOCALHOST));
    let names = NameServer::start(both).await;
    let port = server.address().port();
    let probe = Probe::of(&format!("http://mcp.test.example:{port}/mcp"));
    probe.names(Names::asking(&[names.address])).run().await
}

async fn nobody_listens() -> Checked {
    let mut server = FakeMcp::start(healthy()).unwrap();
    server.stop().await.unwrap();
    Probe::of(&server.url()).run().await
}

/// Who comes when the queue of a listener is full gets no answer at all.
async fn full_backlog() -> Checked {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let _waiting = TcpStream::connect(address).await.unwrap();
    let probe = Probe::of(&format!("http://{address}/mcp"));
    probe.timeout(400).run().await
}

/// The kernel has no route for a connection to everybody.
async fn no_route() -> Checked {
    let probe = Probe::of("http://255.255.255.255:9/mcp");
    probe.guard("255.255.255.255").run().await
}

async fn tls(tls: Tls) -> Checked {
    let server = FakeMcp::start_tls(tls, healthy()).unwrap();
    let probe = Probe::of(&server.url()).trusting_the_test_ca();
    // One of them says nothing: only its handshake ends with the time.
    let patience = if tls == Tls::Silent { 1_500 } else { 10_000 };
    probe.timeout(patience).run().await
}
