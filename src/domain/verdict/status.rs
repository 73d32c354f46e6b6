//! What an answer with an unwelcome status means (mcp.md §4.2); walls are
//! judged in `auth.rs`.

use super::{Effect, Opinion, auth};
use crate::domain::failure::Code;
use crate::domain::observation::{Observation, StepName};
use crate::domain::trouble::{RpcError, StatusSeen};

/// Words of a body that name the Host or Origin header as the reason of a refusal.
const HOST_WORDS: [&str; 10] = [
    "host header",
    "invalid host",
    "http_host",
    "host not allowed",
    "host is not allowed",
    "disallowed host",
    "invalid origin",
    "origin header",
    "origin not allowed",
    "origin is not allowed",
];

pub(super) fn opinion(
    seen: &StatusSeen,
    at: StepName,
    has_credentials: bool,
    observation: &Observation,
) -> Opinion {
    let said = said(seen);
    let down = |code| {
        Opinion::down(
            code,
            format!("{} answered {}{said}.", what(at), seen.status),
        )
    };
    match seen.status {
        401 => auth::refused(seen, at, has_credentials, observation),
        400 if auth::is_oauth(seen) => auth::refused(seen, at, has_credentials, observation),
        402 => Opinion::new(
            Effect::Gated,
            Code::PaymentRequired,
            "The server asks for payment (402).",
        ),
        421 => host_rejected(seen),
        400 | 403 if names_host(seen) => host_rejected(seen),
        403 | 503 if is_challenge(seen) => Opinion::degraded(
            Code::WafBlocked,
            format!(
                "A bot protection answered {} in place of the server.",
                seen.status
            ),
        ),
        403 => auth::forbidden(seen, has_credentials, &said),
        429 => Opinion::new(
            Effect::Unknown,
            Code::RateLimited,
            match seen.retry_after {
                Some(seconds) => {
                    format!("The server asks us to stay away for {seconds} s (429).")
                }
                None => "The server answers 429 (too many requests).".to_owned(),
            },
        ),
        400 => down(Code::Http400),
        404 => down(Code::Http404),
        405 => down(Code::Http405),
        406 => down(Code::Http406),
        410 => down(Code::Http410),
        411 | 413 | 431 => down(Code::Http413431),
        415 => down(Code::Http415),
        500 => down(Code::Http500),
        502 => down(Code::Http502),
        503 => down(Code::Http503),
        504 => down(Code::Http504),
        520..=527 | 530 => down(Code::EdgeOriginError),
        status if status >= 500 => down(Code::Http5xx),
        _ => down(Code::Http4xx),
    }
}

/// The JSON-RPC error of a server that refuses a request with 400 or 404: it speaks, and what it
/// says tells more than its status.
pub(super) fn error_inside(seen: &StatusSeen) -> Option<&RpcError> {
    (matches!(seen.status, 400 | 404) && !auth::is_oauth(seen) && !names_host(seen))
        .then_some(seen.rpc.as_ref())?
}

/// The request of a step, as the subject of a sentence.
pub(super) fn what(at: StepName) -> &'static str {
    match at {
        StepName::OpenStream => "GET of the event stream",
        StepName::Initialize => "POST initialize",
        StepName::Initialized => "POST notifications/initialized",
        StepName::Discover => "POST server/discover",
        StepName::ToolsList => "POST tools/list",
        StepName::Canary => "POST tools/call",
        StepName::PromptsList => "POST prompts/list",
        StepName::ResourcesList => "POST resources/list",
        StepName::Ping => "POST ping",
        StepName::EndSession => "DELETE of the session",
        StepName::Authorization => "The login",
        StepName::Lints => "A request of a lint",
        StepName::Dns | StepName::Tcp | StepName::Tls => "The connection",
    }
}

fn said(seen: &StatusSeen) -> String {
    if let Some(rpc) = &seen.rpc {
        return format!(": {}", rpc.message.trim_end_matches('.'));
    }
    let first = seen.body.lines().next().unwrap_or_default().trim();
    if first.is_empty() || first.starts_with('<') || first.starts_with('{') || first.len() > 120 {
        return String::new();
    }
    format!(": {}", first.trim_end_matches('.'))
}

fn host_rejected(seen: &StatusSeen) -> Opinion {
    Opinion::down(
        Code::HostRejected,
        format!(
            "The server refuses this host name ({}){}.",
            seen.status,
            said(seen)
        ),
    )
}

fn names_host(seen: &StatusSeen) -> bool {
    let body = seen.body.to_ascii_lowercase();
    HOST_WORDS.iter().any(|word| body.contains(word))
}

