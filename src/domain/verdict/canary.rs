//! What the last call of the canary means: what its owner said, down or degraded.

use super::{Effect, Opinion};
use crate::domain::canary::{CountsAs, Sung, Trouble};
use crate::domain::failure::Code;

pub(super) fn opinion(sung: &Sung) -> Option<Opinion> {
    let tool = &sung.tool;
    let effect = match sung.counts_as {
        CountsAs::Degraded => Effect::Degraded,
        CountsAs::Down => Effect::Down,
    };
    let said = |text: &str| text.trim_end_matches('.').to_owned();
    let (code, message) = match sung.trouble.as_ref()? {
        Trouble::Refused(reason) => {
            let message = format!("The canary is paused: {}.", said(reason));
            return Some(Opinion::warning(Code::CanaryPaused, message));
        }
        Trouble::NeedsLogin(status) => {
            let message = format!(
                "The canary is paused: the call of '{tool}' was answered with {status} and needs a login."
            );
            return Some(Opinion::warning(Code::CanaryPaused, message));
        }
        Trouble::Protocol(text) => (
            Code::CanaryProtocolError,
            format!("The call of '{tool}' failed: {}.", said(text)),
        ),
        Trouble::Tool(text) => (
            Code::CanaryToolError,
            format!("The tool '{tool}' reports an error: {}.", said(text)),
        ),
        Trouble::TimedOut(seconds) => (
            Code::CanaryTimeout,
            format!("The call of '{tool}' was not answered within {seconds} s."),
        ),
        Trouble::Schema(fault) => (
            Code::CanarySchemaMismatch,
            format!(
                "The result of '{tool}' is not what its outputSchema promises: {}.",
                said(fault)
            ),
        ),
        Trouble::Assertion(fault) => (
            Code::CanaryAssertionFailed,
            format!(
                "The result of '{tool}' is not what was expected: {}.",
                said(fault)
            ),
        ),
        Trouble::InputRequired => (
            Code::CanaryInputRequired,
            format!("The tool '{tool}' wants to ask somebody; it cannot be called by a monitor."),
        ),
    };
    Some(Opinion::new(effect, code, message))
}
