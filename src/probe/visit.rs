//! One visit to a server: its address, our connection to it, the requests we make.
//!
//! Knows HTTP and nothing of MCP. Every request of a check goes through [`Visit::exchange`], which
//! keeps the time, counts, notes the exchange and every session id.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{
    ACCEPT_ENCODING, AUTHORIZATION, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT,
};
use hyper::{Request, Response};
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::time::Instant;
use url::{Host, Url};

use super::connection::{Socket, Wire, connect, host_of, seconds};
use super::failure;
use super::habits::LeftOpen;
use super::notes::{Notes, RawExchange};
use super::recognised::Fingerprint;
use super::room::Held;
use super::transcript::Veil;
use super::{Parts, Target};
use crate::domain::at::At;
use crate::domain::canary::Canary;
use crate::domain::id::MonitorId;
use crate::domain::observation::{Outcome, StepName};
use crate::domain::trouble::{HttpTrouble, TlsTrouble, Trouble};

/// The name of the session header.
pub(super) const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");

/// Budgets of the phases; none reaches beyond the deadline of the check.
const DNS: Duration = Duration::from_secs(5);
const CONNECT: Duration = Duration::from_secs(5);
const TLS: Duration = Duration::from_secs(5);
/// Until the head of an answer.
pub(super) const HEAD: Duration = Duration::from_secs(15);

/// A request to be made.
pub(super) struct Call {
    pub(super) method: &'static str,
    /// Headers beside those of every request.
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// One visit.
pub(super) struct Visit<'a> {
    pub(super) parts: &'a Parts,
    /// Where requests go; redirects may have moved it.
    pub(super) url: Url,
    pub(super) notes: Notes<'a>,
    /// When the check has to be over.
    pub(super) deadline: Instant,
    /// How long an answer may take.
    pub(super) patience: Duration,
    pub(super) canary: Option<Canary>,
    pub(super) monitor: MonitorId,
    /// Try the lints that take requests of their own.
    pub(super) lint: bool,
    /// Headers that repeat the arguments of the call that is being made.
    pub(super) arguments: HeaderMap,
    /// What must not be written down.
    pub(super) veil: Veil,
    /// We get tokens by ourselves, and say so.
    pub(super) gets_tokens: bool,
    headers: HeaderMap,
    pub(super) addresses: Vec<IpAddr>,
    /// The certificates that the server showed last, as they came.
    pub(super) chain: Vec<CertificateDer<'static>>,
    /// A connection came about.
    pub(super) has_arrived: bool,
    pub(super) left_open: Option<LeftOpen>,
    pub(super) wire: Option<Wire>,
    /// What the list that is being read can be recognised by, and how many facts came before it.
    pub(super) list: Option<(Fingerprint, usize)>,
    /// What this visit holds of the room for large answers.
    pub(super) held: Held,
}

impl<'a> Visit<'a> {
    pub(super) fn new(parts: &'a Parts, target: &Target, notes: Notes<'a>) -> Self {
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(USER_AGENT, parts.user_agent.clone());
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        for header in &target.endpoint.headers {
            if let Ok(name) = HeaderName::try_from(&header.name) {
                headers.insert(name, secret(header.value.expose()));
            }
        }
        if let Some(token) = &target.endpoint.bearer {
            headers.insert(AUTHORIZATION, secret(&format!("Bearer {}", token.expose())));
        }
        Self {
            parts,
            url: target.endpoint.url.url().clone(),
            notes,
            deadline: Instant::now() + target.timeout,
            patience: HEAD,
            canary: target.canary.clone(),
            monitor: target.monitor,
            lint: target.lint,
            arguments: HeaderMap::new(),
            veil: Veil::of(&target.endpoint),
            gets_tokens: target.endpoint.oauth.is_some(),
            headers,
            addresses: Vec::new(),
            chain: Vec::new(),
            has_arrived: false,
            left_open: None,
            wire: None,
            list: None,
            held: Held::default(),
        }
    }

    /// Identifies us with this token from now on.
    pub(super) fn carry(&mut self, token: &str) {
        self.headers
            .insert(AUTHORIZATION, secret(&format!("Bearer {token}")));
        self.veil.hide(token);
    }

    /// What time it is.
    pub(super) fn now(&self) -> At {
        self.parts.clock.now()
    }

