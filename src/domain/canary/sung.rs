//! What came of a call, and when the next one is due.

use serde::{Deserialize, Serialize};

use super::{Canary, CountsAs};
use crate::domain::at::At;
use crate::domain::id::MonitorId;
use crate::domain::schedule::jittered;

/// What is wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "said")]
pub enum Trouble {
    /// It was not made: the reason.
    Refused(String),
    /// A JSON-RPC error, or no proper result.
    Protocol(String),
    /// The tool failed: what it said.
    Tool(String),
    /// No answer in time: the seconds.
    TimedOut(u64),
    /// The result is not what the tool promises.
    Schema(String),
    /// The result is not what the owner wants.
    Assertion(String),
    /// The tool wants to ask somebody.
    InputRequired,
    /// The call needs a login although the list does not.
    NeedsLogin(u16),
}

/// What a call came to; held until the next one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sung {
    /// When.
    pub at: At,
    /// Which tool.
    pub tool: String,
    /// How a failure counts.
    pub counts_as: CountsAs,
    /// What was wrong.
    pub trouble: Option<Trouble>,
}

/// What is remembered of the canary.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CanaryMemory {
    /// Stands for the canary that was called.
    pub of: Option<String>,
    /// The last call.
    pub last: Option<Sung>,
    /// What the tool promised when it was first seen.
    pub promise: Option<String>,
}

impl CanaryMemory {
    /// Whether it is time to call: about an interval after the last call. A canary that is another
    /// than before is due at once.
    pub fn is_due(&self, canary: &Canary, monitor: MonitorId, now: At) -> bool {
        let Some(last) = &self.last else { return true };
        let wait = jittered(canary.interval(), monitor, last.at);
        self.of.as_deref() != Some(&*canary.digest()) || now.ms_since(last.at) >= wait
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn it_is_due_about_an_interval_later_and_when_it_is_another() {
        let one = Canary::of("t", Map::new());
        let monitor = MonitorId(Uuid::from_u128(7));
        let mut memory = CanaryMemory::default();
        assert!(memory.is_due(&one, monitor, At(0)));
        memory.of = Some(one.digest());
        memory.last = Some(Sung {
            at: At(0),
            tool: "t".to_owned(),
            counts_as: CountsAs::Down,
            trouble: None,
        });
        assert!(!memory.is_due(&one, monitor, At(269_999)));
        assert!(memory.is_due(&one, monitor, At(330_000)));
        let arguments = Map::from_iter([("a".to_owned(), Value::from(1))]);
        assert!(memory.is_due(&Canary::of("t", arguments), monitor, At(1)));
    }
}
