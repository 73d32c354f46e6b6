//! The picture of a page for those who pass its address on: title and state, 1200 by 630 pixels
//! (the Open Graph protocol), drawn here and written as PNG (third edition). Pure.
//!
//! The font is Inter (SIL Open Font License 1.1, `fonts/LICENSE`), cut down to the letters of
//! Latin, Greek and Cyrillic; other scripts are shown as boxes.

use std::io::{self, Write as _};

use ab_glyph::{Font as _, FontRef, PxScale, ScaleFont as _, point};
use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

use crate::domain::accent::Rgb;
use crate::domain::status::MonitorStatus;
use crate::domain::untrusted;

/// Its width, in pixels.
pub(super) const WIDTH: u16 = 1_200;
/// Its height, in pixels.
pub(super) const HEIGHT: u16 = 630;
/// Distance of everything from the edge, in pixels.
const EDGE: f32 = 80.0;
/// Longest title, in characters.
const MAX_TITLE: usize = 80;
/// Most lines of the sentence.
const MOST_LINES: usize = 3;
/// Side of the squares that a pixel of a shape is sampled in.
const SAMPLES: u8 = 4;
/// Letters of Latin, Greek and Cyrillic, semi-bold.
const FONT: &[u8] = include_bytes!("../../../fonts/inter-600.ttf");

/// Ground, text, and text that matters less: those of the light pages.
const GROUND: Rgb = Rgb(0xf6, 0xf7, 0xf9);
const TEXT: Rgb = Rgb(0x14, 0x18, 0x20);
const MUTED: Rgb = Rgb(0x56, 0x60, 0x70);

/// The colours of a status: of its words, of its shape, and of what is behind them.
fn colours(status: MonitorStatus) -> (Rgb, Rgb, Rgb) {
    match status {
        MonitorStatus::Up => (
            Rgb(0x17, 0x69, 0x3b),
            Rgb(0x35, 0xb0, 0x6c),
            Rgb(0xe2, 0xf4, 0xe9),
        ),
        MonitorStatus::Degraded => (
            Rgb(0x85, 0x50, 0x00),
            Rgb(0xed, 0xa5, 0x2c),
            Rgb(0xfd, 0xf0, 0xd7),
        ),
        MonitorStatus::Down => (
            Rgb(0xb0, 0x23, 0x18),
            Rgb(0xd3, 0x37, 0x2c),
            Rgb(0xfc, 0xe9, 0xe7),
        ),
        MonitorStatus::Unknown | MonitorStatus::Pending | MonitorStatus::Paused => (
            Rgb(0x5b, 0x55, 0x78),
            Rgb(0x8a, 0x83, 0xad),
            Rgb(0xed, 0xeb, 0xf5),
        ),
    }
}

/// The corners of the shape of a status in a square of side one; none is a circle.
fn corners(status: MonitorStatus) -> &'static [(f32, f32)] {
    match status {
        MonitorStatus::Up => &[],
        MonitorStatus::Degraded => &[(0.5, 0.03), (1.0, 0.93), (0.0, 0.93)],
        MonitorStatus::Down => &[
            (0.29, 0.0),
            (0.71, 0.0),
            (1.0, 0.29),
            (1.0, 0.71),
            (0.71, 1.0),
            (0.29, 1.0),
            (0.0, 0.71),
            (0.0, 0.29),
        ],
        _ => &[(0.5, 0.0), (1.0, 0.5), (0.5, 1.0), (0.0, 0.5)],
    }
}

/// A picture while it is drawn: three bytes for a pixel.
struct Canvas(Vec<u8>);

