//! The canary of a monitor in JSON: read with consent, told without it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::domain::canary::{Assertions, Canary, CountsAs};
use crate::domain::monitor::FieldError;

/// A tool to be called at times, with arguments of the owner's choice.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CanaryBody {
    /// The name of the tool.
    tool: String,
    /// Its arguments.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    arguments: Map<String, Value>,
    /// What the result must be.
    #[serde(default)]
    assertions: Assertions,
    /// Seconds that one call may take: 1 to 120, 30 when not given.
    timeout_seconds: Option<u32>,
    /// Seconds between two calls: at least 300, 300 when not given.
    interval_seconds: Option<u32>,
    /// How a failure counts: `degraded`, when not given, or `down`.
    counts_as: Option<String>,
    /// Must be true: whoever sets this agrees that the tool, as it is now, is called in their name.
    #[serde(default)]
    consent: bool,
}

impl CanaryBody {
    /// The canary; says what is missing.
    pub(super) fn read(self) -> Result<Canary, FieldError> {
        if !self.consent {
            return Err(FieldError::new(
                "canary.consent",
                "must be true: you agree that this tool is called with these arguments",
            ));
        }
        let mut canary = Canary::of(&self.tool, self.arguments);
        canary.assertions = self.assertions;
        if let Some(seconds) = self.timeout_seconds {
            canary.timeout_seconds = seconds;
        }
        if let Some(seconds) = self.interval_seconds {
            canary.interval_seconds = seconds;
        }
        if let Some(word) = self.counts_as {
            let parsed = CountsAs::parse(&word);
            canary.counts_as = parsed
                .ok_or_else(|| FieldError::new("canary.counts_as", "must be degraded or down"))?;
        }
        Ok(canary)
    }
}

/// A tool that is called at times.
#[derive(Serialize, ToSchema)]
#[schema(as = Canary)]
pub(super) struct CanaryView {
    /// The name of the tool.
    tool: String,
    /// Its arguments.
    #[schema(value_type = Object)]
    arguments: Map<String, Value>,
    /// What the result must be.
    assertions: Assertions,
    /// Seconds that one call may take.
    timeout_seconds: u32,
    /// Seconds between two calls.
    interval_seconds: u32,
    /// How a failure counts.
    counts_as: &'static str,
}

impl From<&Canary> for CanaryView {
    fn from(canary: &Canary) -> Self {
        Self {
            tool: canary.tool.clone(),
            arguments: canary.arguments.clone(),
            assertions: canary.assertions.clone(),
            timeout_seconds: canary.timeout_seconds,
            interval_seconds: canary.interval_seconds,
            counts_as: canary.counts_as.as_str(),
        }
    }
}
