//! The canary: a tool that the owner of a monitor chose to be called at times, with arguments of
//! their choice, and what the result must be.
//!
//! Never chosen by us. It is refused when the tool says that it destroys, wants a task, is gone, or
//! is another than the one that the owner agreed to; hints of a server are believed only to refuse.

mod assertions;
mod sung;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use super::monitor::FieldError;
use super::schema;
use super::tools::{canonical_text, hex};
use super::untrusted::{MAX_QUOTE, line};

pub use self::assertions::{Assertions, Equals};
pub use self::sung::{CanaryMemory, Sung, Trouble};

/// Seconds between two calls.
pub const INTERVAL_SECONDS: std::ops::RangeInclusive<u32> = 300..=86_400;
/// Seconds that one call may take.
pub const TIMEOUT_SECONDS: std::ops::RangeInclusive<u32> = 1..=120;
/// Seconds between two calls when nothing is said.
pub const DEFAULT_INTERVAL_SECONDS: u32 = 300;
/// Seconds that one call may take when nothing is said.
pub const DEFAULT_TIMEOUT_SECONDS: u32 = 30;
/// Most bytes of arguments.
pub const MAX_ARGUMENTS: usize = 16 * 1024;
/// How a failing canary counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CountsAs {
    /// Clients will notice.
    #[default]
    Degraded,
    /// Clients cannot use the server.
    Down,
}

impl CountsAs {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Degraded => "degraded",
            Self::Down => "down",
        }
    }

    /// Reads the word of the contract.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Degraded, Self::Down]
            .into_iter()
            .find(|it| it.as_str() == word)
    }
}

/// A tool to be called at times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Canary {
    /// Its name.
    pub tool: String,
    /// The arguments.
    pub arguments: Map<String, Value>,
    /// What the result must be.
    pub assertions: Assertions,
    /// Seconds that one call may take.
    pub timeout_seconds: u32,
    /// Seconds between two calls.
    pub interval_seconds: u32,
    /// How a failure counts.
    pub counts_as: CountsAs,
    /// What stood for the tool when its owner agreed; `None` where it was not known yet: then the
    /// first one that is seen is meant.
    pub agreed: Option<String>,
}

impl Canary {
    /// A call of `tool` with every default.
    pub fn of(tool: &str, arguments: Map<String, Value>) -> Self {
        Self {
            tool: tool.to_owned(),
            arguments,
            assertions: Assertions::default(),
            timeout_seconds: DEFAULT_TIMEOUT_SECONDS,
            interval_seconds: DEFAULT_INTERVAL_SECONDS,
            counts_as: CountsAs::default(),
            agreed: None,
        }
    }

    /// Every field that is out of bounds.
    pub fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let mut refuse = |field, message| faults.push(FieldError::new(field, message));
        if self.tool.trim().is_empty() || self.tool.len() > super::tools::MAX_TOOL_NAME {
            refuse("canary.tool", "must be the name of a tool".to_owned());
        }
        if Value::Object(self.arguments.clone()).to_string().len() > MAX_ARGUMENTS {
            let message = format!("must have at most {MAX_ARGUMENTS} bytes");
            refuse("canary.arguments", message);
        }
        for (field, value, range) in [
            (
                "canary.interval_seconds",
                self.interval_seconds,
                &INTERVAL_SECONDS,
            ),
            (
                "canary.timeout_seconds",
                self.timeout_seconds,
                &TIMEOUT_SECONDS,
            ),
        ] {
            if !range.contains(&value) {
                let (least, most) = (range.start(), range.end());
                refuse(field, format!("must be between {least} and {most} seconds"));
            }
        }
        faults.extend(self.assertions.faults());
        faults
    }

    /// The time between two calls.
    pub fn interval(&self) -> Duration {
        Duration::from_secs(u64::from(self.interval_seconds))
    }

    /// Stands for this canary: another one is called anew.
    pub fn digest(&self) -> String {
        // Plain values always serialise.
        let text = serde_json::to_vec(self).unwrap_or_default();
        hex(&Sha256::digest(text))
    }

    /// Why this tool must not be called, or not with these arguments.
    pub fn refusal(&self, tool: Option<&Value>, agreed: Option<&str>) -> Option<String> {
        let name = &self.tool;
        let Some(tool) = tool else {
            return Some(format!("the server lists no tool '{name}'"));
        };
        if tool
            .pointer("/execution/taskSupport")
            .and_then(Value::as_str)
            == Some("required")
        {
            return Some(format!("'{name}' can only be called as a task"));
        }
        let hint = |hint: &str| {
            tool.pointer(&format!("/annotations/{hint}"))
                .and_then(Value::as_bool)
        };
        if hint("destructiveHint") == Some(true) && hint("readOnlyHint") != Some(true) {
            return Some(format!("'{name}' says that it may destroy something"));
        }
        let agreed = self.agreed.as_deref().or(agreed);
        if agreed.is_some_and(|agreed| agreed != promise(tool)) {
            return Some(format!(
                "'{name}' has other schemas or annotations than the one that was agreed to"
            ));
        }
        let schema = tool.get("inputSchema")?;
        // Many clients write what they leave out as null; whether a server minds is its own affair.
        let required = |name: &str| {
            let names = schema.get("required").and_then(Value::as_array);
            names.is_some_and(|names| names.iter().any(|known| known == name))
        };
        let mut given = self.arguments.clone();
        given.retain(|name, value| !value.is_null() || required(name));
        let fault = schema::fault(schema, &Value::Object(given))?;
        Some(format!("the arguments do not fit '{name}': {fault}"))
    }

    /// What is wrong with a result; nothing when it is as it must be.
    pub fn judge(
        &self,
        tool: Option<&Value>,
        result: &Value,
        is_modern: bool,
        ms: f64,
    ) -> Option<Trouble> {
        let kind = result.get("resultType").and_then(Value::as_str);
        if kind == Some("input_required") {
            return Some(Trouble::InputRequired);
        }
        let content = result.get("content").and_then(Value::as_array);
        if content.is_none() && !is_modern {
            return Some(Trouble::Protocol("the result has no content".to_owned()));
        }
        let text = text_of(content.map_or(&[], Vec::as_slice));
        if result.get("isError") == Some(&Value::Bool(true)) {
            return Some(Trouble::Tool(line(&text, MAX_QUOTE)));
        }
        let structured = result.get("structuredContent");
        let promised = tool.and_then(|tool| tool.get("outputSchema"));
        if let Some(schema) = promised.filter(|schema| !schema.is_null()) {
            let fault = match structured {
                None => Some("there is no structuredContent".to_owned()),
                Some(content) => schema::fault(schema, content),
            };
            if let Some(fault) = fault {
                return Some(Trouble::Schema(fault));
            }
        }
        let broken = self.assertions.broken(result, &text, ms)?;
        Some(Trouble::Assertion(line(&broken, MAX_QUOTE)))
    }
}

