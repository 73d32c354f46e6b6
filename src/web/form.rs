//! What was typed into a form, and what was refused of it: a refused form comes back filled in.
//!
//! Fields are read by name; what is missing reads as empty. Secrets are never written back: the
//! templates have an input of their own for them, which takes no value from here.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Multipart, Request};
use url::form_urlencoded;

use super::error::WebError;
use crate::domain::monitor::FieldError;

/// Largest form, in bytes.
const MAX_FORM: usize = 256 * 1_024;
/// Most fields of a form: more than one of that size has which ticks monitors by their ids.
const MAX_FIELDS: usize = 6_000;

/// The fields of a form with their errors.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filled {
    values: Vec<(String, String)>,
    errors: Vec<FieldError>,
}

impl Filled {
    /// A form that shows these values.
    pub(crate) fn of<K: Into<String>, V: Into<String>>(
        values: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let values = values.into_iter().map(|(k, v)| (k.into(), v.into()));
        Self {
            values: values.collect(),
            errors: vec![],
        }
    }

    /// The same form with one value more.
    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.values.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same form with what is wrong with it.
    pub(crate) fn refused(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        self
    }

    /// The value of a field without spaces around it; empty when there is none.
    pub(crate) fn value(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// The value of a field as it was typed: for passwords.
    pub(crate) fn raw(&self, name: &str) -> &str {
        self.values
            .iter()
            .find(|(field, _)| field == name)
            .map_or("", |(_, value)| value)
    }

    /// All values of a field that may come several times.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.values
            .iter()
            .filter(move |(field, _)| field == name)
            .map(|(_, value)| value.trim())
    }

    /// Whether a field has this value: for boxes and selections.
    pub(crate) fn has(&self, name: &str, value: &str) -> bool {
        self.all(name).any(|given| given == value)
    }

    /// Words separated by commas or line breaks.
    pub(crate) fn words(&self, name: &str) -> Vec<String> {
        self.value(name)
            .split([',', '\n'])
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// What is wrong with a field, as a sentence that stands beside it.
    pub(crate) fn error(&self, name: &str) -> Option<String> {
        let found = self.errors.iter().find(|error| error.field == name);
        found.map(|error| sentence(&error.message))
    }

    /// What is wrong with the whole: errors of the field `form`.
    pub(crate) fn general_error(&self) -> Option<String> {
        self.error("form")
    }

    /// Whether anything is wrong.
    pub(crate) fn is_refused(&self) -> bool {
        !self.errors.is_empty()
    }
}

/// A message is written to follow the name of its field: `has no scheme`. Beside the field it
/// gets a subject.
fn sentence(message: &str) -> String {
    let verbs = [
        "is ",
        "has ",
        "must ",
        "contains ",
        "does ",
        "belongs ",
        "names ",
        "never ",
    ];
    if verbs.iter().any(|verb| message.starts_with(verb)) {
        return format!("This {message}");
    }
    let mut letters = message.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

impl<S: Send + Sync> FromRequest<S> for Filled {
    type Rejection = WebError;

    async fn from_request(request: Request, state: &S) -> Result<Self, WebError> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, MAX_FORM)
            .await
            .map_err(|_| WebError::too_large())?;
        let request = Request::from_parts(parts, Body::from(body.clone()));
        let Ok(mut form) = Multipart::from_request(request, state).await else {
            let fields = form_urlencoded::parse(&body).into_owned();
            let values: Vec<_> = fields.take(MAX_FIELDS + 1).collect();
            return whole(values);
        };
        // A form that brings a file along; of a file only its text is taken.
        let mut values = Vec::new();
        while let Ok(Some(field)) = form.next_field().await {
            let name = field.name().unwrap_or_default().to_owned();
            let Ok(value) = field.bytes().await else {
                break;
            };
            values.push((name, String::from_utf8_lossy(&value).into_owned()));
            if values.len() > MAX_FIELDS {
                break;
            }
        }
        whole(values)
    }
}

/// A form with all of its fields: one of which some are missing would say something else.
fn whole(values: Vec<(String, String)>) -> Result<Filled, WebError> {
    if values.len() > MAX_FIELDS {
        return Err(WebError::too_large());
    }
    Ok(Filled::of(values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_by_name_and_what_is_missing_is_empty() {
        let form = Filled::of([
            ("tags", "a, b,\n c,,"),
            ("c", "1"),
            ("c", "2"),
            ("p", " x "),
        ]);
        assert_eq!(form.words("tags"), ["a", "b", "c"]);
        assert!(form.has("c", "2") && !form.has("c", "3"));
        assert_eq!((form.value("p"), form.raw("p")), ("x", " x "));
        assert_eq!(form.value("nothing"), "");
        let form = form.refused(vec![FieldError::new("tags", "too many")]);
        assert_eq!(form.error("tags"), Some("Too many".to_owned()));
        let form = form.refused(vec![FieldError::new("url", "has no scheme")]);
        assert_eq!(form.error("url").unwrap(), "This has no scheme");
        assert!(form.is_refused() && form.general_error().is_none());
    }
}
