//! The kinds of channels and what each can be set to: one table.

use serde::{Deserialize, Serialize};

/// Who brings a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A mail to one address.
    Email,
    /// A signed request to a URL (Standard Webhooks).
    Webhook,
    /// An incoming webhook of Slack.
    Slack,
    /// A webhook of Discord.
    Discord,
    /// A workflow webhook of Microsoft Teams.
    Teams,
    /// A webhook of a Google Chat space.
    GoogleChat,
    /// An incoming webhook of Mattermost.
    Mattermost,
    /// A bot of Telegram.
    Telegram,
    /// A room of Matrix.
    Matrix,
    /// A topic of ntfy.
    Ntfy,
    /// An application of Gotify.
    Gotify,
    /// Pushover.
    Pushover,
    /// A service of `PagerDuty` (Events v2).
    #[serde(rename = "pagerduty")]
    PagerDuty,
    /// Opsgenie.
    Opsgenie,
}

/// How a setting is written, and how much of it is shown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A mail address.
    Email,
    /// A URL whose query may hold a key: shown without it.
    Url,
    /// A URL that is a secret as a whole: only its host is shown.
    Hook,
    /// A word of the service: a room, a topic.
    Word,
    /// A token: never shown.
    Secret,
}

impl Form {
    /// Whether it is never shown again, and kept where it is left empty.
    pub fn is_secret(self) -> bool {
        matches!(self, Self::Hook | Self::Secret)
    }
}

/// One thing that a kind can be set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in the API and in the form.
    pub name: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// How it is written.
    pub form: Form,
    /// What holds where nothing is given; without it the setting is required.
    pub default: Option<&'static str>,
    /// Where to find it.
    pub hint: &'static str,
}

impl Field {
    /// Whether it is never shown again.
    pub fn is_secret(&self) -> bool {
        self.form.is_secret()
    }
}

const fn required(
    name: &'static str,
    label: &'static str,
    form: Form,
    hint: &'static str,
) -> Field {
    Field {
        name,
        label,
        form,
        default: None,
        hint,
    }
}

/// The address of a service that can stand elsewhere, too.
const fn server(default: &'static str, hint: &'static str) -> Field {
    Field {
        name: "server",
        label: "Server",
        form: Form::Url,
        default: Some(default),
        hint,
    }
}

const EMAIL: &[Field] = &[required("to", "Mail address", Form::Email, "")];
const WEBHOOK: &[Field] = &[required(
    "url",
    "URL",
    Form::Url,
    "Gets a signed JSON request (Standard Webhooks). The secret is shown once, on the next page.",
)];
const SLACK: &[Field] = &[required(
    "url",
    "Webhook URL",
    Form::Hook,
    "From the app's Incoming Webhooks; it begins with https://hooks.slack.com/services/.",
)];
const DISCORD: &[Field] = &[required(
    "url",
    "Webhook URL",
    Form::Hook,
    "From the channel's settings, Integrations, Webhooks.",
)];
const TEAMS: &[Field] = &[required(
    "url",
    "Workflow URL",
    Form::Hook,
    "From the workflow “Post to a channel when a webhook request is received”.",
)];
const GOOGLE_CHAT: &[Field] = &[required(
    "url",
    "Webhook URL",
    Form::Hook,
    "From the space's menu, Apps and integrations, Webhooks.",
)];
const MATTERMOST: &[Field] = &[required(
    "url",
    "Webhook URL",
    Form::Hook,
    "From Integrations, Incoming Webhooks.",
)];
const TELEGRAM: &[Field] = &[
    required(
        "chat",
        "Chat",
        Form::Word,
        "The number of the chat, or @name of a public channel; the bot must be in it.",
    ),
    required("token", "Bot token", Form::Secret, "From @BotFather."),
    server(
        "https://api.telegram.org",
        "Another one only for a Bot API server of your own.",
    ),
];
const MATRIX: &[Field] = &[
    required(
        "room",
        "Room",
        Form::Word,
        "Its internal id, like !abc:example.com; the user must have joined it.",
    ),
    required(
        "server",
        "Homeserver",
        Form::Url,
        "Like https://matrix.example.com.",
    ),
    required(
        "token",
        "Access token",
        Form::Secret,
        "Of the user who speaks.",
    ),
];
const NTFY: &[Field] = &[
    required("topic", "Topic", Form::Word, ""),
    Field {
        name: "token",
        label: "Access token",
        form: Form::Secret,
        default: Some(""),
        hint: "Where the topic is protected.",
    },
    server("https://ntfy.sh", "Another one for a server of your own."),
];
const GOTIFY: &[Field] = &[
    required(
        "server",
        "Server",
        Form::Url,
        "Like https://gotify.example.com.",
    ),
    required("token", "Application token", Form::Secret, "From Apps."),
];
const PUSHOVER: &[Field] = &[
    required("user", "User or group key", Form::Secret, ""),
    required("token", "Application token", Form::Secret, ""),
    server("https://api.pushover.net", "Another one only for a relay."),
];
const PAGERDUTY: &[Field] = &[
    required(
        "routing_key",
        "Integration key",
        Form::Secret,
        "Of an Events API v2 integration.",
    ),
    server(
        "https://events.pagerduty.com",
        "https://events.eu.pagerduty.com for the EU service region.",
    ),
];
const OPSGENIE: &[Field] = &[
    required("api_key", "API key", Form::Secret, "Of an API integration."),
    server(
        "https://api.opsgenie.com",
        "https://api.eu.opsgenie.com for the EU instance.",
    ),
];

