//! What a wall means, and how one gets through it (mcp.md §5.4).
//!
//! A wall is no outage: a server that wants a login is alive. What keeps everybody from logging in
//! degrades it, though every request is answered as it should be.

use super::status::what;
use super::{Effect, Opinion, Severity};
use crate::domain::at::{At, DAY_MS, HOUR_MS};
use crate::domain::challenge::Challenge;
use crate::domain::failure::Code;
use crate::domain::login::{LoginChain, LoginFault, TokenTrouble};
use crate::domain::observation::{Observation, StepName};
use crate::domain::trouble::StatusSeen;

/// How long before their end credentials are told to expire.
const EXPIRING_MS: i64 = 72 * HOUR_MS;
/// How long an opened wall is told of.
const OPENED_MS: i64 = 7 * DAY_MS;
/// The last revision that demands a challenge with every 401.
const CHALLENGE_UNTIL: &str = "2025-06-18";
/// The first revision that makes an issuer which is another one a failure.
const ISSUER_SINCE: &str = "2026-07-28";
const SECTION: &str = "2025-11-25 basic/authorization";

/// A 401, or a 400 with a challenge of OAuth.
pub(super) fn refused(
    seen: &StatusSeen,
    at: StepName,
    has_credentials: bool,
    observation: &Observation,
) -> Opinion {
    let status = seen.status;
    if let Some(trouble) = &observation.token {
        return token(trouble);
    }
    if has_credentials {
        return not_accepted(seen, at, observation);
    }
    let chain = observation.login.as_ref();
    let issuer = chain
        .and_then(|chain| chain.issuer.as_deref())
        .map_or_else(String::new, |issuer| format!(" at {}", host(issuer)));
    let is_found = chain.is_some_and(LoginChain::is_found);
    let (code, message) = if is_oauth(seen) && (is_found || chain.is_none()) {
        (
            Code::AuthRequired,
            format!("The server wants a login ({status}, Bearer){issuer}."),
        )
    } else if seen.challenges.is_empty() && is_found {
        (
            Code::AuthRequired,
            format!("The server wants a login ({status}){issuer}."),
        )
    } else if is_oauth(seen) {
        (
            Code::AuthRequiredOpaque,
            format!(
                "The server wants a token ({status}, Bearer) and does not say where to get one."
            ),
        )
    } else if let Some(challenge) = seen.challenges.first() {
        (
            Code::AuthNonBearer,
            format!(
                "The server wants credentials ({status}, {}) that are not OAuth.",
                challenge.scheme
            ),
        )
    } else {
        (
            Code::AuthRequiredOpaque,
            format!("The server wants credentials ({status}) and does not say which."),
        )
    };
    Opinion::new(Effect::Gated, code, message)
}

/// Our credentials are refused.
fn not_accepted(seen: &StatusSeen, at: StepName, observation: &Observation) -> Opinion {
    let status = seen.status;
    let is_later = at.is_list() || matches!(at, StepName::Initialized | StepName::Ping);
    if is_later && observation.has_greeted(&[StepName::Initialize, StepName::Discover]) {
        return Opinion::down(
            Code::AuthFlaky,
            format!(
                "{} answered {status}, although the handshake was accepted with the same credentials.",
                what(at)
            ),
        );
    }
    let error = parameter(seen, "error");
    let reason = parameter(seen, "error_description")
        .or(error)
        .map_or_else(String::new, |reason| {
            format!(": {}", reason.trim_end_matches('.'))
        });
    let has_ended = observation
        .credential_expires_at
        .is_some_and(|end| end <= observation.started_at);
    if has_ended || error == Some("invalid_token") && observation.memory.access.accepted {
        return Opinion::down(
            Code::AuthExpired,
            format!("The credentials worked before and are refused now ({status}){reason}."),
        );
    }
    if status == 400 {
        return Opinion::down(
            Code::AuthInvalid,
            format!(
                "The server cannot read the credentials (400){reason}; look for line breaks and spaces in the token."
            ),
        );
    }
    Opinion::down(
        Code::AuthInvalid,
        format!("The server refuses the credentials ({status}){reason}."),
    )
}

