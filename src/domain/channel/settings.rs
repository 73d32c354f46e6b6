//! The settings of a channel: read by the table of its kind, sealed whole, shown without secrets.

use std::collections::BTreeMap;

use url::Url;

use super::kind::{Field, Form, Kind};
use crate::domain::endpoint::MAX_URL;
use crate::domain::monitor::FieldError;
use crate::domain::sensitive::Sensitive;
use crate::domain::team::Email;

/// Longest word or token, in bytes.
const MAX_WORD: usize = 512;
/// What signs the messages of a webhook; made by us, never given.
const SIGNS: &str = "secret";
/// What signed them before, and does so as well while receivers rotate.
const SIGNED_BEFORE: &str = "previous_secret";

/// What a channel is set to, by the names of its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<String, Sensitive>);

impl Settings {
    /// Reads what people give for a channel of this kind. What they leave out or give back as it was
    /// shown stays as it is `known`, and so does a secret that is left empty; another setting that
    /// is emptied goes back to its default. Fails with every field that is wrong.
    pub fn read<'a>(
        kind: Kind,
        given: impl Fn(&str) -> Option<&'a str>,
        known: Option<&Self>,
    ) -> Result<Self, Vec<FieldError>> {
        let mut settings = Self::default();
        let mut faults = Vec::new();
        for field in kind.fields() {
            let kept = known.and_then(|known| known.get(field.name));
            let value = match (given(field.name).map(str::trim), kept) {
                (None, Some(kept)) => Some(Ok(kept.to_owned())),
                (Some(""), Some(kept)) if field.form.is_secret() => Some(Ok(kept.to_owned())),
                (None | Some(""), _) => None,
                (Some(text), Some(kept))
                    if known.and_then(|known| known.shown(field)).as_deref() == Some(text) =>
                {
                    Some(Ok(kept.to_owned()))
                }
                (Some(text), _) => Some(read(field, text)),
            };
            match value.or_else(|| field.default.map(|text| Ok(text.to_owned()))) {
                Some(Ok(value)) => settings.set(field.name, value),
                Some(Err(message)) => faults.push(FieldError::new(field.name, message)),
                None => faults.push(FieldError::new(field.name, "is required")),
            }
        }
        for name in [SIGNS, SIGNED_BEFORE] {
            if kind == Kind::Webhook
                && let Some(secret) = known.and_then(|known| known.get(name))
            {
                settings.set(name, secret);
            }
        }
        if faults.is_empty() {
            Ok(settings)
        } else {
            Err(faults)
        }
    }

    /// Takes what was stored.
    pub fn of(pairs: impl IntoIterator<Item = (String, Sensitive)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// Everything, for sealing.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &Sensitive)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The value of a field; for the wire and nowhere else.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(Sensitive::expose)
    }

    /// The secrets that sign the messages of a webhook now, the newest first.
    pub fn signing_secrets(&self) -> impl Iterator<Item = &Sensitive> {
        [SIGNS, SIGNED_BEFORE]
            .into_iter()
            .filter_map(|name| self.0.get(name))
    }

    /// The same, signing with `secret`; what signed until now does so for the last time.
    #[must_use]
    pub fn signed_with(mut self, secret: Sensitive) -> Self {
        if let Some(before) = self.0.insert(SIGNS.to_owned(), secret) {
            self.0.insert(SIGNED_BEFORE.to_owned(), before);
        }
        self
    }

    /// The URLs in them, with the names of their fields: whoever connects to one asks the guard.
    pub fn urls(&self, kind: Kind) -> impl Iterator<Item = (&'static str, Url)> {
        let fields = kind.fields().iter();
        fields
            .filter(|field| matches!(field.form, Form::Url | Form::Hook))
            .filter_map(|field| Some((field.name, Url::parse(self.get(field.name)?).ok()?)))
    }

    /// A field as people may see it: nothing of a token, of a URL what is not secret.
    pub fn shown(&self, field: &Field) -> Option<String> {
        let value = self.get(field.name)?;
        match field.form {
            Form::Email | Form::Word => Some(value.to_owned()),
            Form::Url => {
                let mut url = Url::parse(value).ok()?;
                url.set_query(None);
                Some(bare(&url))
            }
            Form::Hook => {
                let url = Url::parse(value).ok()?;
                Some(format!("{}/…", url.origin().ascii_serialization()))
            }
            Form::Secret => None,
        }
    }

    /// Where messages go, for people.
    pub fn target(&self, kind: Kind) -> String {
        let first = kind.fields().iter().find_map(|field| self.shown(field));
        first.unwrap_or_default()
    }

    fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), Sensitive::new(value));
    }
}

