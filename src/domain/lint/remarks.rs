//! What the facts of a check mean to the lints. Pure; a lint that does not hold for the revision
//! which the server speaks keeps silent.

use super::{Fact, Level, Lint};
use crate::domain::observation::{Observation, Transport};
use crate::domain::verdict::{Finding, Severity};

/// Shorter session ids can be guessed.
const MIN_SESSION_ID: usize = 16;

/// The findings of the lints.
pub(in crate::domain) fn findings(seen: &Observation) -> Vec<Finding> {
    let version = seen.server.version.as_deref();
    let mut remarks: Vec<(Lint, String)> = seen.facts.iter().filter_map(remark).collect();
    whole(seen, &mut remarks);
    remarks
        .into_iter()
        .filter(|(lint, _)| lint.holds_for(version))
        .map(|(lint, message)| Finding {
            code: lint.into(),
            severity: severity(lint),
            message,
            spec: Some(lint.spec(version)),
            level: Some(lint.level()),
        })
        .collect()
}

fn severity(lint: Lint) -> Severity {
    match lint.level() {
        Level::Must | Level::MustNot | Level::Schema => Severity::Warning,
        _ => Severity::Info,
    }
}

/// What one fact means.
fn remark(fact: &Fact) -> Option<(Lint, String)> {
    Some(match fact {
        Fact::SessionId { len, is_number } if *is_number || *len < MIN_SESSION_ID => {
            let what = if *is_number {
                "is a number"
            } else {
                "is short"
            };
            let message = format!("The session id {what} ({len} characters); it can be guessed.");
            (Lint::SessionEntropy, message)
        }
        Fact::SessionEnded { status } if !matches!(status, 200..=299 | 404 | 405 | 501) => {
            let message = format!("The end of the session (DELETE) was answered with {status}.");
            (Lint::Delete405OrOk, message)
        }
        _ => return None,
    })
}

/// What the check as a whole means.
fn whole(seen: &Observation, remarks: &mut Vec<(Lint, String)>) {
    if seen.server.transport == Some(Transport::Sse) && seen.server.version.is_some() {
        remarks.push((
            Lint::DeprecatedTransport,
            "The server speaks HTTP+SSE, which Streamable HTTP has superseded.".to_owned(),
        ));
    }
    if let Some(server) = &seen.server.server {
        let is_blank = |text: &Option<String>| text.as_ref().is_some_and(|t| t.trim().is_empty());
        let blank: Vec<&str> = [("name", &server.name), ("version", &server.version)]
            .into_iter()
            .filter(|(_, text)| is_blank(text))
            .map(|(member, _)| member)
            .collect();
        if !blank.is_empty() {
            remarks.push((
                Lint::ServerInfoBlank,
                format!(
                    "The server has a blank {} in serverInfo.",
                    blank.join(" and ")
                ),
            ));
        }
    }
}
