//! Badges: a word on a coloured ground, as SVG, in the two shapes that readmes are used to; and the
//! same as JSON for shields.io. Pure.

use serde::Serialize;

use super::chart::escape;
use crate::domain::status::MonitorStatus;

/// Longest text on one side of a badge, in characters.
const MAX_TEXT: usize = 60;

/// The shape of a badge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Style {
    /// Rounded, 20 pixels high.
    #[default]
    Flat,
    /// Without rounding.
    FlatSquare,
    /// Large capitals, 28 pixels high.
    ForTheBadge,
}

impl Style {
    /// Reads the word of shields; anything else is flat.
    pub(super) fn parse(word: &str) -> Self {
        match word {
            "flat-square" => Self::FlatSquare,
            "for-the-badge" => Self::ForTheBadge,
            _ => Self::Flat,
        }
    }
}

/// What a badge says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Badge {
    label: String,
    message: String,
    color: &'static str,
}

/// The format of shields.io endpoints.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shield {
    schema_version: u8,
    label: String,
    message: String,
    color: String,
    is_error: bool,
}

impl Badge {
    /// Says how something is.
    pub(super) fn status(label: &str, status: MonitorStatus) -> Self {
        let color = match status {
            MonitorStatus::Up => "#1b7f47",
            MonitorStatus::Degraded => "#9a5f00",
            MonitorStatus::Down => "#b3261e",
            MonitorStatus::Unknown => "#5b5578",
            MonitorStatus::Pending => "#255f9f",
            MonitorStatus::Paused => "#566070",
        };
        Self::new(label, status.as_str().to_owned(), color)
    }

    /// Says an uptime, 0 to 1, written as `words`.
    pub(super) fn uptime(label: &str, share: Option<f64>, words: String) -> Self {
        let color = match share {
            None => "#5b5578",
            Some(share) if share >= 0.999 => "#1b7f47",
            Some(share) if share >= 0.99 => "#4d7a12",
            Some(share) if share >= 0.95 => "#9a5f00",
            Some(_) => "#b3261e",
        };
        Self::new(label, words, color)
    }

    fn new(label: &str, message: String, color: &'static str) -> Self {
        let label = label.chars().take(MAX_TEXT).collect();
        Self {
            label,
            message,
            color,
        }
    }

    /// As JSON for shields.io.
    pub(super) fn shield(&self) -> Shield {
        Shield {
            schema_version: 1,
            label: self.label.clone(),
            message: self.message.clone(),
            color: self.color.to_owned(),
            is_error: false,
        }
    }

    /// As a picture that stands alone.
    pub(super) fn svg(&self, style: Style) -> String {
        let is_large = style == Style::ForTheBadge;
        let shown = |text: &str| {
            if is_large {
                text.to_uppercase()
            } else {
                text.to_owned()
            }
        };
        let (label, message) = (shown(&self.label), shown(&self.message));
        let (height, size, pad, pace) = if is_large {
            (28, 10, 12, 8)
        } else {
            (20, 11, 7, 7)
        };
        let radius = if style == Style::Flat { 4 } else { 0 };
        let width = |text: &str| {
            let units: u32 = text.chars().map(char_width).sum();
            units * pace / 70 + 2 * pad
        };
        let (left, right) = (width(&label), width(&message));
        let all = left + right;
        let (x, y) = (
            f64::from(left) / 2.0,
            f64::from(left) + f64::from(right) / 2.0,
        );
        let base = height / 2 + 4;
        let (label, message, color) = (escape(&label), escape(&message), self.color);
        let weight = if is_large {
            " font-weight=\"600\" letter-spacing=\".6\""
        } else {
            ""
        };
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{all}\" height=\"{height}\" role=\"img\" \
             aria-label=\"{label}: {message}\"><title>{label}: {message}</title>\
             <clipPath id=\"r\"><rect width=\"{all}\" height=\"{height}\" rx=\"{radius}\"/></clipPath>\
             <g clip-path=\"url(#r)\"><rect width=\"{left}\" height=\"{height}\" fill=\"#3b4252\"/>\
             <rect x=\"{left}\" width=\"{right}\" height=\"{height}\" fill=\"{color}\"/></g>\
             <g fill=\"#fff\" text-anchor=\"middle\" font-size=\"{size}\"{weight} \
             font-family=\"Verdana,DejaVu Sans,Geneva,sans-serif\">\
             <text x=\"{x}\" y=\"{base}\">{label}</text><text x=\"{y}\" y=\"{base}\">{message}</text>\
             </g></svg>"
        )
    }
}

/// The width of a character in Verdana, in hundredths of an em.
fn char_width(c: char) -> u32 {
    match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 35,
        'f' | 't' | 'r' | ' ' | '(' | ')' | '-' | '/' => 42,
        'm' | 'w' | 'M' | 'W' | '%' => 97,
        c if c.is_ascii_uppercase() => 74,
        c if c.is_ascii() => 62,
        _ => 100,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badge_says_the_same_as_picture_and_as_json() {
        let badge = Badge::status("Acme <search>", MonitorStatus::Down);
        let svg = badge.svg(Style::Flat);
        assert!(
            svg.contains("<title>Acme &lt;search&gt;: down</title>"),
            "{svg}"
        );
        assert!(!svg.contains("<search>"));
        let json = serde_json::to_value(badge.shield()).unwrap();
        assert_eq!(json["schemaVersion"], 1);
        assert_eq!(
            (&json["label"], &json["message"]),
            (&"Acme <search>".into(), &"down".into())
        );
        assert!(badge.svg(Style::ForTheBadge).contains("DOWN"));
    }
}