/// A URL without the slash that parsing adds to a host.
fn bare(url: &Url) -> String {
    let text = url.as_str();
    if url.path() == "/" {
        text.trim_end_matches('/')
    } else {
        text
    }
    .to_owned()
}

fn read(field: &Field, text: &str) -> Result<String, String> {
    match field.form {
        Form::Email => match Email::parse(text) {
            Ok(email) => Ok(email.as_str().to_owned()),
            Err(fault) => Err(fault.message),
        },
        Form::Url | Form::Hook => read_url(text),
        Form::Word | Form::Secret => {
            let is_word = text.len() <= MAX_WORD
                && !text.chars().any(|c| c.is_control() || c.is_whitespace());
            let refused = format!("must be at most {MAX_WORD} bytes without spaces");
            is_word.then(|| text.to_owned()).ok_or(refused)
        }
    }
}

fn read_url(text: &str) -> Result<String, String> {
    if text.len() > MAX_URL {
        return Err("is too long".to_owned());
    }
    let not_a_url = |_| "is not a URL; it looks like https://example.com/hooks/lifesign".to_owned();
    let url = Url::parse(text).map_err(not_a_url)?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err("must start with https:// or http:// and name a host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not contain a user name or password".to_owned());
    }
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(kind: Kind, given: &[(&str, &str)]) -> Result<Settings, Vec<FieldError>> {
        change(kind, given, None)
    }

    fn change(
        kind: Kind,
        given: &[(&str, &str)],
        known: Option<&Settings>,
    ) -> Result<Settings, Vec<FieldError>> {
        let find = |name: &str| given.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
        Settings::read(kind, find, known)
    }

    #[test]
    fn nothing_secret_is_shown() {
        let hook = [("url", "https://hooks.example/x?key=abc")];
        let settings = read_all(Kind::Webhook, &hook).unwrap();
        assert_eq!(settings.target(Kind::Webhook), "https://hooks.example/x");
        let settings = read_all(Kind::Slack, &hook).unwrap();
        assert_eq!(settings.target(Kind::Slack), "https://hooks.example/…");
        assert!(!format!("{settings:?}").contains("abc"));
        let keys = [("api_key", "k-1")];
        let settings = read_all(Kind::Opsgenie, &keys).unwrap();
        assert_eq!(settings.target(Kind::Opsgenie), "https://api.opsgenie.com");
    }

    #[test]
    fn nonsense_is_refused_by_field() {
        for text in ["", "hooks", "ftp://x/", "https://u:p@x/"] {
            let faults = read_all(Kind::Webhook, &[("url", text)]).unwrap_err();
            assert_eq!(faults[0].field, "url", "{text}");
        }
        let faults = read_all(Kind::Telegram, &[("chat", "two words")]).unwrap_err();
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field).collect();
        assert_eq!(fields, ["chat", "token"]);
    }

    #[test]
    fn what_is_left_alone_stays() {
        let known = read_all(
            Kind::Telegram,
            &[
                ("chat", "-1"),
                ("token", "t-1"),
                ("server", "https://bots.example"),
            ],
        )
        .unwrap();
        let changed = change(
            Kind::Telegram,
            &[("chat", "-2"), ("token", "")],
            Some(&known),
        );
        let changed = changed.unwrap();
        assert_eq!(changed.get("chat"), Some("-2"));
        assert_eq!(
            changed.get("token"),
            Some("t-1"),
            "a secret that is left empty"
        );
        assert_eq!(
            changed.get("server"),
            Some("https://bots.example/"),
            "left out"
        );
        let changed = change(Kind::Telegram, &[("server", "")], Some(&known)).unwrap();
        assert_eq!(
            changed.get("server"),
            Some("https://api.telegram.org"),
            "emptied"
        );

        let hook = [("url", "https://hooks.example/x?key=abc")];
        let known = read_all(Kind::Webhook, &hook).unwrap();
        let known = known.signed_with(Sensitive::new("whsec_1"));
        let shown = [("url", "https://hooks.example/x")];
        let changed = change(Kind::Webhook, &shown, Some(&known)).unwrap();
        assert_eq!(changed, known, "as it was shown");
    }

    #[test]
    fn a_secret_that_is_replaced_signs_once_more() {
        let one = Settings::default().signed_with(Sensitive::new("1"));
        let two = one.signed_with(Sensitive::new("2"));
        let secrets: Vec<&str> = two.signing_secrets().map(Sensitive::expose).collect();
        assert_eq!(secrets, ["2", "1"]);
    }

    #[test]
    fn every_kind_says_where_it_goes_first() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(*kind));
            assert!(!kind.fields().is_empty());
        }
    }
}
