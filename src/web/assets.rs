//! Static files, compiled in and served under a name that holds the hash of their content.
//!
//! A name never changes its content, so browsers may keep it for a year; a new build has new
//! names. Templates ask [`href`] and never write a name by hand.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

/// Bytes of the hash that go into a name.
const HASH_BYTES: usize = 6;
/// A year, and never ask again.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

struct Asset {
    content_type: &'static str,
    bytes: Bytes,
}

struct Assets {
    hrefs: BTreeMap<String, String>,
    by_name: BTreeMap<String, Asset>,
}

static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    let mut assets = Assets {
        hrefs: BTreeMap::new(),
        by_name: BTreeMap::new(),
    };
    for path in Files::iter() {
        let Some(file) = Files::get(&path) else {
            continue;
        };
        let bytes = Bytes::from(file.data.into_owned());
        let name = hashed(&path, &bytes);
        assets
            .hrefs
            .insert(path.to_string(), format!("/static/{name}"));
        let content_type = content_type(&path);
        assets.by_name.insert(
            name,
            Asset {
                content_type,
                bytes,
            },
        );
    }
    assets
});

/// Where a browser finds a file of `static/`.
pub fn href(path: &str) -> &'static str {
    ASSETS.hrefs.get(path).map_or("/static/", String::as_str)
}

/// `GET /static/{name}`
pub(super) async fn file(Path(name): Path<String>) -> Response {
    match ASSETS.by_name.get(&name) {
        Some(asset) => (
            [
                (header::CONTENT_TYPE, asset.content_type),
                (header::CACHE_CONTROL, FOR_EVER),
            ],
            Body::from(asset.bytes.clone()),
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// `app.css` becomes `app.0123456789ab.css`.
fn hashed(path: &str, bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let digest = Sha256::digest(bytes);
    let mut hash = String::new();
    for byte in digest.iter().take(HASH_BYTES) {
        let _ = write!(hash, "{byte:02x}");
    }
    match path.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}.{hash}.{extension}"),
        None => format!("{path}.{hash}"),
    }
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_holds_its_content() {
        assert_ne!(hashed("app.css", b"a"), hashed("app.css", b"b"));
        assert!(href("app.css").starts_with("/static/app."));
        assert_eq!(href("app.css").rsplit('.').next(), Some("css"));
    }
}
