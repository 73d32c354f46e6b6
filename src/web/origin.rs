//! A write must come from a page of ours.
//!
//! Browsers say where a request comes from: `Sec-Fetch-Site`, or at least `Origin`. Whatever says
//! that it comes from elsewhere is refused; a client that says neither is no browser and carries
//! nobody's cookie by accident. Together with `SameSite=Lax` this closes forgery across sites.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use url::Url;

use super::Shared;
use super::error::WebError;

/// Refuses writes that come from elsewhere.
pub(super) async fn check(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let is_read = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if is_read || is_ours(request.headers(), &shared.app.settings.public_url) {
        next.run(request).await
    } else {
        WebError::ForeignOrigin.into_response()
    }
}

fn is_ours(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match (text("sec-fetch-site"), text(header::ORIGIN.as_str())) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            // A proxy may have put its own name into `Host`; then the setting says who we are.
            let host = text(header::HOST.as_str());
            host.is_some_and(|host| is_origin_of(origin, host)) || is_same(origin, public_url)
        }
        (None, None) => true,
    }
}

fn is_same(origin: &str, public_url: &str) -> bool {
    let origin_of = |url: &str| Url::parse(url).ok().map(|url| url.origin());
    origin != "null" && origin_of(origin) == origin_of(public_url)
}

/// Whether `origin` (`https://host:port`) is served at `host` (`host:port`).
fn is_origin_of(origin: &str, host: &str) -> bool {
    let Ok(url) = Url::parse(origin) else {
        return false;
    };
    let Ok(ours) = Url::parse(&format!("{}://{host}", url.scheme())) else {
        return false;
    };
    matches!(url.scheme(), "http" | "https") && url.origin() == ours.origin()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn what_says_that_it_comes_from_elsewhere_is_refused() {
        for (pairs, expected) in [
            (vec![("sec-fetch-site", "same-origin")], true),
            (vec![("sec-fetch-site", "same-site")], false),
            (vec![("sec-fetch-site", "cross-site")], false),
            (
                vec![("host", "a.example"), ("origin", "https://a.example")],
                true,
            ),
            (
                vec![
                    ("host", "127.0.0.1:8080"),
                    ("origin", "http://127.0.0.1:8080"),
                ],
                true,
            ),
            (
                vec![
                    ("host", "127.0.0.1:8080"),
                    ("origin", "http://127.0.0.1:9090"),
                ],
                false,
            ),
            (
                vec![("host", "a.example"), ("origin", "https://a.example.evil")],
                false,
            ),
            (vec![("host", "a.example"), ("origin", "null")], false),
            (
                vec![("host", "inner:80"), ("origin", "https://status.example")],
                true,
            ),
            (
                vec![("host", "inner:80"), ("origin", "http://status.example")],
                false,
            ),
            (vec![("origin", "https://a.example")], false),
            (vec![], true),
        ] {
            assert_eq!(
                is_ours(&headers(&pairs), "https://status.example"),
                expected,
                "{pairs:?}"
            );
        }
    }
}
