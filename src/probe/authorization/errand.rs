//! An errand to somebody else's address on the way to a login: a document to be read, a token to
//! be asked for.
//!
//! As a stranger: none of our credentials go along but those that are for this very address. As
//! guarded as the check itself, bounded in bytes and time, counted and written down with it.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, LOCATION,
    USER_AGENT,
};
use hyper::{Request, Response};
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::time::{Instant, timeout};
use url::{Host, Origin, Url};

use crate::domain::trouble::{ConnectTrouble, DnsTrouble, HttpTrouble, TlsTrouble, Trouble};
use crate::net::LookupError;
use crate::probe::connection::{Wire, connect, host_of, seconds};
use crate::probe::failure;
use crate::probe::notes::RawExchange;
use crate::probe::transcript::redacted;
use crate::probe::visit::Visit;

/// Most bytes of a document.
const MAX_DOCUMENT: usize = 64 * 1024;
/// Most redirects on the way to a document, all within one origin.
const MAX_REDIRECTS: usize = 3;
/// For one exchange, connecting included.
const ONE: Duration = Duration::from_secs(5);

/// What became of a document.
pub(super) enum Fetched {
    /// It is a JSON object.
    Document(Value),
    /// There is none: a status of the four hundreds.
    Absent(u16),
    /// There is something else; why it is no document.
    Broken(String),
    /// Its server does not answer or fails; how.
    Unreachable(String),
    /// Its address is one that must not be connected to.
    NotPublic(IpAddr),
    /// We failed ourselves, or were asked to stay away.
    Unmeasured,
}

/// A request.
struct Ask<'q> {
    method: &'static str,
    authorization: Option<HeaderValue>,
    body: Bytes,
    /// The body as it may be shown.
    shown: &'q str,
}

/// Errands that share a budget of time, and a connection where they go to one place.
pub(super) struct Errand<'v, 'a> {
    pub(super) visit: &'v mut Visit<'a>,
    deadline: Instant,
    wire: Option<(Origin, Wire)>,
}

impl<'v, 'a> Errand<'v, 'a> {
    pub(super) fn new(visit: &'v mut Visit<'a>, budget: Duration) -> Self {
        Self {
            visit,
            deadline: Instant::now() + budget,
            wire: None,
        }
    }

    /// Reads the document at `url`.
    pub(super) async fn document(&mut self, url: &Url) -> Fetched {
        let mut url = url.clone();
        let ask = Ask {
            method: "GET",
            authorization: None,
            body: Bytes::new(),
            shown: "",
        };
        for _ in 0..=MAX_REDIRECTS {
            let (status, headers, body) = match self.exchange(&url, &ask).await {
                Ok(answer) => answer,
                Err(trouble) => return failed(&trouble),
            };
            match status {
                200 => return read(&body),
                300..=399 => {
                    let to = headers.get(LOCATION).and_then(|to| to.to_str().ok());
                    let Some(to) = to.and_then(|to| url.join(to).ok()) else {
                        return Fetched::Broken(format!("answers {status}"));
                    };
                    if to.origin() != url.origin() {
                        return Fetched::Broken(format!("redirects to {}", redacted(&to)));
                    }
                    url = to;
                }
                429 => return Fetched::Unmeasured,
                400..=499 => return Fetched::Absent(status),
                _ => return Fetched::Unreachable(format!("answers {status}")),
            }
        }
        Fetched::Broken("redirects too often".to_owned())
    }

    /// Posts a form and gives status and body; `shown` is the form without secrets.
    pub(super) async fn form(
        &mut self,
        url: &Url,
        authorization: Option<HeaderValue>,
        form: String,
        shown: &str,
    ) -> Result<(u16, Bytes), String> {
        let ask = Ask {
            method: "POST",
            authorization,
            body: form.into(),
            shown,
        };
        match self.exchange(url, &ask).await {
            Ok((status, _, body)) => Ok((status, body)),
            Err(trouble) => Err(match failed(&trouble) {
                Fetched::Unreachable(why) => why,
                Fetched::NotPublic(address) => format!("leads to {address}, which is not public"),
                _ => "could not be asked".to_owned(),
            }),
        }
    }

    /// Closes what is open.
    pub(super) async fn end(mut self) {
        if let Some((_, wire)) = self.wire.take() {
            wire.close().await;
        }
    }

    async fn exchange(
        &mut self,
        url: &Url,
        ask: &Ask<'_>,
    ) -> Result<(u16, HeaderMap, Bytes), Trouble> {
        let budget = ONE.min(self.deadline.saturating_duration_since(Instant::now()));
        let answered = timeout(budget, self.answer(url, ask)).await;
        answered.unwrap_or(Err(Trouble::Http(HttpTrouble::NoAnswer {
            seconds: seconds(budget),
        })))
    }