/// A 403 that is about rights.
pub(super) fn forbidden(seen: &StatusSeen, has_credentials: bool, said: &str) -> Opinion {
    if parameter(seen, "error") == Some("insufficient_scope") {
        let wanted = parameter(seen, "scope")
            .map_or_else(String::new, |scope| format!("; it wants {scope}"));
        return if has_credentials {
            Opinion::degraded(
                Code::AuthInsufficientScope,
                format!("The credentials do not reach far enough (403){wanted}."),
            )
        } else {
            Opinion::new(
                Effect::Gated,
                Code::AuthRequired,
                format!("The server wants a login with more rights (403){wanted}."),
            )
        };
    }
    if has_credentials {
        return Opinion::down(
            Code::AuthInvalid,
            format!("The server forbids access with these credentials (403){said}."),
        );
    }
    let code = match seen.challenges.first() {
        _ if is_oauth(seen) => Code::AuthRequired,
        Some(_) => Code::AuthNonBearer,
        None => Code::AuthRequiredOpaque,
    };
    Opinion::new(
        Effect::Gated,
        code,
        format!("The server forbids access without credentials (403){said}."),
    )
}

/// What an observation says of credentials and of the way to a login, beside the wall itself.
pub(super) fn opinions(seen: &Observation, now: At, opinions: &mut Vec<Opinion>) {
    if let Some(chain) = &seen.login {
        let version = seen.memory.facts.version.as_deref();
        opinions.extend(chain.faults.iter().map(|found| fault(found, version)));
        let is_old = version.is_some_and(|version| version <= CHALLENGE_UNTIL);
        if is_old && chain.advertised.is_none() && chain.resource_metadata.is_some() {
            let message = "The answer 401 does not name the metadata; this revision demands it.";
            opinions.push(Opinion::warning(Code::WwwAuthenticate, message).spec(SECTION));
        }
    }
    let is_refused = seen.stopped.is_some();
    if let Some(trouble) = &seen.token
        && !is_refused
    {
        opinions.push(token(trouble));
    }
    if let Some(since) = seen.memory.access.opened_at
        && now.ms_since(since) < OPENED_MS
    {
        let message = format!(
            "The server wanted a login until {} and lets everybody in since.",
            since.rfc3339()
        );
        opinions.push(Opinion::warning(Code::AuthOpened, message));
    }
    if seen.is_plain_public {
        let message = "Everything goes over the public network without encryption.";
        opinions.push(Opinion::warning(Code::HttpsOnly, message).spec(SECTION));
    }
    opinions.extend(expiring(seen, now));
}

fn expiring(seen: &Observation, now: At) -> Option<Opinion> {
    let end = seen.credential_expires_at?;
    let left = end.ms_since(now);
    if left > EXPIRING_MS {
        return None;
    }
    let message = if left <= 0 {
        format!(
            "The configured token says that it expired at {}.",
            end.rfc3339()
        )
    } else {
        format!("The configured token expires in {} h.", left / HOUR_MS)
    };
    Some(Opinion::warning(Code::CredentialExpiring, message))
}

