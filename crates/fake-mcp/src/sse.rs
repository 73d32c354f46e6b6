//! How a scripted server spells server-sent events.
//!
//! The wire form only: line ends, priming events, byte order marks, chunking, and where the stream
//! stops. What is said in the events is decided by `protocol.rs`.

use std::time::Duration;

use bytes::Bytes;

use crate::body::Piece;

/// The spelling of an event stream that carries one answer; plain and well-formed unless told otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one independent habit of real servers"
)]
pub struct Sse {
    crlf: bool,
    bom: bool,
    priming: bool,
    comments: usize,
    notifications: usize,
    server_ping: bool,
    several_lines: bool,
    byte_by_byte: bool,
    pause: Option<Duration>,
    unterminated: bool,
    silent: bool,
    truncated: bool,
    held_open: bool,
}

impl Sse {
    /// One `event: message` with LF line ends, then the end of the stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lines end with CRLF, as the Python SDK writes them.
    pub fn crlf(self) -> Self {
        Self { crlf: true, ..self }
    }

    /// The stream begins with a byte order mark.
    pub fn bom(self) -> Self {
        Self { bom: true, ..self }
    }

    /// First an event with an id and an empty `data:` (2025-11-25).
    pub fn priming(self) -> Self {
        Self {
            priming: true,
            ..self
        }
    }

    /// `count` comment lines (`: ping`) before the answer.
    pub fn comments(self, count: usize) -> Self {
        Self {
            comments: count,
            ..self
        }
    }

    /// `count` log notifications before the answer.
    pub fn notifications(self, count: usize) -> Self {
        Self {
            notifications: count,
            ..self
        }
    }

    /// A `ping` request of the server before the answer.
    pub fn server_ping(self) -> Self {
        Self {
            server_ping: true,
            ..self
        }
    }

    /// The JSON is spread over several `data:` lines.
    pub fn several_lines(self) -> Self {
        Self {
            several_lines: true,
            ..self
        }
    }

    /// Every byte is a chunk of its own, so that nothing may rely on chunk borders.
    pub fn byte_by_byte(self) -> Self {
        Self {
            byte_by_byte: true,
            ..self
        }
    }

    /// Waits between the headers and the first byte of the body.
    pub fn pause(self, pause: Duration) -> Self {
        Self {
            pause: Some(pause),
            ..self
        }
    }

    /// The last event lacks its blank line.
    pub fn unterminated(self) -> Self {
        Self {
            unterminated: true,
            ..self
        }
    }

    /// Everything before the answer is sent, the answer never, and the stream stays open.
    pub fn silent(self) -> Self {
        Self {
            silent: true,
            held_open: true,
            ..self
        }
    }

    /// The stream ends in the middle of the answer.
    pub fn truncated(self) -> Self {
        Self {
            truncated: true,
            ..self
        }
    }

    /// The stream stays open after the answer.
    pub fn held_open(self) -> Self {
        Self {
            held_open: true,
            ..self
        }
    }

    /// The whole stream for one answer.
    pub(crate) fn stream(&self, answer: &str) -> Vec<Piece> {
        let mut text = String::new();
        if self.bom {
            text.push('\u{feff}');
        }
        text.push_str(&self.preamble());
        if !self.silent {
            text.push_str(&self.answer(answer));
        }
        let mut pieces = Vec::new();
        pieces.extend(self.pause.map(Piece::Wait));
        let bytes = Bytes::from(text);
        if self.byte_by_byte {
            pieces.extend((0..bytes.len()).map(|at| Piece::Bytes(bytes.slice(at..=at))));
        } else {
            pieces.push(Piece::Bytes(bytes));
        }
        if self.held_open {
            pieces.push(Piece::Hang);
        }
        pieces
    }

    /// One event with an explicit name, as the HTTP+SSE transport sends them.
    pub(crate) fn event(&self, name: &str, data: &str) -> String {
        self.lines(&[&format!("event: {name}"), &format!("data: {data}"), ""])
    }

    fn preamble(&self) -> String {
        let mut text = String::new();
        if self.priming {
            text.push_str(&self.lines(&["id: 0", "retry: 3000", "data: ", ""]));
        }
        for _ in 0..self.comments {
            text.push_str(&self.lines(&[": ping", ""]));
        }
        for number in 0..self.notifications {
            let log = format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/message","params":{{"level":"info","data":"note {number}"}}}}"#
            );
            text.push_str(&self.event("message", &log));
        }
        if self.server_ping {
            let ping = r#"{"jsonrpc":"2.0","id":"server-1","method":"ping"}"#;
            text.push_str(&self.event("message", ping));
        }
        text
    }

    fn answer(&self, answer: &str) -> String {
        let mut text = if self.several_lines {
            // JSON allows line breaks between members; a client has to join the lines again.
            let data = answer.replacen(",\"", ",\n\"", 3);
            let mut lines = vec!["event: message".to_owned()];
            lines.extend(data.lines().map(|line| format!("data: {line}")));
            lines.push(String::new());
            self.lines(&lines.iter().map(String::as_str).collect::<Vec<_>>())
        } else {
            self.event("message", answer)
        };
        if self.unterminated {
            text.truncate(text.len() - self.line_end().len());
        }
        if self.truncated {
            let half = text.len() / 2;
            let cut = (half..text.len())
                .find(|at| text.is_char_boundary(*at))
                .unwrap_or(half);
            text.truncate(cut);
        }
        text
    }

    fn lines(&self, lines: &[&str]) -> String {
        let mut text = String::new();
        for line in lines {
            text.push_str(line);
            text.push_str(self.line_end());
        }
        text
    }

    fn line_end(&self) -> &'static str {
        if self.crlf { "\r\n" } else { "\n" }
    }
}
