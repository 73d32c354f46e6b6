//! Settings: defaults, then `lifesign.toml`, then `LIFESIGN_…` in the environment.
//!
//! The only reader of the environment. Every setting has a default that works on a laptop; a
//! value that makes no sense is refused at start by the name of its setting.

mod catalogue;
mod roles;
mod signups;

use std::collections::HashMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use crate::domain::own_trouble::CanaryAddress;
use crate::domain::sensitive::Sensitive;
use crate::domain::team::Email;

pub use catalogue::{SETTINGS, example};
pub use roles::Roles;
pub use signups::Signups;

/// Prefix of the environment variables.
const PREFIX: &str = "LIFESIGN_";
/// Most canary addresses.
const MOST_CANARIES: usize = 5;

/// A setting that makes no sense.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("setting {PREFIX}{}: {message}", .setting.to_uppercase())]
pub struct ConfigError {
    setting: String,
    message: String,
}

/// How names are looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResolverChoice {
    /// By asking the name servers.
    Dns,
    /// By asking the operating system.
    System,
}

/// All settings, read and checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where pages and API are served.
    pub listen: SocketAddr,
    /// The database; it may hold a password.
    pub database_url: Sensitive,
    /// How people reach this service; without a slash at the end.
    pub public_url: String,
    /// What seals credentials at rest, as 64 hexadecimal digits.
    pub secret_key: Option<Sensitive>,
    /// The mail host; it may hold a password.
    pub smtp_url: Option<Sensitive>,
    /// The sender of mails.
    pub mail_from: Option<Email>,
    /// Extra certificates for the mail host.
    pub smtp_ca_file: Option<PathBuf>,
    /// Extra certificates for watched servers and webhooks.
    pub ca_file: Option<PathBuf>,
    /// Addresses that are not public and may be reached, as written.
    pub allow_targets: String,
    /// Who may make an account.
    pub signups: Signups,
    /// How names are looked up.
    pub resolver: ResolverChoice,
    /// Where this node probes from.
    pub location: String,
    /// What this node does.
    pub roles: Roles,
    /// What this node is called.
    pub node_name: String,
    /// Most probes at once.
    pub max_in_flight: usize,
    /// How long single checks are kept.
    pub retention_checks: Duration,
    /// How long hourly figures are kept.
    pub retention_rollups: Duration,
    /// What opens `/metrics` to other machines.
    pub metrics_token: Option<Sensitive>,
    /// What answers as long as the network of this node works.
    pub canary_addresses: Vec<CanaryAddress>,
    /// Where this node says that it is alive; it may hold a key.
    pub heartbeat_url: Option<Sensitive>,
    /// Where the server of an agent is.
    pub agent_server: Option<String>,
    /// What an agent identifies itself with.
    pub agent_token: Option<Sensitive>,
    /// Where the results of an agent wait.
    pub agent_data: PathBuf,
    /// What is logged.
    pub log: String,
}

/// The secret in the environment variable `name`, where somebody names one on the command line.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
pub fn secret_variable(name: &str) -> Option<Sensitive> {
    let value = std::env::var(name).ok()?;
    (!value.trim().is_empty()).then(|| Sensitive::new(value.trim()))
}

/// Whether colour is unwanted on the terminal (`NO_COLOR`).
pub fn is_colour_unwanted() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

