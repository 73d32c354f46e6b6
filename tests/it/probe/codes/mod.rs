//! Every failure code, and a server that behaves so: probed for real, judged for real.
//!
//! To add a code, add one line to the file of its layer:
//!
//! ```ignore
//! row(Code::Http404, Down, script(status(404))),
//! ```
//!
//! Then `INSTA_UPDATE=always cargo nextest run -E 'test(/^probe::codes/)'` writes `docs/failures.md`
//! anew. The status is what the code leads to; a code that leads to several has several rows. The
//! scene is anything that ends in a [`Checked`]: [`script`], [`script_briefly`] for servers that
//! keep us waiting, [`with`] for a probe that needs more than an address. What no server can cause
//! stands in [`NOT_BY_A_SERVER`].

mod auth;
mod connection;
mod eras;
mod exchange;
mod messages;
mod tools;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::pin::Pin;

use fake_mcp::{FakeMcp, Script};
use futures_util::StreamExt;
use lifesign::domain::failure::Code;
use lifesign::domain::verdict::CheckStatus;

use super::{Checked, Probe, check};

/// How many servers are probed at once.
const AT_ONCE: usize = 10;
/// How long a server may keep us waiting that does so on purpose; others share the machine.
const BRIEFLY: u64 = 1_500;

/// Codes that no server causes, what they lead to, and why they are there.
const NOT_BY_A_SERVER: [(Code, LeadsTo, &str); 3] = [
    (
        Code::HttpsOnly,
        LeadsTo::Finding,
        "told of public addresses only, and no test reaches one",
    ),
    (
        Code::MonitorError,
        LeadsTo::Unknown,
        "our own trouble: no sockets, no memory, a fault of ours",
    ),
    (
        Code::TlsRevoked,
        LeadsTo::Down,
        "no list of revoked certificates is fetched, so that only the verifier could tell",
    ),
];

/// What a code leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LeadsTo {
    /// The check is down, for this reason.
    Down,
    /// The check is degraded, for this reason.
    Degraded,
    /// The check measured nothing.
    Unknown,
    /// The server is up behind a wall.
    Gated,
    /// A finding beside whatever the status is.
    Finding,
}

impl LeadsTo {
    fn words(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Degraded => "degraded",
            Self::Unknown => "unknown",
            Self::Gated => "up, gated",
            Self::Finding => "finding",
        }
    }

    /// Whether `checked` led to this for `code`.
    fn is_shown_by(self, code: Code, checked: &Checked) -> bool {
        let verdict = &checked.verdict;
        let status = match self {
            Self::Down => CheckStatus::Down,
            Self::Degraded => CheckStatus::Degraded,
            Self::Unknown => CheckStatus::Unknown,
            Self::Gated => CheckStatus::Up,
            Self::Finding => return checked.findings().contains(&code),
        };
        checked.code() == Some(code)
            && verdict.status == status
            // What nobody can log in to is degraded behind its wall.
            && (self == Self::Degraded || verdict.gated == (self == Self::Gated))
    }
}

type Scene = Pin<Box<dyn Future<Output = Checked> + Send>>;

/// One line of the table.
pub(super) struct Row {
    code: Code,
    leads_to: LeadsTo,
    scene: Scene,
}

/// A code, what it leads to, and a server that behaves so.
fn row(
    code: Code,
    leads_to: LeadsTo,
    scene: impl Future<Output = Checked> + Send + 'static,
) -> Row {
    Row {
        code,
        leads_to,
        scene: Box::pin(scene),
    }
}

/// A server with this script, probed once.
async fn script(script: impl Into<Script>) -> Checked {
    check(script).await.0
}

/// As [`script`], for servers that keep us waiting.
async fn script_briefly(script: impl Into<Script>) -> Checked {
    with(script, |probe| probe.timeout(BRIEFLY)).await
}

