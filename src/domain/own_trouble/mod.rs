//! Whether a node's own network has trouble: told from what its checks meet, host by host.
//!
//! When host after host that answered before cannot be reached, and nobody else can be reached
//! meanwhile, it is our network rather than theirs. One dead host among many that answer never
//! looks like that; a node that watches one or two hosts cannot know, and asks the canaries of the
//! operator: addresses that answer as long as the network works. Where there are canaries they
//! decide about connections, because three hosts of one provider may well die together; about names
//! the hosts decide, since a canary is mostly named by its address.
//!
//! Pure: fed with outcomes in any order, each with the time when its check began. A check that
//! reached its host proves that the network worked when it began or later, so that a slow success
//! from before does not hide what began after it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::at::{At, DAY_MS};
use super::observation::Observation;
use super::trouble::{ConnectTrouble, DnsTrouble, TlsTrouble, Trouble};

/// Hosts that have to fail together, with nobody reached since.
pub const HOSTS: usize = 3;
/// Checks that have to reach their host before the trouble is over.
pub const REACHED: u32 = 2;
/// How far apart failures may be and still count as together.
const TOGETHER: Duration = Duration::from_mins(3);
/// Most hosts that are known to be away; of more, failures say nothing.
const MOST_AWAY: usize = 10_000;

/// How the way to a server is broken that our own network can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Its name cannot be looked up.
    Names,
    /// It cannot be connected to, or the connection carries nothing.
    Connections,
}

/// What a check says of the network between us and its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Something of the host, or of whoever answers for it, came through.
    Reached,
    /// Nothing did.
    Failed(Way),
}

impl Reach {
    /// What `seen` says of the network; `None` when it says nothing. A refusal proves a living
    /// host as well as an answer does; a name that does not exist proves neither.
    pub fn of(seen: &Observation) -> Option<Self> {
        let Some(stopped) = &seen.stopped else {
            return Some(Self::Reached);
        };
        let has_heard = seen.cost.bytes_received > 0;
        let failed = match &stopped.trouble {
            Trouble::Dns(DnsTrouble::TimedOut { .. } | DnsTrouble::ServerFailure(_)) => {
                Some(Self::Failed(Way::Names))
            }
            Trouble::Connect(ConnectTrouble::TimedOut { .. } | ConnectTrouble::Unreachable(_))
            | Trouble::Tls(TlsTrouble::TimedOut { .. }) => Some(Self::Failed(Way::Connections)),
            Trouble::Dns(DnsTrouble::NoSuchName | DnsTrouble::NoAddress)
            | Trouble::Connect(ConnectTrouble::Reset)
            | Trouble::Tls(TlsTrouble::Closed)
            | Trouble::TargetRefused { .. }
            | Trouble::Own { .. } => None,
            _ => return Some(Self::Reached),
        };
        // The first connection of several, or of a redirect, went well.
        if has_heard && !matches!(stopped.trouble, Trouble::Tls(_)) {
            return Some(Self::Reached);
        }
        failed
    }
}

/// Who says that the network has trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Witness {
    /// The watched hosts, none of which can be reached.
    Hosts,
    /// The canaries, none of which answers.
    Canaries,
}

/// Trouble of our own network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnTrouble {
    /// When the first check began that it explains.
    pub since: At,
    /// Who says so.
    pub witness: Witness,
}

/// What the checks of one node say of its network.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    has_canaries: bool,
    /// When the latest check began that reached its host.
    reached_at: Option<At>,
    /// Hosts that were fine and failed with nobody reached since, and when their check began.
    failing: BTreeMap<String, At>,
    /// Hosts whose last check failed, and when it began: they say nothing new.
    away: HashMap<String, At>,
    trouble: Option<(OwnTrouble, u32)>,
    /// The last trouble, and when it was over: what began before is explained by it.
    over: Option<(OwnTrouble, At)>,
}

impl Fleet {
    /// Nothing is known yet. `has_canaries` says that there are canaries to be asked.
    pub fn new(has_canaries: bool) -> Self {
        Self {
            has_canaries,
            ..Self::default()
        }
    }

