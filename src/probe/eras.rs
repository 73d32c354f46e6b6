//! Which generation of MCP is spoken to: found out in the order of mcp.md §2.2, each of them
//! judged for itself where a server speaks both.
//!
//! What is only looked for leaves no trace when it is not there: a server of the older generation
//! is not to be blamed for not knowing the newer one.

use std::time::Duration;

use tokio::time::Instant;

use super::conversation::{Channel, Script};
use super::detection::{self, Next, Refusal};
use super::handshake::Functional;
use super::modern::{Discovered, Modern, read_discover};
use crate::domain::memory::may_discover;
use crate::domain::modern::MODERN;
use crate::domain::monitor::TransportChoice;
use crate::domain::observation::{Era, Outcome, Seen, ServerFacts, StepName, Transport};
use crate::domain::trouble::{ModernTrouble, Trouble};

/// How long a server that works may take to say that it does not speak the newer generation.
const LOOK: Duration = Duration::from_secs(5);

/// What came of looking for the newer generation.
enum Tried {
    /// It is spoken; this is how the conversation went.
    Spoken(Result<(), Seen>),
    /// It is not spoken.
    NotSpoken,
}

impl Script<'_, '_> {
    /// The order of mcp.md §2.2.
    pub(super) async fn find_out(&mut self, thoroughly: bool) -> Result<(), Seen> {
        let first = match self.legacy(Transport::StreamableHttp).await {
            Ok(()) => {
                self.look_for_modern().await;
                return Ok(());
            }
            Err(first) => first,
        };
        match detection::next(&first, &self.visit.url, thoroughly) {
            Next::Nowhere => Err(first),
            Next::Modern => self.or_modern(first).await,
            Next::ModernThenSse => match self.or_modern(first).await {
                Err(first) if first.at == StepName::Initialize => self.or_sse(first).await,
                talked => talked,
            },
            Next::SseThenModern => match self.or_sse(first).await {
                Err(first) if first.at == StepName::Initialize => self.or_modern(first).await,
                talked => talked,
            },
        }
    }

    /// 2026-07-28, or what was seen before.
    pub(super) async fn or_modern(&mut self, first: Seen) -> Result<(), Seen> {
        if self.is_pinned() {
            return Err(first);
        }
        match self.try_modern(None).await {
            Tried::Spoken(talked) => {
                let names = detection::names_versions(&first.trouble);
                self.visit.notes.seen.memory.lints.names_versions = Some(names);
                talked
            }
            Tried::NotSpoken => Err(first),
        }
    }

    /// HTTP+SSE, or what was seen before.
    async fn or_sse(&mut self, first: Seen) -> Result<(), Seen> {
        if self.choice == TransportChoice::StreamableHttp {
            return Err(first);
        }
        match self.legacy(Transport::Sse).await {
            Err(second)
                if second.at == StepName::OpenStream
                    && detection::is_no_stream(&second.trouble) =>
            {
                Err(first)
            }
            talked => talked,
        }
    }

    /// A server that was greeted well is asked once whether it speaks the newer generation, too.
    /// Not the server's time, and not its fault if it does not.
    pub(super) async fn look_for_modern(&mut self) {
        let may_ask = self.legacy.as_ref().is_some_and(may_discover);
        if self.is_pinned() || !may_ask {
            return;
        }
        let now = self.visit.now();
        self.visit.notes.seen.memory.asked_modern_at = Some(now);
        let since = Instant::now();
        let tools = self.visit.notes.seen.tools.take();
        let greeted = std::mem::replace(&mut self.channel, Channel::none());
        let tried = self.try_modern(Some(LOOK)).await;
        self.visit.notes.linger(since);
        if let Tried::Spoken(Err(seen)) = tried {
            // Its own answers say that it means to speak it.
            let mut facts = self.modern.take().unwrap_or_default();
            Modern::new(MODERN).identify(&mut facts);
            self.modern = Some(facts);
            self.visit.notes.seen.failed_era = Some((Era::Modern, seen));
        }
        if self.visit.notes.seen.tools.is_none() {
            self.visit.notes.seen.tools = tools;
        }
        self.channel = greeted;
    }

