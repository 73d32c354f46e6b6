//! What outages have in common: those of one cause are told as one.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use super::failure::{Code, Layer};
use super::report::CheckReport;

/// A word for what lies behind an outage: monitors with the same one fail together. `None` for
/// what says nothing of others.
///
/// A refused connection speaks of its port, silence of the network around the address, a
/// certificate of whoever shows it; everything above speaks of the server at that host and port.
pub fn cause(report: &CheckReport) -> Option<String> {
    let failure = report.failure.as_ref()?;
    let url = url::Url::parse(&report.url).ok()?;
    let host = url.host_str()?;
    let port = url.port_or_known_default()?;
    let code = failure.code;
    let key = match (failure.layer, code) {
        (Layer::Internal | Layer::Latency, _) => return None,
        (Layer::Dns, _) => host.to_owned(),
        (Layer::Tcp, Code::TcpTimeout | Code::NetUnreachable) => match network(report) {
            Some(network) => network,
            None => host.to_owned(),
        },
        (Layer::Tls, _) => match &report.tls {
            Some(tls) => tls.fingerprint.clone(),
            None => format!("{host}:{port}"),
        },
        _ => format!("{host}:{port}"),
    };
    Some(format!("{} {key}", code.as_str()))
}

/// Whether a monitor at `url` that fails by the same code may fail of the same cause, as far as can
/// be said of an address that was not looked at.
pub fn may_share(report: &CheckReport, url: &str) -> bool {
    let parts = |url: &str| {
        let url = url::Url::parse(url).ok()?;
        let host = url.host_str()?.to_owned();
        Some((host, url.port_or_known_default()))
    };
    let code = report.failure.as_ref().map(|failure| failure.code);
    match code {
        None => false,
        Some(Code::TcpTimeout | Code::NetUnreachable) => true,
        Some(code) if code.layer() == Layer::Tls => true,
        Some(code) if code.layer() == Layer::Dns => {
            let host = |url: &str| parts(url).map(|(host, _)| host);
            host(&report.url) == host(url)
        }
        Some(_) => parts(&report.url) == parts(url),
    }
}

/// The network of the address that was tried: its first 24 bits, 48 of IPv6.
fn network(report: &CheckReport) -> Option<String> {
    let connected = report.address.as_deref().and_then(|it| it.parse().ok());
    let resolved = || report.addresses.first().and_then(|it| it.parse().ok());
    let address: IpAddr = connected
        .map(|address: SocketAddr| address.ip())
        .or_else(resolved)?;
    let bits = if address.is_ipv4() { 24 } else { 48 };
    Some(IpNet::new(address, bits).ok()?.trunc().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::verdict::Failure;

    fn key(url: &str, code: Code, address: Option<&str>) -> Option<String> {
        let mut report = crate::domain::expiry::tests::report(0, 0, "sha256:aa");
        url.clone_into(&mut report.url);
        report.address = address.map(str::to_owned);
        report.failure = Some(Failure {
            code,
            layer: code.layer(),
            message: String::new(),
            hint: String::new(),
        });
        cause(&report)
    }

    #[test]
    fn what_fails_together_has_one_word() {
        let near = Some("203.0.113.7:443");
        for (url, code, address, expected) in [
            (
                "https://a.example/x",
                Code::TcpRefused,
                near,
                "tcp_refused a.example:443",
            ),
            (
                "https://a.example:8443/",
                Code::TcpRefused,
                near,
                "tcp_refused a.example:8443",
            ),
            (
                "https://a.example/",
                Code::TcpTimeout,
                near,
                "tcp_timeout 203.0.113.0/24",
            ),
            (
                "https://a.example/",
                Code::TcpTimeout,
                None,
                "tcp_timeout a.example",
            ),
            (
                "https://a.example/",
                Code::NetUnreachable,
                Some("[2001:db8:1:2::3]:443"),
                "net_unreachable 2001:db8:1::/48",
            ),
            (
                "https://a.example/",
                Code::DnsNxdomain,
                None,
                "dns_nxdomain a.example",
            ),
            (
                "https://a.example/",
                Code::TlsExpired,
                near,
                "tls_expired sha256:aa",
            ),
            (
                "https://a.example/",
                Code::ToolsMissing,
                near,
                "tools_missing a.example:443",
            ),
        ] {
            assert_eq!(key(url, code, address).as_deref(), Some(expected));
        }
        assert_eq!(key("https://a.example/", Code::MonitorError, near), None);
    }
}
