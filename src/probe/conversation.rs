//! The script of a check: find the transport, shake hands, list the tools, say goodbye. Stops at
//! the first broken step, and always says goodbye.
//!
//! First contact is `initialize` and nothing else: old servers die of methods that they do not
//! know, and of `tools/list` before `notifications/initialized` was answered.

use hyper::header::HeaderValue;
use serde_json::Value;
use url::Url;

use super::detection::names_modern;
use super::handshake::{self, Hello, OFFERED};
use super::legacy_sse::LegacySse;
use super::modern::Modern;
use super::notes::Notes;
use super::sessions::try_fresh_connection;
use super::streamable_http::{StreamableHttp, end_sessions};
use super::transcript::redacted;
use super::visit::Visit;
use crate::domain::at::At;
use crate::domain::memory::{Plan, is_fragile, join, remember};
use crate::domain::modern::MODERN;
use crate::domain::monitor::TransportChoice;
use crate::domain::observation::{Era, Outcome, Seen, ServerFacts, StepName, Transport};
use crate::domain::trouble::{HandshakeTrouble, SessionTrouble, StatusSeen, Trouble};
use crate::domain::untrusted::{MAX_QUOTE, line};

/// How messages travel in this conversation.
pub(super) enum Channel {
    Streamable(StreamableHttp),
    Sse(Box<LegacySse>),
    Modern(Modern),
}

impl Channel {
    /// Before the first conversation.
    pub(super) fn none() -> Self {
        Self::Streamable(StreamableHttp::default())
    }
}

/// Holds the whole conversation and writes down how it ended.
pub(super) async fn hold(visit: &mut Visit<'_>, choice: TransportChoice, pinned: Option<&str>) {
    let now = visit.now();
    let plan = plan(visit, choice, pinned, now);
    let configured = visit.url.clone();
    go_where_it_led(visit);
    let mut script = Script {
        visit,
        choice,
        pinned: pinned.map(str::to_owned),
        channel: Channel::none(),
        next_id: 0,
        legacy: None,
        modern: None,
        is_greeted: false,
    };
    let outcome = script.run(plan).await;
    let Script {
        channel,
        legacy,
        modern,
        is_greeted,
        ..
    } = script;
    visit.notes.finish();
    if let (Channel::Streamable(http), Ok(())) = (&channel, &outcome) {
        try_fresh_connection(visit, http).await;
    }
    let (session, version) = match channel {
        Channel::Streamable(http) => (http.session(), http.version()),
        Channel::Sse(sse) => {
            sse.close(visit).await;
            (None, None)
        }
        Channel::Modern(_) => (None, None),
    };
    if let Err(stop) = outcome {
        visit.notes.seen.stopped = Some(stop);
    }
    visit.remember_sleep();
    let moved = (visit.url != configured).then(|| visit.url.to_string());
    let seen = &mut visit.notes.seen;
    if is_greeted {
        seen.memory.pace.greeted_at = Some(now);
    }
    seen.server = join(&seen.memory, legacy, modern);
    remember(seen, moved, now);
    visit.look_around().await;
    let tries_end =
        visit.lint && Box::pin(visit.try_lints(session.as_ref(), version.as_ref())).await;
    // Python servers of that age die of the end of a session, too.
    let endless = if is_fragile(&visit.notes.seen.server) {
        std::mem::take(&mut visit.notes.sessions)
    } else {
        end_sessions(visit, version.as_ref()).await
    };
    let ended = tries_end.then(|| session.clone()).flatten();
    keep_what_cannot_be_ended(&mut visit.notes, session, &endless);
    if let Some(ended) = ended {
        Box::pin(visit.try_ended_session(&ended, version.as_ref())).await;
    }
    visit.leave().await;
}

/// What to ask: what the memory says, unless somebody insists on a version.
fn plan(visit: &Visit<'_>, choice: TransportChoice, pinned: Option<&str>, now: At) -> Plan {
    match pinned {
        Some(version) if version >= MODERN => Plan::Modern { discover: true },
        Some(_) if choice != TransportChoice::Sse => Plan::FindOut { thoroughly: true },
        _ => visit.notes.seen.memory.plan(choice, now),
    }
}

/// Begins where redirects led before. That the configured address redirects stays worth telling.
fn go_where_it_led(visit: &mut Visit<'_>) {
    let memory = &visit.notes.seen.memory;
    let known = memory.url.as_deref().filter(|_| memory.goes_where_it_led());
    let known = known.and_then(|url| Url::parse(url).ok());
    let Some(url) = known.filter(|url| url.host() == visit.url.host()) else {
        return;
    };
    visit.notes.at = StepName::Initialize;
    visit
        .notes
        .notice(Trouble::Redirected { to: redacted(&url) });
    visit.url = url;
}