fn is_challenge(seen: &StatusSeen) -> bool {
    let is_html = seen.media_type.as_deref() == Some("text/html");
    let body = seen.body.to_ascii_lowercase();
    let markup = [
        "challenge",
        "captcha",
        "just a moment",
        "access denied",
        "attention required",
    ];
    is_html && (seen.bot_protection || markup.iter().any(|word| body.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::at::At;
    use crate::domain::challenge::Challenge;
    use crate::domain::observation::{Outcome, ProbeMemory, Step};

    fn nothing() -> Observation {
        Observation::begun(At(0), ProbeMemory::default())
    }

    fn seen(status: u16) -> StatusSeen {
        StatusSeen {
            status,
            ..StatusSeen::default()
        }
    }

    fn challenged(status: u16, challenge: &str) -> StatusSeen {
        StatusSeen {
            challenges: Challenge::all([challenge]),
            ..seen(status)
        }
    }

    fn with_body(status: u16, media_type: &str, body: &str) -> StatusSeen {
        StatusSeen {
            media_type: Some(media_type.to_owned()),
            body: body.to_owned(),
            ..seen(status)
        }
    }

    #[test]
    fn a_status_is_judged_by_what_comes_with_it() {
        use Effect::{Degraded, Down, Gated, Unknown};
        let scope = r#"Bearer error="insufficient_scope", scope="a b""#;
        for (seen, stranger, known) in [
            (
                challenged(401, "Bearer resource_metadata=\"https://x\""),
                (Gated, Code::AuthRequired),
                (Down, Code::AuthInvalid),
            ),
            (
                challenged(401, "Basic realm=\"x\""),
                (Gated, Code::AuthNonBearer),
                (Down, Code::AuthInvalid),
            ),
            (
                challenged(401, "Basic realm=\"x\", Bearer"),
                (Gated, Code::AuthRequired),
                (Down, Code::AuthInvalid),
            ),
            (
                seen(401),
                (Gated, Code::AuthRequiredOpaque),
                (Down, Code::AuthInvalid),
            ),
            (
                challenged(400, "bearer error=invalid_request"),
                (Gated, Code::AuthRequired),
                (Down, Code::AuthInvalid),
            ),
            (
                challenged(403, scope),
                (Gated, Code::AuthRequired),
                (Degraded, Code::AuthInsufficientScope),
            ),
            (
                seen(403),
                (Gated, Code::AuthRequiredOpaque),
                (Down, Code::AuthInvalid),
            ),
            (
                with_body(403, "text/plain", "Invalid Host header"),
                (Down, Code::HostRejected),
                (Down, Code::HostRejected),
            ),
            (
                with_body(403, "text/html", "<title>Just a moment...</title>"),
                (Degraded, Code::WafBlocked),
                (Degraded, Code::WafBlocked),
            ),
            (
                seen(402),
                (Gated, Code::PaymentRequired),
                (Gated, Code::PaymentRequired),
            ),
            (
                seen(421),
                (Down, Code::HostRejected),
                (Down, Code::HostRejected),
            ),
            (
                seen(429),
                (Unknown, Code::RateLimited),
                (Unknown, Code::RateLimited),
            ),
            (seen(400), (Down, Code::Http400), (Down, Code::Http400)),
            (seen(404), (Down, Code::Http404), (Down, Code::Http404)),
            (seen(405), (Down, Code::Http405), (Down, Code::Http405)),
            (seen(406), (Down, Code::Http406), (Down, Code::Http406)),
            (seen(409), (Down, Code::Http4xx), (Down, Code::Http4xx)),
            (seen(410), (Down, Code::Http410), (Down, Code::Http410)),
            (
                seen(413),
                (Down, Code::Http413431),
                (Down, Code::Http413431),
            ),
            (seen(415), (Down, Code::Http415), (Down, Code::Http415)),
            (seen(500), (Down, Code::Http500), (Down, Code::Http500)),
            (seen(501), (Down, Code::Http5xx), (Down, Code::Http5xx)),
            (seen(502), (Down, Code::Http502), (Down, Code::Http502)),
            (seen(503), (Down, Code::Http503), (Down, Code::Http503)),
            (seen(504), (Down, Code::Http504), (Down, Code::Http504)),
            (
                seen(522),
                (Down, Code::EdgeOriginError),
                (Down, Code::EdgeOriginError),
            ),
        ] {
            for (has_credentials, expected) in [(false, stranger), (true, known)] {
                let opinion = opinion(&seen, StepName::Initialize, has_credentials, &nothing());
                assert_eq!((opinion.effect, opinion.code), expected, "{seen:?}");
            }
        }
    }

    #[test]
    fn credentials_that_work_for_one_request_only_are_flaky() {
        let mut greeted = nothing();
        let at = StepName::ToolsList;
        assert_eq!(
            opinion(&seen(401), at, true, &greeted).code,
            Code::AuthInvalid
        );
        greeted.steps.push(Step {
            name: StepName::Initialize,
            outcome: Outcome::Ok,
            ms: 1.0,
            detail: None,
        });
        assert_eq!(
            opinion(&seen(401), at, true, &greeted).code,
            Code::AuthFlaky
        );
    }
}