    /// The trouble that there is.
    pub fn trouble(&self) -> Option<OwnTrouble> {
        self.trouble.map(|(trouble, _)| trouble)
    }

    /// The trouble of our own that explains why a check failed which began at `began`.
    pub fn explains(&self, began: At) -> Option<OwnTrouble> {
        let is_before = |(trouble, over): (OwnTrouble, At)| (began < over).then_some(trouble);
        self.trouble().or_else(|| is_before(self.over?))
    }

    /// A check that began at `began` reached its host.
    pub fn reached(&mut self, host: &str, began: At) {
        self.away.remove(host);
        // What lies far ahead was written before a clock was set back.
        let is_ahead = |at: At| at > began + TOGETHER;
        let last = self.reached_at.filter(|last| !is_ahead(*last));
        self.reached_at = last.max(Some(began));
        self.failing.retain(|_, failed| *failed > began);
        let Some((trouble, reached)) = &mut self.trouble else {
            return;
        };
        if began >= trouble.since || is_ahead(trouble.since) {
            *reached += 1;
            if *reached >= REACHED {
                self.end(began);
            }
        }
    }

    /// A check that began at `began` did not reach its host. `was_fine` says that the one before
    /// did, as far as is known.
    pub fn failed(&mut self, host: &str, way: Way, began: At, was_fine: bool) {
        let is_new = self.away(host, began) && was_fine;
        let is_worked = self.reached_at.is_some_and(|reached| reached >= began);
        let is_decided_elsewhere = way == Way::Connections && self.has_canaries;
        if self.trouble.is_some() || is_worked || is_decided_elsewhere || !is_new {
            return;
        }
        let oldest = began - TOGETHER;
        self.failing.retain(|_, failed| *failed >= oldest);
        self.failing.insert(host.to_owned(), began);
        if self.failing.len() >= HOSTS {
            let since = self.failing.values().min().copied().unwrap_or(began);
            self.begin(since, Witness::Hosts);
        }
    }

    /// The canaries were asked at `at`: whether any of them answered.
    pub fn asked(&mut self, at: At, is_answered: bool) {
        match self.trouble() {
            None if !is_answered => self.begin(at, Witness::Canaries),
            Some(trouble) if is_answered && trouble.witness == Witness::Canaries => self.end(at),
            _ => {}
        }
    }

    fn begin(&mut self, since: At, witness: Witness) {
        self.failing.clear();
        self.trouble = Some((OwnTrouble { since, witness }, 0));
    }

    fn end(&mut self, at: At) {
        let over = self.trouble.take();
        self.over = over.map(|(trouble, _)| (trouble, at));
    }

    /// Remembers that a host is away; whether that is news.
    fn away(&mut self, host: &str, began: At) -> bool {
        if let Some(last) = self.away.get_mut(host) {
            *last = began.max(*last);
            return false;
        }
        if self.away.len() >= MOST_AWAY {
            // Those that are no longer checked.
            self.away.retain(|_, last| began.ms_since(*last) < DAY_MS);
        }
        if self.away.len() >= MOST_AWAY {
            return false;
        }
        self.away.insert(host.to_owned(), began);
        true
    }
}

/// An address that answers as long as the network works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanaryAddress {
    /// A name or an address.
    pub host: String,
    /// A port.
    pub port: u16,
}

impl CanaryAddress {
    /// Reads `host:port`; `None` where it is something else.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let bare = host
            .strip_prefix('[')
            .and_then(|inner| inner.strip_suffix(']'));
        // An IPv6 address without brackets cannot be told from its port.
        let host = match bare {
            Some(inner) => inner.parse::<std::net::Ipv6Addr>().ok()?.to_string(),
            None => host.to_owned(),
        };
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let is_host = bare.is_some() || (!host.is_empty() && host.chars().all(is_word));
        let port = port.parse().ok().filter(|port| *port > 0)?;
        is_host.then_some(Self { host, port })
    }
}

#[cfg(test)]
mod tests;