/// A server with this script, and a probe that is told more than its address.
async fn with(script: impl Into<Script>, tell: impl FnOnce(Probe) -> Probe) -> Checked {
    let server = FakeMcp::start(script).unwrap();
    tell(Probe::of(&server.url())).run().await
}

fn rows() -> Vec<Row> {
    let mut rows = connection::rows();
    rows.extend(exchange::rows());
    rows.extend(messages::rows());
    rows.extend(auth::rows());
    rows.extend(eras::rows());
    rows.extend(tools::rows());
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_code_is_reached_by_a_server_that_behaves_so() {
    let wrong: Vec<String> = futures_util::stream::iter(rows())
        .map(|row| async move {
            let checked = row.scene.await;
            let is_shown = row.leads_to.is_shown_by(row.code, &checked);
            (!is_shown).then(|| {
                let verdict = &checked.verdict;
                format!("{:?} {:?}: {verdict:?}", row.code, row.leads_to)
            })
        })
        .buffer_unordered(AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_has_a_row() {
    let shown: Vec<Code> = rows().iter().map(|row| row.code).collect();
    let missing: Vec<&str> = Code::ALL
        .iter()
        .filter(|code| !shown.contains(code))
        .filter(|code| NOT_BY_A_SERVER.iter().all(|(own, ..)| own != *code))
        .map(|code| code.as_str())
        .collect();
    assert!(missing.is_empty(), "codes without a row: {missing:?}");
}

#[expect(clippy::disallowed_methods, reason = "the same wish as for snapshots")]
#[test]
fn the_document_of_the_failures_is_what_the_code_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/failures.md");
    let expected = document();
    if std::env::var("INSTA_UPDATE").is_ok_and(|wish| wish == "always") {
        std::fs::write(path, &expected).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == expected,
        "docs/failures.md is stale: INSTA_UPDATE=always cargo nextest run -E 'test(/^probe::codes/)'"
    );
}

fn document() -> String {
    let mut leads: BTreeMap<&str, Vec<LeadsTo>> = BTreeMap::new();
    for row in rows() {
        leads
            .entry(row.code.as_str())
            .or_default()
            .push(row.leads_to);
    }
    for (code, leads_to, _) in NOT_BY_A_SERVER {
        leads.entry(code.as_str()).or_default().push(leads_to);
    }
    let mut layers: Vec<_> = Code::ALL.iter().map(|code| code.layer()).collect();
    layers.sort_unstable();
    layers.dedup();
    let mut text = HEAD.to_owned();
    for layer in layers {
        let name = serde_json::to_value(layer).unwrap();
        let _ = write!(text, "\n## {}\n\n", name.as_str().unwrap());
        text.push_str("| code | leads to | what it means | what to do |\n|---|---|---|---|\n");
        for code in Code::ALL.iter().filter(|code| code.layer() == layer) {
            let mut leads = leads.remove(code.as_str()).unwrap_or_default();
            leads.sort_unstable();
            leads.dedup();
            let words: Vec<&str> = leads.iter().map(|leads_to| leads_to.words()).collect();
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | {} |",
                code.as_str(),
                words.join("; "),
                code.words().replace('|', "\\|"),
                code.hint().replace('|', "\\|"),
            );
        }
    }
    text.push_str("\n## Not caused by a server\n\n");
    for (code, _, why) in NOT_BY_A_SERVER {
        let _ = writeln!(text, "- `{}`: {why}.", code.as_str());
    }
    text
}

const HEAD: &str = "\
# Failure codes

Every check that is not plainly up says why with one code; what else is worth knowing comes as
findings, with codes of the same list. A code never changes its meaning. The layers are in the order
of the way to a server: the failure of a check is the heaviest thing that was seen, of equals the one
of the lowest layer.

*leads to* names the status of the check: `down`, `degraded`, `unknown` (nothing was measured, never
counted against the server), `up, gated` (alive behind a wall that we have no credentials for), or a
*finding*, which leaves the status alone.

This page is written by `tests/it/probe/codes`, where each line has a server that behaves so; do not
edit it by hand.
";