fn fault(fault: &LoginFault, version: Option<&str>) -> Opinion {
    let broken = |message: String| Opinion::degraded(Code::AuthMetadataBroken, message);
    match fault {
        LoginFault::ResourceDocument { url, why } => broken(format!(
            "Nobody new can log in: the protected-resource metadata at {url} {why}."
        )),
        LoginFault::ResourceMismatch { said } => Opinion::degraded(
            Code::AuthResourceMismatch,
            format!("Nobody new can log in: the protected-resource metadata is for {said}."),
        ),
        LoginFault::ResourceLoose { said } => Opinion::warning(
            Code::PrmResource,
            format!("The protected-resource metadata is for {said}; strict clients want the URL of the endpoint."),
        )
        .spec(SECTION),
        LoginFault::NoIssuer => broken(
            "Nobody new can log in: the protected-resource metadata names no authorization server."
                .to_owned(),
        ),
        LoginFault::NoHeaderTokens => Opinion::warning(
            Code::PrmBearerMethods,
            "The protected-resource metadata does not list tokens in the header, where MCP sends them.",
        )
        .spec(SECTION),
        LoginFault::OddScopes => Opinion::warning(
            Code::PrmScopes,
            "The protected-resource metadata lists offline_access, or scopes that are no text.",
        )
        .spec(SECTION),
        LoginFault::Insecure { what, url } => broken(format!(
            "Nobody new can log in safely: {what} is not served over https ({url})."
        )),
        LoginFault::LegacyRoot => Opinion::warning(
            Code::AuthLegacyAsRoot,
            "There is no protected-resource metadata; only clients of 2025-03-26 find the login.",
        )
        .spec("2025-06-18 basic/authorization"),
        LoginFault::NotPublic { url, address } => Opinion::warning(
            Code::AuthAsUnreachable,
            format!("The way to the login leads to {address}, which is not public and was not asked ({url})."),
        ),
        LoginFault::Unreachable { url, why } => Opinion::degraded(
            Code::AuthAsUnreachable,
            format!("Nobody new can log in: {url} {why}."),
        ),
        LoginFault::IssuerDocument { url, why } => broken(format!(
            "Nobody new can log in: the metadata of the authorization server {url} {why}."
        )),
        LoginFault::IssuerMismatch {
            meant,
            said,
            only_slash,
        } => {
            let message = format!("{meant} says that its issuer is {said}.");
            if *only_slash && version.is_none_or(|version| version < ISSUER_SINCE) {
                Opinion::warning(Code::AuthIssuerMismatch, message).spec("2026-07-28 basic/authorization")
            } else {
                Opinion::degraded(Code::AuthIssuerMismatch, message)
            }
        }
        LoginFault::Missing { member } => broken(format!(
            "Nobody new can log in: the metadata of the authorization server has no {member}."
        )),
        LoginFault::NoCode => broken(
            "Nobody new can log in: the authorization server does not offer the response type code."
                .to_owned(),
        ),
        LoginFault::NoPkce { listed } => Opinion::degraded(
            Code::AuthPkceMissing,
            match listed {
                None => "Strict clients cannot log in: the authorization server does not announce PKCE."
                    .to_owned(),
                Some(listed) => format!(
                    "Clients cannot log in: the authorization server announces PKCE without S256 ({}).",
                    listed.join(", ")
                ),
            },
        ),
        LoginFault::SpareIssuer { issuer, why } => Opinion::warning(
            Code::AuthMetadataBroken,
            format!("Of several authorization servers {issuer} cannot be used: {why}."),
        ),
        LoginFault::NoRegistration => Opinion::new(
            Effect::Remark(Severity::Info),
            Code::AsRegistration,
            "Clients cannot register by themselves; each has to be registered by hand.",
        ),
    }
}

/// Why there is no token: separate from the health of the server.
fn token(trouble: &TokenTrouble) -> Opinion {
    let failed = |message: String| Opinion::degraded(Code::AuthTokenEndpointFailed, message);
    match trouble {
        TokenTrouble::NoWay { why } | TokenTrouble::Key { why } => {
            failed(format!("No token to log in with: {why}."))
        }
        TokenTrouble::OtherIssuer { bound, named } => Opinion::degraded(
            Code::AuthIssuerMismatch,
            format!(
                "The server names the authorization server {named}; the credentials belong to {bound} and were not sent."
            ),
        ),
        TokenTrouble::MethodNotOffered { wanted, offered } => failed(format!(
            "No token to log in with: the authorization server does not take {wanted}, only {}.",
            if offered.is_empty() {
                "nothing that it names".to_owned()
            } else {
                offered.join(", ")
            }
        )),
        TokenTrouble::Unreachable { why } => failed(format!(
            "No token to log in with: the token endpoint {why}."
        )),
        TokenTrouble::Refused { status, said } => failed(format!(
            "No token to log in with: the token endpoint refuses the client ({status}){}.",
            if said.is_empty() {
                String::new()
            } else {
                format!(": {}", said.trim_end_matches('.'))
            }
        )),
        TokenTrouble::Malformed { why } => failed(format!(
            "No token to log in with: the answer of the token endpoint {why}."
        )),
    }
}

/// A challenge asks for a token of OAuth.
pub(super) fn is_oauth(seen: &StatusSeen) -> bool {
    seen.challenges.iter().any(Challenge::is_oauth)
}

fn parameter<'a>(seen: &'a StatusSeen, name: &str) -> Option<&'a str> {
    let mut all = seen.challenges.iter();
    all.find_map(|challenge| challenge.parameter(name))
}

/// The host of an address, or all of it.
fn host(url: &str) -> String {
    url::Url::parse(url)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_else(|| url.to_owned())
}
