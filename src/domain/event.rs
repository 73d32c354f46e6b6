//! What can be told: the words that are stored, and the types that a webhook receiver sees.

use serde::{Deserialize, Serialize};

use super::node::NodeNews;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// An incident was confirmed.
    Opened,
    /// A degraded server went down: told like an opening, with the same incident.
    Worsened,
    /// It keeps coming and going: told once instead of every turn.
    Flapping,
    /// It came and went, and now it stays.
    Settled,
    /// It is still there, and nobody has said that they care.
    Reminder,
    /// Nobody has acknowledged it for so long that others are told, too.
    Escalated,
    /// Somebody cares for it.
    Acknowledged,
    /// It is over.
    Resolved,
    /// The certificate of a server ends soon.
    CertificateExpiring,
    /// The token that a monitor is configured with ends soon.
    CredentialExpiring,
    /// The tools are others than those that were accepted.
    ToolsChanged,
    /// What was behind a login is open to everybody.
    AuthorizationOpened,
    /// What was open to everybody is behind a login.
    AuthorizationRequired,
    /// Nobody new can log in, and no incident says so.
    AuthorizationBroken,
    /// They can again.
    AuthorizationRestored,
    /// The error budget of a monitor is used up too fast, or is used up.
    BudgetBurning,
    /// A node has stopped without a goodbye. Told, like the two below, to the default channels of
    /// the oldest team: whoever runs the installation.
    NodeSilent,
    /// A node is heard of again, or its own network works again.
    NodeBack,
    /// The own network of a node has trouble.
    NodeTroubled,
    /// Another channel refused for good and was switched off.
    ChannelFailing,
    /// What happened outside of the hours of a channel.
    Summary,
    /// What happened in a day or a week.
    Digest,
    /// Somebody pressed *Test*.
    Test,
}

impl Event {
    /// All of them.
    pub const ALL: [Self; 23] = [
        Self::Opened,
        Self::Worsened,
        Self::Flapping,
        Self::Settled,
        Self::Reminder,
        Self::Escalated,
        Self::Acknowledged,
        Self::Resolved,
        Self::CertificateExpiring,
        Self::CredentialExpiring,
        Self::ToolsChanged,
        Self::AuthorizationOpened,
        Self::AuthorizationRequired,
        Self::AuthorizationBroken,
        Self::AuthorizationRestored,
        Self::BudgetBurning,
        Self::NodeSilent,
        Self::NodeBack,
        Self::NodeTroubled,
        Self::ChannelFailing,
        Self::Summary,
        Self::Digest,
        Self::Test,
    ];

    /// The word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Worsened => "worsened",
            Self::Flapping => "flapping",
            Self::Settled => "settled",
            Self::Reminder => "reminder",
            Self::Escalated => "escalated",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
            Self::CertificateExpiring => "certificate_expiring",
            Self::CredentialExpiring => "credential_expiring",
            Self::ToolsChanged => "tools_changed",
            Self::AuthorizationOpened => "authorization_opened",
            Self::AuthorizationRequired => "authorization_required",
            Self::AuthorizationBroken => "authorization_broken",
            Self::AuthorizationRestored => "authorization_restored",
            Self::BudgetBurning => "budget_burning",
            Self::NodeSilent => "node_silent",
            Self::NodeBack => "node_back",
            Self::NodeTroubled => "node_troubled",
            Self::ChannelFailing => "channel_failing",
            Self::Summary => "summary",
            Self::Digest => "digest",
            Self::Test => "test",
        }
    }

    /// Reads the word that is stored.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == word)
    }

    /// Whether it calls people to trouble: what maintenance holds back.
    pub fn is_alarm(self) -> bool {
        matches!(
            self,
            Self::Opened
                | Self::Worsened
                | Self::Flapping
                | Self::Settled
                | Self::Reminder
                | Self::Escalated
        )
    }

    /// Whether it tells what became of trouble: told to whoever was told of the trouble.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Acknowledged | Self::Resolved)
    }

    /// The type that a webhook receiver sees.
    pub fn webhook_type(self) -> &'static str {
        match self {
            Self::Opened | Self::Worsened | Self::Flapping | Self::Escalated => "incident.opened",
            Self::Settled | Self::Reminder => "incident.reminder",
            Self::Acknowledged => "incident.acknowledged",
            Self::Resolved => "incident.resolved",
            Self::CertificateExpiring => "certificate.expiring",
            Self::CredentialExpiring => "credential.expiring",
            Self::ToolsChanged => "tools.changed",
            Self::AuthorizationOpened => "authorization.opened",
            Self::AuthorizationRequired => "authorization.required",
            Self::AuthorizationBroken => "authorization.broken",
            Self::AuthorizationRestored => "authorization.restored",
            Self::BudgetBurning => "budget.burning",
            Self::NodeSilent => "node.silent",
            Self::NodeBack => "node.back",
            Self::NodeTroubled => "node.troubled",
            Self::ChannelFailing => "channel.failing",
            Self::Summary => "summary",
            Self::Digest => "digest",
            Self::Test => "channel.test",
        }
    }
}

impl From<NodeNews> for Event {
    fn from(news: NodeNews) -> Self {
        match news {
            NodeNews::Silent => Self::NodeSilent,
            NodeNews::Back | NodeNews::Calm => Self::NodeBack,
            NodeNews::Troubled => Self::NodeTroubled,
        }
    }
}