impl Canvas {
    /// Puts `share` of a colour over a pixel; what lies outside is nothing.
    fn blend(&mut self, x: i32, y: i32, colour: Rgb, share: f32) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else {
            return;
        };
        let (width, height) = (usize::from(WIDTH), usize::from(HEIGHT));
        if x >= width || y >= height {
            return;
        }
        let start = (y * width + x) * 3;
        let parts = [colour.0, colour.1, colour.2];
        for (known, new) in self.0[start..start + 3].iter_mut().zip(parts) {
            let mixed = f32::from(*known) * (1.0 - share) + f32::from(new) * share;
            *known = whole(mixed).clamp(0, 255).try_into().unwrap_or(u8::MAX);
        }
    }

    /// Fills what `is_inside` says of the points of a rectangle.
    fn fill(
        &mut self,
        (left, top, right, bottom): (f32, f32, f32, f32),
        colour: Rgb,
        is_inside: impl Fn(f32, f32) -> bool,
    ) {
        let step = 1.0 / f32::from(SAMPLES);
        for y in whole(top.floor())..=whole(bottom.ceil()) {
            for x in whole(left.floor())..=whole(right.ceil()) {
                let mut hits = 0_u8;
                for sample in 0..SAMPLES * SAMPLES {
                    let (dx, dy) = (sample % SAMPLES, sample / SAMPLES);
                    let at = |start: i32, part: u8| real(start) + (f32::from(part) + 0.5) * step;
                    hits += u8::from(is_inside(at(x, dx), at(y, dy)));
                }
                let share = f32::from(hits) / f32::from(SAMPLES * SAMPLES);
                self.blend(x, y, colour, share);
            }
        }
    }

    /// A line of text whose letters stand on `base`.
    fn text(
        &mut self,
        font: &FontRef<'_>,
        (x, base): (f32, f32),
        (size, colour): (f32, Rgb),
        text: &str,
    ) {
        let scaled = font.as_scaled(PxScale::from(size));
        let mut x = x;
        for c in text.chars() {
            let id = font.glyph_id(c);
            let glyph = id.with_scale_and_position(size, point(x, base));
            x += scaled.h_advance(id);
            if let Some(outline) = font.outline_glyph(glyph) {
                let bounds = outline.px_bounds();
                let (left, top) = (whole(bounds.min.x), whole(bounds.min.y));
                outline.draw(|dx, dy, share| {
                    let (dx, dy) = (i32::try_from(dx), i32::try_from(dy));
                    if let (Ok(dx), Ok(dy)) = (dx, dy) {
                        self.blend(left + dx, top + dy, colour, share.min(1.0));
                    }
                });
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "places within a picture")]
fn whole(value: f32) -> i32 {
    value.round() as i32
}

#[expect(clippy::cast_precision_loss, reason = "places within a picture")]
fn real(value: i32) -> f32 {
    value as f32
}

/// How wide a text is, in pixels.
fn length(font: &FontRef<'_>, size: f32, text: &str) -> f32 {
    let scaled = font.as_scaled(PxScale::from(size));
    text.chars()
        .map(|c| scaled.h_advance(font.glyph_id(c)))
        .sum()
}

/// A text as long as there is room for it, with an ellipsis where it was cut.
fn cut(font: &FontRef<'_>, (size, room): (f32, f32), text: &str) -> String {
    let mut shown = text.to_owned();
    while length(font, size, &shown) > room {
        shown = shown.trim_end_matches('…').to_owned();
        if shown.pop().is_none() {
            break;
        }
        shown.push('…');
    }
    shown
}

/// Words in lines that there is room for.
fn lines(font: &FontRef<'_>, (size, room): (f32, f32), text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let longer = lines.last().map(|line| format!("{line} {word}"));
        match longer.filter(|line| length(font, size, line) <= room) {
            Some(line) => {
                lines.pop();
                lines.push(line);
            }
            None => lines.push(cut(font, (size, room), word)),
        }
    }
    lines.truncate(MOST_LINES);
    lines
}

