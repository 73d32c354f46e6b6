//! The script of a check: find the transport, shake hands, list the tools, say goodbye. Stops at
//! the first broken step, and always says goodbye.
//!
//! First contact is `initialize` and nothing else: old servers die of methods that they do not
//! know, and of `tools/list` before `notifications/initialized` was answered.

use bytes::Bytes;
use serde_json::Value;

use super::detection::{is_miss, is_no_stream, may_be_sse, remember};
use super::handshake::{self, Hello, OFFERED};
use super::legacy_sse::LegacySse;
use super::pages::Pages;
use super::recognised::Reply;
use super::streamable_http::{StreamableHttp, end_sessions};
use super::visit::Visit;
use crate::domain::monitor::TransportChoice;
use crate::domain::observation::{Outcome, Seen, StepName, Transport};
use crate::domain::tools::ToolSurface;
use crate::domain::trouble::{HandshakeTrouble, SessionTrouble, StatusSeen, ToolsTrouble, Trouble};
use crate::domain::untrusted::{MAX_QUOTE, line};

/// How messages travel in this conversation.
enum Channel {
    Streamable(StreamableHttp),
    Sse(Box<LegacySse>),
}

/// Holds the whole conversation and writes down how it ended.
pub(super) async fn hold(visit: &mut Visit<'_>, choice: TransportChoice, offer: Option<&str>) {
    let mut script = Script {
        visit,
        offer: offer.unwrap_or(OFFERED).to_owned(),
        channel: Channel::Streamable(StreamableHttp::default()),
        next_id: 0,
    };
    let outcome = script.run(choice).await;
    let Script { channel, .. } = script;
    visit.notes.finish();
    let version = match channel {
        Channel::Streamable(http) => http.version(),
        Channel::Sse(sse) => {
            sse.close(visit).await;
            None
        }
    };
    if let Err(stop) = outcome {
        visit.notes.seen.stopped = Some(stop);
    }
    let seen = &mut visit.notes.seen;
    remember(
        &mut seen.memory,
        choice,
        &seen.server,
        seen.stopped.as_ref(),
    );
    end_sessions(visit, version.as_ref()).await;
    visit.leave().await;
}

struct Script<'v, 'a> {
    visit: &'v mut Visit<'a>,
    offer: String,
    channel: Channel,
    next_id: u64,
}