    async fn answer(
        &mut self,
        url: &Url,
        ask: &Ask<'_>,
    ) -> Result<(u16, HeaderMap, Bytes), Trouble> {
        let mut wire = self.wire_to(url).await?;
        let request = self.request(url, ask)?;
        let response = wire.send(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        self.visit.notes.answered(status, headers.clone());
        let (body, is_whole) = body(&mut wire, response).await?;
        let shown = if ask.method == "POST" {
            without_tokens(&body)
        } else {
            body.clone()
        };
        let shown = self.visit.veil.bytes(shown);
        self.visit.notes.answered_with(&shown);
        if is_whole {
            self.wire = Some((url.origin(), wire));
        } else {
            wire.close().await;
        }
        Ok((status, headers, body))
    }

    /// The connection that we have, or a new one.
    async fn wire_to(&mut self, url: &Url) -> Result<Wire, Trouble> {
        if let Some((origin, mut wire)) = self.wire.take() {
            if origin == url.origin() && wire.is_reusable().await {
                return Ok(wire);
            }
            wire.close().await;
        }
        let parts = self.visit.parts;
        let (addresses, name) = match url.host() {
            Some(Host::Ipv4(address)) => (
                vec![address.into()],
                Some(ServerName::from(IpAddr::from(address))),
            ),
            Some(Host::Ipv6(address)) => (
                vec![address.into()],
                Some(ServerName::from(IpAddr::from(address))),
            ),
            Some(Host::Domain(name)) => {
                let addresses = parts.names.addresses(name).await;
                let addresses = addresses.map_err(|error: LookupError| failure::lookup(error))?;
                (addresses, ServerName::try_from(name.to_owned()).ok())
            }
            None => (Vec::new(), None),
        };
        let port = url.port_or_known_default().unwrap_or_default();
        let socket = connect(&parts.guard, &addresses, port, ONE)
            .await
            .map_err(|(trouble, _)| trouble)?;
        self.visit.notes.count(socket.traffic());
        match (url.scheme(), name) {
            ("http", _) => socket.plain().await,
            ("https", Some(name)) => socket.encrypted(&parts.trust, name, ONE).await.0,
            _ => Err(Trouble::Own {
                what: "the address cannot be asked".to_owned(),
            }),
        }
    }

    fn request(&mut self, url: &Url, ask: &Ask<'_>) -> Result<Request<Full<Bytes>>, Trouble> {
        let own = |error: hyper::http::Error| Trouble::Own {
            what: error.to_string(),
        };
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let host = host_of(url);
        let mut request = Request::builder()
            .method(ask.method)
            .uri(&target)
            .body(Full::new(ask.body.clone()))
            .map_err(own)?;
        let headers = request.headers_mut();
        headers.insert(
            HOST,
            HeaderValue::try_from(&host).map_err(|e| own(e.into()))?,
        );
        headers.insert(USER_AGENT, self.visit.parts.user_agent.clone());
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if ask.method == "POST" {
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.insert(CONTENT_TYPE, form);
        }
        if let Some(authorization) = &ask.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        self.visit.notes.asked(RawExchange {
            step: self.visit.notes.at,
            method: ask.method,
            target,
            host,
            headers: headers.clone(),
            body: ask.shown.to_owned().into(),
            answer: None,
        });
        Ok(request)
    }
}

/// Reads a body up to its bound, and says whether that was all.
async fn body(wire: &mut Wire, response: Response<Incoming>) -> Result<(Bytes, bool), Trouble> {
    let mut body = response.into_body();
    let mut all = Vec::new();
    while !body.is_end_stream() {
        let data = match wire.drive(body.frame()).await {
            None => break,
            Some(Err(error)) => return Err(failure::body(&error)),
            Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
        };
        if all.len() + data.len() > MAX_DOCUMENT {
            // What is too long is no document; there is no need to read on.
            return Ok((Bytes::new(), false));
        }
        all.extend_from_slice(&data);
    }
    Ok((all.into(), true))
}

fn read(body: &[u8]) -> Fetched {
    match serde_json::from_slice(body) {
        Ok(document @ Value::Object(_)) => Fetched::Document(document),
        _ => Fetched::Broken("is not a JSON object of at most 64 KiB".to_owned()),
    }
}

fn failed(trouble: &Trouble) -> Fetched {
    let why = match trouble {
        Trouble::TargetRefused { address } => return Fetched::NotPublic(*address),
        Trouble::Own { .. } => return Fetched::Unmeasured,
        Trouble::Dns(DnsTrouble::NoSuchName) => "has a host name that does not exist",
        Trouble::Dns(_) => "has a host name that cannot be resolved",
        Trouble::Connect(ConnectTrouble::Refused) => "refuses the connection",
        Trouble::Connect(ConnectTrouble::Reset) => "resets the connection",
        Trouble::Connect(_) => "cannot be reached",
        Trouble::Tls(TlsTrouble::Expired(_)) => "has an expired certificate",
        Trouble::Tls(TlsTrouble::WrongName { .. }) => "has a certificate for other names",
        Trouble::Tls(_) => "cannot be reached with valid encryption",
        Trouble::Http(HttpTrouble::NoAnswer { .. }) => "does not answer in time",
        _ => "does not answer with valid HTTP",
    };
    Fetched::Unreachable(why.to_owned())
}

/// The answer of a token endpoint as it may be shown.
fn without_tokens(body: &[u8]) -> Bytes {
    let Ok(Value::Object(mut members)) = serde_json::from_slice::<Value>(body) else {
        return Bytes::from_static(b"[not shown]");
    };
    for name in ["access_token", "refresh_token", "id_token"] {
        if let Some(token) = members.get_mut(name) {
            *token = Value::from("[secret]");
        }
    }
    Value::from(members).to_string().into()
}
