//! What a probe remembers of a server, and what that spares the next one (mcp.md §2.3).
//!
//! Pure: which requests a check makes is decided here out of the memory and the time, and so is
//! what a check leaves behind. The memory is kept per watch and dies with every change of the
//! monitor. It may hold a session and a final address: both count as secrets where it is stored.

use serde::{Deserialize, Serialize};

use super::at::{At, DAY_MS};
use super::canary::CanaryMemory;
use super::expiry::ExpiryMemory;
use super::gate::GateMemory;
use super::lint::LintMemory;
use super::monitor::TransportChoice;
use super::observation::{AccessMemory, Era, Observation, Seen, ServerFacts, StepName, Transport};
use super::short::{self, is_default};
use super::tools::ToolsMemory;
use super::trouble::{BodyTrouble, ModernTrouble, StatusSeen, StreamTrouble, Trouble};
use super::usual::Usual;

pub use self::pace::Pace;

/// From this revision on a server survives `server/discover`; older ones die of it.
pub const ASKS_SAFELY_SINCE: &str = "2025-06-18";
/// Misses in a row after which what was known is doubted.
const DOUBT_AFTER: u8 = 2;
/// An address where nothing speaks MCP is asked in every way at every so many checks.
const ASK_AGAIN_EVERY: u8 = 6;
/// What need not be seen at every check is looked at again at every so many.
const LOOK_AGAIN_EVERY: u32 = 10;
/// How often a server of both generations is greeted with `initialize`, too.
const OTHER_ERA_EVERY_MS: i64 = 30 * 60_000;
/// How long a session that cannot be ended is used before a new handshake is due.
const SESSION_FOR_MS: i64 = 60 * 60_000;
/// How often a server of the older generation is asked for the newer one.
const UPGRADE_EVERY_MS: i64 = 7 * DAY_MS;
/// A generation that has been missing for so long is gone: what is left is the new normal.
const GONE_AFTER_MS: i64 = 7 * DAY_MS;

/// What a probe learnt that makes the next one cheaper.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProbeMemory {
    /// What the server was like when it last answered. Kept when it is doubted, so that a change
    /// can be told.
    pub facts: ServerFacts,
    /// Whether `facts` say how to talk to it; otherwise everything is found out afresh.
    pub is_known: bool,
    /// Checks in a row that found nothing that speaks MCP at this address.
    #[serde(skip_serializing_if = "is_default")]
    pub misses: u8,
    /// Where permitted redirects led.
    #[serde(skip_serializing_if = "is_default")]
    pub url: Option<String>,
    /// When a server of the older generation was last asked for the newer one.
    #[serde(with = "short::instant", skip_serializing_if = "Option::is_none")]
    pub asked_modern_at: Option<At>,
    /// The generation that has stopped working while the other goes on.
    #[serde(skip_serializing_if = "is_default")]
    pub missing: Option<Missing>,
    /// The session that is kept, at a server where sessions cannot be ended.
    #[serde(skip_serializing_if = "is_default")]
    pub session: Option<String>,
    /// A session was refused on a fresh connection: look again at the next check.
    #[serde(skip_serializing_if = "is_default")]
    pub is_session_doubtful: bool,
    /// Who was let in, and how one logs in.
    #[serde(skip_serializing_if = "is_default")]
    pub access: AccessMemory,
    /// The tools that were seen lately.
    pub tools: ToolsMemory,
    /// What moves with every check.
    pub pace: Pace,
    /// The canary.
    #[serde(skip_serializing_if = "is_default")]
    pub canary: CanaryMemory,
    /// What the lints need to know of earlier checks.
    #[serde(skip_serializing_if = "is_default")]
    pub lints: LintMemory,
    /// How long a check usually takes.
    #[serde(skip_serializing_if = "is_default")]
    pub usual: Usual,
    /// What was told to end soon.
    #[serde(skip_serializing_if = "is_default")]
    pub expiry: ExpiryMemory,
    /// Who was let in, and whether people found the login.
    #[serde(skip_serializing_if = "is_default")]
    pub gate: GateMemory,
}

/// A generation that worked and does so no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// Which one.
    pub era: Era,
    /// Since when.
    pub since: At,
}

/// What a check asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Find out what the server speaks. `thoroughly`: ask in every way, also where there is
    /// little hope.
    FindOut {
        /// Ask in every way.
        thoroughly: bool,
    },
    /// `initialize` and what follows.
    Legacy {
        /// Over this transport.
        transport: Transport,
        /// Ask for the newer generation afterwards.
        then_discover: bool,
    },
    /// The functional request alone, in the session that is kept.
    KeptSession,
    /// Requests that stand alone.
    Modern {
        /// `server/discover` first.
        discover: bool,
    },
    /// Both generations.
    Dual {
        /// `server/discover` first.
        discover: bool,
        /// The conversation that begins with `initialize`, too.
        legacy: bool,
    },
}

