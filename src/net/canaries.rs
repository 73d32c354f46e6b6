//! Canaries: addresses that answer as long as our own network works.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Guard, Names, Refused};
use crate::domain::own_trouble::CanaryAddress;

/// How long all of them together may take, looking up their names included.
const PATIENCE: Duration = Duration::from_secs(2);
/// Most addresses of one name that are tried.
const MAX_ADDRESSES: usize = 2;

/// The canaries; cheap to clone.
#[derive(Clone)]
pub struct Canaries {
    addresses: Arc<[CanaryAddress]>,
    guard: Guard,
    names: Names,
}

impl Canaries {
    /// Those of the operator. Refuses an address that `guard` does not let pass: it would look
    /// silent for ever.
    pub fn new(
        addresses: Vec<CanaryAddress>,
        guard: &Guard,
        names: &Names,
    ) -> Result<Self, Refused> {
        for literal in addresses.iter().filter_map(literal) {
            guard.check(literal)?;
        }
        Ok(Self {
            addresses: addresses.into(),
            guard: guard.clone(),
            names: names.clone(),
        })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty()
    }

    /// Whether any of them answers: a connection comes about, or is refused, which takes somebody
    /// alive as well. All are asked at once and nothing is sent. Takes two seconds at most.
    pub async fn answer(&self) -> bool {
        let asked = self.addresses.iter().map(|address| self.answers(address));
        let mut asked: FuturesUnordered<_> = asked.collect();
        let any = async {
            while let Some(is_answered) = asked.next().await {
                if is_answered {
                    return true;
                }
            }
            false
        };
        timeout(PATIENCE, any).await.unwrap_or(false)
    }

    async fn answers(&self, address: &CanaryAddress) -> bool {
        let addresses = match literal(address) {
            Some(literal) => vec![literal],
            None => match self.names.addresses(&address.host).await {
                Ok(found) => found,
                Err(_) => return false,
            },
        };
        let open = addresses.into_iter();
        let open = open.filter(|address| self.guard.check(*address).is_ok());
        for ip in open.take(MAX_ADDRESSES) {
            match TcpStream::connect(SocketAddr::new(ip, address.port)).await {
                Ok(_) => return true,
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => return true,
                Err(_) => {}
            }
        }
        false
    }
}

fn literal(address: &CanaryAddress) -> Option<IpAddr> {
    address.host.parse().ok()
}
