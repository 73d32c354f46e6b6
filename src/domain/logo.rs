//! The logo of a status page: a small picture of a kind that browsers only ever paint.
//!
//! The kind is read from the first bytes and never from a name or a header. SVG is refused: it is
//! a document that may hold scripts, and nobody else's document is served from our origin.

use super::monitor::FieldError;

/// Largest logo, in bytes.
pub const MAX_LOGO: usize = 64 * 1_024;
/// The first bytes of a PNG picture (PNG, third edition, §5.2).
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The kinds of picture that a logo may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoKind {
    /// Portable Network Graphics.
    Png,
    /// WebP.
    Webp,
}

impl LogoKind {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Webp => "webp",
        }
    }

    /// The one with this word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Png, Self::Webp]
            .into_iter()
            .find(|known| known.as_str() == word)
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }
}

/// A picture that may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// What it is.
    pub kind: LogoKind,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Logo {
    /// Reads what somebody handed in; refuses what is too large or no such picture.
    pub fn read(bytes: Vec<u8>) -> Result<Self, FieldError> {
        let fault = |message: &str| Err(FieldError::new("logo", message));
        if bytes.is_empty() {
            return fault("must be a file");
        }
        if bytes.len() > MAX_LOGO {
            return fault("must have at most 64 KiB; make the picture smaller");
        }
        let kind = if bytes.starts_with(PNG) {
            LogoKind::Png
        } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            LogoKind::Webp
        } else {
            return fault("must be a PNG or WebP picture; others, SVG among them, are not shown");
        };
        Ok(Self { kind, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_its_first_bytes() {
        let png = [PNG, &[0; 20]].concat();
        assert_eq!(Logo::read(png).unwrap().kind, LogoKind::Png);
        let webp = b"RIFF\x10\x00\x00\x00WEBPVP8 ".to_vec();
        assert_eq!(Logo::read(webp).unwrap().kind, LogoKind::Webp);
        for (bytes, part) in [
            (Vec::new(), "a file"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(), "SVG"),
            (b"GIF89a".to_vec(), "PNG or WebP"),
            (b"RIFF\x10\x00\x00\x00WAVE".to_vec(), "PNG or WebP"),
            ([PNG, &vec![0; MAX_LOGO]].concat(), "64 KiB"),
        ] {
            assert!(
                Logo::read(bytes).unwrap_err().message.contains(part),
                "{part}"
            );
        }
    }
}