    /// What is left of `budget` before the deadline.
    pub(super) fn budget(&self, budget: Duration) -> Duration {
        budget.min(self.deadline.saturating_duration_since(Instant::now()))
    }

    /// Resolves, connects and encrypts, each a step of its own. Does nothing when connected.
    pub(super) async fn arrive(&mut self) -> Result<(), Trouble> {
        if self.wire.is_some() {
            return Ok(());
        }
        self.addresses = self.resolve().await?;
        self.notes.begin(StepName::Tcp);
        let socket = match self.connect().await {
            Ok(socket) => socket,
            Err(trouble) => return Err(self.failed(trouble)),
        };
        self.notes
            .end(Outcome::Ok, Some(socket.address.to_string()));
        if !self.is_https() {
            self.wire = Some(socket.plain().await?);
            return Ok(());
        }
        self.notes.begin(StepName::Tls);
        let wire = match self.encrypt(socket).await {
            Ok(wire) => wire,
            Err(trouble) => return Err(self.failed(trouble)),
        };
        let detail = self.notes.seen.tls.as_ref().map(|tls| {
            format!(
                "{} {}",
                tls.version.unwrap_or("TLS"),
                tls.certificate.subject
            )
        });
        self.notes.end(Outcome::Ok, detail);
        self.wire = Some(wire);
        Ok(())
    }

    /// A second connection to the same place, within the step that needs it.
    pub(super) async fn another_wire(&mut self) -> Result<Wire, Trouble> {
        let socket = self.connect().await?;
        if self.is_https() {
            self.encrypt(socket).await
        } else {
            socket.plain().await
        }
    }

    /// Sends `call` on our connection, or on a new one where the server has closed it.
    pub(super) async fn exchange(&mut self, call: &Call) -> Result<Response<Incoming>, Trouble> {
        let url = self.url.clone();
        let wire = self.wire.take();
        let (wire, answer) = self.exchange_with(wire, &url, call).await?;
        self.wire = Some(wire);
        Ok(answer)
    }

    /// Sends `call` to `url` on `wire`, or on a new one where the server has closed it.
    pub(super) async fn exchange_with(
        &mut self,
        wire: Option<Wire>,
        url: &Url,
        call: &Call,
    ) -> Result<(Wire, Response<Incoming>), Trouble> {
        let mut usable = None;
        if let Some(mut wire) = wire
            && (wire.requests == 0 || wire.is_reusable().await)
        {
            usable = Some(wire);
        }
        let mut wire = match usable {
            Some(wire) => wire,
            None => self.another_wire().await?,
        };
        let sent = wire.sent();
        match self.exchange_on(&mut wire, url, call).await {
            // A server may close an idle connection just as we use it again. What has left us may
            // have been read and acted upon: only a request of which nothing has is made again.
            Err(trouble) if wire.requests > 1 && wire.sent() == sent && is_closed(&trouble) => {
                self.notes.unsent();
                wire = self.another_wire().await?;
                let answer = self.exchange_on(&mut wire, url, call).await?;
                Ok((wire, answer))
            }
            answer => Ok((wire, answer?)),
        }
    }