impl Script<'_, '_> {
    async fn run(&mut self, choice: TransportChoice) -> Result<(), Seen> {
        self.visit
            .arrive()
            .await
            .map_err(|trouble| self.here(trouble))?;
        let known = match choice {
            TransportChoice::Auto => self.visit.notes.seen.memory.transport,
            TransportChoice::StreamableHttp => Some(Transport::StreamableHttp),
            TransportChoice::Sse => Some(Transport::Sse),
        };
        let mut lost = 0;
        loop {
            let talked = match known.or(self.visit.notes.seen.server.transport) {
                Some(Transport::Sse) => self.over_sse().await,
                Some(Transport::StreamableHttp) => self.over_http().await,
                None => self.find_out().await,
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

    async fn find_out(&mut self) -> Result<(), Seen> {
        let Err(first) = self.over_http().await else {
            return Ok(());
        };
        let is_hello = first.at == StepName::Initialize;
        if !is_hello
            || !is_miss(&first.trouble)
            || !may_be_sse(
                &first.trouble,
                &self.visit.url,
                &self.visit.notes.seen.memory,
            )
        {
            return Err(first);
        }
        match self.over_sse().await {
            Err(second) if second.at == StepName::OpenStream && is_no_stream(&second.trouble) => {
                Err(first)
            }
            talked => talked,
        }
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
        if hello.has_tools {
            self.list_tools().await?;
        } else if hello.offers_nothing {
            self.ping().await;
        }
        Ok(())
    }

    async fn initialize(&mut self) -> Result<Hello, Seen> {
        self.visit.notes.begin(StepName::Initialize);
        let id = self.fresh_id();
        let mut answer = self.ask(id, handshake::initialize(id, &self.offer)).await;
        if let Err(trouble) = &answer
            && let Some(version) = handshake::counter_offer(trouble, &self.offer)
        {
            let id = self.fresh_id();
            answer = self.ask(id, handshake::initialize(id, version)).await;
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

    async fn list_tools(&mut self) -> Result<(), Seen> {
        self.visit.notes.begin(StepName::ToolsList);
        let mut pages = Pages::default();
        loop {
            let id = self.fresh_id();
            let body = handshake::tools_list(id, pages.cursor());
            let answer = match &mut self.channel {
                Channel::Streamable(http) if pages.count() == 0 => {
                    http.ask_for_tools(self.visit, id, body).await
                }
                _ => self.ask(id, body).await.map(Reply::Read),
            };
            let page = match answer {
                Ok(Reply::Read(page)) => page,
                Ok(Reply::Recognised(known)) => {
                    for fact in &known.facts {
                        self.visit.notes.fact(fact.clone());
                    }
                    self.listed(known.surface.clone());
                    return Ok(());
                }
                Err(Trouble::Rpc(error)) if pages.count() > 0 => {
                    let said = error.message;
                    let page = pages.count() + 1;
                    let trouble = Trouble::Tools(ToolsTrouble::PageFailed { page, said });
                    self.visit.notes.notice(trouble);
                    break;
                }
                Err(trouble) => return Err(self.failed(trouble)),
            };
            match pages.add(page) {
                Ok(true) => {}
                Ok(false) => break,
                Err(ToolsTrouble::ResultInvalid(reason)) => {
                    let trouble = Trouble::Tools(ToolsTrouble::ResultInvalid(reason));
                    return Err(self.failed(trouble));
                }
                Err(odd) => {
                    self.visit.notes.notice(Trouble::Tools(odd));
                    break;
                }
            }
        }
        let surface = ToolSurface::read(pages.tools())
            .map_err(|reason| self.failed(Trouble::Tools(ToolsTrouble::ResultInvalid(reason))))?;
        if pages.count() == 1 {
            self.visit.remember(&surface);
        }
        self.listed(surface);
        Ok(())
    }

    fn listed(&mut self, surface: ToolSurface) {
        let count = surface.names.len();
        let plural = if count == 1 { "" } else { "s" };
        self.visit
            .notes
            .end(Outcome::Ok, Some(format!("{count} tool{plural}")));
        self.visit.notes.seen.tools = Some(surface);
    }

    async fn ping(&mut self) {
        self.visit.notes.begin(StepName::Ping);
        let id = self.fresh_id();
        match self.ask(id, handshake::ping(id)).await {
            Ok(Value::Object(_)) => self.visit.notes.end(Outcome::Ok, None),
            other => {
                let said = match other {
                    Err(Trouble::Rpc(error)) => error.message,
                    Err(Trouble::Status(seen)) => format!("status {}", seen.status),
                    _ => String::new(),
                };
                self.visit.notes.end(Outcome::Failed, None);
                let failed = HandshakeTrouble::PingFailed(said);
                self.visit.notes.notice(Trouble::Handshake(failed));
            }
        }
    }

    async fn ask(&mut self, id: u64, body: Bytes) -> Result<Value, Trouble> {
        match &mut self.channel {
            Channel::Streamable(http) => http.ask(self.visit, id, body).await,
            Channel::Sse(sse) => sse.ask(self.visit, id, body).await,
        }
    }

    fn fresh_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// The step that was begun has failed.
    fn failed(&mut self, trouble: Trouble) -> Seen {
        let detail = match &trouble {
            Trouble::Status(seen) => Some(seen.status.to_string()),
            Trouble::Rpc(error) => Some(error.message.clone()),
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
fn ends_conversation(seen: &StatusSeen) -> bool {
    matches!(seen.status, 401 | 403 | 429)
}

fn said(seen: &StatusSeen) -> String {
    match &seen.rpc {
        Some(error) => error.message.clone(),
        None => line(&seen.body, MAX_QUOTE),
    }
}
