//! Which addresses may be connected to.
//!
//! Judged is the address of the socket, in every spelling: an IPv4 address inside an IPv6 one is
//! judged as itself. Refused is whatever is not public, unless the operator opened it
//! (`LIFESIGN_ALLOW_TARGETS`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use url::{Host, Url};

/// Addresses under which clouds hand out credentials: opened by their own network only, never by
/// the word `private`.
const METADATA: [IpAddr; 5] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

/// IPv4 that is not public (IANA special-purpose registry, multicast, reserved).
const NOT_PUBLIC_4: [Ipv4Net; 16] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 31, 196, 0], 24),
    v4([192, 52, 193, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([224, 0, 0, 0], 3),
];

/// IPv6 that is public at all.
const GLOBAL_6: Ipv6Net = v6([0x2000, 0, 0, 0], 3);
/// What inside it is not: protocol assignments with Teredo, documentation, 6to4.
const NOT_PUBLIC_6: [Ipv6Net; 4] = [
    v6([0x2001, 0, 0, 0], 23),
    v6([0x2001, 0xdb8, 0, 0], 32),
    v6([0x2002, 0, 0, 0], 16),
    v6([0x3fff, 0, 0, 0], 20),
];
/// The well-known prefix of NAT64, whose last four bytes are the IPv4 address that is meant.
const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0, 0], 96);

const PRIVATE_4: [Ipv4Net; 3] = [
    v4([10, 0, 0, 0], 8),
    v4([172, 16, 0, 0], 12),
    v4([192, 168, 0, 0], 16),
];
const PRIVATE_6: Ipv6Net = v6([0xfc00, 0, 0, 0], 7);

const fn v4(octets: [u8; 4], bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(
        Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3]),
        bits,
    )
}

const fn v6(head: [u16; 4], bits: u8) -> Ipv6Net {
    Ipv6Net::new_assert(
        Ipv6Addr::new(head[0], head[1], head[2], head[3], 0, 0, 0, 0),
        bits,
    )
}

/// An address that must not be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the address {0} is not public; the operator can open it with LIFESIGN_ALLOW_TARGETS")]
pub struct Refused(pub IpAddr);

/// A word of `ALLOW_TARGETS` that means nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not one of `private`, `loopback` or a network like 10.0.0.0/8")]
pub struct InvalidTargets(String);

/// Decides about addresses; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    private: bool,
    loopback: bool,
    networks: Arc<[IpNet]>,
}

impl Guard {
    /// Lets only public addresses pass.
    pub fn public() -> Self {
        Self::default()
    }

    /// Opens what `text` names: `private`, `loopback`, networks, single addresses; separated by
    /// commas or spaces.
    pub fn parse(text: &str) -> Result<Self, InvalidTargets> {
        let mut guard = Self::default();
        let mut networks = Vec::new();
        for word in text
            .split([',', ' '])
            .map(str::trim)
            .filter(|w| !w.is_empty())
        {
            match word {
                "private" => guard.private = true,
                "loopback" => guard.loopback = true,
                _ => networks.push(
                    word.parse::<IpNet>()
                        .or_else(|_| word.parse::<IpAddr>().map(IpNet::from))
                        .map_err(|_| InvalidTargets(word.to_owned()))?,
                ),
            }
        }
        guard.networks = networks.into();
        Ok(guard)
    }

    /// Lets `address` pass, or says that it must not be connected to.
    pub fn check(&self, address: IpAddr) -> Result<(), Refused> {
        let meant = meant(address);
        if is_public(meant)
            || self.loopback && meant.is_loopback()
            || self.private && is_private(meant) && !METADATA.contains(&meant)
            || self.networks.iter().any(|net| net.contains(&meant))
        {
            return Ok(());
        }
        Err(Refused(address))
    }

    /// Refuses a URL whose host is an address that must not be connected to. Names pass: they are
    /// judged when they are resolved.
    pub fn check_literal(&self, url: &Url) -> Result<(), Refused> {
        match url.host() {
            Some(Host::Ipv4(address)) => self.check(address.into()),
            Some(Host::Ipv6(address)) => self.check(address.into()),
            Some(Host::Domain(_)) | None => Ok(()),
        }
    }
}

/// The address that a packet would really go to.
fn meant(address: IpAddr) -> IpAddr {
    let IpAddr::V6(six) = address else {
        return address;
    };
    if let Some(four) = six.to_ipv4_mapped() {
        return four.into();
    }
    if NAT64.contains(&six) {
        let [.., a, b, c, d] = six.octets();
        return Ipv4Addr::new(a, b, c, d).into();
    }
    address
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => !NOT_PUBLIC_4.iter().any(|net| net.contains(&four)),
        IpAddr::V6(six) => {
            GLOBAL_6.contains(&six) && !NOT_PUBLIC_6.iter().any(|net| net.contains(&six))
        }
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => PRIVATE_4.iter().any(|net| net.contains(&four)),
        IpAddr::V6(six) => PRIVATE_6.contains(&six),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(guard: &Guard, address: &str) -> bool {
        guard.check(address.parse().unwrap()).is_ok()
    }

    #[test]
    fn only_public_addresses_pass_by_default_in_any_spelling() {
        let guard = Guard::public();
        for public in [
            "8.8.8.8",
            "2606:4700::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert!(passes(&guard, public), "{public}");
        }
        for not in [
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.100.100.200",
            "198.18.0.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001:0:1::1",
            "2001:db8::1",
            "3fff::1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "100::1",
        ] {
            assert!(!passes(&guard, not), "{not}");
        }
    }

    #[test]
    fn the_operator_opens_what_he_names_and_no_more() {
        let private = Guard::parse("private").unwrap();
        for (address, expected) in [
            ("10.0.0.1", true),
            ("192.168.1.1", true),
            ("fd12::1", true),
            ("::ffff:10.0.0.1", true),
            ("127.0.0.1", false),
            ("169.254.169.254", false),
            ("fd00:ec2::254", false),
            ("100.100.100.200", false),
        ] {
            assert_eq!(passes(&private, address), expected, "{address}");
        }
        let some = Guard::parse("loopback, 100.64.0.0/10 fe80::/10").unwrap();
        for (address, expected) in [
            ("127.0.0.1", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("100.64.3.2", true),
            ("fe80::1", true),
            ("10.0.0.1", false),
        ] {
            assert_eq!(passes(&some, address), expected, "{address}");
        }
        assert!(Guard::parse("10.0.0.0/33").is_err());
        assert!(Guard::parse("everything").is_err());
    }

    #[test]
    fn literals_are_judged_however_they_are_written() {
        let guard = Guard::public();
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::1]/",
            "http://169.254.169.254/latest",
        ] {
            assert!(
                guard.check_literal(&Url::parse(url).unwrap()).is_err(),
                "{url}"
            );
        }
        assert!(
            guard
                .check_literal(&Url::parse("http://example.com/").unwrap())
                .is_ok()
        );
    }
}
