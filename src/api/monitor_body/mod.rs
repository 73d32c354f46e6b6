//! What people say of a monitor in JSON, read into a spec: every fault by its field.
//!
//! What is sealed is not told again: an address comes back without the values of its query, a
//! header by its name, a token not at all. Left as they are, they keep what they hold.

use std::str::FromStr;

use serde::Deserialize;
use utoipa::ToSchema;

use super::canary_body::CanaryBody;
use super::error::{ApiError, Fault};
use super::oauth_body::OauthBody;
use super::request::Given;
use crate::domain::budget::Target;
use crate::domain::id::{ChannelId, MonitorId};
use crate::domain::monitor::{
    Endpoint, EndpointUrl, FieldError, Header, Monitor, MonitorSpec, TransportChoice,
};
use crate::domain::quorum::{Quorum, QuorumWord};
use crate::domain::sensitive::Sensitive;

/// A monitor as it is made or changed. Only `url` is needed to make one; a change keeps what it
/// does not name, and `null` sets a field back to its default.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MonitorBody {
    /// The address of the MCP server.
    url: Option<String>,
    /// What people call it; the host when not given.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Given<String>,
    /// `auto`, `streamable_http` or `sse`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    transport: Given<String>,
    /// Seconds between two checks: 10 to 86400, 60 when not given.
    #[serde(default)]
    #[schema(value_type = Option<u32>)]
    interval_seconds: Given<u32>,
    /// Seconds that one check may take in all: 5 to 120, 30 when not given.
    #[serde(default)]
    #[schema(value_type = Option<u32>)]
    timeout_seconds: Given<u32>,
    /// Headers for every request. In a change, one without a value keeps the value that it has.
    #[serde(default)]
    #[schema(value_type = Option<Vec<HeaderBody>>)]
    headers: Given<Vec<HeaderBody>>,
    /// A token for `Authorization: Bearer …`; null removes it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    bearer: Given<String>,
    /// A client that gets tokens from an authorization server; null removes it.
    #[serde(default)]
    #[schema(value_type = Option<OauthBody>)]
    oauth: Given<OauthBody>,
    /// Tools that must be listed.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    expect_tools: Given<Vec<String>>,
    /// A check that takes longer in all is degraded, in milliseconds.
    #[serde(default)]
    #[schema(value_type = Option<u32>)]
    slow_ms: Given<u32>,
    /// The uptime that it should reach over 30 days, in percent: 50 to 99.999. None when not given.
    #[serde(default)]
    #[schema(value_type = Option<f64>)]
    target_percent: Given<f64>,
    /// Words to find it by.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    tags: Given<Vec<String>>,
    /// The ids of the channels that hear of it; null: the default ones.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    channels: Given<Vec<String>>,
    /// The locations to check from; null: wherever a node probes.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    locations: Given<Vec<String>>,
    /// How many of the locations have to say that it is down: `any`, `majority`, `all` or a number.
    #[serde(default)]
    #[schema(value_type = Option<QuorumWord>)]
    quorum: Given<QuorumWord>,
    /// A tool to be called at times; null removes it.
    #[serde(default)]
    #[schema(value_type = Option<CanaryBody>)]
    canary: Given<CanaryBody>,
    /// Look for deviations from the specification with requests that a good server refuses: at most
    /// a dozen, once a week. False when not given.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    lint: Given<bool>,
    /// The ids of the monitors that it depends on, at most 10: while one of them is down, nobody is
    /// told of this one. None when not given.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    depends_on: Given<Vec<String>>,
}

/// A header that is sent with every request.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HeaderBody {
    /// Its name.
    name: String,
    /// Its value.
    #[serde(default)]
    value: Option<String>,
}

impl MonitorBody {
    /// A body that says where a server is and nothing else.
    pub(super) fn of_endpoint(
        url: String,
        transport: Option<String>,
        headers: Option<Vec<HeaderBody>>,
        bearer: Option<String>,
        oauth: Option<OauthBody>,
    ) -> Self {
        Self {
            url: Some(url),
            transport: transport.into(),
            headers: headers.into(),
            bearer: bearer.into(),
            oauth: oauth.into(),
            ..Self::default()
        }
    }