impl ProbeMemory {
    /// What the next check asks.
    pub fn plan(&self, choice: TransportChoice, now: At) -> Plan {
        if choice == TransportChoice::Sse {
            return Plan::Legacy {
                transport: Transport::Sse,
                then_discover: false,
            };
        }
        let (true, Some(era)) = (self.is_known, self.facts.era) else {
            return Plan::FindOut {
                thoroughly: self.misses.is_multiple_of(ASK_AGAIN_EVERY),
            };
        };
        let discover = self.looks_again();
        match era {
            Era::Modern => Plan::Modern { discover },
            Era::Dual => Plan::Dual {
                discover,
                legacy: self.missing.is_some()
                    || is_due(self.pace.greeted_at, OTHER_ERA_EVERY_MS, now),
            },
            Era::Legacy if self.facts.transport == Some(Transport::Sse) => Plan::Legacy {
                transport: Transport::Sse,
                then_discover: false,
            },
            Era::Legacy => {
                if self.session.is_some() && !is_due(self.pace.greeted_at, SESSION_FOR_MS, now) {
                    return Plan::KeptSession;
                }
                Plan::Legacy {
                    transport: Transport::StreamableHttp,
                    then_discover: may_discover(&self.facts)
                        && is_due(self.asked_modern_at, UPGRADE_EVERY_MS, now),
                }
            }
        }
    }

    /// Whether it holds what only we should know: a session, the query of an address.
    pub fn is_secret(&self) -> bool {
        self.session.is_some() || self.url.as_ref().is_some_and(|url| url.contains('?'))
    }

    /// Whether to begin where redirects led before, rather than follow them again.
    pub fn goes_where_it_led(&self) -> bool {
        self.is_known && self.misses == 0 && !self.looks_again()
    }

    /// Whether this check looks again at what usually stays: the redirect, the declaration of a
    /// modern server.
    pub fn looks_again(&self) -> bool {
        self.pace.checks.is_multiple_of(LOOK_AGAIN_EVERY)
    }

    /// Whether to ask for the tools on a connection of their own.
    pub fn tries_fresh_connection(&self) -> bool {
        // A server of both generations is greeted seldom enough to look each time.
        self.facts.era == Some(Era::Dual)
            || self.is_session_doubtful
            || self.pace.checks % LOOK_AGAIN_EVERY == LOOK_AGAIN_EVERY - 1
    }

    /// A check found the server to be like this.
    pub fn found(&mut self, facts: &ServerFacts, is_good: bool) {
        let is_other = self.facts.era != facts.era || self.facts.transport != facts.transport;
        if !self.is_known || is_other {
            self.pace.checks = 0;
            self.session = None;
            self.is_session_doubtful = false;
        }
        self.facts = facts.clone();
        self.is_known = true;
        self.misses = 0;
        if is_good {
            self.pace.checks = self.pace.checks.wrapping_add(1);
        }
    }

    /// A check found nothing that speaks MCP, or not what was known.
    pub fn missed(&mut self) {
        self.misses = self.misses.saturating_add(1);
        self.session = None;
        if self.is_known && self.misses >= DOUBT_AFTER {
            self.is_known = false;
            self.misses = 0;
        }
    }

    /// One generation of a server of both has failed, or (`None`) both went well. What has been
    /// missing for a week is forgotten.
    pub fn missed_era(&mut self, era: Option<Era>, now: At) {
        self.missing = match (era, self.missing) {
            (None, _) => None,
            (Some(era), Some(known)) if known.era == era => Some(known),
            (Some(era), _) => Some(Missing { era, since: now }),
        };
        if let Some(missing) = self.missing
            && now.ms_since(missing.since) >= GONE_AFTER_MS
        {
            self.missing = None;
            self.is_known = false;
        }
    }
}

impl Observation {
    /// Takes note of the tools for the next probe, when all of them were seen.
    pub fn remember_tools(&mut self) {
        let mut memory = std::mem::take(&mut self.memory.tools);
        if let Some(surface) = self.all_tools() {
            memory.saw(surface, self.server.era);
        }
        self.memory.tools = memory;
    }
}

/// Whether `server/discover` is harmless to a server that negotiated so.
pub fn may_discover(facts: &ServerFacts) -> bool {
    let version = facts.legacy_version.as_deref().or(facts.version.as_deref());
    version.is_some_and(|version| version >= ASKS_SAFELY_SINCE)
}

