//! The guard in front of the event-stream decoder.
//!
//! The decoder (`eventsource-client`) has no limits and takes an unknown or empty field for an
//! error where the standard says ignore. This guard passes on only lines that it understands:
//! line ends become LF, the byte-order mark and comments go, sizes are bounded, text is UTF-8.
//! A last event without its empty line is completed, and that is noted.

use std::time::Duration;

use tokio::time::Instant;

/// Most bytes of a stream.
pub(super) const MAX_STREAM: usize = 8 * 1024 * 1024;
/// Most bytes of one event.
pub(super) const MAX_EVENT: usize = 4 * 1024 * 1024;
/// Most events of a stream.
pub(super) const MAX_EVENTS: usize = 2_000;
/// How late an answer is at least when something held it back.
const HELD_BACK: Duration = Duration::from_secs(2);
/// What comes within this is one piece.
const BURST: Duration = Duration::from_millis(50);
/// Bytes of the raw stream that are kept for the transcript.
const KEPT: usize = 4_096;
/// Bytes of a line that is no field which are kept as evidence.
const KEPT_LINE: usize = 80;

/// Why a stream is not read any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    TooLarge(&'static str),
    NotUtf8,
    Bomb,
    Corrupt,
}

/// What was seen of a stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Lines that are fields of an event.
    pub(super) fields: usize,
    /// Comment lines.
    pub(super) comments: usize,
    /// The last event had no empty line after it.
    pub(super) unterminated: bool,
    /// The first line that is neither field nor comment.
    pub(super) odd_line: Option<Vec<u8>>,
    /// The beginning of the stream as it came.
    pub(super) start: Vec<u8>,
    /// Why it was cut.
    pub(super) stop: Option<Stop>,
    /// We wait for room of our own rather than for the server.
    pub(super) crowded: bool,
    /// Comments and events without data, which open a stream before there is an answer.
    pub(super) preludes: usize,
    /// When the first byte came.
    pub(super) first_at: Option<Instant>,
}

impl Tally {
    /// How long something on the way held the stream back: what a server sends at once came only
    /// together with the answer, long after it was asked for.
    pub(super) fn held_back(&self, asked: Instant, answered: Instant) -> Option<Duration> {
        let first = self.first_at?;
        let waited = first.saturating_duration_since(asked);
        let is_burst = answered.saturating_duration_since(first) < BURST;
        (self.preludes > 0 && is_burst && waited >= HELD_BACK).then_some(waited)
    }
}

/// Reads bytes, writes lines.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says where in the stream we are"
)]
pub(super) struct LineGuard {
    line: Vec<u8>,
    after_cr: bool,
    begun: bool,
    in_event: bool,
    has_data: bool,
    event_bytes: usize,
    events: usize,
    bytes: usize,
}

impl LineGuard {
    /// Takes in a piece of the stream and appends what may pass to `out`.
    pub(super) fn feed(
        &mut self,
        mut piece: &[u8],
        tally: &mut Tally,
        out: &mut Vec<u8>,
    ) -> Result<(), Stop> {
        let room = KEPT.saturating_sub(tally.start.len()).min(piece.len());
        tally.start.extend_from_slice(&piece[..room]);
        self.bytes += piece.len();
        if self.bytes > MAX_STREAM {
            return Err(Stop::TooLarge("8 MiB"));
        }
        if self.after_cr && piece.first() == Some(&b'\n') {
            piece = &piece[1..];
        }
        if !piece.is_empty() {
            self.after_cr = false;
        }
        while let Some(end) = piece.iter().position(|b| matches!(b, b'\n' | b'\r')) {
            let is_cr = piece[end] == b'\r';
            if self.line.is_empty() {
                self.pass(&piece[..end], tally, out)?;
            } else {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(&piece[..end]);
                self.pass(&line, tally, out)?;
            }
            piece = &piece[end + 1..];
            if is_cr {
                self.after_cr = piece.is_empty();
                piece = piece.strip_prefix(b"\n").unwrap_or(piece);
            }
        }
        self.line.extend_from_slice(piece);
        if self.event_bytes + self.line.len() > MAX_EVENT {
            return Err(Stop::TooLarge("4 MiB in one event"));
        }
        Ok(())
    }

    /// Bytes of an event that is not complete.
    pub(super) fn held(&self) -> usize {
        self.event_bytes + self.line.len()
    }

    /// The stream has ended: completes what was left open, and notes it.
    pub(super) fn finish(&mut self, tally: &mut Tally, out: &mut Vec<u8>) -> Result<(), Stop> {
        if !self.line.is_empty() {
            let line = std::mem::take(&mut self.line);
            self.pass(&line, tally, out)?;
        }
        if self.in_event {
            tally.unterminated = true;
            self.pass(b"", tally, out)?;
        }
        Ok(())
    }