impl Kind {
    /// Every kind, in the order in which people are offered them.
    pub const ALL: &[Self] = &[
        Self::Email,
        Self::Webhook,
        Self::Slack,
        Self::Discord,
        Self::Teams,
        Self::GoogleChat,
        Self::Mattermost,
        Self::Telegram,
        Self::Matrix,
        Self::Ntfy,
        Self::Gotify,
        Self::Pushover,
        Self::PagerDuty,
        Self::Opsgenie,
    ];

    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::Discord => "discord",
            Self::Teams => "teams",
            Self::GoogleChat => "google_chat",
            Self::Mattermost => "mattermost",
            Self::Telegram => "telegram",
            Self::Matrix => "matrix",
            Self::Ntfy => "ntfy",
            Self::Gotify => "gotify",
            Self::Pushover => "pushover",
            Self::PagerDuty => "pagerduty",
            Self::Opsgenie => "opsgenie",
        }
    }

    /// Reads the word of the contract.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }

    /// The name of the service, as it writes itself.
    pub fn title(self) -> &'static str {
        match self {
            Self::Email => "Email",
            Self::Webhook => "Webhook",
            Self::Slack => "Slack",
            Self::Discord => "Discord",
            Self::Teams => "Microsoft Teams",
            Self::GoogleChat => "Google Chat",
            Self::Mattermost => "Mattermost",
            Self::Telegram => "Telegram",
            Self::Matrix => "Matrix",
            Self::Ntfy => "ntfy",
            Self::Gotify => "Gotify",
            Self::Pushover => "Pushover",
            Self::PagerDuty => "PagerDuty",
            Self::Opsgenie => "Opsgenie",
        }
    }

    /// What it can be set to; the first field says where it goes.
    pub fn fields(self) -> &'static [Field] {
        match self {
            Self::Email => EMAIL,
            Self::Webhook => WEBHOOK,
            Self::Slack => SLACK,
            Self::Discord => DISCORD,
            Self::Teams => TEAMS,
            Self::GoogleChat => GOOGLE_CHAT,
            Self::Mattermost => MATTERMOST,
            Self::Telegram => TELEGRAM,
            Self::Matrix => MATRIX,
            Self::Ntfy => NTFY,
            Self::Gotify => GOTIFY,
            Self::Pushover => PUSHOVER,
            Self::PagerDuty => PAGERDUTY,
            Self::Opsgenie => OPSGENIE,
        }
    }

    /// Whether a channel of this kind can have a subject in words of its own. What a webhook gets
    /// is a contract.
    pub fn takes_subject(self) -> bool {
        self != Self::Webhook
    }

    /// Whether it keeps an alert open until it is told of the end.
    pub fn keeps_alerts(self) -> bool {
        matches!(self, Self::PagerDuty | Self::Opsgenie)
    }

    /// Whether it can have a body in words of its own.
    pub fn takes_body(self) -> bool {
        !matches!(self, Self::Webhook | Self::PagerDuty)
    }
}
