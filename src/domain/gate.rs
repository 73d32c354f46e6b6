//! Whether a server lets strangers in, and whether they find the way to a login: noticed when it
//! has changed.
//!
//! Pure. A check decides out of what it saw and of what its watch remembers, so that a check with
//! nothing new costs nothing. The memory only spares the question: what was told of this monitor
//! before, by whatever watch, is known to the store.

use serde::{Deserialize, Serialize};

use super::failure::Code;
use super::login::LoginChain;
use super::report::CheckReport;

/// Checks in a row that have to agree.
const AGREEING: u8 = 2;
/// The same for a login that is broken: as many as a change of status takes, so that an incident
/// which tells it is there first.
const AGREEING_BROKEN: u8 = 3;
/// What keeps people from logging in.
const LOGIN_CODES: [Code; 5] = [
    Code::AuthMetadataBroken,
    Code::AuthResourceMismatch,
    Code::AuthIssuerMismatch,
    Code::AuthPkceMissing,
    Code::AuthAsUnreachable,
];

/// What may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Matter {
    /// Whether strangers are let in.
    Wall,
    /// Whether they find the way to a login.
    Login,
}

impl Matter {
    /// The word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wall => "wall",
            Self::Login => "login",
        }
    }
}

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// Anybody can use the server.
    Open,
    /// It wants a login.
    Gated,
    /// Nobody new can log in.
    Broken,
    /// The documents that lead to the login are there and fit together.
    Sound,
}

impl Gate {
    /// The word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Gated => "gated",
            Self::Broken => "broken",
            Self::Sound => "sound",
        }
    }

    /// Reads the word that is stored.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Open, Self::Gated, Self::Broken, Self::Sound]
            .into_iter()
            .find(|gate| gate.as_str() == word)
    }

    /// What it is a state of.
    pub fn matter(self) -> Matter {
        match self {
            Self::Open | Self::Gated => Matter::Wall,
            Self::Broken | Self::Sound => Matter::Login,
        }
    }

    /// Whether people should hear of it; `before` is what was known until now. A wall that was met
    /// first is no change; a login counts as sound until it is seen to be broken.
    pub fn is_news_after(self, before: Option<Self>) -> bool {
        match before {
            Some(before) => before != self,
            None => self == Self::Broken,
        }
    }

    fn agreeing(self) -> u8 {
        match self {
            Self::Broken => AGREEING_BROKEN,
            Self::Open | Self::Gated | Self::Sound => AGREEING,
        }
    }
}

/// What a watch has seen lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GateMemory {
    wall: Watched,
    login: Watched,
}