impl Settings {
    /// Reads the environment, and `lifesign.toml` (or the file that `LIFESIGN_CONFIG` names).
    /// `overrides` are what the command line says, by the names of [`SETTINGS`].
    pub fn load(overrides: &[(&str, String)]) -> anyhow::Result<Self> {
        let environment = ours(std::env::vars_os())?;
        let named = environment.get("config").map(PathBuf::from);
        let path = named
            .clone()
            .unwrap_or_else(|| PathBuf::from("lifesign.toml"));
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                String::new()
            }
            Err(error) => {
                return Err(anyhow::Error::new(error).context(format!("read {}", path.display())));
            }
        };
        let mut values = from_file(&text, &path)?;
        let known = |(name, _): &(String, String)| SETTINGS.iter().any(|(known, ..)| known == name);
        values.extend(environment.into_iter().filter(known));
        values.extend(
            overrides
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone())),
        );
        Ok(Self::from_values(&Values(values))?)
    }

    /// Settings of these values alone, without file and environment.
    pub fn of(values: &[(&str, &str)]) -> Result<Self, ConfigError> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self::from_values(&Values(values.iter().map(owned).collect()))
    }

    fn from_values(values: &Values) -> Result<Self, ConfigError> {
        let listen =
            values.parsed::<SocketAddr>("listen", "an address and port, like 127.0.0.1:8080")?;
        let database_url = values.text("database_url");
        if !["sqlite:", "postgres:", "postgresql:"]
            .iter()
            .any(|s| database_url.starts_with(s))
        {
            return Err(refuse(
                "database_url",
                "must start with sqlite:// or postgres://",
            ));
        }
        let secret_key = values.secret("secret_key");
        let is_key = |key: &Sensitive| {
            key.expose().len() == 64 && key.expose().chars().all(|c| c.is_ascii_hexdigit())
        };
        if secret_key.as_ref().is_some_and(|key| !is_key(key)) {
            return Err(refuse(
                "secret_key",
                "must be 64 hexadecimal digits (openssl rand -hex 32)",
            ));
        }
        if secret_key.is_none() && database_url.starts_with("postgres") {
            let message =
                "is required with PostgreSQL, the same on every node (openssl rand -hex 32)";
            return Err(refuse("secret_key", message));
        }
        let mail_from = match values.optional("mail_from") {
            Some(text) => Some(Email::parse(&text).map_err(|e| refuse("mail_from", &e.message))?),
            None => None,
        };
        let smtp_url = values.secret("smtp_url");
        if smtp_url.is_some() && mail_from.is_none() {
            return Err(refuse(
                "mail_from",
                "is needed with smtp_url: the sender of mails",
            ));
        }
        let location = values.text("location");
        if location.is_empty() || location.len() > 64 || location.chars().any(char::is_whitespace) {
            return Err(refuse(
                "location",
                "must be a short word, like fra or local",
            ));
        }
        Ok(Self {
            listen,
            public_url: public_url(values, listen)?,
            database_url: Sensitive::new(database_url),
            secret_key,
            smtp_url,
            mail_from,
            smtp_ca_file: values.optional("smtp_ca_file").map(PathBuf::from),
            ca_file: values.optional("ca_file").map(PathBuf::from),
            allow_targets: values.text("allow_targets"),
            signups: Signups::parse(&values.text("signups"))
                .ok_or_else(|| refuse("signups", "must be closed, invite or open"))?,
            resolver: match values.text("resolver").as_str() {
                "dns" => ResolverChoice::Dns,
                "system" => ResolverChoice::System,
                _ => return Err(refuse("resolver", "must be dns or system")),
            },
            location,
            roles: Roles::parse(&values.text("roles")).map_err(|fault| refuse("roles", &fault))?,
            node_name: values.optional("node_name").unwrap_or_else(host_name),
            max_in_flight: values
                .parsed::<std::num::NonZeroUsize>("max_in_flight", "a number above zero")?
                .get(),
            retention_checks: values.span("retention_checks")?,
            retention_rollups: values.span("retention_rollups")?,
            metrics_token: values.secret("metrics_token"),
            canary_addresses: canary_addresses(&values.text("canary_addresses"))?,
            heartbeat_url: values.secret("heartbeat_url"),
            agent_server: values.optional("agent_server"),
            agent_token: values.secret("agent_token"),
            agent_data: PathBuf::from(values.text("agent_data")),
            log: values.text("log"),
        })
    }

    /// Takes over the address that the service really listens on, where the port was left to the
    /// system: links must lead to it.
    pub fn listens_on(&mut self, address: SocketAddr) {
        if self.public_url == format!("http://{}", self.listen) {
            self.public_url = format!("http://{address}");
        }
        self.listen = address;
    }

    /// Whether people reach this service over TLS, so that cookies may insist on it.
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

