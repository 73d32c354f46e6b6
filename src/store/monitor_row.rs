//! A monitor as a row: what is secret in it is sealed, the rest is readable.
//!
//! Secret are the values of headers, the bearer token, the client of an authorization server, and the query of the URL, which may hold a
//! key. The `url` column is for people and for searching only where there is a query.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::StoreError;
use super::codec::{Origin, document, row};
use crate::domain::at::At;
use crate::domain::budget::Target;
use crate::domain::canary::Canary;
use crate::domain::client_credentials::{ClientCredentials, ClientKey};
use crate::domain::id::{MonitorId, TeamId};
use crate::domain::monitor::{
    Endpoint, EndpointUrl, Expectations, Header, Monitor, MonitorSpec, TransportChoice,
};
use crate::domain::quorum::Quorum;
use crate::domain::sensitive::Sensitive;
use crate::domain::short::is_default;
use crate::secret::{Place, SealingKey};

row! {
    struct MonitorRow {
        id: MonitorId,
        team_id: TeamId,
        name: String,
        url: String,
        spec: String,
        sealed: Option<String>,
        paused: bool,
        created_at: At,
        revision: i64,
    }
}

/// What is readable of a spec; short, because it is read for every check: what is as usual is not written.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredSpec {
    #[serde(default, skip_serializing_if = "is_default")]
    transport: TransportChoice,
    interval_seconds: u32,
    timeout_seconds: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    expectations: Expectations,
    #[serde(default, skip_serializing_if = "is_default")]
    tags: Vec<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    locations: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "is_default")]
    quorum: Quorum,
    #[serde(default, skip_serializing_if = "is_default")]
    canary: Option<Canary>,
    #[serde(default, skip_serializing_if = "is_default")]
    lint: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    depends_on: Vec<MonitorId>,
    #[serde(default, skip_serializing_if = "is_default")]
    target_percent: Option<Target>,
}

/// What is sealed of a spec.
#[derive(Default, PartialEq, Eq, Serialize, Deserialize)]
struct Secrets {
    url: Option<String>,
    headers: Vec<(String, String)>,
    bearer: Option<String>,
    #[serde(default)]
    oauth: Option<Client>,
}

/// The client of an authorization server, sealed with the rest.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Client {
    #[serde(rename = "client_id")]
    id: String,
    secret: Option<String>,
    private_key: Option<String>,
    scope: Option<String>,
    issuer: Option<String>,
}

impl Client {
    fn of(client: &ClientCredentials) -> Self {
        let (secret, private_key) = match &client.key {
            ClientKey::Secret(secret) => (Some(secret.expose().to_owned()), None),
            ClientKey::PrivateKey(pem) => (None, Some(pem.expose().to_owned())),
        };
        Self {
            id: client.client_id.clone(),
            secret,
            private_key,
            scope: client.scope.clone(),
            issuer: client.issuer.clone(),
        }
    }

    fn open(self) -> ClientCredentials {
        let key = match self.private_key {
            Some(pem) => ClientKey::PrivateKey(Sensitive::new(pem)),
            None => ClientKey::Secret(Sensitive::new(self.secret.unwrap_or_default())),
        };
        ClientCredentials {
            client_id: self.id,
            key,
            scope: self.scope,
            issuer: self.issuer,
        }
    }
}

/// The columns that a spec is written to.
#[derive(Debug)]
pub(super) struct SpecColumns {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) words: String,
    pub(super) spec: String,
    pub(super) sealed: Option<String>,
    pub(super) fingerprint: String,
}

impl SpecColumns {
    pub(super) fn of(monitor: &Monitor, key: &SealingKey) -> Result<Self, StoreError> {
        let MonitorSpec {
            name,
            endpoint,
            interval_seconds,
            timeout_seconds,
            expectations,
            tags,
            locations,
            quorum,
            canary,
            lint,
            depends_on,
            target,
        } = &monitor.spec;
        let stored = StoredSpec {
            transport: endpoint.transport,
            interval_seconds: *interval_seconds,
            timeout_seconds: *timeout_seconds,
            expectations: expectations.clone(),
            tags: tags.clone(),
            locations: locations.clone(),
            quorum: *quorum,
            canary: canary.clone(),
            lint: *lint,
            depends_on: depends_on.clone(),
            target_percent: *target,
        };
        let has_query = endpoint.url.url().query().is_some();
        let header = |h: &Header| (h.name.clone(), h.value.expose().to_owned());
        let secrets = Secrets {
            url: has_query.then(|| endpoint.url.as_str().to_owned()),
            headers: endpoint.headers.iter().map(header).collect(),
            bearer: endpoint.bearer.as_ref().map(|b| b.expose().to_owned()),
            oauth: endpoint.oauth.as_ref().map(Client::of),
        };
        let is_secret = secrets != Secrets::default();
        let plain = document(&secrets)?;
        let url = endpoint.url.redacted();
        Ok(Self {
            name: name.clone(),
            words: format!("{name}\n{url}\n{}", tags.join("\n")).to_lowercase(),
            url,
            spec: document(&stored)?,
            sealed: is_secret.then(|| key.seal(&place(monitor.id.0), &plain)),
            fingerprint: fingerprint(endpoint, key),
        })
    }
}

