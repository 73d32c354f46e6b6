//! The canary in the form of a monitor: a tool, its arguments, what its result must contain, and the
//! word of the owner that it may be called.

use crate::domain::canary::{Canary, CountsAs};
use crate::domain::monitor::FieldError;
use crate::web::form::Filled;

/// Reads the canary; none without a tool. Anything but the one that is known needs consent.
pub(super) fn read(form: &Filled, known: Option<&Canary>) -> Result<Option<Canary>, FieldError> {
    let refuse = |message: &str| FieldError::new("canary", message);
    let tool = form.value("canary_tool");
    if tool.is_empty() {
        return Ok(None);
    }
    let arguments = match form.value("canary_arguments") {
        "" => serde_json::Map::new(),
        text => serde_json::from_str(text)
            .map_err(|_| refuse("the arguments must be a JSON object, like {\"q\": \"x\"}"))?,
    };
    let mut canary = known
        .cloned()
        .unwrap_or_else(|| Canary::of("", serde_json::Map::new()));
    tool.clone_into(&mut canary.tool);
    canary.arguments = arguments;
    let contains = form.value("canary_contains");
    canary.assertions.contains = (!contains.is_empty()).then(|| contains.to_owned());
    canary.counts_as = CountsAs::parse(form.value("canary_counts_as")).unwrap_or_default();
    if form.has("canary_consent", "yes") {
        canary.agreed = None;
    } else if known != Some(&canary) {
        return Err(refuse(
            "tick that this tool may be called with these arguments",
        ));
    }
    Ok(Some(canary))
}

/// What the form shows of it.
pub(super) fn shown(canary: Option<&Canary>) -> Vec<(&'static str, String)> {
    let Some(canary) = canary else {
        return Vec::new();
    };
    let arguments = serde_json::to_string(&canary.arguments).unwrap_or_default();
    vec![
        ("canary_tool", canary.tool.clone()),
        ("canary_arguments", arguments),
        (
            "canary_contains",
            canary.assertions.contains.clone().unwrap_or_default(),
        ),
        ("canary_counts_as", canary.counts_as.as_str().to_owned()),
    ]
}
