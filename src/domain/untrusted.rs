//! Text that a server sent, made fit to be shown: the one place that cleans it.
//!
//! What a server says is data. Before it stands in a report, on a page, in a mail or in a log it
//! passes [`line()`] or [`block`]: no control characters, no terminal sequences, nothing that turns
//! the direction of the text around or hides in it, never longer than asked for. Escaping for
//! HTML, JSON or XML is still the business of whoever writes that.

/// Longest name, version or word that is kept of a server, in characters.
pub const MAX_NAME: usize = 120;
/// Longest sentence that quotes a server, in characters.
pub const MAX_QUOTE: usize = 300;
/// Longest excerpt of a body, in characters.
pub const MAX_EXCERPT: usize = 2_000;

/// What stands for a character that cannot be shown.
const UNSHOWN: char = '\u{FFFD}';
/// What stands for what was cut off.
const CUT: char = '…';

/// One line of at most `max` characters: line breaks and runs of spaces become one space.
pub fn line(text: &str, max: usize) -> String {
    if text.len() <= max && text.bytes().all(|b| b.is_ascii_graphic()) {
        return text.to_owned();
    }
    let mut shown = Shown::new(max);
    let mut gap = false;
    for c in Visible::of(text) {
        if c.is_whitespace() {
            gap = !shown.is_empty();
            continue;
        }
        if std::mem::take(&mut gap) && !shown.push(' ') {
            break;
        }
        if !shown.push(c) {
            break;
        }
    }
    shown.text
}

/// Several lines of at most `max` characters together: line breaks and tabs stay.
pub fn block(text: &str, max: usize) -> String {
    let mut shown = Shown::new(max);
    for c in Visible::of(text) {
        if !shown.push(c) {
            break;
        }
    }
    shown.text
}

/// As [`block`], of bytes that need not be UTF-8.
pub fn excerpt(bytes: &[u8], max: usize) -> String {
    // Four bytes to a character at most, and a few more so that a cut is noticed.
    let head = &bytes[..bytes.len().min(max.saturating_mul(4).saturating_add(4))];
    block(&String::from_utf8_lossy(head), max)
}

/// Text that grows up to a number of characters, and then says that it was cut.
struct Shown {
    text: String,
    left: usize,
}

impl Shown {
    fn new(max: usize) -> Self {
        Self {
            text: String::new(),
            left: max,
        }
    }

    fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Adds a character; false when there was no more room and the end was marked instead.
    fn push(&mut self, c: char) -> bool {
        if self.left == 0 {
            self.text.pop();
            self.text.push(CUT);
            return false;
        }
        self.left -= 1;
        self.text.push(c);
        true
    }
}

/// The characters of a text that may be seen: terminal sequences are skipped whole, invisible and
/// direction-changing characters left out, other control characters replaced.
struct Visible<'a> {
    rest: std::str::Chars<'a>,
}

impl<'a> Visible<'a> {
    fn of(text: &'a str) -> Self {
        Self { rest: text.chars() }
    }

    /// Skips what follows an ESC: a CSI up to its final byte, a string sequence up to its
    /// terminator, or one character.
    fn skip_sequence(&mut self) {
        match self.rest.clone().next() {
            Some('[') => {
                self.rest.next();
                self.skip_csi();
            }
            Some(']' | 'P' | 'X' | '^' | '_') => {
                self.rest.next();
                self.skip_string();
            }
            Some(c) if !c.is_control() => {
                self.rest.next();
            }
            _ => {}
        }
    }

    fn skip_csi(&mut self) {
        while let Some(c) = self.rest.clone().next() {
            if !('\u{20}'..='\u{7e}').contains(&c) {
                return;
            }
            self.rest.next();
            if ('\u{40}'..='\u{7e}').contains(&c) {
                return;
            }
        }
    }

    fn skip_string(&mut self) {
        while let Some(c) = self.rest.clone().next() {
            if matches!(c, '\n' | '\r') {
                return;
            }
            self.rest.next();
            match c {
                '\u{7}' | '\u{9c}' => return,
                '\u{1b}' => {
                    if self.rest.clone().next() == Some('\\') {
                        self.rest.next();
                    }
                    return;
                }
                _ => {}
            }
        }
    }
}

impl Iterator for Visible<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        loop {
            let c = self.rest.next()?;
            match c {
                '\u{1b}' => self.skip_sequence(),
                '\u{9b}' => self.skip_csi(),
                '\r' if self.rest.clone().next() == Some('\n') => {}
                '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => return Some('\n'),
                '\n' | '\t' => return Some(c),
                c if is_hidden(c) => {}
                c if c.is_control() => return Some(UNSHOWN),
                c => return Some(c),
            }
        }
    }
}

/// Direction marks, overrides and isolates, zero-width characters and tags: what makes a text
/// look other than it is.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_could_deceive_or_break_out_does_not_pass() {
        for (text, expected) in [
            ("plain", "plain"),
            ("  two\r\n\tlines  here ", "two lines here"),
            ("\u{1b}[31;1mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}after", "after"),
            (
                "\u{1b}]8;;https://evil\u{1b}\\link\u{1b}]8;;\u{1b}\\",
                "link",
            ),
            ("\u{9b}2Jwiped", "wiped"),
            ("bell\u{7} nul\0", "bell\u{fffd} nul\u{fffd}"),
            ("abc\u{202e}fdp.exe", "abcfdp.exe"),
            ("zero\u{200b}width\u{feff}", "zerowidth"),
            ("tag\u{e0041}\u{e007f}s", "tags"),
            ("<script>alert(1)</script>", "<script>alert(1)</script>"),
            ("family 👩‍👩‍👧 stays", "family 👩‍👩‍👧 stays"),
        ] {
            assert_eq!(line(text, 80), expected, "{text:?}");
        }
    }

    #[test]
    fn a_block_keeps_its_lines_and_both_say_when_they_were_cut() {
        assert_eq!(block("a\r\nb\tc\n", 80), "a\nb\tc\n");
        assert_eq!(line("abcdef", 3), "ab…");
        assert_eq!(line("abc", 3), "abc");
        assert_eq!(block(&"x".repeat(1_000_000), 10).chars().count(), 10);
        assert_eq!(excerpt(b"caf\xe9 au lait", 4), "caf…");
    }

    proptest! {
        #[test]
        fn nothing_that_passes_is_too_long_or_a_control_character(text in "\\PC*|.*", max in 1..50_usize) {
            let shown = line(&text, max);
            prop_assert!(shown.chars().count() <= max);
            prop_assert!(!shown.chars().any(|c| c.is_control() || is_hidden(c)));
            prop_assert_eq!(line(&shown, max), shown);
        }
    }
}