    /// The same with bounds and expectations.
    pub(super) fn expecting(
        self,
        timeout_seconds: Option<u32>,
        tools: Option<Vec<String>>,
        slow_ms: Option<u32>,
    ) -> Self {
        Self {
            timeout_seconds: timeout_seconds.into(),
            expect_tools: tools.into(),
            slow_ms: slow_ms.into(),
            ..self
        }
    }

    /// The spec of a monitor and the channels that it names; `known` is what it was. Every fault
    /// at once.
    pub(super) fn read(
        self,
        known: Option<(&Monitor, &[ChannelId])>,
    ) -> Result<(MonitorSpec, Vec<ChannelId>), ApiError> {
        let mut faults = Faults::default();
        let old = known.map(|(monitor, _)| monitor.spec.clone());
        let url = faults.keep(url(self.url, old.as_ref()));
        let headers = headers(self.headers, old.as_ref(), &mut faults);
        let bearer = match self.bearer {
            Given::Absent => old.as_ref().and_then(|old| old.endpoint.bearer.clone()),
            Given::Null => None,
            Given::Value(token) => faults.keep(bearer(&token)),
        };
        let transport = match (self.transport, &old) {
            (Given::Absent, Some(old)) => Some(old.endpoint.transport),
            (Given::Value(word), _) => faults.keep(TransportChoice::parse(&word)),
            (Given::Absent | Given::Null, _) => Some(TransportChoice::Auto),
        };
        let known_client = old
            .as_ref()
            .zip(url.as_ref())
            .and_then(|(old, url)| old.endpoint.client_for(url));
        let oauth = match self.oauth {
            Given::Absent => {
                let had = old.as_ref().and_then(|old| old.endpoint.oauth.as_ref());
                if had.is_some() && known_client.is_none() && url.is_some() {
                    let message = "has to be given again: the address is of another origin";
                    faults.add("oauth", message);
                }
                known_client.cloned()
            }
            Given::Null => None,
            Given::Value(given) => {
                let known = known_client;
                let read = given.read(known);
                read.map_err(|found| faults.0.extend(found.into_iter().map(Fault::from)))
                    .ok()
            }
        };
        let channels = channels(self.channels, known.map(|(_, ids)| ids), &mut faults);
        let depended_on = old.as_ref().map(|old| &*old.depends_on);
        let depends_on = depends_on(self.depends_on, depended_on, &mut faults);
        let (Some(url), Some(transport)) = (url, transport) else {
            return Err(faults.error());
        };
        let endpoint = Endpoint {
            url,
            transport,
            headers,
            bearer,
            oauth,
        };
        let defaults = MonitorSpec::of(endpoint.clone());
        let old = old.unwrap_or_else(|| defaults.clone());
        let expectations = &defaults.expectations;
        let mut spec = MonitorSpec {
            name: self.name.or(old.name, defaults.name),
            endpoint,
            interval_seconds: self
                .interval_seconds
                .or(old.interval_seconds, defaults.interval_seconds),
            timeout_seconds: self
                .timeout_seconds
                .or(old.timeout_seconds, defaults.timeout_seconds),
            expectations: old.expectations.clone(),
            tags: self.tags.or(old.tags, defaults.tags),
            locations: match self.locations {
                Given::Absent => old.locations,
                Given::Null => None,
                Given::Value(named) => Some(named),
            },
            quorum: match self.quorum {
                Given::Absent => old.quorum,
                Given::Null => Quorum::default(),
                Given::Value(word) => faults.keep(Quorum::try_from(word)).unwrap_or_default(),
            },
            canary: match self.canary {
                Given::Absent => old.canary,
                Given::Null => None,
                Given::Value(body) => faults.keep(body.read()),
            },
            lint: self.lint.or(old.lint, defaults.lint),
            depends_on,
            target: match self.target_percent {
                Given::Absent => old.target,
                Given::Null => None,
                Given::Value(percent) => faults.keep(Target::of_percent(percent)),
            },
        };
        spec.expectations.tools = self
            .expect_tools
            .or(old.expectations.tools, expectations.tools.clone());
        spec.expectations.slow_ms = match self.slow_ms {
            Given::Absent => old.expectations.slow_ms,
            Given::Null => None,
            Given::Value(ms) => Some(ms),
        };
        faults.0.extend(spec.faults().into_iter().map(Fault::from));
        if faults.0.is_empty() {
            Ok((spec, channels))
        } else {
            Err(faults.error())
        }
    }
}