/// Stands for what a tool promises: its schemas and annotations.
pub fn promise(tool: &Value) -> String {
    let mut digest = Sha256::new();
    for member in ["inputSchema", "outputSchema", "annotations", "execution"] {
        let value = tool.get(member).unwrap_or(&Value::Null);
        digest.update(canonical_text(value));
        digest.update("\n");
    }
    hex(&digest.finalize())
}

/// The texts of a result, one to a line.
fn text_of(content: &[Value]) -> String {
    let texts = content
        .iter()
        .filter_map(|part| part.get("text").and_then(Value::as_str));
    texts.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn canary(arguments: &Value) -> Canary {
        Canary::of("t", arguments.as_object().unwrap().clone())
    }

    #[test]
    fn what_is_unsafe_or_does_not_fit_is_refused_with_its_reason() {
        let schema =
            json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
        let fine = json!({"name": "t", "inputSchema": schema});
        let with = |member: &str, value: Value| {
            let mut tool = fine.clone();
            tool[member] = value;
            tool
        };
        let good = canary(&json!({"n": 1}));
        assert_eq!(good.refusal(Some(&fine), None), None);
        assert_eq!(good.refusal(Some(&fine), Some(&promise(&fine))), None);
        for (tool, canary, part) in [
            (None, &good, "lists no tool"),
            (
                Some(with("execution", json!({"taskSupport": "required"}))),
                &good,
                "as a task",
            ),
            (
                Some(with("annotations", json!({"destructiveHint": true}))),
                &good,
                "destroy",
            ),
            (
                Some(with("annotations", json!({"readOnlyHint": true}))),
                &good,
                "agreed",
            ),
            (
                Some(fine.clone()),
                &canary(&json!({"n": "x"})),
                "do not fit",
            ),
            (Some(fine.clone()), &canary(&json!({})), "do not fit"),
            (
                Some(fine.clone()),
                &canary(&json!({"n": null})),
                "do not fit",
            ),
        ] {
            let refused = canary
                .refusal(tool.as_ref(), Some(&promise(&fine)))
                .unwrap();
            assert!(refused.contains(part), "{refused}");
        }
    }

    #[test]
    fn a_result_is_held_against_promise_and_wishes() {
        let tool = json!({"outputSchema": {"type": "object", "required": ["ok"]}});
        let good = json!({"content": [{"type": "text", "text": "all well"}], "structuredContent": {"ok": true}});
        let judge =
            |canary: &Canary, result: &Value| canary.judge(Some(&tool), result, false, 20.0);
        let plain = canary(&json!({}));
        assert_eq!(judge(&plain, &good), None);
        assert_eq!(
            judge(&plain, &json!({"resultType": "input_required"})),
            Some(Trouble::InputRequired)
        );
        assert!(matches!(
            judge(&plain, &json!({})),
            Some(Trouble::Protocol(_))
        ));
        let failed = json!({"content": [{"type": "text", "text": "no database"}], "isError": true});
        assert_eq!(
            judge(&plain, &failed),
            Some(Trouble::Tool("no database".to_owned()))
        );
        let bare = json!({"content": []});
        assert!(matches!(judge(&plain, &bare), Some(Trouble::Schema(_))));
        let mut wanting = plain.clone();
        wanting.assertions.contains = Some("ill".to_owned());
        assert!(matches!(
            judge(&wanting, &good),
            Some(Trouble::Assertion(_))
        ));
    }
}
