//! What the facts of a check mean to the lints. Pure; a lint that does not hold for the revision
//! which the server speaks keeps silent.

use super::{Fact, Level, Lint, NEWEST_LEGACY, TimeToLive};
use crate::domain::observation::{Era, Observation, StepName, Transport};
use crate::domain::trouble::Trouble;
use crate::domain::verdict::{Finding, Severity};

/// Shorter session ids can be guessed.
const MIN_SESSION_ID: usize = 16;
/// The answer to a method that there is not.
const METHOD_NOT_FOUND: i64 = -32_601;
/// Errors of the stateless revision between those that it reserves.
const KNOWN_ERRORS: std::ops::RangeInclusive<i64> = -32_022..=-32_020;

/// The findings of the lints.
pub(in crate::domain) fn findings(seen: &Observation) -> Vec<Finding> {
    let newest = seen.server.version.as_deref();
    // A server of both generations is judged by the newer one, its handshake by the older.
    let spoken = |lint: Lint| match lint.revisions() {
        "legacy" => seen.server.negotiated(),
        _ => newest,
    };
    let mut remarks: Vec<(Lint, String)> = Vec::new();
    for fact in &seen.facts {
        remark(fact, &mut remarks);
    }
    whole(seen, &mut remarks);
    if let Some(surface) = &seen.tools {
        remarks.extend(surface.remarks.iter().cloned());
    }
    let mut told: Vec<Lint> = Vec::new();
    let mut is_new = |lint: Lint| {
        !told.contains(&lint) && {
            told.push(lint);
            true
        }
    };
    remarks
        .into_iter()
        .filter(|(lint, _)| lint.holds_for(spoken(*lint)) && is_new(*lint))
        .map(|(lint, message)| Finding {
            code: lint.into(),
            severity: severity(lint),
            message,
            spec: Some(lint.spec(spoken(lint))),
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
fn remark(fact: &Fact, remarks: &mut Vec<(Lint, String)>) {
    let mut say = |lint: Lint, message: String| remarks.push((lint, message));
    match fact {
        Fact::SessionId {
            len,
            is_number,
            is_repeated,
        } => {
            let what = match (*is_repeated, *is_number) {
                (true, _) => "is the same as at the check before",
                (_, true) => "is a number",
                _ if *len < MIN_SESSION_ID => "is short",
                _ => return,
            };
            let message = format!("The session id {what} ({len} characters); it can be guessed.");
            say(Lint::SessionEntropy, message);
        }
        Fact::SessionEnded { status } if !matches!(status, 200..=299 | 404 | 405 | 501) => {
            let message = format!("The end of the session (DELETE) was answered with {status}.");
            say(Lint::Delete405OrOk, message);
        }
        Fact::SessionOnModern => say(
            Lint::SessionOnModern,
            "An answer names a session, which this revision does not have.".to_owned(),
        ),
        Fact::NotificationBody { len } => say(
            Lint::Notif202Empty,
            format!("A notification was answered with a body of {len} bytes."),
        ),
        Fact::OddCapability { name, what } => {
            say(Lint::CapsShape, format!("The capability '{name}' {what}."));
        }
        Fact::StreamHead { unbuffered: false } => say(
            Lint::SseAccelHeader,
            "An event stream does not say X-Accel-Buffering: no; proxies may hold it back."
                .to_owned(),
        ),
        Fact::Stream { primed, ended } => {
            if !primed {
                let message = "An event stream begins without an event that has an id and no data.";
                say(Lint::SsePriming, message.to_owned());
            }
            if !ended {
                let message = "An event stream stays open after its answer.";
                say(Lint::SseEndsAfterReply, message.to_owned());
            }
        }
        Fact::ServerRequest { method } => say(
            Lint::SseServerRequest,
            format!("The server sent a request of its own ({method}) inside an answer."),
        ),
        Fact::UnaskedLog => say(
            Lint::NotifUnrequestedLog,
            "The server sent log messages that nobody asked for.".to_owned(),
        ),
        Fact::RpcError {
            code,
            has_id,
            is_modern,
        } => {
            if !has_id {
                let message = "A JSON-RPC error names no request.";
                say(Lint::ErrorIdMissing, message.to_owned());
            }
            if let Some(code @ (-32_099..=-32_020 | -32_002)) = code
                && *is_modern
                && !KNOWN_ERRORS.contains(code)
            {
                let message = format!("The error code {code} is reserved.");
                say(Lint::ErrorCodeReserved, message);
            }
        }
        Fact::ModernResult {
            has_type,
            has_server,
            ttl,
            scope,
            is_page: _,
        } => modern_result((*has_type, *has_server), *ttl, scope.as_deref(), remarks),
        Fact::Tried(tried) => {
            let message = format!("{}; instead {}.", tried.lint.words(), tried.instead);
            say(tried.lint, message);
        }
        Fact::SessionEnded { .. } | Fact::StreamHead { .. } => {}
    }
}

/// What a result of 2026-07-28 should hold, beside what was asked for.
fn modern_result(
    (has_type, has_server): (bool, bool),
    ttl: TimeToLive,
    scope: Option<&str>,
    remarks: &mut Vec<(Lint, String)>,
) {
    let mut say = |lint: Lint, message: String| remarks.push((lint, message));
    if !has_type {
        say(
            Lint::ResultType,
            "A result does not say its resultType.".to_owned(),
        );
    }
    if !has_server {
        let message = "A result does not name its server in _meta.";
        say(Lint::DiscoverServerInfo, message.to_owned());
    }
    match ttl {
        TimeToLive::Fine => {}
        TimeToLive::Missing => say(Lint::TtlMs, "A list has no ttlMs.".to_owned()),
        TimeToLive::Odd => {
            let message = "The ttlMs of a list is no integer, or negative.";
            say(Lint::TtlMs, message.to_owned());
        }
    }
    if let Some(scope) = scope.filter(|scope| !matches!(*scope, "public" | "private")) {
        let message = format!("The cacheScope of a list is {scope}, not public or private.");
        say(Lint::CacheScope, message);
    }
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
            let message = format!(
                "The server has a blank {} in serverInfo.",
                blank.join(" and ")
            );
            remarks.push((Lint::ServerInfoBlank, message));
        }
    }
    if let Some(stop) = &seen.stopped
        && stop.at == StepName::ToolsList
        && matches!(&stop.trouble, Trouble::Rpc(error) if error.code == Some(METHOD_NOT_FOUND))
    {
        let message = "Tools are declared and tools/list does not exist.";
        remarks.push((Lint::CapsVsBehaviour, message.to_owned()));
    }
    if seen.memory.tools.reordered {
        let message = "The same tools came in another order than at the check before.";
        remarks.push((Lint::ToolsOrder, message.to_owned()));
    }
    let scopes: Vec<&String> = scopes(seen);
    if scopes.windows(2).any(|pair| pair[0] != pair[1]) {
        let message = "The pages of the list have different cacheScopes.";
        remarks.push((Lint::CacheScopePages, message.to_owned()));
    }
    remembered(seen, remarks);
    let capabilities = seen.server.capabilities.as_ref();
    if capabilities.is_some_and(|names| names.iter().any(|name| name == "logging")) {
        let message = "The capability 'logging' is on its way out.";
        remarks.push((Lint::DeprecatedCaps, message.to_owned()));
    }
}

/// What is known from checks before, or only in comparison with them.
fn remembered(seen: &Observation, remarks: &mut Vec<(Lint, String)>) {
    let mut say = |lint: Lint, message: &str| remarks.push((lint, message.to_owned()));
    let (server, memory) = (&seen.server, &seen.memory.lints);
    if seen.memory.tools.comes_and_goes() {
        let message = "In the last checks, each on a connection of its own, the same lists of tools came and went.";
        say(Lint::ToolsPerConnection, message);
    }
    if server.era == Some(Era::Modern) && memory.names_versions == Some(false) {
        let message = "The refusal of initialize names no version that the server speaks.";
        say(Lint::ModernOnlyNamesVersions, message);
    }
    if let Some(status) = memory.without_session {
        let message = format!("A request without its session was answered with {status}.");
        say(Lint::SessionMissing400, &message);
    }
    let Some(listed) = &memory.listed else { return };
    let lists = |version: &str| listed.iter().any(|one| one == version);
    if server
        .version
        .as_deref()
        .is_some_and(|spoken| !lists(spoken))
        || lists("")
    {
        let message =
            "supportedVersions does not name the version that works, or holds what is no text.";
        say(Lint::DiscoverVersions, message);
    }
    let negotiated = server.negotiated();
    if negotiated.is_some_and(|version| version < NEWEST_LEGACY) && lists(NEWEST_LEGACY) {
        let message = format!(
            "The server lists {NEWEST_LEGACY} and answers an offer of it with {}.",
            negotiated.unwrap_or_default()
        );
        say(Lint::InitVersionEcho, &message);
    }
}

/// For whom the pages of tools say to hold.
fn scopes(seen: &Observation) -> Vec<&String> {
    let is_page = |fact: &&Fact| matches!(fact, Fact::ModernResult { is_page: true, .. });
    let pages = seen.facts.iter().filter(is_page);
    pages
        .filter_map(|fact| match fact {
            Fact::ModernResult { scope, .. } => scope.as_ref(),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::at::At;
    use crate::domain::observation::ProbeMemory;

    fn lints(version: &str, facts: &[Fact]) -> Vec<&'static str> {
        let mut seen = Observation::begun(At(0), ProbeMemory::default());
        seen.server.version = Some(version.to_owned());
        seen.facts = facts.to_vec();
        findings(&seen)
            .iter()
            .map(|finding| finding.code.as_str())
            .collect()
    }

    #[test]
    fn a_fact_is_judged_by_the_revision_that_is_spoken() {
        let stream = [Fact::Stream {
            primed: false,
            ended: false,
        }];
        assert_eq!(
            lints("2025-11-25", &stream),
            ["sse_priming", "sse_ends_after_reply"]
        );
        assert_eq!(lints("2025-06-18", &stream), ["sse_ends_after_reply"]);
        assert_eq!(lints("2024-11-05", &stream), [""; 0]);
        let error = |code| {
            [Fact::RpcError {
                code: Some(code),
                has_id: false,
                is_modern: true,
            }]
        };
        assert_eq!(
            lints("2026-07-28", &error(-32_042)),
            ["error_code_reserved"]
        );
        assert_eq!(lints("2026-07-28", &error(-32_020)), [""; 0]);
        assert_eq!(lints("2025-06-18", &error(-32_601)), ["error_id_missing"]);
    }

    #[test]
    fn a_result_of_the_stateless_revision_says_what_it_must() {
        let result = |scope: &str, ttl| Fact::ModernResult {
            has_type: true,
            has_server: true,
            ttl,
            scope: Some(scope.to_owned()),
            is_page: true,
        };
        let fine = result("public", TimeToLive::Fine);
        assert_eq!(lints("2026-07-28", std::slice::from_ref(&fine)), [""; 0]);
        let pages = [fine.clone(), result("private", TimeToLive::Fine)];
        assert_eq!(lints("2026-07-28", &pages), ["cache_scope_pages"]);
        let odd = [result("shared", TimeToLive::Odd)];
        assert_eq!(lints("2026-07-28", &odd), ["ttl_ms", "cache_scope"]);
        let bare = [Fact::ModernResult {
            has_type: false,
            has_server: false,
            ttl: TimeToLive::Missing,
            scope: None,
            is_page: false,
        }];
        assert_eq!(
            lints("2026-07-28", &bare),
            ["result_type", "discover_server_info", "ttl_ms"]
        );
        assert_eq!(lints("2025-11-25", &bare), [""; 0]);
    }
}