    fn pass(&mut self, line: &[u8], tally: &mut Tally, out: &mut Vec<u8>) -> Result<(), Stop> {
        let line = if std::mem::replace(&mut self.begun, true) {
            line
        } else {
            line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)
        };
        if line.is_empty() {
            if std::mem::take(&mut self.in_event) {
                if !std::mem::take(&mut self.has_data) {
                    tally.preludes += 1;
                }
                out.push(b'\n');
                self.event_bytes = 0;
                self.events += 1;
                if self.events > MAX_EVENTS {
                    return Err(Stop::TooLarge("2,000 events"));
                }
            }
            return Ok(());
        }
        if line[0] == b':' {
            tally.comments += 1;
            tally.preludes += 1;
            return Ok(());
        }
        let colon = line.iter().position(|b| *b == b':');
        let (name, value) = match colon {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &b""[..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        let known = match name {
            b"data" => true,
            b"event" => !value.is_empty(),
            b"id" => !value.contains(&0),
            b"retry" => {
                !value.is_empty() && value.len() < 10 && value.iter().all(u8::is_ascii_digit)
            }
            _ => false,
        };
        if !known {
            if !matches!(name, b"event" | b"id" | b"retry") && tally.odd_line.is_none() {
                tally.odd_line = Some(line[..line.len().min(KEPT_LINE)].to_vec());
            }
            return Ok(());
        }
        if std::str::from_utf8(line).is_err() {
            return Err(Stop::NotUtf8);
        }
        self.event_bytes += line.len();
        if self.event_bytes > MAX_EVENT {
            return Err(Stop::TooLarge("4 MiB in one event"));
        }
        tally.fields += 1;
        self.has_data |= name == b"data" && !value.is_empty();
        self.in_event = true;
        out.extend_from_slice(line);
        out.push(b'\n');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn guarded(pieces: &[&[u8]]) -> (Result<String, Stop>, Tally) {
        let (mut guard, mut tally, mut out) = (LineGuard::default(), Tally::default(), Vec::new());
        let result = pieces
            .iter()
            .try_for_each(|piece| guard.feed(piece, &mut tally, &mut out))
            .and_then(|()| guard.finish(&mut tally, &mut out));
        (result.map(|()| String::from_utf8(out).unwrap()), tally)
    }

    #[test]
    fn every_way_to_end_a_line_is_understood_however_it_is_cut() {
        let expected = "event: message\ndata: {}\n\n";
        for text in [
            "event: message\ndata: {}\n\n",
            "event: message\r\ndata: {}\r\n\r\n",
            "event: message\rdata: {}\r\r",
            "\u{feff}event: message\n: ping\ndata: {}\n\n\n",
            "event: message\nfoo: bar\nretry: soon\nevent:\ndata: {}\n\n",
        ] {
            assert_eq!(guarded(&[text.as_bytes()]).0.unwrap(), expected, "{text:?}");
            let single: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
            assert_eq!(
                guarded(&single).0.unwrap(),
                expected,
                "{text:?} byte by byte"
            );
        }
    }

    #[test]
    fn a_last_event_without_its_empty_line_is_completed_and_noted() {
        for text in ["data: {}", "data: {}\n"] {
            let (out, tally) = guarded(&[text.as_bytes()]);
            assert_eq!(out.unwrap(), "data: {}\n\n");
            assert!(tally.unterminated);
        }
        assert!(!guarded(&[b"data: {}\n\n"]).1.unterminated);
    }

    #[test]
    fn what_is_no_stream_leaves_its_evidence() {
        let (out, tally) = guarded(&[b"{\"jsonrpc\":\"2.0\"}\n"]);
        assert_eq!(out.unwrap(), "");
        assert_eq!(
            (tally.fields, tally.odd_line.unwrap()),
            (0, b"{\"jsonrpc\":\"2.0\"}".to_vec())
        );
    }

    #[test]
    fn bounds_hold() {
        let long = vec![b'x'; MAX_EVENT + 1];
        assert_eq!(
            guarded(&[b"data: ", &long]).0,
            Err(Stop::TooLarge("4 MiB in one event"))
        );
        let many = "data: x\n\n".repeat(MAX_EVENTS + 1);
        assert_eq!(
            guarded(&[many.as_bytes()]).0,
            Err(Stop::TooLarge("2,000 events"))
        );
        let comments = vec![b':'; 1024];
        let endless: Vec<&[u8]> = std::iter::repeat_n(&comments[..], 9 * 1024).collect();
        assert!(guarded(&endless).0.is_err());
        assert_eq!(guarded(&[b"data: \xff\n\n"]).0, Err(Stop::NotUtf8));
    }

    proptest! {
        #[test]
        fn where_the_stream_is_cut_makes_no_difference(
            text in "(data|event|id|retry|:|foo|\\{)?[ :a-z0-9\r\n]{0,40}(\r|\n|\r\n)?data: x(\r\n|\n\n|\r\r)?",
            cuts in proptest::collection::vec(0..60_usize, 0..5)
        ) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut <= bytes.len()).collect();
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut from = 0;
            for cut in cuts {
                pieces.push(&bytes[from..cut]);
                from = cut;
            }
            pieces.push(&bytes[from..]);
            prop_assert_eq!(guarded(&pieces).0, guarded(&[bytes]).0);
        }
    }
}