/// Finds monitors of the same address with the same headers and token, in whatever order.
pub(super) fn fingerprint(endpoint: &Endpoint, key: &SealingKey) -> String {
    let mut headers: Vec<(String, &str)> = endpoint
        .headers
        .iter()
        .map(|h| (h.name.to_ascii_lowercase(), h.value.expose()))
        .collect();
    headers.sort();
    let mut parts = vec![endpoint.url.as_str()];
    parts.push(endpoint.bearer.as_ref().map_or("", Sensitive::expose));
    parts.extend(
        headers
            .iter()
            .flat_map(|(name, value)| [name.as_str(), *value]),
    );
    if let Some(client) = &endpoint.oauth {
        let (ClientKey::Secret(secret) | ClientKey::PrivateKey(secret)) = &client.key;
        parts.extend(["oauth", &client.client_id, secret.expose()]);
        parts.push(client.scope.as_deref().unwrap_or_default());
        parts.push(client.issuer.as_deref().unwrap_or_default());
    }
    key.fingerprint(&parts)
}

impl MonitorRow {
    /// The monitor, opened; `Corrupt` when its secrets cannot be.
    pub(super) fn monitor(&self, key: &SealingKey) -> Result<Monitor, StoreError> {
        let at = Origin {
            table: "monitor",
            id: self.id,
        };
        let stored: StoredSpec = at.document("spec", &self.spec)?;
        let secrets: Secrets = match &self.sealed {
            None => Secrets::default(),
            Some(sealed) => {
                let plain = at.parsed("sealed", key.open(&place(self.id.0), sealed))?;
                at.document("sealed", plain.expose())?
            }
        };
        let url = EndpointUrl::parse(secrets.url.as_deref().unwrap_or(&self.url));
        let header = |(name, value): (String, String)| Header {
            name,
            value: Sensitive::new(value),
        };
        Ok(Monitor {
            id: self.id,
            team: self.team_id,
            paused: self.paused,
            spec: MonitorSpec {
                name: self.name.clone(),
                endpoint: Endpoint {
                    url: at.parsed("url", url.ok())?,
                    transport: stored.transport,
                    headers: secrets.headers.into_iter().map(header).collect(),
                    bearer: secrets.bearer.map(Sensitive::new),
                    oauth: secrets.oauth.map(Client::open),
                },
                interval_seconds: stored.interval_seconds,
                timeout_seconds: stored.timeout_seconds,
                expectations: stored.expectations,
                tags: stored.tags,
                locations: stored.locations,
                quorum: stored.quorum,
                canary: stored.canary,
                lint: stored.lint,
                depends_on: stored.depends_on,
                target: stored.target_percent,
            },
        })
    }
}

/// The time between two checks, out of a spec as it is stored; `None` when it cannot be read.
pub(super) fn interval(spec: &str) -> Option<Duration> {
    let stored: StoredSpec = serde_json::from_str(spec).ok()?;
    Some(Duration::from_secs(u64::from(stored.interval_seconds)))
}

/// The target, out of a spec as it is stored, if it has one.
pub(super) fn target(spec: &str) -> serde_json::Result<Option<Target>> {
    serde_json::from_str(spec).map(|stored: StoredSpec| stored.target_percent)
}

/// A spec as it is stored without one of its dependencies; `None` when it cannot be read.
pub(super) fn without_dependency(spec: &str, on: MonitorId) -> Option<StoredSpec> {
    let mut stored: StoredSpec = serde_json::from_str(spec).ok()?;
    stored.depends_on.retain(|id| *id != on);
    Some(stored)
}

fn place(row: Uuid) -> Place {
    Place {
        table: "monitor",
        field: "sealed",
        row,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_as_usual_is_not_written_and_what_was_written_in_full_is_read() {
        let full = r#"{"transport":"auto","interval_seconds":60,"timeout_seconds":30,
            "expectations":{"tools":[],"slow_ms":null},"tags":[],"locations":null,"quorum":"majority",
            "canary":null,"lint":false,"depends_on":[],"target_percent":null}"#;
        let stored: StoredSpec = serde_json::from_str(full).unwrap();
        let short = serde_json::to_string(&stored).unwrap();
        assert_eq!(short, r#"{"interval_seconds":60,"timeout_seconds":30}"#);
        let again: StoredSpec = serde_json::from_str(&short).unwrap();
        assert_eq!(serde_json::to_string(&again).unwrap(), short);

        let other = full
            .replace("majority", "any")
            .replace(r#""tags":[]"#, r#""tags":["a"]"#);
        let stored: StoredSpec = serde_json::from_str(&other).unwrap();
        let short = serde_json::to_string(&stored).unwrap();
        assert!(short.contains(r#""quorum":"any""#), "{short}");
        assert!(short.contains(r#""tags":["a"]"#), "{short}");
    }
}