/// Whether a server negotiated a revision of an age in which servers died of what they did not
/// expect: Python ones up to 1.9 also of the end of a session, with newer libraries below them.
pub fn is_fragile(facts: &ServerFacts) -> bool {
    let version = facts.legacy_version.as_deref().or(facts.version.as_deref());
    facts.transport == Some(Transport::StreamableHttp)
        && version.is_some_and(|version| version < ASKS_SAFELY_SINCE)
}

fn is_due(last: Option<At>, every_ms: i64, now: At) -> bool {
    last.is_none_or(|last| now.ms_since(last) >= every_ms)
}

/// Both halves of what is known of a server: what each generation told this time, and what is
/// remembered where it was not asked.
pub fn join(
    known: &ProbeMemory,
    legacy: Option<ServerFacts>,
    modern: Option<ServerFacts>,
) -> ServerFacts {
    let was_dual = known.is_known && known.facts.era == Some(Era::Dual);
    match (legacy, modern) {
        (None, None) => ServerFacts::default(),
        (Some(legacy), None) if was_dual => ServerFacts {
            legacy_version: legacy.version,
            session: legacy.session,
            ..known.facts.clone()
        },
        (None, Some(modern)) if was_dual => ServerFacts {
            era: Some(Era::Dual),
            legacy_version: known.facts.legacy_version.clone(),
            session: known.facts.session,
            ..modern
        },
        (Some(legacy), Some(modern)) => ServerFacts {
            era: Some(Era::Dual),
            legacy_version: legacy.version,
            session: legacy.session,
            server: modern.server.or(legacy.server),
            capabilities: modern.capabilities.or(legacy.capabilities),
            ..modern
        },
        (Some(only), None) | (None, Some(only)) => only,
    }
}

/// Whether `seen` says that the server no longer speaks what it spoke (or never spoke MCP), rather
/// than that it is unwell: refusals of the method, never 401, 403, 429, 5xx or silence. `is_greeted` when
/// it took the greeting of that generation in the same check.
pub fn is_refusal_of_era(seen: &Seen, is_greeted: bool) -> bool {
    use StepName::{Discover, Initialize, OpenStream};
    let is_first =
        matches!(seen.at, Initialize | Discover | OpenStream) || seen.at.is_list() && !is_greeted;
    match &seen.trouble {
        Trouble::Status(status) => {
            let is_word = match status.rpc.as_ref().and_then(|error| error.code) {
                // At a later request a method that is not there is a fault of its own.
                Some(code) => is_first || code == -32_600,
                None => is_first || matches!(status.status, 400 | 404 | 405 | 410),
            };
            is_word && is_refusal(status)
        }
        Trouble::Rpc(error) => is_first && matches!(error.code, Some(-32_601 | -32_602 | -32_022)),
        Trouble::Modern(trouble) => matches!(
            trouble,
            ModernTrouble::VersionRefused { .. } | ModernTrouble::MethodUnknown(_)
        ),
        Trouble::Body(BodyTrouble::Empty { status }) => is_first && *status == 202,
        Trouble::Stream(trouble) => matches!(
            trouble,
            StreamTrouble::EndpointOnPost | StreamTrouble::NoEndpoint { .. }
        ),
        _ => false,
    }
}

/// Statuses that say: whatever lives here, it does not take this request.
pub fn is_refusal(seen: &StatusSeen) -> bool {
    matches!(seen.status, 400 | 404 | 405 | 410 | 415 | 501) && seen.challenges.is_empty()
}

/// Writes down what `seen` teaches the next probe. `moved` is where permitted redirects led.
pub fn remember(seen: &mut Observation, moved: Option<String>, now: At) {
    let is_greeted = seen.has_greeted(&[StepName::Initialize, StepName::Discover]);
    let memory = &mut seen.memory;
    if seen.server.version.is_some() {
        let is_good = seen.stopped.is_none() && seen.failed_era.is_none();
        memory.found(&seen.server, is_good);
        memory.url = moved;
        if seen.server.era == Some(Era::Dual) && seen.stopped.is_none() {
            memory.missed_era(seen.failed_era.as_ref().map(|(era, _)| *era), now);
        }
    } else if let Some(stopped) = &seen.stopped {
        // Perhaps the redirect leads elsewhere by now, or nowhere.
        memory.url = None;
        if is_refusal_of_era(stopped, is_greeted) {
            memory.missed();
        }
    }
}

mod pace;
#[cfg(test)]
mod tests;
