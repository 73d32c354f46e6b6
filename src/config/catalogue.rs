//! Every setting with its default and what it is for: what the example file says.

use std::fmt::Write as _;

/// Every setting: its name in the file, its default as shown in the example, what it is for.
pub const SETTINGS: &[(&str, &str, &str)] = &[
    (
        "listen",
        "127.0.0.1:8080",
        "Address and port that the pages and the API are served on.",
    ),
    (
        "database_url",
        "sqlite://data/lifesign.db",
        "Where everything is kept: an embedded file, made at the first start, or postgres://user:password@host/name.",
    ),
    (
        "public_url",
        "",
        "How people reach this service, for links in mails; from `listen` when empty.",
    ),
    (
        "secret_key",
        "",
        "64 hexadecimal digits that seal credentials at rest. Empty: made at the first start in data/secret.key. Required with PostgreSQL, the same on every node.",
    ),
    (
        "smtp_url",
        "",
        "Mail host: smtp://user:password@host:587?tls=required, or smtps://user:password@host. Empty: email channels say that mail is not set up.",
    ),
    ("mail_from", "", "Sender of mails, like alerts@example.com."),
    (
        "smtp_ca_file",
        "",
        "Certificates (PEM) to trust for the mail host, beside the usual ones.",
    ),
    (
        "ca_file",
        "",
        "Certificates (PEM) to trust for watched servers and webhooks, beside the usual ones.",
    ),
    (
        "allow_targets",
        "",
        "Which addresses that are not public may be watched and told: `private`, `loopback`, or networks like 10.0.0.0/8, separated by commas.",
    ),
    (
        "signups",
        "closed",
        "Who may make an account, beside `lifesign user add`. `closed`: owners of the oldest team invite anybody, other owners only who has an account already. `invite`: every owner invites anybody. `open`: everybody makes an account with a team of their own at /signup.",
    ),
    (
        "resolver",
        "dns",
        "How names are looked up: `dns` asks the name servers and knows why it fails, `system` asks the operating system.",
    ),
    (
        "location",
        "local",
        "The name of the place that this node probes from.",
    ),
    ("roles", "web,probe,alert", "What this node does."),
    (
        "node_name",
        "",
        "The name of this node; the host name when empty.",
    ),
    ("max_in_flight", "2000", "Most probes at once."),
    (
        "retention_checks",
        "14d",
        "How long single checks are kept.",
    ),
    (
        "retention_rollups",
        "400d",
        "How long hourly figures are kept; daily ones are kept for ever.",
    ),
    (
        "metrics_token",
        "",
        "Bearer token for /metrics from other machines; without one only this machine may read them.",
    ),
    (
        "canary_addresses",
        "",
        "Up to five addresses, like `1.1.1.1:443, 8.8.8.8:53`, that answer as long as the network of this node works. When a check cannot reach its server they are connected to, at most every five seconds; when none of them answers, it is our own trouble and no outage of the server. Empty: only three or more hosts that fail together tell.",
    ),
    (
        "heartbeat_url",
        "",
        "Address that is asked once a minute while this node does its work: a watcher elsewhere that raises the alarm when it hears nothing.",
    ),
    (
        "agent_server",
        "",
        "For `lifesign agent`: where its server is, like https://status.example.com.",
    ),
    (
        "agent_token",
        "",
        "For `lifesign agent`: the token that was shown when the agent was made.",
    ),
    (
        "agent_data",
        "data/agent",
        "For `lifesign agent`: the folder where results wait while the server is away.",
    ),
    (
        "log",
        "info",
        "What is logged: error, warn, info, debug, or filters like lifesign=debug.",
    ),
];

/// The example file: every setting with its default, commented out.
pub fn example() -> String {
    let mut text = String::from(
        "# Every setting of Lifesign with its default. Copy what you change to lifesign.toml;\n\
         # an environment variable LIFESIGN_NAME wins over the file.\n",
    );
    for (name, default, doc) in SETTINGS {
        let _ = write!(text, "\n# {doc}\n# {name} = \"{default}\"\n");
    }
    text
}