struct Values(HashMap<String, String>);

impl Values {
    fn text(&self, name: &str) -> String {
        let default = SETTINGS
            .iter()
            .find(|(known, ..)| *known == name)
            .map(|(_, d, _)| *d);
        self.0
            .get(name)
            .map_or(default.unwrap_or_default(), |value| value.trim())
            .to_owned()
    }

    fn optional(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    fn secret(&self, name: &str) -> Option<Sensitive> {
        self.optional(name).map(Sensitive::new)
    }

    fn parsed<T: std::str::FromStr>(&self, name: &str, what: &str) -> Result<T, ConfigError> {
        let text = self.text(name);
        text.parse()
            .map_err(|_| refuse(name, &format!("'{text}' is not {what}")))
    }

    fn span(&self, name: &str) -> Result<Duration, ConfigError> {
        let text = self.text(name);
        let (number, unit) = text.split_at(text.len() - usize::from(text.ends_with(['d', 'h'])));
        let hours_each = if unit == "h" { 1 } else { 24 };
        match number.parse::<u32>() {
            Ok(count) if count > 0 => Ok(Duration::from_hours(u64::from(count) * hours_each)),
            _ => Err(refuse(
                name,
                &format!("'{text}' is not a time like 14d or 12h"),
            )),
        }
    }
}

fn refuse(setting: &str, message: &str) -> ConfigError {
    ConfigError {
        setting: setting.to_owned(),
        message: message.to_owned(),
    }
}

/// What the environment says to us, by the names of the settings.
fn ours(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<HashMap<String, String>, ConfigError> {
    let mut values = HashMap::new();
    for (name, value) in variables {
        let Some(name) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else {
            continue;
        };
        let name = name.to_lowercase();
        let value = value
            .into_string()
            .map_err(|_| refuse(&name, "is not UTF-8"))?;
        values.insert(name, value);
    }
    Ok(values)
}

fn from_file(text: &str, path: &Path) -> anyhow::Result<HashMap<String, String>> {
    let table: toml::Table = text
        .parse()
        .map_err(|error| anyhow::anyhow!("read {}: {error}", path.display()))?;
    let mut values = HashMap::new();
    for (name, value) in table {
        anyhow::ensure!(
            SETTINGS.iter().any(|(known, ..)| *known == name),
            "{}: there is no setting '{name}'",
            path.display()
        );
        let text = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            other => anyhow::bail!(
                "{}: setting '{name}' must be text or a number, not {}",
                path.display(),
                other.type_str()
            ),
        };
        values.insert(name, text);
    }
    Ok(values)
}

fn public_url(values: &Values, listen: SocketAddr) -> Result<String, ConfigError> {
    let Some(text) = values.optional("public_url") else {
        if listen.ip().is_unspecified() {
            return Ok(format!("http://localhost:{}", listen.port()));
        }
        return Ok(format!("http://{listen}"));
    };
    let is_fine = Url::parse(&text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.query().is_none());
    if !is_fine {
        return Err(refuse(
            "public_url",
            "must look like https://status.example.com",
        ));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

fn canary_addresses(text: &str) -> Result<Vec<CanaryAddress>, ConfigError> {
    let words = text.split([',', ' ']).filter(|word| !word.is_empty());
    let read = |word: &str| {
        CanaryAddress::parse(word).ok_or_else(|| {
            let message = format!("'{word}' is not a host and port, like 1.1.1.1:443");
            refuse("canary_addresses", &message)
        })
    };
    let addresses = words.map(read).collect::<Result<Vec<_>, _>>()?;
    if addresses.len() > MOST_CANARIES {
        let message = format!("must name at most {MOST_CANARIES} addresses");
        return Err(refuse("canary_addresses", &message));
    }
    Ok(addresses)
}

/// The name of this machine. It is asked of the kernel: a service may see no file that holds it.
fn host_name() -> String {
    hostname::get()
        .ok()
        .and_then(|name| name.into_string().ok())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "lifesign".to_owned())
}

#[cfg(test)]
mod tests;