/// A session that the server does not let us end is used again instead of opening one more at
/// every check.
fn keep_what_cannot_be_ended(
    notes: &mut Notes<'_>,
    session: Option<HeaderValue>,
    endless: &[HeaderValue],
) {
    let memory = &mut notes.seen.memory;
    let is_kept = notes.kept == session;
    memory.session = session
        .filter(|id| is_kept || endless.contains(id))
        .filter(|_| memory.is_known && memory.facts.era == Some(Era::Legacy))
        .and_then(|id| id.to_str().ok().map(str::to_owned));
}

pub(super) struct Script<'v, 'a> {
    pub(super) visit: &'v mut Visit<'a>,
    pub(super) choice: TransportChoice,
    /// The version that somebody insists on.
    pinned: Option<String>,
    pub(super) channel: Channel,
    next_id: u64,
    /// What the server told when it was greeted with `initialize`.
    pub(super) legacy: Option<ServerFacts>,
    /// What it told as a server of 2026-07-28.
    pub(super) modern: Option<ServerFacts>,
    /// Whether `initialize` was sent.
    pub(super) is_greeted: bool,
}

impl Script<'_, '_> {
    async fn run(&mut self, plan: Plan) -> Result<(), Seen> {
        self.visit
            .arrive()
            .await
            .map_err(|trouble| self.here(trouble))?;
        match plan {
            Plan::FindOut { thoroughly } => self.find_out(thoroughly).await,
            Plan::Legacy {
                transport,
                then_discover,
            } => match self.legacy(transport).await {
                Ok(()) if then_discover => {
                    self.look_for_modern().await;
                    Ok(())
                }
                Err(stop) if names_modern(&stop.trouble) => self.or_modern(stop).await,
                talked => talked,
            },
            Plan::KeptSession => self.in_kept_session().await,
            Plan::Modern { discover } => self.modern(discover).await,
            Plan::Dual { discover, legacy } => self.both(discover, legacy).await,
        }
    }

    /// Whether somebody insists on a version.
    pub(super) fn is_pinned(&self) -> bool {
        self.pinned.is_some()
    }

    /// The version to speak to a server without `initialize`.
    pub(super) fn modern_version(&self) -> &str {
        let known = self.visit.notes.seen.memory.facts.version.as_deref();
        let wanted = self.pinned.as_deref().or(known);
        wanted
            .filter(|version| *version >= MODERN)
            .unwrap_or(MODERN)
    }

    /// The conversation that begins with `initialize`.
    pub(super) async fn legacy(&mut self, transport: Transport) -> Result<(), Seen> {
        self.visit.notes.seen.server = ServerFacts::default();
        self.channel = Channel::none();
        self.is_greeted = true;
        let talked = self.hold_legacy(transport).await;
        let facts = std::mem::take(&mut self.visit.notes.seen.server);
        self.legacy = (facts != ServerFacts::default()).then_some(facts);
        talked
    }

    async fn hold_legacy(&mut self, transport: Transport) -> Result<(), Seen> {
        let mut lost = 0;
        loop {
            let talked = match transport {
                Transport::Sse => self.over_sse().await,
                Transport::StreamableHttp => self.over_http().await,
            };
            let Err(stop) = talked else { break };
            let Trouble::Session(SessionTrouble::Lost { status, .. }) = stop.trouble else {
                return Err(stop);
            };
            // A restart or a deployment loses sessions, too: once is no fault.
            lost += 1;
            let trouble = Trouble::Session(SessionTrouble::Lost {
                times: lost,
                status,
            });
            if lost > 1 {
                return Err(Seen { trouble, ..stop });
            }
            self.visit.notes.notice(trouble);
            if status == 400 {
                let trouble = Trouble::Session(SessionTrouble::Expired400);
                self.visit.notes.notice(trouble);
            }
            self.start_over().await;
        }
        Ok(())
    }

    /// Forgets the session; the next one gets a connection of its own.
    async fn start_over(&mut self) {
        let fresh = Channel::Streamable(StreamableHttp::default());
        if let Channel::Sse(sse) = std::mem::replace(&mut self.channel, fresh) {
            sse.close(self.visit).await;
        }
        self.visit.leave().await;
    }

    async fn over_http(&mut self) -> Result<(), Seen> {
        self.visit.notes.seen.server.transport = Some(Transport::StreamableHttp);
        let talked = self.converse().await;
        if talked
            .as_ref()
            .is_err_and(|stop| stop.at == StepName::Initialize)
        {
            // What nobody answered at has no transport that we know of.
            self.visit.notes.seen.server.transport = None;
        }
        talked
    }