    /// Asks `server/discover` of a server that may not know it, and waits no longer than `look` for what
    /// says that it does.
    async fn try_modern(&mut self, look: Option<Duration>) -> Tried {
        let deadline = self.visit.deadline;
        if let Some(look) = look {
            self.visit.deadline = deadline.min(Instant::now() + look);
        }
        let tried = self.look_or_talk(deadline).await;
        self.visit.deadline = deadline;
        tried
    }

    async fn look_or_talk(&mut self, deadline: Instant) -> Tried {
        let odd = self.visit.notes.seen.noticed.len();
        let facts = self.visit.notes.seen.facts.len();
        self.visit.notes.seen.server = ServerFacts::default();
        self.channel = Channel::Modern(Modern::new(MODERN));
        self.visit.notes.begin(StepName::Discover);
        let discovered = match self.ask("server/discover", None).await {
            Ok(result) => read_discover(&result, self.visit).map_err(Trouble::Modern),
            Err(trouble) => Err(trouble),
        };
        if self.legacy.as_ref().and_then(|facts| facts.session) == Some(true) {
            let refusal = discovered.as_ref().err();
            self.visit.notes.seen.memory.lints.without_session =
                refusal.and_then(detection::wants_session_with);
        }
        let refused = match discovered {
            Ok(Discovered::Modern(functional)) => {
                self.identify();
                self.end_discover();
                // It is spoken: what comes now is measured like anything else.
                self.visit.deadline = deadline;
                let talked = self.function(functional).await;
                self.modern = Some(std::mem::take(&mut self.visit.notes.seen.server));
                return Tried::Spoken(talked);
            }
            Ok(Discovered::LegacyOnly) => None,
            Err(trouble) => Some(trouble),
        };
        if let Some(refused) = &refused
            && detection::of_discover(refused) == Refusal::Modern
        {
            self.end_without_discover();
            let talked = self.function(Functional::Tools).await;
            let is_spoken = match &talked {
                Ok(()) => self.was_told_as_modern(),
                Err(seen) => detection::proves_modern(&seen.trouble),
            };
            if is_spoken {
                if talked.is_ok() {
                    self.identify();
                    self.notice_missing_discover(refused);
                }
                self.modern = Some(std::mem::take(&mut self.visit.notes.seen.server));
                return Tried::Spoken(talked);
            }
            self.visit.notes.seen.tools = None;
        } else {
            self.end_without_discover();
        }
        self.visit.notes.seen.noticed.truncate(odd);
        self.visit.notes.seen.facts.truncate(facts);
        self.visit.notes.seen.server = ServerFacts::default();
        Tried::NotSpoken
    }

    fn end_without_discover(&mut self) {
        let detail = format!("{MODERN} not spoken");
        self.visit.notes.end(Outcome::Ok, Some(detail));
    }

    fn end_discover(&mut self) {
        let seen = &self.visit.notes.seen.server;
        let server = seen.server.as_ref();
        let words = [
            server.and_then(|server| server.name.as_deref()),
            server.and_then(|server| server.version.as_deref()),
            seen.version.as_deref(),
        ];
        let detail = words.into_iter().flatten().collect::<Vec<_>>().join(" ");
        self.visit.notes.end(Outcome::Ok, Some(detail));
    }

    /// A conversation with a server that is known (or said by somebody) to speak 2026-07-28.
    pub(super) async fn modern(&mut self, discover: bool) -> Result<(), Seen> {
        let talked = self.hold_modern(discover).await;
        let facts = std::mem::take(&mut self.visit.notes.seen.server);
        self.modern = facts.version.is_some().then_some(facts);
        talked
    }