/// Draws it. Fails only if the font or the compression does, which are ours.
pub(super) fn draw(title: &str, sentence: &str, status: MonitorStatus) -> anyhow::Result<Vec<u8>> {
    let font = FontRef::try_from_slice(FONT)?;
    let (width, height) = (f32::from(WIDTH), f32::from(HEIGHT));
    let ground = [GROUND.0, GROUND.1, GROUND.2];
    let mut canvas = Canvas(ground.repeat(usize::from(WIDTH) * usize::from(HEIGHT)));
    let (words, fill, soft) = colours(status);

    let room = width - 2.0 * EDGE;
    let title = untrusted::line(title, MAX_TITLE);
    canvas.text(
        &font,
        (EDGE, 142.0),
        (58.0, TEXT),
        &cut(&font, (58.0, room), &title),
    );

    let (top, bottom, radius) = (200.0, 490.0, 28.0);
    let is_card = |x: f32, y: f32| {
        let dx = (EDGE + radius - x)
            .max(x - (width - EDGE - radius))
            .max(0.0);
        let dy = (top + radius - y).max(y - (bottom - radius)).max(0.0);
        dx * dx + dy * dy <= radius * radius
    };
    canvas.fill((EDGE, top, width - EDGE, bottom), soft, is_card);

    let (side, middle) = (108.0, f32::midpoint(top, bottom));
    let (left, upper) = (EDGE + 48.0, middle - side / 2.0);
    let corners = corners(status);
    let is_shape = |x: f32, y: f32| {
        let (x, y) = ((x - left) / side, (y - upper) / side);
        if corners.is_empty() {
            return (x - 0.5).powi(2) + (y - 0.5).powi(2) <= 0.25;
        }
        let ends = corners.iter().cycle().skip(1);
        let crossings = corners.iter().zip(ends).filter(|((ax, ay), (bx, by))| {
            (*ay > y) != (*by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax
        });
        crossings.count() % 2 == 1
    };
    canvas.fill((left, upper, left + side, upper + side), fill, is_shape);

    let (letters, pace) = (60.0, 74.0);
    let start = left + side + 48.0;
    let said = lines(&font, (letters, width - EDGE - 40.0 - start), sentence);
    let mut base = middle + 21.0;
    for _ in 1..said.len() {
        base -= pace / 2.0;
    }
    for line in &said {
        canvas.text(&font, (start, base), (letters, words), line);
        base += pace;
    }
    canvas.text(
        &font,
        (EDGE, height - 62.0),
        (32.0, MUTED),
        "Watched by Lifesign",
    );
    Ok(png(&canvas.0)?)
}

/// A picture with three bytes for a pixel as a file.
fn png(pixels: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    for row in pixels.chunks_exact(usize::from(WIDTH) * 3) {
        packed.write_all(&[0])?;
        packed.write_all(row)?;
    }
    let packed = packed.finish()?;
    let mut header = Vec::new();
    header.extend(u32::from(WIDTH).to_be_bytes());
    header.extend(u32::from(HEIGHT).to_be_bytes());
    // Eight bits for each of red, green and blue; no interlacing.
    header.extend([8, 2, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, data) in [
        (b"IHDR", &header),
        (b"IDAT", &packed),
        (b"IEND", &Vec::new()),
    ] {
        let length = u32::try_from(data.len()).map_err(io::Error::other)?;
        let mut crc = Crc::new();
        crc.update(name);
        crc.update(data);
        file.extend(length.to_be_bytes());
        file.extend(name);
        file.extend(data);
        file.extend(crc.sum().to_be_bytes());
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_a_small_picture_and_another_one() {
        let draw = |status| draw("Acme", "1 server is down, 2 are in maintenance", status).unwrap();
        let all = [
            MonitorStatus::Up,
            MonitorStatus::Degraded,
            MonitorStatus::Down,
            MonitorStatus::Unknown,
        ];
        let files = all.map(draw);
        for (n, file) in files.iter().enumerate() {
            assert!(
                file.starts_with(b"\x89PNG\r\n\x1a\n") && file.len() < 60_000,
                "{}",
                file.len()
            );
            assert!(files[..n].iter().all(|other| other != file));
        }
    }

    #[test]
    fn what_is_too_long_is_cut_and_wrapped() {
        let font = FontRef::try_from_slice(FONT).unwrap();
        let text = "word ".repeat(100);
        let wrapped = lines(&font, (60.0, 700.0), &text);
        assert_eq!(wrapped.len(), MOST_LINES);
        assert!(
            wrapped
                .iter()
                .all(|line| length(&font, 60.0, line) <= 700.0)
        );
        let title = cut(&font, (58.0, 1_000.0), &"ä".repeat(80));
        assert!(title.ends_with('…') && length(&font, 58.0, &title) <= 1_000.0);
        assert_eq!(cut(&font, (58.0, 1_000.0), "Acme"), "Acme");
    }
}