    async fn over_sse(&mut self) -> Result<(), Seen> {
        self.visit.notes.begin(StepName::OpenStream);
        match LegacySse::open(self.visit).await {
            Ok(sse) => {
                self.visit.notes.end(Outcome::Ok, None);
                self.visit.notes.seen.server.transport = Some(Transport::Sse);
                self.visit.notes.seen.server.session = Some(true);
                self.channel = Channel::Sse(Box::new(sse));
                self.converse().await
            }
            Err(trouble) => Err(self.failed(trouble)),
        }
    }

    /// The handshake and what follows, by whatever transport.
    async fn converse(&mut self) -> Result<(), Seen> {
        let hello = self.initialize().await?;
        self.initialized().await?;
        self.function(hello.functional).await
    }

    async fn initialize(&mut self) -> Result<Hello, Seen> {
        self.visit.notes.begin(StepName::Initialize);
        let offer = self.pinned.clone();
        let offer = offer.as_deref().unwrap_or(OFFERED);
        let hello = Some(handshake::initialize(offer, self.visit.gets_tokens));
        let mut answer = self.ask("initialize", hello).await;
        if let Err(trouble) = &answer
            && let Some(version) = handshake::counter_offer(trouble, offer)
        {
            let hello = Some(handshake::initialize(version, self.visit.gets_tokens));
            answer = self.ask("initialize", hello).await;
        }
        let read = answer.and_then(|result| handshake::read(&result, &mut self.visit.notes));
        let hello = read.map_err(|trouble| self.failed(trouble))?;
        if let Channel::Streamable(http) = &mut self.channel {
            http.negotiated(&hello.version);
            self.visit.notes.seen.server.session = Some(http.has_session());
        }
        let server = self.visit.notes.seen.server.server.as_ref();
        let words = [
            server.and_then(|server| server.name.as_deref()),
            server.and_then(|server| server.version.as_deref()),
            self.visit.notes.seen.server.version.as_deref(),
        ];
        let detail = words.into_iter().flatten().collect::<Vec<_>>().join(" ");
        self.visit.notes.end(Outcome::Ok, Some(detail));
        Ok(hello)
    }

    async fn initialized(&mut self) -> Result<(), Seen> {
        self.visit.notes.begin(StepName::Initialized);
        let body = handshake::initialized();
        let told = match &mut self.channel {
            Channel::Streamable(http) => http.tell(self.visit, body).await,
            Channel::Sse(sse) => sse.tell(self.visit, body).await,
            // Nothing is told to a server of requests that stand alone.
            Channel::Modern(_) => Ok(()),
        };
        match told {
            Ok(()) => self.visit.notes.end(Outcome::Ok, None),
            // Some servers refuse the notification and serve all the same.
            Err(Trouble::Status(seen)) if !ends_conversation(&seen) => {
                let said = said(&seen);
                let status = seen.status;
                self.visit
                    .notes
                    .end(Outcome::Failed, Some(status.to_string()));
                let refused = HandshakeTrouble::InitializedRejected { status, said };
                self.visit.notes.notice(Trouble::Handshake(refused));
            }
            Err(trouble) => return Err(self.failed(trouble)),
        }
        Ok(())
    }

    /// Asks and waits for the result.
    pub(super) async fn ask(
        &mut self,
        method: &'static str,
        params: Option<Value>,
    ) -> Result<Value, Trouble> {
        let id = self.fresh_id();
        match &mut self.channel {
            Channel::Streamable(http) => {
                let body = handshake::request(id, method, params);
                http.ask(self.visit, id, body).await
            }
            Channel::Sse(sse) => {
                let body = handshake::request(id, method, params);
                sse.ask(self.visit, id, body).await
            }
            Channel::Modern(modern) => {
                // It may have to ask twice.
                self.next_id += 1;
                let ids = [id, self.next_id];
                modern.ask(self.visit, ids, method, params).await
            }
        }
    }

    pub(super) fn fresh_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// The step that was begun has failed.
    pub(super) fn failed(&mut self, trouble: Trouble) -> Seen {
        let detail = match &trouble {
            Trouble::Status(seen) => Some(seen.status.to_string()),
            Trouble::Rpc(error) => Some(error.message.clone()),
            Trouble::Modern(trouble) => trouble.said().map(str::to_owned),
            _ => None,
        };
        self.visit.notes.end(Outcome::Failed, detail);
        self.here(trouble)
    }

    fn here(&self, trouble: Trouble) -> Seen {
        Seen {
            at: self.visit.notes.at,
            trouble,
        }
    }
}

/// A refusal after which asking for the tools would be rude or pointless.
pub(super) fn ends_conversation(seen: &StatusSeen) -> bool {
    matches!(seen.status, 401 | 403 | 429)
}

fn said(seen: &StatusSeen) -> String {
    match &seen.rpc {
        Some(error) => error.message.clone(),
        None => line(&seen.body, MAX_QUOTE),
    }
}
