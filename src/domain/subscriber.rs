//! Somebody who hears of a status page and is not of its team: a mail address or a webhook.
//!
//! Whoever subscribes has asked for it and confirmed it; until then nothing is told. The address is
//! personal: it is sealed where it is kept and goes with the subscription.

use super::at::At;
use super::channel::{Kind, Settings};
use super::id::{MonitorId, StatusPageId, SubscriberId, TeamId};

/// Most subscribers of one page, those that have not confirmed among them.
pub const MOST_SUBSCRIBERS: u64 = 10_000;

/// How far a subscription has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Asked for and not confirmed.
    Pending,
    /// Hears what is told.
    Active,
    /// The receiver has refused for good; nothing more is sent.
    Refused,
}

impl State {
    /// The word that people read.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Refused => "refused",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Pending, Self::Active, Self::Refused]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// A subscriber.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// Its id.
    pub id: SubscriberId,
    /// Whose page it is.
    pub team: TeamId,
    /// The page.
    pub page: StatusPageId,
    /// By mail or by webhook; nothing else.
    pub kind: Kind,
    /// The address, and what signs the requests of a webhook.
    pub settings: Settings,
    /// The components that it hears of; `None` for all, also those to come.
    pub components: Option<Vec<MonitorId>>,
    /// How far it has come.
    pub state: State,
    /// When it was last asked for.
    pub asked_at: At,
    /// When it was confirmed.
    pub confirmed_at: Option<At>,
    /// The last thing that went wrong since something arrived, and when.
    pub last_error: Option<(At, String)>,
}

impl Subscriber {
    /// Whether it wants to hear of any of these components; what names none concerns everybody.
    pub fn hears(&self, concerned: &[MonitorId]) -> bool {
        let Some(chosen) = &self.components else {
            return true;
        };
        concerned.is_empty() || concerned.iter().any(|monitor| chosen.contains(monitor))
    }

    /// Where it is told, for people: nothing secret.
    pub fn target(&self) -> String {
        self.settings.target(self.kind)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn who_chose_components_hears_of_those_and_of_what_concerns_all() {
        let monitor = |n| MonitorId(Uuid::from_u128(n));
        let mut subscriber = Subscriber {
            id: SubscriberId(Uuid::nil()),
            team: TeamId(Uuid::nil()),
            page: StatusPageId(Uuid::nil()),
            kind: Kind::Email,
            settings: Settings::default(),
            components: None,
            state: State::Active,
            asked_at: At(0),
            confirmed_at: None,
            last_error: None,
        };
        assert!(subscriber.hears(&[monitor(1)]));
        subscriber.components = Some(vec![monitor(2)]);
        assert!(!subscriber.hears(&[monitor(1)]));
        assert!(subscriber.hears(&[monitor(1), monitor(2)]));
        assert!(subscriber.hears(&[]));
    }
}
