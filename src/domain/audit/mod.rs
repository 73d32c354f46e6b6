//! Who did what in a team: the entries of its audit log.
//!
//! A deed is a stable word, `monitor.created`; its first part is the kind of thing. Of a change the
//! log keeps the names of the fields, never what stands in them.

mod fields;

use std::fmt;

use uuid::Uuid;

use super::at::At;
use super::id::{AuditId, TeamId};
use super::team::{Actor, Email, MAX_EMAIL};
use super::untrusted::{MAX_NAME, line};

pub use fields::{announcement, channel, maintenance_window, monitor, status_page};

/// The kinds of things that something is done to, as the filter takes them.
pub const KINDS: [&str; 11] = [
    "account",
    "agent",
    "announcement",
    "channel",
    "incident",
    "maintenance_window",
    "member",
    "monitor",
    "status_page",
    "team",
    "token",
];

macro_rules! deeds {
    ($($(#[$doc:meta])* $name:ident = $word:literal),+ $(,)?) => {
        /// What somebody did.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Deed {
            $($(#[$doc])* $name,)+
        }

        impl Deed {
            /// Every deed.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The stable word.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

deeds! {
    /// Began to watch a server.
    MonitorCreated = "monitor.created",
    /// Changed what is said of a monitor.
    MonitorChanged = "monitor.changed",
    /// Stopped checking it for a while.
    MonitorPaused = "monitor.paused",
    /// Checks it again.
    MonitorResumed = "monitor.resumed",
    /// Deleted it.
    MonitorDeleted = "monitor.deleted",
    /// Took the tools as they are for what is expected.
    MonitorToolsAccepted = "monitor.tools_accepted",
    /// Shows it in the public directory.
    MonitorListed = "monitor.listed",
    /// Took it off the public directory.
    MonitorUnlisted = "monitor.unlisted",
    /// Made a channel.
    ChannelCreated = "channel.created",
    /// Changed a channel.
    ChannelChanged = "channel.changed",
    /// Deleted a channel.
    ChannelDeleted = "channel.deleted",
    /// Declared maintenance.
    MaintenanceCreated = "maintenance_window.created",
    /// Changed a window.
    MaintenanceChanged = "maintenance_window.changed",
    /// Ended a window before its time.
    MaintenanceEnded = "maintenance_window.ended",
    /// Deleted a window.
    MaintenanceDeleted = "maintenance_window.deleted",
    /// Made a status page.
    StatusPageCreated = "status_page.created",
    /// Changed a status page.
    StatusPageChanged = "status_page.changed",
    /// Deleted a status page.
    StatusPageDeleted = "status_page.deleted",
    /// Announced something on a status page.
    AnnouncementCreated = "announcement.created",
    /// Changed an announcement.
    AnnouncementChanged = "announcement.changed",
    /// Ended an announcement.
    AnnouncementEnded = "announcement.ended",
    /// Deleted an announcement.
    AnnouncementDeleted = "announcement.deleted",
    /// Cares for an incident.
    IncidentAcknowledged = "incident.acknowledged",
    /// Closed an incident by hand.
    IncidentResolved = "incident.resolved",
    /// Holds back what is told of an incident.
    IncidentMuted = "incident.muted",
    /// Tells of an incident again.
    IncidentUnmuted = "incident.unmuted",
    /// Wrote about an incident.
    IncidentNoted = "incident.noted",
    /// Said something else of an incident.
    IncidentChanged = "incident.changed",
    /// Invited somebody.
    MemberInvited = "member.invited",
    /// Came in by an invitation, as the first owner, or from the console.
    MemberJoined = "member.joined",
    /// Gave a member another role.
    MemberChanged = "member.changed",
    /// Removed a member.
    MemberRemoved = "member.removed",
    /// Left the team.
    MemberLeft = "member.left",
    /// Took back an invitation.
    MemberUninvited = "member.uninvited",
    /// Made a token.
    TokenAdded = "token.added",
    /// Revoked a token.
    TokenRevoked = "token.revoked",
    /// Made an agent.
    AgentAdded = "agent.added",
    /// Removed an agent.
    AgentRemoved = "agent.removed",
    /// Made the team.
    TeamCreated = "team.created",
    /// Changed the team.
    TeamChanged = "team.changed",
    /// Set another password.
    PasswordChanged = "account.password_changed",
}

impl Deed {
    /// The kind of thing that it is done to.
    pub fn kind(self) -> &'static str {
        let word = self.as_str();
        word.split_once('.').map_or(word, |(kind, _)| kind)
    }
}

/// Who did it, and by which way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// Somebody who had logged in.
    Page(Email),
    /// A script, by a token of the API.
    Token {
        /// What the token is called.
        name: String,
        /// Who made it.
        email: Email,
    },
    /// Somebody who had a one-time link, or a link from a mail.
    Link(Email),
    /// Whoever has the console of the machine.
    Console,
}

impl By {
    /// Whoever acts.
    pub fn of(actor: &Actor) -> Self {
        let email = actor.email.clone();
        match &actor.token {
            Some(name) => Self::Token {
                name: name.clone(),
                email,
            },
            None => Self::Page(email),
        }
    }

    /// The word for the way.
    pub fn way(&self) -> &'static str {
        match self {
            Self::Page(_) => "page",
            Self::Token { .. } => "token",
            Self::Link(_) => "link",
            Self::Console => "console",
        }
    }

    /// The address of the person, where it is one.
    pub fn email(&self) -> Option<&Email> {
        match self {
            Self::Page(email) | Self::Link(email) | Self::Token { email, .. } => Some(email),
            Self::Console => None,
        }
    }

    /// The name of the token, where it is one.
    pub fn token(&self) -> Option<&str> {
        match self {
            Self::Token { name, .. } => Some(name),
            _ => None,
        }
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(email) = self.email() else {
            return f.write_str("the console");
        };
        f.write_str(&line(email.as_str(), MAX_EMAIL))?;
        match self {
            Self::Link(_) => f.write_str(", with a link"),
            Self::Token { name, .. } => write!(f, ", with the token “{}”", shown_name(name)),
            Self::Page(_) | Self::Console => Ok(()),
        }
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its id; a later one is greater.
    pub id: AuditId,
    /// Whose log it stands in.
    pub team: TeamId,
    /// When it was done.
    pub at: At,
    /// Who did it.
    pub by: By,
    /// What was done, as its word: one that a newer version knows is shown as it stands.
    pub deed: String,
    /// The kind of thing.
    pub kind: String,
    /// The id of the thing, where it has one.
    pub thing: Option<Uuid>,
    /// What the thing was called then.
    pub name: String,
    /// The fields that were changed.
    pub fields: Vec<String>,
}

impl AuditEntry {
    /// The deed for people: `Monitor created`.
    pub fn words(&self) -> String {
        let words = shown_name(&self.deed).replace(['.', '_'], " ");
        let mut letters = words.chars();
        let first = letters.next().map(|c| c.to_uppercase().to_string());
        first.unwrap_or_default() + letters.as_str()
    }
}

/// What something is called, fit to be shown wherever the log goes.
pub fn shown_name(name: &str) -> String {
    line(name, MAX_NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_deed_is_of_a_kind_that_the_filter_knows() {
        for deed in Deed::ALL {
            assert!(KINDS.contains(&deed.kind()), "{}", deed.as_str());
        }
        for kind in KINDS {
            assert!(Deed::ALL.iter().any(|deed| deed.kind() == kind), "{kind}");
        }
    }

    #[test]
    fn names_are_fit_to_be_shown() {
        let hostile = "\u{1b}[31mred\u{202e}\u{7}<script>\n";
        let shown = shown_name(hostile);
        assert!(shown.chars().all(|c| !c.is_control()), "{shown:?}");
        assert!(!shown.contains('\u{202e}'), "{shown:?}");
        assert!(shown_name(&"x".repeat(500)).chars().count() <= MAX_NAME);
    }
}