    async fn hold_modern(&mut self, discover: bool) -> Result<(), Seen> {
        let known = &self.visit.notes.seen.memory.facts;
        let known = (known.era != Some(Era::Legacy)).then(|| known.clone());
        let (server, capabilities) = known.map_or((None, None), |k| (k.server, k.capabilities));
        let functional = capabilities
            .as_ref()
            .map(|names| names.iter().map(String::as_str).collect::<Vec<_>>())
            .map(|names| Functional::among(&names));
        self.visit.notes.seen.server = ServerFacts {
            server,
            capabilities,
            ..ServerFacts::default()
        };
        self.channel = Channel::Modern(Modern::new(self.modern_version()));
        let (mut functional, is_discovered) = match functional {
            Some(known) if !discover && known != Functional::Nothing => (known, false),
            _ => (Functional::Tools, true),
        };
        let mut refused = None;
        if is_discovered {
            match self.discover().await {
                Ok(declared) => functional = declared,
                Err(stop) if matches!(stop.trouble, Trouble::Modern(_) | Trouble::Rpc(_)) => {
                    refused = Some(stop.trouble);
                }
                Err(stop) => return Err(stop),
            }
        }
        match self.function(functional).await {
            Ok(()) => {}
            // Every request is refused: the first refusal tells why.
            Err(Seen { trouble, .. })
                if refused.as_ref().is_some_and(|first| {
                    std::mem::discriminant(first) == std::mem::discriminant(&trouble)
                }) =>
            {
                let trouble = refused.unwrap_or(trouble);
                return Err(Seen {
                    at: StepName::Discover,
                    trouble,
                });
            }
            Err(stop) => return Err(stop),
        }
        self.identify();
        if let Some(refused) = refused {
            self.notice_missing_discover(&refused);
        } else if !is_discovered && self.tools_are_others() {
            // What it offers has changed: perhaps what it declares, too.
            if let Err(Seen { trouble, .. }) = self.discover().await {
                self.notice_missing_discover(&trouble);
            }
        }
        Ok(())
    }

    /// `server/discover` of a server that is known to speak it; gives what it declares.
    async fn discover(&mut self) -> Result<Functional, Seen> {
        self.visit.notes.begin(StepName::Discover);
        let result = self.ask("server/discover", None).await;
        let read = result.and_then(|result| match read_discover(&result, self.visit) {
            Ok(Discovered::Modern(functional)) => Ok(functional),
            Ok(Discovered::LegacyOnly) => {
                let trouble = ModernTrouble::DiscoverInvalid("supportedVersions");
                Err(Trouble::Modern(trouble))
            }
            Err(trouble) => Err(Trouble::Modern(trouble)),
        });
        let functional = read.map_err(|trouble| self.failed(trouble))?;
        self.identify();
        self.end_discover();
        Ok(functional)
    }

    /// Both generations of a server that speaks both. The second conversation is not its time:
    /// what is compared from check to check is the first.
    pub(super) async fn both(&mut self, discover: bool, legacy: bool) -> Result<(), Seen> {
        let modern = self.modern(discover).await;
        let may_differ =
            matches!(&modern, Err(stop) if detection::may_be_of_one_era(&stop.trouble));
        if !(legacy && modern.is_ok() || may_differ) {
            return modern;
        }
        let since = Instant::now();
        let tools = self.visit.notes.seen.tools.take();
        let greeted = self.legacy(Transport::StreamableHttp).await;
        self.visit.notes.linger(since);
        // The generations may spell their tools differently: only one of them is compared.
        self.visit.notes.seen.tools = tools;
        let failed = match (modern, greeted) {
            (Ok(()), Ok(())) => return Ok(()),
            (Ok(()), Err(stop)) if detection::is_asked_to_wait(&stop.trouble) => return Ok(()),
            (Ok(()), Err(stop)) => (Era::Legacy, stop),
            (Err(stop), Ok(())) => (Era::Modern, stop),
            (Err(stop), Err(_)) => return Err(stop),
        };
        self.visit.notes.seen.failed_era = Some(failed);
        Ok(())
    }

    fn tools_are_others(&self) -> bool {
        let seen = &self.visit.notes.seen;
        let known = seen.memory.tools.hash.as_ref();
        seen.all_tools().is_some_and(|now| known != Some(&now.hash))
    }

    fn notice_missing_discover(&mut self, refused: &Trouble) {
        let said = match refused {
            Trouble::Modern(trouble) => trouble.said().unwrap_or_default().to_owned(),
            Trouble::Rpc(error) => error.message.clone(),
            Trouble::Status(seen) => format!("status {}", seen.status),
            _ => String::new(),
        };
        let notes = &mut self.visit.notes;
        notes.at = StepName::Discover;
        notes.notice(Trouble::Modern(ModernTrouble::DiscoverMissing(said)));
    }

    /// The server has answered a request of this generation.
    fn identify(&mut self) {
        if let Channel::Modern(modern) = &self.channel {
            modern.identify(&mut self.visit.notes.seen.server);
        }
    }

    fn was_told_as_modern(&self) -> bool {
        matches!(&self.channel, Channel::Modern(modern) if modern.is_told())
    }
}