    /// Sends `call` to `url` on `wire`.
    async fn exchange_on(
        &mut self,
        wire: &mut Wire,
        url: &Url,
        call: &Call,
    ) -> Result<Response<Incoming>, Trouble> {
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let host = host_of(url);
        let mut request = Request::builder()
            .method(call.method)
            .uri(&target)
            .body(Full::new(call.body.clone()))
            .map_err(own)?;
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::try_from(&host).map_err(own)?);
        for (name, value) in self.headers.iter().chain(call.headers.iter()) {
            headers.insert(name, value.clone());
        }
        self.notes.asked(RawExchange {
            step: self.notes.at,
            method: call.method,
            target,
            host,
            headers: headers.clone(),
            body: call.body.clone(),
            answer: None,
        });
        let budget = self.budget(self.patience);
        let answer = tokio::time::timeout(budget, wire.send(request)).await;
        let answer = answer.unwrap_or_else(|_| {
            Err(Trouble::Http(HttpTrouble::NoAnswer {
                seconds: seconds(budget),
            }))
        })?;
        // The answer to a goodbye names the session that it ended.
        let opens = call.method != "DELETE";
        if let Some(id) = answer.headers().get(SESSION).filter(|_| opens) {
            self.notes.opened(id);
        }
        self.notes
            .answered(answer.status().as_u16(), answer.headers().clone());
        Ok(answer)
    }

    /// Gives our connection away, to be driven elsewhere.
    pub(super) fn take_wire(&mut self) -> Option<Wire> {
        self.wire.take()
    }

    /// Takes a connection back whose last answer has been read to its end.
    pub(super) fn keep(&mut self, wire: Wire) {
        self.wire = Some(wire);
    }

    /// Whether we have a connection.
    pub(super) fn has_wire(&self) -> bool {
        self.wire.is_some()
    }

    /// Goes elsewhere: another URL of the same server.
    pub(super) async fn move_to(&mut self, url: Url) {
        let is_same = url.origin() == self.url.origin();
        self.url = url;
        if !is_same && let Some(wire) = self.wire.take() {
            wire.close().await;
        }
    }

    /// Leaves.
    pub(super) async fn leave(&mut self) {
        if let Some(wire) = self.wire.take() {
            wire.close().await;
        }
    }

    async fn resolve(&mut self) -> Result<Vec<IpAddr>, Trouble> {
        let name = match self.url.host() {
            Some(Host::Ipv4(address)) => return Ok(vec![address.into()]),
            Some(Host::Ipv6(address)) => return Ok(vec![address.into()]),
            Some(Host::Domain(name)) => name.to_owned(),
            None => String::new(),
        };
        self.notes.begin(StepName::Dns);
        let budget = self.budget(DNS);
        let looked_up = tokio::time::timeout(budget, self.parts.names.addresses(&name)).await;
        let found = looked_up.unwrap_or(Err(crate::net::LookupError::TimedOut { asked: 1 }));
        match found {
            Ok(addresses) => {
                self.notes
                    .end(Outcome::Ok, Some(failure::listed(&addresses)));
                Ok(addresses)
            }
            Err(error) => Err(self.failed(failure::lookup(error))),
        }
    }

    async fn connect(&mut self) -> Result<Socket, Trouble> {
        let port = self.url.port_or_known_default().unwrap_or_default();
        let budget = self.budget(CONNECT);
        match connect(&self.parts.guard, &self.addresses, port, budget).await {
            Ok(socket) => {
                self.has_arrived = true;
                self.notes.seen.address = Some(socket.address);
                self.notes.count(socket.traffic());
                Ok(socket)
            }
            Err((trouble, address)) => {
                self.notes.seen.address = address.or(self.notes.seen.address);
                Err(trouble)
            }
        }
    }

    async fn encrypt(&mut self, socket: Socket) -> Result<Wire, Trouble> {
        let name = match self.url.host() {
            Some(Host::Domain(name)) => ServerName::try_from(name.to_owned()).ok(),
            Some(Host::Ipv4(address)) => Some(ServerName::from(IpAddr::from(address))),
            Some(Host::Ipv6(address)) => Some(ServerName::from(IpAddr::from(address))),
            None => None,
        };
        let Some(name) = name else {
            let reason = "the host name is none that a certificate can be for".to_owned();
            return Err(Trouble::Tls(TlsTrouble::Other(reason)));
        };
        let budget = self.budget(TLS);
        let (wire, shown) = socket.encrypted(&self.parts.trust, name, budget).await;
        if shown.facts.is_some() {
            self.notes.seen.tls = shown.facts;
        }
        if !shown.chain.is_empty() {
            self.chain = shown.chain;
        }
        wire
    }

    fn failed(&mut self, trouble: Trouble) -> Trouble {
        let detail = failure::detail(&trouble, self.notes.seen.tls.as_ref());
        self.notes.end(Outcome::Failed, detail);
        trouble
    }

    fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }
}

/// The connection was gone.
fn is_closed(trouble: &Trouble) -> bool {
    use crate::domain::trouble::ConnectTrouble;
    matches!(
        trouble,
        Trouble::Http(HttpTrouble::Closed) | Trouble::Connect(ConnectTrouble::Reset)
    )
}

fn secret(value: &str) -> HeaderValue {
    // Values were checked when the monitor was made; an impossible one is left empty.
    let mut value = HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

fn own(error: impl std::error::Error) -> Trouble {
    Trouble::Own {
        what: error.to_string(),
    }
}
