//! One thing that an observation means, and what many of them come to.

use super::{CheckStatus, Failure, Finding, Severity, Verdict};
use crate::domain::failure::Code;
use crate::domain::lint::Lint;

/// How much one opinion weighs, lightest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Effect {
    Remark(Severity),
    Gated,
    Degraded,
    Unknown,
    Down,
}

/// One thing that an observation means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Opinion {
    pub(super) effect: Effect,
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) spec: Option<&'static str>,
    pub(super) lint: Option<Lint>,
}

impl Opinion {
    pub(super) fn new(effect: Effect, code: Code, message: impl Into<String>) -> Self {
        Self {
            effect,
            code,
            message: message.into(),
            spec: None,
            lint: None,
        }
    }

    pub(super) fn down(code: Code, message: impl Into<String>) -> Self {
        Self::new(Effect::Down, code, message)
    }

    pub(super) fn degraded(code: Code, message: impl Into<String>) -> Self {
        Self::new(Effect::Degraded, code, message)
    }

    pub(super) fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(Effect::Remark(Severity::Warning), code, message)
    }

    /// Where the specification speaks of it, when no lint does.
    pub(super) fn spec(self, spec: &'static str) -> Self {
        Self {
            spec: Some(spec),
            ..self
        }
    }

    /// What of the specification it is about.
    pub(super) fn about(self, lint: Lint) -> Self {
        Self {
            lint: Some(lint),
            ..self
        }
    }

    fn into_finding(self, version: Option<&str>) -> Finding {
        Finding {
            code: self.code.into(),
            severity: match self.effect {
                Effect::Remark(severity) => severity,
                _ => Severity::Warning,
            },
            message: self.message,
            spec: self
                .lint
                .map(|lint| lint.spec(version))
                .or(self.spec.map(str::to_owned)),
            level: self.lint.map(Lint::level),
        }
    }
}

/// The heaviest opinion becomes the failure, of equals the one of the lowest layer; all others
/// become findings, with what the revision `version` says of them.
pub(super) fn weigh(mut opinions: Vec<Opinion>, version: Option<&str>) -> Verdict {
    let gated = opinions.iter().any(|o| o.effect == Effect::Gated);
    let heaviest = opinions
        .iter()
        .enumerate()
        .filter(|(_, o)| !matches!(o.effect, Effect::Remark(_)))
        .max_by_key(|(place, o)| {
            (
                o.effect,
                std::cmp::Reverse(o.code.layer()),
                std::cmp::Reverse(*place),
            )
        })
        .map(|(place, _)| place);
    let failure = heaviest.map(|place| opinions.remove(place));
    let status = match failure.as_ref().map(|o| o.effect) {
        None | Some(Effect::Gated | Effect::Remark(_)) => CheckStatus::Up,
        Some(Effect::Degraded) => CheckStatus::Degraded,
        Some(Effect::Unknown) => CheckStatus::Unknown,
        Some(Effect::Down) => CheckStatus::Down,
    };
    // A failure has no place in the specification; what that says of it stands beside it.
    let beside = failure.as_ref().and_then(|failure| {
        let lint = failure.lint.filter(|lint| lint.holds_for(version))?;
        Some(Finding {
            code: lint.into(),
            severity: Severity::Warning,
            message: failure.message.clone(),
            spec: Some(lint.spec(version)),
            level: Some(lint.level()),
        })
    });
    Verdict {
        status,
        gated,
        failure: failure.map(|o| Failure {
            code: o.code,
            layer: o.code.layer(),
            message: o.message,
            hint: o.code.hint().to_owned(),
        }),
        findings: opinions
            .into_iter()
            .map(|opinion| opinion.into_finding(version))
            .chain(beside)
            .collect(),
    }
}
