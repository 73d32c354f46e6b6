//! The readers of the probe as the fuzz targets in `fuzz/` call them; compiled for them alone.
//!
//! Each holds the reader to what it promises, beyond not panicking.

use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use super::encoding::Decoder;
use super::lines::{LineGuard, Stop, Tally};
use super::{answer, jsonrpc};
use crate::domain::at::At;

/// Reads an event stream whole and cut in two: where it is cut makes no difference, and what may
/// pass are fields of events, each on its line.
pub fn event_stream(bytes: &[u8]) {
    let (cut, bytes) = match bytes.split_first() {
        Some((first, rest)) => (usize::from(*first).min(rest.len()), rest),
        None => return,
    };
    let whole = guarded(&[bytes]);
    assert_eq!(whole, guarded(&[&bytes[..cut], &bytes[cut..]]));
    let Ok(out) = whole else { return };
    let text = std::str::from_utf8(&out).expect("only UTF-8 passes");
    for line in text.lines().filter(|line| !line.is_empty()) {
        let name = line.split(':').next().unwrap_or_default();
        assert!(matches!(name, "data" | "event" | "id" | "retry"), "{line}");
    }
    if let Some(mut decoder) = Decoder::of("gzip") {
        let _ = decoder.feed(bytes, &mut Vec::new());
    }
}

fn guarded(pieces: &[&[u8]]) -> Result<Vec<u8>, Stop> {
    let (mut guard, mut tally, mut out) = (LineGuard::default(), Tally::default(), Vec::new());
    for piece in pieces {
        guard.feed(piece, &mut tally, &mut out)?;
    }
    guard.finish(&mut tally, &mut out)?;
    Ok(out)
}

/// Reads a JSON-RPC message, and an error in a body.
pub fn message(bytes: &[u8]) {
    let weight = jsonrpc::weight(bytes);
    assert!(weight >= bytes.len());
    if let Ok(value) = jsonrpc::parse(bytes) {
        let _ = jsonrpc::read(value, 1, &mut Vec::new());
    }
    let _ = jsonrpc::error_in(bytes);
}

/// Reads the headers of an answer: one `name: value` to a line.
pub fn headers(bytes: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let name = HeaderName::from_bytes(parts.next().unwrap_or_default());
        let value = HeaderValue::from_bytes(parts.next().unwrap_or_default());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    answer::read_headers(&headers, At(1_795_675_260_000));
}
