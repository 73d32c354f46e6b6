//! What a conversation that went through still gives to think about: the age of the certificate,
//! the tools, the time it took.

use super::tls::span;
use super::{Effect, Opinion};
use crate::domain::at::{At, DAY_MS};
use crate::domain::failure::Code;
use crate::domain::lint::Lint;
use crate::domain::monitor::Expectations;
use crate::domain::observation::{Observation, Outcome, StepName};
use crate::domain::tools::{MAX_TOOL_NAME, named};
use crate::domain::trouble::Trouble;
use crate::domain::untrusted::line;

/// Days before its end at which a certificate is worth a remark, and at which it degrades.
const EXPIRY_DAYS: (i64, i64) = (14, 3);
/// A certificate of a shorter life than this is measured by the share of its life that is left.
const SHORT_LIVED_DAYS: i64 = 10;
/// The revision without handshake and sessions.
const MODERN: &str = "2026-07-28";
/// Tools beyond which a list is costly for models.
const MANY_TOOLS: usize = 128;
/// Bytes beyond which a list is costly for models.
const LARGE_LIST: usize = 256 * 1024;

pub(super) fn certificate(seen: &Observation, now: At) -> Option<Opinion> {
    // A chain that was refused is judged by the reason of the refusal.
    if matches!(&seen.stopped, Some(stop) if matches!(stop.trouble, Trouble::Tls(_))) {
        return None;
    }
    let certificate = &seen.tls.as_ref()?.certificate;
    let left = certificate.not_after.0 - now.0;
    let life = certificate.not_after.ms_since(certificate.not_before);
    let effect = if life < SHORT_LIVED_DAYS * DAY_MS {
        (left < life / 5).then_some(Effect::Remark(super::Severity::Warning))?
    } else if left < EXPIRY_DAYS.1 * DAY_MS {
        Effect::Degraded
    } else if left < EXPIRY_DAYS.0 * DAY_MS {
        Effect::Remark(super::Severity::Warning)
    } else {
        return None;
    };
    let message = format!(
        "Certificate expires in {} ({}).",
        span(left.max(0)),
        certificate.not_after.utc().date_naive()
    );
    Some(Opinion::new(effect, Code::TlsExpiringSoon, message))
}

pub(super) fn tools(seen: &Observation, expected: &Expectations, opinions: &mut Vec<Opinion>) {
    let Some(surface) = &seen.tools else {
        if is_complete(seen) && !expected.tools.is_empty() {
            opinions.push(Opinion::degraded(
                Code::ToolsMissing,
                format!(
                    "The server declares no tools; expected {}.",
                    named(expected.tools.iter().map(String::as_str))
                ),
            ));
        }
        return;
    };
    let missing: Vec<&str> = expected
        .tools
        .iter()
        .filter(|tool| !surface.names.contains(&line(tool, MAX_TOOL_NAME)))
        .map(String::as_str)
        .collect();
    if !missing.is_empty() {
        opinions.push(Opinion::degraded(
            Code::ToolsMissing,
            format!("Expected and not listed: {}.", named(missing.into_iter())),
        ));
    }
    if surface.names.is_empty() {
        opinions.push(if seen.memory.tools.had_tools {
            Opinion::degraded(Code::ToolsEmpty, "The server lists no tools any more.")
        } else {
            Opinion::warning(
                Code::ToolsEmpty,
                "The server declares tools and lists none.",
            )
        });
    }
    if let Some(count) = seen.memory.tools.flapping() {
        opinions.push(Opinion::degraded(
            Code::ToolsFlapping,
            format!("The last checks saw {count} different lists of tools."),
        ));
    }
    if !surface.duplicates.is_empty() {
        opinions.push(
            Opinion::degraded(
                Code::ToolNameDuplicate,
                format!(
                    "More than one tool is called {}.",
                    named(surface.duplicates.iter().map(String::as_str))
                ),
            )
            .about(Lint::ToolNameUnique),
        );
    }
    if let Some((tool, fault)) = surface.schema_faults.first() {
        let others = surface.schema_faults.len() - 1;
        let more = match others {
            0 => String::new(),
            1 => "; 1 more tool has such a fault".to_owned(),
            n => format!("; {n} more tools have such a fault"),
        };
        opinions.push(
            Opinion::degraded(
                Code::ToolSchemaInvalid,
                format!("Tool '{tool}' {fault}{more}."),
            )
            .about(Lint::InputSchemaObject),
        );
    }
    if seen.server.version.as_deref() >= Some(MODERN) {
        opinions.extend(headers(&surface.header_faults));
    }
    if !surface.odd_names.is_empty() {
        opinions.push(
            Opinion::warning(
                Code::ToolNameInvalid,
                format!(
                    "Some clients reject the names {}.",
                    named(surface.odd_names.iter().map(String::as_str))
                ),
            )
            .about(Lint::ToolNameCharset),
        );
    }
    if surface.names.len() > MANY_TOOLS {
        opinions.push(Opinion::warning(
            Code::ToolsTooMany,
            format!("{} tools are offered.", surface.names.len()),
        ));
    }
    if surface.bytes > LARGE_LIST {
        opinions.push(Opinion::warning(
            Code::ToolsPayloadLarge,
            format!("The tool list has {} KiB.", surface.bytes / 1024),
        ));
    }
}

