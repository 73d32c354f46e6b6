//! What people type of a monitor, read into a spec: every fault by its field, all at once.
//!
//! What is sealed is not shown again: an address comes back without the values of its query, a
//! header by its name. Left as they are they keep what they hold.

use std::str::FromStr;

use crate::domain::budget::Target;
use crate::domain::client_credentials::{ClientCredentials, ClientWords};
use crate::domain::monitor::{
    DEFAULT_INTERVAL_SECONDS, DEFAULT_TIMEOUT_SECONDS, Endpoint, EndpointUrl, Expectations,
    FieldError, Header, Monitor, MonitorSpec, TransportChoice,
};
use crate::domain::sensitive::Sensitive;
use crate::web::form::Filled;

/// Reads address, transport and credentials.
pub(crate) fn endpoint(form: &Filled) -> Result<Endpoint, Vec<FieldError>> {
    let mut faults = Faults::default();
    let url = faults.keep(EndpointUrl::parse(form.value("url")));
    let transport = faults.keep(TransportChoice::parse(form.value("transport")));
    let headers = headers(form, &mut faults);
    let bearer = bearer(form, &mut faults);
    let oauth = oauth(form, None, &mut faults);
    match (url, transport) {
        (Some(url), Some(transport)) if faults.0.is_empty() => Ok(Endpoint {
            url,
            transport,
            headers,
            bearer,
            oauth,
        }),
        _ => Err(faults.0),
    }
}

/// Reads the whole of a monitor; `known` is what it was.
pub(crate) fn spec(form: &Filled, known: &Monitor) -> Result<MonitorSpec, Vec<FieldError>> {
    let mut faults = Faults::default();
    let old = &known.spec.endpoint;
    let url = if form.value("url") == old.url.redacted() {
        Some(old.url.clone())
    } else {
        faults.keep(EndpointUrl::parse(form.value("url")))
    };
    let transport = faults.keep(TransportChoice::parse(form.value("transport")));
    let kept = |header: &&Header| form.has("keep_header", &header.name);
    let mut all_headers: Vec<Header> = old.headers.iter().filter(kept).cloned().collect();
    all_headers.extend(headers(form, &mut faults));
    let bearer = match bearer(form, &mut faults) {
        None if !form.has("drop_bearer", "yes") => old.bearer.clone(),
        given => given,
    };
    let oauth = if form.has("drop_oauth", "yes") {
        None
    } else {
        let kept = url.as_ref().and_then(|url| old.client_for(url));
        oauth(form, kept, &mut faults)
    };
    let interval = faults.number(form, "interval_seconds", Some(DEFAULT_INTERVAL_SECONDS));
    let timeout = faults.number(form, "timeout_seconds", Some(DEFAULT_TIMEOUT_SECONDS));
    let slow_ms = faults.number(form, "slow_ms", None);
    let target = match form.value("target_percent") {
        "" => None,
        text => faults.keep(Target::parse(text)),
    };
    let depends_on = form.all("depends_on").map(|id| {
        id.parse()
            .map_err(|_| FieldError::new("depends_on", "names a monitor that there is not"))
    });
    let depends_on = faults.keep(depends_on.collect());
    let canary = super::canary::read(form, known.spec.canary.as_ref(), &mut faults);
    let (Some(url), Some(transport), true) = (url, transport, faults.0.is_empty()) else {
        return Err(faults.0);
    };
    let name = match form.value("name") {
        "" => url.authority(),
        name => name.to_owned(),
    };
    let spec = MonitorSpec {
        name,
        endpoint: Endpoint {
            url,
            transport,
            headers: all_headers,
            bearer,
            oauth,
        },
        interval_seconds: interval.unwrap_or(DEFAULT_INTERVAL_SECONDS),
        timeout_seconds: timeout.unwrap_or(DEFAULT_TIMEOUT_SECONDS),
        expectations: Expectations {
            tools: form.words("expect_tools"),
            slow_ms,
        },
        tags: form.words("tags"),
        locations: known.spec.locations.clone(),
        quorum: known.spec.quorum,
        canary,
        lint: form.has("lint", "yes"),
        depends_on: depends_on.unwrap_or_default(),
        target,
    };
    let faults = spec.faults();
    if faults.is_empty() {
        Ok(spec)
    } else {
        Err(faults)
    }
}

/// The form again as it was typed, read into `spec`: what is sealed is shown by its name.
pub(crate) fn refilled(spec: &MonitorSpec, form: &Filled) -> Filled {
    let channels: Vec<String> = form.all("channels").map(str::to_owned).collect();
    let shown = filled(spec, &channels);
    let consent = "canary.consent";
    if form.has(consent, "yes") {
        shown.and(consent, "yes")
    } else {
        shown
    }
}

