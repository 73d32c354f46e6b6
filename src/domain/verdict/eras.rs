//! What it means when one generation of MCP is not served as it should be: requests of 2026-07-28
//! that fail, and servers of both generations of which one has failed.

use super::status::what;
use super::{Effect, Opinion, stopped};
use crate::domain::at::At;
use crate::domain::failure::Code;
use crate::domain::lint::Lint;
use crate::domain::memory::is_refusal_of_era;
use crate::domain::modern::MODERN;
use crate::domain::observation::{Era, Observation, Seen, StepName};
use crate::domain::trouble::{ModernTrouble, RpcError};

const STREAMABLE: &str = "2026-07-28 basic/transports/streamable-http";
const RESULTS: &str = "2026-07-28 basic";

/// A request of 2026-07-28 that ended the conversation.
pub(super) fn stopped(trouble: &ModernTrouble, at: StepName) -> Opinion {
    let what = what(at);
    match trouble {
        ModernTrouble::HeadersStripped(said) => Opinion::down(
            Code::ModernHeadersStripped,
            format!(
                "{what} was refused for its headers, which we sent (-32020){}.",
                colon(said)
            ),
        )
        .spec(STREAMABLE),
        ModernTrouble::MetaRejected(said) => Opinion::down(
            Code::ModernMetaRejected,
            format!(
                "{what} was refused for its parameters although _meta is complete (-32602){}.",
                colon(said)
            ),
        )
        .spec(RESULTS),
        ModernTrouble::VersionRefused { supported } => Opinion::down(
            Code::VersionUnsupported,
            match supported.as_slice() {
                [] => format!("{what} was refused for its version, {MODERN}."),
                versions => format!(
                    "{what} was refused for its version; the server names {}.",
                    versions.join(", ")
                ),
            },
        ),
        ModernTrouble::ResultType(kind) => Opinion::down(
            Code::ResultTypeInvalid,
            format!("The result of {what} is of the kind '{kind}', which no client expects."),
        )
        .spec(RESULTS),
        ModernTrouble::DiscoverInvalid(member) => Opinion::down(
            Code::DiscoverMissing,
            format!("The answer to {what} has no valid {member}."),
        )
        .about(Lint::DiscoverPresent),
        ModernTrouble::CapabilityWanted(said)
        | ModernTrouble::MethodUnknown(said)
        | ModernTrouble::DiscoverMissing(said) => Opinion::down(
            if at == StepName::Discover {
                Code::VersionUnsupported
            } else {
                Code::ToolsListError
            },
            format!("{what} was refused{}.", colon(said)),
        ),
        ModernTrouble::ResultTypeMissing => noticed(trouble, at),
    }
}

/// A request of 2026-07-28 that was odd and did not end the conversation.
pub(super) fn noticed(trouble: &ModernTrouble, at: StepName) -> Opinion {
    match trouble {
        ModernTrouble::ResultTypeMissing => Opinion::warning(
            Code::ResultTypeInvalid,
            format!("The result of {} does not say its resultType.", what(at)),
        )
        .spec(RESULTS),
        ModernTrouble::DiscoverMissing(said) => Opinion::degraded(
            Code::DiscoverMissing,
            format!(
                "server/discover fails and other requests work{}.",
                colon(said)
            ),
        )
        .about(Lint::DiscoverPresent),
        other => Opinion {
            effect: Effect::Degraded,
            ..stopped(other, at)
        },
    }
}

/// A server without `initialize` was asked in 2026-07-28 and does not know it.
pub(super) fn not_spoken(error: &RpcError) -> Opinion {
    Opinion::down(
        Code::VersionUnsupported,
        format!(
            "The server does not speak {MODERN}: server/discover was answered with an error{}.",
            colon(&error.message)
        ),
    )
}

/// One generation of a server of both has failed. The worse one is the verdict; whom it concerns
/// is said.
pub(super) fn failed(
    observation: &Observation,
    (era, seen): (Era, &Seen),
    has_credentials: bool,
    now: At,
) -> Opinion {
    let opinion = stopped::opinion(observation, seen, has_credentials, now);
    let (suffering, others) = match era {
        Era::Modern => (
            format!("Clients of {MODERN}"),
            "those that begin with initialize",
        ),
        Era::Legacy | Era::Dual => (
            "Clients that begin with initialize".to_owned(),
            "those of 2026-07-28",
        ),
    };
    let greeting = match era {
        Era::Modern => StepName::Discover,
        Era::Legacy | Era::Dual => StepName::Initialize,
    };
    if is_refusal_of_era(seen, observation.has_greeted(&[greeting])) {
        let message = format!(
            "{suffering} can no longer connect; {others} can. {}",
            opinion.message
        );
        return Opinion::degraded(Code::EraRegression, message);
    }
    let message = format!("{} {suffering} suffer; {others} do not.", opinion.message);
    Opinion { message, ..opinion }
}

fn colon(said: &str) -> String {
    if said.is_empty() {
        String::new()
    } else {
        format!(": {}", said.trim_end_matches('.'))
    }
}
