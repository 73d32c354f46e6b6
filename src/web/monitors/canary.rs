//! The canary in the form of a monitor: a tool, its arguments, what its result must be, and the
//! word of the owner that it may be called. Every field is named as in the API.

use serde_json::{Map, Value};

use super::spec::Faults;
use crate::domain::canary::{
    Assertions, Canary, CountsAs, DEFAULT_INTERVAL_SECONDS, DEFAULT_TIMEOUT_SECONDS, Equals,
};
use crate::domain::monitor::FieldError;
use crate::web::form::Filled;

const TOOL: &str = "canary.tool";
const ARGUMENTS: &str = "canary.arguments";
const INTERVAL: &str = "canary.interval_seconds";
const TIMEOUT: &str = "canary.timeout_seconds";
const CONTAINS: &str = "canary.assertions.contains";
const MATCHES: &str = "canary.assertions.matches";
const POINTER: &str = "canary.assertions.equals.pointer";
const VALUE: &str = "canary.assertions.equals.value";
const NOT_EMPTY: &str = "canary.assertions.not_empty";
const MAX_BYTES: &str = "canary.assertions.max_bytes";
const MAX_MS: &str = "canary.assertions.max_ms";
const COUNTS_AS: &str = "canary.counts_as";
const CONSENT: &str = "canary.consent";

/// Reads the canary; none without a tool. Anything but the one that is known needs consent.
pub(super) fn read(form: &Filled, known: Option<&Canary>, faults: &mut Faults) -> Option<Canary> {
    let tool = form.value(TOOL);
    if tool.is_empty() {
        return None;
    }
    let mut canary = Canary {
        agreed: known.and_then(|known| known.agreed.clone()),
        assertions: assertions(form, known.map(|known| &known.assertions), faults),
        counts_as: CountsAs::parse(form.value(COUNTS_AS)).unwrap_or_default(),
        ..Canary::of(tool, arguments(form, faults))
    };
    if let Some(seconds) = faults.number(form, INTERVAL, Some(DEFAULT_INTERVAL_SECONDS)) {
        canary.interval_seconds = seconds;
    }
    if let Some(seconds) = faults.number(form, TIMEOUT, Some(DEFAULT_TIMEOUT_SECONDS)) {
        canary.timeout_seconds = seconds;
    }
    if form.has(CONSENT, "yes") {
        canary.agreed = None;
    } else if known != Some(&canary) {
        let message = "Tick that this tool may be called with these arguments";
        faults.0.push(FieldError::new(CONSENT, message));
    }
    Some(canary)
}

fn arguments(form: &Filled, faults: &mut Faults) -> Map<String, Value> {
    let read = match form.value(ARGUMENTS) {
        "" => Ok(Map::new()),
        text => serde_json::from_str(text)
            .map_err(|_| FieldError::new(ARGUMENTS, "must be a JSON object, like {\"q\": \"x\"}")),
    };
    faults.keep(read).unwrap_or_default()
}

fn assertions(form: &Filled, known: Option<&Assertions>, faults: &mut Faults) -> Assertions {
    // A text is shown without the spaces around it: left as it is it keeps them.
    let text = |field: &str, known: Option<&String>| {
        let typed = form.value(field);
        let kept = known.filter(|known| known.trim() == typed).cloned();
        kept.or_else(|| (!typed.is_empty()).then(|| typed.to_owned()))
    };
    Assertions {
        contains: text(CONTAINS, known.and_then(|known| known.contains.as_ref())),
        matches: text(MATCHES, known.and_then(|known| known.matches.as_ref())),
        not_empty: form.has(NOT_EMPTY, "yes"),
        equals: equals(form, faults),
        max_bytes: faults.number(form, MAX_BYTES, None),
        max_ms: faults.number(form, MAX_MS, None),
    }
}

fn equals(form: &Filled, faults: &mut Faults) -> Option<Equals> {
    let (pointer, value) = (form.value(POINTER), form.value(VALUE));
    if pointer.is_empty() && value.is_empty() {
        return None;
    }
    let value = serde_json::from_str(value)
        .map_err(|_| FieldError::new(VALUE, "must be JSON: a text stands in double quotes"));
    Some(Equals {
        pointer: pointer.to_owned(),
        value: faults.keep(value)?,
    })
}

/// What the form shows of it.
pub(super) fn shown(canary: Option<&Canary>) -> Vec<(&'static str, String)> {
    let Some(canary) = canary else {
        return Vec::new();
    };
    let wanted = &canary.assertions;
    let mut shown = vec![
        (TOOL, canary.tool.clone()),
        (
            ARGUMENTS,
            Value::Object(canary.arguments.clone()).to_string(),
        ),
        (INTERVAL, canary.interval_seconds.to_string()),
        (TIMEOUT, canary.timeout_seconds.to_string()),
        (CONTAINS, wanted.contains.clone().unwrap_or_default()),
        (MATCHES, wanted.matches.clone().unwrap_or_default()),
        (COUNTS_AS, canary.counts_as.as_str().to_owned()),
    ];
    if let Some(Equals { pointer, value }) = &wanted.equals {
        shown.extend([(POINTER, pointer.clone()), (VALUE, value.to_string())]);
    }
    if wanted.not_empty {
        shown.push((NOT_EMPTY, "yes".to_owned()));
    }
    shown.extend(wanted.max_bytes.map(|most| (MAX_BYTES, most.to_string())));
    shown.extend(wanted.max_ms.map(|most| (MAX_MS, most.to_string())));
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn whole() -> Canary {
        let arguments = json!({"q": "x"});
        let mut canary = Canary::of("find", arguments.as_object().unwrap().clone());
        canary.assertions = Assertions {
            contains: Some(" found ".to_owned()),
            matches: Some(r"^\d+ found$".to_owned()),
            not_empty: true,
            equals: Some(Equals {
                pointer: "/structuredContent/ok".to_owned(),
                value: json!("yes"),
            }),
            max_bytes: Some(5_000_000_000),
            max_ms: Some(900),
        };
        canary.interval_seconds = 900;
        canary.timeout_seconds = 7;
        canary.counts_as = CountsAs::Down;
        canary.agreed = Some("digest".to_owned());
        canary
    }

    #[test]
    fn what_is_shown_and_left_alone_is_the_same_and_needs_no_word() {
        let canary = whole();
        let mut faults = Faults::default();
        let form = Filled::of(shown(Some(&canary)));
        assert_eq!(read(&form, Some(&canary), &mut faults), Some(canary));
        assert_eq!(faults.0, []);
        assert_eq!(read(&Filled::default(), Some(&whole()), &mut faults), None);
    }

    #[test]
    fn what_is_changed_needs_consent_and_every_fault_is_told_beside_its_field() {
        let mut typed = shown(Some(&whole()));
        typed.retain(|(field, _)| ![VALUE, ARGUMENTS, MAX_MS].contains(field));
        typed.extend([(VALUE, "yes".to_owned()), (ARGUMENTS, "[]".to_owned())]);
        typed.push((MAX_MS, "-1".to_owned()));
        let mut faults = Faults::default();
        assert!(read(&Filled::of(typed), Some(&whole()), &mut faults).is_some());
        let fields: Vec<_> = faults.0.iter().map(|fault| fault.field).collect();
        assert_eq!(fields, [VALUE, MAX_MS, ARGUMENTS, CONSENT]);

        let form = Filled::of([(TOOL, "find"), (CONSENT, "yes")]);
        let mut faults = Faults::default();
        let canary = read(&form, Some(&whole()), &mut faults).unwrap();
        assert_eq!((faults.0, canary), (vec![], Canary::of("find", Map::new())));
    }
}