/// The form that shows a monitor as it is.
pub(crate) fn filled(spec: &MonitorSpec, channels: &[String]) -> Filled {
    let slow = spec.expectations.slow_ms.map(|ms| ms.to_string());
    let target = spec.target.map(|target| target.percent().to_string());
    let mut values = vec![
        ("url", spec.endpoint.url.redacted()),
        ("name", spec.name.clone()),
        ("transport", spec.endpoint.transport.as_str().to_owned()),
        ("interval_seconds", spec.interval_seconds.to_string()),
        ("timeout_seconds", spec.timeout_seconds.to_string()),
        ("slow_ms", slow.unwrap_or_default()),
        ("target_percent", target.unwrap_or_default()),
        ("expect_tools", spec.expectations.tools.join(", ")),
        ("tags", spec.tags.join(", ")),
    ];
    if let Some(client) = &spec.endpoint.oauth {
        let given = |text: &Option<String>| text.clone().unwrap_or_default();
        values.push(("oauth.client_id", client.client_id.clone()));
        values.push(("oauth.scope", given(&client.scope)));
        values.push(("oauth.issuer", given(&client.issuer)));
    }
    values.extend(super::canary::shown(spec.canary.as_ref()));
    values.extend(spec.lint.then(|| ("lint", "yes".to_owned())));
    let headers = &spec.endpoint.headers;
    values.extend(headers.iter().map(|h| ("keep_header", h.name.clone())));
    let depends_on = spec.depends_on.iter();
    values.extend(depends_on.map(|id| ("depends_on", id.to_string())));
    values.extend(channels.iter().map(|id| ("channels", id.clone())));
    Filled::of(values)
}

fn headers(form: &Filled, faults: &mut Faults) -> Vec<Header> {
    let lines = form.value("headers").lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty());
    let read = |line: &str| match line.split_once(':') {
        Some((name, value)) => Header::new(name, value),
        None => Err(FieldError::new(
            "headers",
            "each line must be a name, a colon and a value",
        )),
    };
    lines.filter_map(|line| faults.keep(read(line))).collect()
}

fn bearer(form: &Filled, faults: &mut Faults) -> Option<Sensitive> {
    let token = form.value("bearer");
    let token = token.strip_prefix("Bearer ").unwrap_or(token).trim();
    if token.is_empty() {
        return None;
    }
    // Read as the header that it becomes; the fault is named after its own field.
    match Header::new("Authorization", token) {
        Ok(header) => Some(header.value),
        Err(fault) => {
            let message = fault.message.replace("value of 'Authorization'", "token");
            faults.0.push(FieldError::new("bearer", message));
            None
        }
    }
}

/// The client of an authorization server; `known` keeps its key where none is typed.
fn oauth(
    form: &Filled,
    known: Option<&ClientCredentials>,
    faults: &mut Faults,
) -> Option<ClientCredentials> {
    let words = ClientWords {
        client_id: form.value("oauth.client_id"),
        secret: form.value("oauth.client_secret"),
        private_key: form.value("oauth.private_key"),
        scope: form.value("oauth.scope"),
        issuer: form.value("oauth.issuer"),
    };
    let all = [
        words.client_id,
        words.secret,
        words.private_key,
        words.scope,
        words.issuer,
    ];
    if all.iter().all(|word| word.is_empty()) {
        return known.cloned();
    }
    let read = ClientCredentials::read(words, known);
    read.map_err(|found| faults.0.extend(found)).ok()
}

/// What was refused so far.
#[derive(Default)]
pub(super) struct Faults(pub(super) Vec<FieldError>);

impl Faults {
    /// The value, or nothing and one more fault.
    pub(super) fn keep<T>(&mut self, read: Result<T, FieldError>) -> Option<T> {
        read.map_err(|fault| self.0.push(fault)).ok()
    }

    /// A whole number; `default` where nothing was typed.
    pub(super) fn number<T: FromStr>(
        &mut self,
        form: &Filled,
        field: &'static str,
        default: Option<T>,
    ) -> Option<T> {
        match form.value(field) {
            "" => default,
            text => self.keep(
                text.parse()
                    .map_err(|_| FieldError::new(field, "must be a whole number")),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::id::{MonitorId, TeamId};

    fn form(pairs: &[(&str, &str)]) -> Filled {
        Filled::of(pairs.iter().copied())
    }

    #[test]
    fn every_fault_is_named_by_its_field() {
        let refused = endpoint(&form(&[
            ("url", "example.com/mcp"),
            ("transport", "pigeon"),
            ("headers", "Host: x\nno colon"),
            ("bearer", "späti"),
        ]));
        let faults = refused.unwrap_err();
        let fields: Vec<_> = faults.iter().map(|fault| fault.field).collect();
        assert_eq!(fields, ["url", "transport", "headers", "headers", "bearer"]);
        assert!(faults[4].message.starts_with("the token"), "{}", faults[4]);
    }

    #[test]
    fn what_is_left_alone_keeps_its_secrets() {
        let typed = form(&[
            ("url", "https://e.example/mcp?key=abc"),
            ("headers", "X-Key: 1\nX-Other: 2"),
            ("bearer", "Bearer t0ken"),
        ]);
        let monitor = Monitor {
            id: MonitorId(Uuid::nil()),
            team: TeamId(Uuid::nil()),
            spec: MonitorSpec::of(endpoint(&typed).unwrap()),
            paused: false,
        };
        let shown = filled(&monitor.spec, &[]);
        assert_eq!(shown.value("url"), "https://e.example/mcp?key=…");
        let unchanged = spec(&shown, &monitor).unwrap();
        assert_eq!(unchanged, monitor.spec);

        let changed = form(&[
            ("url", "https://e.example/mcp?key=…"),
            ("keep_header", "X-Key"),
            ("drop_bearer", "yes"),
        ]);
        let changed = spec(&changed, &monitor).unwrap().endpoint;
        assert_eq!(changed.url, monitor.spec.endpoint.url);
        assert_eq!(changed.headers.len(), 1);
        assert_eq!(changed.bearer, None);
    }
}