/// Annotations for which clients of the stateless revision drop a tool.
fn headers(faults: &[(String, &'static str)]) -> Option<Opinion> {
    let (name, fault) = faults.first()?;
    let more = match faults.len() - 1 {
        0 => String::new(),
        n => format!("; {n} more have such a fault"),
    };
    let message = format!("Tool '{name}' {fault}{more}.");
    Some(Opinion::degraded(Code::ToolHeaderAnnotationInvalid, message).about(Lint::XMcpHeader))
}

pub(super) fn slowness(seen: &Observation, expected: &Expectations) -> Option<Opinion> {
    let usual = &seen.memory.usual;
    let limit = f64::from(expected.slow_ms.or_else(|| usual.limit_ms())?);
    let than = match (expected.slow_ms, usual.p95_ms) {
        (None, Some(usual)) => format!("far more than the usual {usual} ms"),
        _ => format!("more than the {limit:.0} ms allowed"),
    };
    if seen.stopped.is_some() || seen.total_ms <= limit {
        return None;
    }
    let slowest = seen
        .steps
        .iter()
        .filter(|step| {
            let apart = [
                StepName::EndSession,
                StepName::Authorization,
                StepName::Lints,
            ];
            !apart.contains(&step.name)
        })
        .max_by(|a, b| a.ms.total_cmp(&b.ms))?;
    let connecting = [StepName::Dns, StepName::Tcp, StepName::Tls];
    let connecting: f64 = connecting
        .into_iter()
        .filter_map(|step| seen.ms_of(step))
        .sum();
    if connecting > limit {
        let message = format!("Connecting alone took {connecting:.0} ms, {than}.");
        return Some(Opinion::degraded(Code::SlowConnect, message));
    }
    if let Some(first) = first_answer(seen).filter(|ms| *ms > limit) {
        let message = format!("The first answer alone took {first:.0} ms, {than}.");
        return Some(Opinion::degraded(Code::SlowTtfb, message));
    }
    Some(Opinion::degraded(
        Code::SlowTotal,
        format!(
            "The check took {:.0} ms, {than}; most of it ({:.0} ms) was {}.",
            seen.total_ms,
            slowest.ms,
            slowest.name.as_str()
        ),
    ))
}

/// How long the server took for whatever it was asked first.
fn first_answer(seen: &Observation) -> Option<f64> {
    let connecting = [StepName::Dns, StepName::Tcp, StepName::Tls];
    let mut steps = seen.steps.iter();
    let first = steps.find(|step| !connecting.contains(&step.name))?;
    Some(first.ms)
}

/// The handshake went through to its end.
fn is_complete(seen: &Observation) -> bool {
    seen.stopped.is_none()
        && seen.failed_era.is_none()
        && seen
            .steps
            .iter()
            .any(|step| is_greeting(step.name) && step.outcome == Outcome::Ok)
}

/// A step whose answer declares what the server offers.
fn is_greeting(step: StepName) -> bool {
    matches!(step, StepName::Initialize | StepName::Discover)
}
