//! Looking names up: by asking the name servers, or the operating system.
//!
//! The answer of a name server is never remembered: a check measures what a stranger would meet.
//! `localhost` and the hosts file are honoured; search domains and mDNS only by the operating
//! system (`resolver = system`).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig,
    ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::{Resolver, TokioResolver};

/// How long one name server may take.
const ONE_SERVER: Duration = Duration::from_secs(2);
/// How many name servers are asked, one after the other.
const MAX_SERVERS: usize = 2;

/// Why a name has no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// NXDOMAIN.
    #[error("the name does not exist")]
    NoSuchName,
    /// The name exists without an A or AAAA record.
    #[error("the name has no address")]
    NoAddress,
    /// Silence.
    #[error("no answer from {asked} name servers")]
    TimedOut {
        /// How many name servers were asked.
        asked: usize,
    },
    /// The name servers failed.
    #[error("the name servers fail: {0}")]
    Failed(String),
}

/// Looks names up; cheap to clone.
#[derive(Clone)]
pub struct Names(Source);

#[derive(Clone)]
enum Source {
    Servers(Arc<[TokioResolver]>),
    System,
}

impl Names {
    /// Asks the name servers that this machine is set up with; the operating system where there
    /// are none.
    pub fn dns() -> Self {
        let options = TokioResolver::builder_tokio()
            .ok()
            .and_then(|builder| builder.build().ok())
            .map(|known| known.options().clone());
        match options {
            Some(options) => Self::over(name_servers(), options),
            None => Self::system(),
        }
    }

    /// Asks these name servers, by UDP, instead of those of this machine.
    pub fn asking(servers: &[SocketAddr]) -> Self {
        let config = |server: &SocketAddr| {
            let mut connection = ConnectionConfig::udp();
            connection.port = server.port();
            let server = NameServerConfig::new(server.ip(), true, vec![connection]);
            ResolverConfig::from_name_servers(vec![server])
        };
        Self::over(
            servers.iter().map(config).collect(),
            ResolverOpts::default(),
        )
    }

    fn over(servers: Vec<ResolverConfig>, mut options: ResolverOpts) -> Self {
        // Another server is asked instead of the same one again.
        options.attempts = 0;
        options.timeout = ONE_SERVER;
        options.cache_size = 0;
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        options.use_hosts_file = ResolveHosts::Always;
        let servers: Vec<TokioResolver> = servers
            .into_iter()
            .take(MAX_SERVERS)
            .filter_map(|config| {
                Resolver::builder_with_config(config, TokioRuntimeProvider::default())
                    .with_options(options.clone())
                    .build()
                    .ok()
            })
            .collect();
        if servers.is_empty() {
            return Self::system();
        }
        Self(Source::Servers(servers.into()))
    }

    /// Asks the operating system, which knows search domains and mDNS but not why it fails.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// All addresses of `host`, IPv4 first. Takes at most four seconds.
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, LookupError> {
        let mut addresses = match &self.0 {
            Source::Servers(servers) => ask(servers, host).await?,
            Source::System => tokio::net::lookup_host((host, 0))
                .await
                .map_err(|error| LookupError::Failed(error.to_string()))?
                .map(|address| address.ip())
                .collect(),
        };
        addresses.sort_by_key(IpAddr::is_ipv6);
        addresses.dedup();
        if addresses.is_empty() {
            return Err(LookupError::NoAddress);
        }
        Ok(addresses)
    }
}

/// One configuration for each name server of this machine.
fn name_servers() -> Vec<ResolverConfig> {
    hickory_resolver::system_conf::read_system_conf()
        .map(|(config, _)| {
            config
                .name_servers()
                .iter()
                .map(|server| ResolverConfig::from_name_servers(vec![server.clone()]))
                .collect()
        })
        .unwrap_or_default()
}

/// The first answer that holds addresses; otherwise the most telling refusal.
async fn ask(servers: &[TokioResolver], host: &str) -> Result<Vec<IpAddr>, LookupError> {
    let name = if host.ends_with('.') {
        host.to_owned()
    } else {
        // Without the dot, the search domains of this machine would be tried as well.
        format!("{host}.")
    };
    let mut silent = 0;
    let mut refused = None;
    for server in servers {
        match tokio::time::timeout(ONE_SERVER, server.lookup_ip(name.as_str())).await {
            Ok(Ok(found)) => return Ok(found.iter().collect()),
            Ok(Err(NetError::Timeout)) | Err(_) => silent += 1,
            Ok(Err(error)) => {
                refused.get_or_insert_with(|| reason(&error));
            }
        }
    }
    Err(refused.unwrap_or(LookupError::TimedOut { asked: silent }))
}

fn reason(error: &NetError) -> LookupError {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NXDomain => LookupError::NoSuchName,
            ResponseCode::NoError => LookupError::NoAddress,
            code => LookupError::Failed(code.to_string()),
        },
        NetError::Dns(DnsError::ResponseCode(ResponseCode::NXDomain)) => LookupError::NoSuchName,
        other => LookupError::Failed(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_own_machine_is_known_without_asking_anybody() {
        for names in [Names::dns(), Names::system()] {
            let found = names.addresses("localhost").await.unwrap();
            assert!(found.iter().all(IpAddr::is_loopback) && !found.is_empty());
        }
    }
}
