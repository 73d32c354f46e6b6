//! Answers that come compressed although we asked for none: most clients can read them, so they
//! are read, within bounds, and the oddity is noted. What grows beyond all reason is a bomb.

use std::io::Write;

use flate2::write::{MultiGzDecoder, ZlibDecoder};

/// Most bytes of an answer, decompressed.
const MAX_MADE: usize = 16 * 1024 * 1024;
/// What any answer may grow to, and how many times its size beyond that.
const MAX_USUAL: usize = 8 * 1024 * 1024;
const MAX_RATIO: usize = 20;
/// Bytes of a refusal that are worth reading.
const MAX_START: usize = 16 * 1024;
/// Compressed bytes that are taken in at once: they may grow a thousandfold.
pub(super) const BITE: usize = 256;

/// Why there is nothing to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It grows beyond its bound.
    Bomb,
    /// It is not what its label says.
    Corrupt,
}

/// Takes an encoding apart, piece by piece.
pub(super) struct Decoder {
    kind: Kind,
    read: usize,
    made: usize,
}

enum Kind {
    Gzip(MultiGzDecoder<Vec<u8>>),
    Deflate(ZlibDecoder<Vec<u8>>),
}

impl Decoder {
    /// For the encoding of this name, if we know it.
    pub(super) fn of(name: &str) -> Option<Self> {
        let kind = match name.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Kind::Gzip(MultiGzDecoder::new(Vec::new())),
            "deflate" => Kind::Deflate(ZlibDecoder::new(Vec::new())),
            _ => return None,
        };
        Some(Self {
            kind,
            read: 0,
            made: 0,
        })
    }

    /// Takes in a piece and appends what it holds to `out`.
    pub(super) fn feed(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        for bite in piece.chunks(BITE) {
            self.read += bite.len();
            let taken = match &mut self.kind {
                Kind::Gzip(decoder) => decoder.write_all(bite).and_then(|()| decoder.flush()),
                Kind::Deflate(decoder) => decoder.write_all(bite).and_then(|()| decoder.flush()),
            };
            let made = match &mut self.kind {
                Kind::Gzip(decoder) => decoder.get_mut(),
                Kind::Deflate(decoder) => decoder.get_mut(),
            };
            self.made += made.len();
            let bound = (self.read * MAX_RATIO).clamp(MAX_USUAL, MAX_MADE);
            if self.made > bound {
                return Err(Fault::Bomb);
            }
            out.append(made);
            taken.map_err(|_| Fault::Corrupt)?;
        }
        Ok(())
    }

    /// As much as can be read of the beginning of a body that explains a refusal.
    pub(super) fn start(mut self, body: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for bite in body.chunks(BITE) {
            if out.len() > MAX_START || self.feed(bite, &mut out).is_err() {
                break;
            }
        }
        out
    }

    /// All that `body` holds.
    pub(super) fn whole(mut self, body: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut out = Vec::new();
        self.feed(body, &mut out)?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_was_compressed_is_read_however_it_is_cut() {
        let text = "{\"jsonrpc\":\"2.0\"}".repeat(100);
        for piece in [1, 7, 10_000] {
            let mut decoder = Decoder::of("GZIP").unwrap();
            let mut out = Vec::new();
            for piece in gzip(text.as_bytes()).chunks(piece) {
                decoder.feed(piece, &mut out).unwrap();
            }
            assert_eq!(out, text.as_bytes());
        }
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(b"{}").unwrap();
        let zlib = encoder.finish().unwrap();
        assert_eq!(Decoder::of("deflate").unwrap().whole(&zlib).unwrap(), b"{}");
        assert!(Decoder::of("br").is_none());
    }

    #[test]
    fn a_bomb_is_left_before_it_has_grown() {
        let bomb = gzip(&vec![b' '; 64 * 1024]).repeat(512);
        assert!(bomb.len() < 256 * 1024);
        let mut out = Vec::new();
        let fed = Decoder::of("gzip").unwrap().feed(&bomb, &mut out);
        assert_eq!(fed, Err(Fault::Bomb));
        assert!(out.len() <= MAX_USUAL);
        let fed = Decoder::of("gzip").unwrap().whole(b"{\"plain\":1}");
        assert_eq!(fed, Err(Fault::Corrupt));
    }
}