impl GateMemory {
    /// Forgets that these were passed on: the next check notices them again.
    pub fn forget(&mut self, noticed: &[Gate]) {
        for gate in noticed {
            match gate.matter() {
                Matter::Wall => self.wall.told = None,
                Matter::Login => self.login.told = None,
            }
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Watched {
    /// What the last check saw that saw anything.
    seen: Option<Gate>,
    /// How many checks in a row saw it.
    times: u8,
    /// What was passed on.
    told: Option<Gate>,
}

impl Watched {
    fn saw(&mut self, now: Option<Gate>) -> Option<Gate> {
        let Some(gate) = now else {
            self.times = 0;
            return None;
        };
        let before = if self.seen == now { self.times } else { 0 };
        self.seen = now;
        self.times = before.saturating_add(1).min(gate.agreeing());
        if self.times < gate.agreeing() || self.told == now {
            return None;
        }
        self.told = now;
        now
    }
}

/// What a check noticed that was not passed on before; `memory` takes note of it. It met that way to
/// a login, and was stopped before its end or not; `is_gated` is the verdict.
pub fn noticed(
    (login, is_stopped): (Option<&LoginChain>, bool),
    is_gated: bool,
    has_credentials: bool,
    memory: &mut GateMemory,
) -> Vec<Gate> {
    // Whoever brings credentials does not see what strangers see.
    let wall = if has_credentials {
        None
    } else if is_gated {
        Some(Gate::Gated)
    } else {
        (!is_stopped).then_some(Gate::Open)
    };
    let login = login.and_then(way);
    let noticed = [memory.wall.saw(wall), memory.login.saw(login)];
    noticed.into_iter().flatten().collect()
}

/// How the way to a login is; nothing where it could not be looked at to its end.
fn way(chain: &LoginChain) -> Option<Gate> {
    if chain.keeps_out() {
        Some(Gate::Broken)
    } else {
        chain.issuer_metadata.is_some().then_some(Gate::Sound)
    }
}

/// Whether a failure is one of the way to a login.
pub fn is_of_login(code: Code) -> bool {
    LOGIN_CODES.contains(&code)
}

/// What a check says of a login that is broken: the sentence and the code.
pub fn trouble(report: &CheckReport) -> Option<(&str, Code)> {
    let failure = report.failure.as_ref();
    let failure = failure.map(|failure| (&*failure.message, failure.code));
    let found = report.findings.iter().filter_map(|finding| {
        let code = LOGIN_CODES.into_iter().find(|code| finding.code == *code)?;
        Some((&*finding.message, code))
    });
    let mut all = failure.into_iter().chain(found);
    all.find(|(_, code)| is_of_login(*code))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::at::At;
    use crate::domain::login::LoginFault;
    use crate::domain::memory::ProbeMemory;
    use crate::domain::observation::{Observation, Seen, StepName};
    use crate::domain::trouble::{BodyTrouble, Trouble};

    fn seen(login: Option<LoginChain>) -> Observation {
        let mut seen = Observation::begun(At(0), ProbeMemory::default());
        seen.login = login;
        seen
    }

    fn met(seen: &Observation) -> (Option<&LoginChain>, bool) {
        (seen.login.as_ref(), seen.stopped.is_some())
    }

    fn chain(faults: Vec<LoginFault>, is_read: bool) -> LoginChain {
        let mut chain = LoginChain::begun(At(0), None);
        chain.issuer_metadata = is_read.then(|| "https://as.example/x".to_owned());
        chain.faults = faults;
        chain
    }

    /// What is noticed of a wall that is there (`G`), is not (`O`), or that a check says nothing of.
    fn walls(checks: &str) -> Vec<(usize, Gate)> {
        let mut memory = GateMemory::default();
        let mut all = Vec::new();
        for (place, check) in checks.chars().enumerate() {
            let mut observation = seen(None);
            if check == '-' {
                observation.stopped = Some(Seen {
                    at: StepName::Initialize,
                    trouble: Trouble::Body(BodyTrouble::Empty { status: 200 }),
                });
            }
            let news = noticed(met(&observation), check == 'G', false, &mut memory);
            all.extend(news.into_iter().map(|gate| (place, gate)));
        }
        all
    }

    #[test]
    fn a_wall_is_noticed_by_two_checks_that_agree() {
        use Gate::{Gated, Open};
        for (checks, expected) in [
            ("G", vec![]),
            ("GG", vec![(1, Gated)]),
            ("GGGGGG", vec![(1, Gated)]),
            ("GGO", vec![(1, Gated)]),
            ("GGOGGOGG", vec![(1, Gated)]),
            ("GGO-OGG", vec![(1, Gated)]),
            ("GGOOO", vec![(1, Gated), (3, Open)]),
            ("OO--OOGG", vec![(1, Open), (7, Gated)]),
            ("GOGOGO", vec![]),
        ] {
            assert_eq!(walls(checks), expected, "{checks}");
        }
    }

    #[test]
    fn who_brings_credentials_notices_no_wall() {
        let mut memory = GateMemory::default();
        for _ in 0..5 {
            assert_eq!(noticed(met(&seen(None)), false, true, &mut memory), []);
        }
    }

    #[test]
    fn a_login_is_broken_when_three_checks_say_so_and_sound_again_after_two() {
        let serious = || chain(vec![LoginFault::NoIssuer], false);
        let sound = || chain(vec![LoginFault::NoRegistration], true);
        let slash = || {
            let fault = LoginFault::IssuerMismatch {
                meant: "https://as.example".to_owned(),
                said: "https://as.example/".to_owned(),
                only_slash: true,
            };
            chain(vec![fault], true)
        };
        let half = || chain(vec![], false);
        let mut memory = GateMemory::default();
        let mut told = Vec::new();
        let checks = [
            sound(),
            sound(),
            slash(),
            serious(),
            serious(),
            sound(),
            serious(),
            serious(),
            serious(),
            serious(),
            half(),
            sound(),
            sound(),
        ];
        for (place, chain) in checks.into_iter().enumerate() {
            let news = noticed(met(&seen(Some(chain))), true, true, &mut memory);
            told.extend(news.into_iter().map(|gate| (place, gate)));
        }
        assert_eq!(
            told,
            [(1, Gate::Sound), (8, Gate::Broken), (12, Gate::Sound)]
        );
    }

    #[test]
    fn what_was_held_back_is_noticed_again() {
        let mut memory = GateMemory::default();
        let mut check = || noticed(met(&seen(None)), true, false, &mut memory);
        check();
        assert_eq!(check(), [Gate::Gated]);
        memory.forget(&[Gate::Gated]);
        assert_eq!(
            noticed(met(&seen(None)), true, false, &mut memory),
            [Gate::Gated]
        );
        assert_eq!(noticed(met(&seen(None)), true, false, &mut memory), []);
    }

    #[test]
    fn the_first_wall_is_no_news_and_the_first_broken_login_is() {
        use Gate::{Broken, Gated, Open, Sound};
        for (gate, before, expected) in [
            (Open, None, false),
            (Gated, None, false),
            (Sound, None, false),
            (Broken, None, true),
            (Open, Some(Gated), true),
            (Gated, Some(Gated), false),
            (Sound, Some(Broken), true),
            (Broken, Some(Sound), true),
        ] {
            assert_eq!(
                gate.is_news_after(before),
                expected,
                "{gate:?} after {before:?}"
            );
        }
        for gate in [Open, Gated, Broken, Sound] {
            assert_eq!(Gate::parse(gate.as_str()), Some(gate));
        }
    }

    proptest! {
        #[test]
        fn it_is_never_noticed_twice_in_a_row(checks in "[GO-]{0,60}") {
            let all = walls(&checks);
            for pair in all.windows(2) {
                prop_assert!(pair[0].1 != pair[1].1);
            }
            for (place, gate) in all {
                let word = if gate == Gate::Gated { 'G' } else { 'O' };
                let both: Vec<char> = checks.chars().skip(place - 1).take(2).collect();
                prop_assert_eq!(both, [word, word]);
            }
        }
    }
}
