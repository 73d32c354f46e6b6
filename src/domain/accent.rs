//! The colour of a status page: what its makers chose, and what of it can be read.
//!
//! The chosen colour is kept as it is. Shown is the nearest to it that has contrast enough on the
//! grounds that it stands on (WCAG 2.2, 1.4.3: 4.5 to 1), one for light and one for dark.

use super::monitor::FieldError;

/// Least contrast of text and its ground.
const LEAST: f64 = 4.5;
/// In how many steps a colour is brought nearer to black or white.
const STEPS: u8 = 50;
/// How much of the colour is in its soft ground, in hundredths.
const SOFT: u8 = 11;

/// A colour: red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

/// What the accent stands on: the ground of the page, of a card, and what is sunk into it.
const LIGHT: [Rgb; 3] = [
    Rgb(0xf6, 0xf7, 0xf9),
    Rgb(0xff, 0xff, 0xff),
    Rgb(0xee, 0xf0, 0xf3),
];
/// The same in the dark.
const DARK: [Rgb; 3] = [
    Rgb(0x0e, 0x11, 0x16),
    Rgb(0x16, 0x1a, 0x21),
    Rgb(0x0a, 0x0d, 0x11),
];

/// The colour that somebody chose for a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accent(Rgb);

/// What a colour becomes on light or on dark grounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shades {
    /// For links and buttons.
    pub accent: Rgb,
    /// A ground of the same hue, for the accent and for text.
    pub soft: Rgb,
    /// For text on the accent.
    pub on_accent: Rgb,
}

impl Rgb {
    /// As CSS writes it: `#3a49c4`.
    pub fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }

    /// Relative luminance, 0 to 1 (WCAG 2.2).
    fn luminance(self) -> f64 {
        let part = |value: u8| {
            let share = f64::from(value) / 255.0;
            if share <= 0.04045 {
                share / 12.92
            } else {
                ((share + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(self.0) + 0.7152 * part(self.1) + 0.0722 * part(self.2)
    }

    /// Contrast of two colours, 1 to 21 (WCAG 2.2).
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// This with `part` of `whole` of another in it.
    fn mixed(self, other: Self, part: u8, whole: u8) -> Self {
        let (part, whole) = (u32::from(part), u32::from(whole));
        let mix = |a: u8, b: u8| {
            let sum = u32::from(a) * (whole - part) + u32::from(b) * part;
            u8::try_from(sum / whole).unwrap_or(u8::MAX)
        };
        Self(
            mix(self.0, other.0),
            mix(self.1, other.1),
            mix(self.2, other.2),
        )
    }
}

impl Accent {
    /// Reads `#3a49c4`, also without the hash sign.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let digits = text.strip_prefix('#').unwrap_or(text);
        let is_hex = digits.len() == 6 && digits.chars().all(|c| c.is_ascii_hexdigit());
        let number = is_hex
            .then(|| u32::from_str_radix(digits, 16).ok())
            .flatten();
        let [_, red, green, blue] = number
            .ok_or_else(|| FieldError::new("accent", "must be a colour like #3a49c4"))?
            .to_be_bytes();
        Ok(Self(Rgb(red, green, blue)))
    }

    /// As it was chosen: `#3a49c4`.
    pub fn hex(self) -> String {
        self.0.hex()
    }

    /// What it becomes on light grounds.
    pub fn light(self) -> Shades {
        self.shades(LIGHT, Rgb(0, 0, 0))
    }

    /// What it becomes on dark grounds.
    pub fn dark(self) -> Shades {
        self.shades(DARK, Rgb(0xff, 0xff, 0xff))
    }

    /// The nearest on the way to `end` that can be read on the grounds and on its own soft one.
    fn shades(self, grounds: [Rgb; 3], end: Rgb) -> Shades {
        let soft = grounds[1].mixed(self.0, SOFT, 100);
        let is_read = |colour: &Rgb| {
            let mut all = grounds.iter().chain([&soft]);
            all.all(|ground| colour.contrast(*ground) >= LEAST)
        };
        let mut way = (0..=STEPS).map(|step| self.0.mixed(end, step, STEPS));
        let accent = way.find(is_read).unwrap_or(end);
        let (white, black) = (Rgb(0xff, 0xff, 0xff), Rgb(0x0e, 0x11, 0x16));
        let on_accent = if accent.contrast(white) >= accent.contrast(black) {
            white
        } else {
            black
        };
        Shades {
            accent,
            soft,
            on_accent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_read_by_its_digits_only() {
        assert_eq!(Accent::parse("#3A49c4").unwrap().hex(), "#3a49c4");
        assert_eq!(Accent::parse("3a49c4").unwrap().hex(), "#3a49c4");
        for bad in [
            "",
            "#fff",
            "red",
            "#3a49c4;}",
            "#3a49c45",
            "+3a49c",
            "#+3a49c",
        ] {
            assert_eq!(Accent::parse(bad).unwrap_err().field, "accent", "{bad}");
        }
    }

    #[test]
    fn whatever_is_chosen_can_be_read_in_light_and_dark() {
        let values = [0, 51, 102, 153, 204, 255];
        for (red, green, blue) in values
            .into_iter()
            .flat_map(|r| values.into_iter().map(move |g| (r, g)))
            .flat_map(|(r, g)| values.into_iter().map(move |b| (r, g, b)))
        {
            let accent = Accent(Rgb(red, green, blue));
            for (shades, grounds) in [(accent.light(), LIGHT), (accent.dark(), DARK)] {
                for ground in grounds.into_iter().chain([shades.soft, shades.on_accent]) {
                    let contrast = shades.accent.contrast(ground);
                    assert!(
                        contrast >= LEAST,
                        "{accent:?} {shades:?} {ground:?}: {contrast}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_can_be_read_stays_as_it_was_chosen() {
        let accent = Accent::parse("#3a49c4").unwrap();
        assert_eq!(accent.light().accent.hex(), "#3a49c4");
        assert_ne!(accent.dark().accent.hex(), "#3a49c4");
    }
}