fn url(given: Option<String>, old: Option<&MonitorSpec>) -> Result<EndpointUrl, FieldError> {
    match (given, old.map(|old| &old.endpoint.url)) {
        (None, None) => Err(FieldError::new(
            "url",
            "is required: the address of an MCP server",
        )),
        (None, Some(old)) => Ok(old.clone()),
        (Some(text), Some(old)) if text == old.redacted() => Ok(old.clone()),
        (Some(text), _) => EndpointUrl::parse(&text),
    }
}

fn headers(
    given: Given<Vec<HeaderBody>>,
    old: Option<&MonitorSpec>,
    faults: &mut Faults,
) -> Vec<Header> {
    let old = old.map_or(&[][..], |old| &old.endpoint.headers);
    let given = match given {
        Given::Absent => return old.to_vec(),
        Given::Null => return Vec::new(),
        Given::Value(given) => given,
    };
    let mut headers = Vec::new();
    for (place, header) in given.into_iter().enumerate() {
        let known = old
            .iter()
            .find(|old| old.name.eq_ignore_ascii_case(&header.name));
        let read = match (header.value, known) {
            (Some(value), _) => Header::new(&header.name, &value),
            (None, Some(known)) => Ok(known.clone()),
            (None, None) => {
                faults.add(&format!("headers[{place}].value"), "is required");
                continue;
            }
        };
        match read {
            Ok(header) => headers.push(header),
            Err(fault) => faults.add(&format!("headers[{place}]"), &fault.message),
        }
    }
    headers
}

/// Reads a token as the header that it becomes; the fault is named after its own field.
fn bearer(token: &str) -> Result<Sensitive, FieldError> {
    let token = token.strip_prefix("Bearer ").unwrap_or(token);
    if token.trim().is_empty() {
        return Err(FieldError::new("bearer", "is empty; null means no token"));
    }
    let header = Header::new("Authorization", token).map_err(|fault| {
        let message = fault.message.replace("value of 'Authorization'", "token");
        FieldError::new("bearer", message)
    })?;
    Ok(header.value)
}

fn channels(
    given: Given<Vec<String>>,
    old: Option<&[ChannelId]>,
    faults: &mut Faults,
) -> Vec<ChannelId> {
    let given = match given {
        Given::Absent => return old.unwrap_or_default().to_vec(),
        Given::Null => return Vec::new(),
        Given::Value(given) => given,
    };
    if given.is_empty() {
        faults.add(
            "channels",
            "name at least one, or null for the default ones",
        );
    }
    ids(&given, ("channels", "a channel"), faults)
}

fn depends_on(
    given: Given<Vec<String>>,
    old: Option<&[MonitorId]>,
    faults: &mut Faults,
) -> Vec<MonitorId> {
    match given {
        Given::Absent => old.unwrap_or_default().to_vec(),
        Given::Null => Vec::new(),
        Given::Value(given) => ids(&given, ("depends_on", "a monitor"), faults),
    }
}

/// Reads a list of ids of `what`, in the order that they are named.
fn ids<T: FromStr>(given: &[String], (field, what): (&str, &str), faults: &mut Faults) -> Vec<T> {
    let mut ids = Vec::new();
    for (place, text) in given.iter().enumerate() {
        match text.parse() {
            Ok(id) => ids.push(id),
            Err(_) => faults.add(
                &format!("{field}[{place}]"),
                &format!("is not the id of {what}"),
            ),
        }
    }
    ids
}

#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn keep<T>(&mut self, read: Result<T, FieldError>) -> Option<T> {
        read.map_err(|fault| self.0.push(fault.into())).ok()
    }

    fn add(&mut self, field: &str, message: &str) {
        self.0.push(Fault {
            field: field.to_owned(),
            message: message.to_owned(),
        });
    }

    fn error(self) -> ApiError {
        ApiError::fields(self.0)
    }
}

#[cfg(test)]
mod tests;
