//! In front of all routes: which page a request is for, by the host name it came to, and which face
//! of it is wanted. It looks at the address only, and routes see it as if it had been asked so.
//!
//! At the host name of a status page there is that page and nothing else: no dashboard, no API, no
//! other page.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Method, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;

use super::face::{Wanted, wanted};
use crate::app::{App, status_domains};

/// Marks a request that came to the host name of a status page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnDomain;

/// What the answer at the address of a page depends on.
const VARY: &str = "accept, user-agent, cookie";

/// The routes of pages and API, reached by host name and by what is wanted.
pub fn before(app: Arc<App>, routes: Router) -> Router {
    Router::new()
        .fallback_service(routes)
        .layer(from_fn_with_state(app, place))
}

async fn place(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let host = host(&request);
    let own = match host {
        Some(host) => status_domains::page_at(&app, &host).await,
        None => None,
    };
    if let Some(slug) = own {
        request.extensions_mut().insert(OwnDomain);
        let path = own_path(&slug, request.uri().path());
        send_to(&mut request, &path);
    }
    let Some(slug) = page_of(request.uri().path()).map(str::to_owned) else {
        return next.run(request).await;
    };
    if wants_json(&request) {
        send_to(&mut request, &format!("/api/v1/status/{slug}"));
    }
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .append(header::VARY, HeaderValue::from_static(VARY));
    response
}

fn wants_json(request: &Request) -> bool {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let text = |name| {
        let value = request.headers().get(name)?;
        value.to_str().ok()
    };
    is_read && wanted(text(header::ACCEPT), text(header::USER_AGENT)) == Wanted::Json
}

/// The host name that a request came to.
fn host(request: &Request) -> Option<String> {
    if let Some(authority) = request.uri().authority() {
        return Some(authority.host().to_owned());
    }
    let host = request.headers().get(header::HOST)?;
    host.to_str().ok().map(str::to_owned)
}

/// What a path at the host name of a page stands for.
fn own_path(slug: &str, path: &str) -> String {
    let page = format!("/status/{slug}");
    let rest = path.strip_prefix(&page);
    if path.starts_with("/static/") || rest.is_some_and(|r| r.is_empty() || r.starts_with('/')) {
        return path.to_owned();
    }
    match path {
        "/" => page,
        _ => format!("{page}{path}"),
    }
}

/// The slug in the address of a page itself.
fn page_of(path: &str) -> Option<&str> {
    let slug = path.strip_prefix("/status/")?;
    (!slug.is_empty() && !slug.contains('/')).then_some(slug)
}

/// Changes the path of a request; what cannot be one leads nowhere.
fn send_to(request: &mut Request, path: &str) {
    let path = match request.uri().query() {
        Some(query) if !path.starts_with("/api/") => format!("{path}?{query}"),
        _ => path.to_owned(),
    };
    let path = PathAndQuery::try_from(path);
    let path = path.unwrap_or_else(|_| PathAndQuery::from_static("/status/"));
    *request.uri_mut() = Uri::from(path);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_name_shows_one_page_and_nothing_else() {
        for (path, expected) in [
            ("/", "/status/acme"),
            ("/history", "/status/acme/history"),
            ("/feed.atom", "/status/acme/feed.atom"),
            ("/static/app.css", "/static/app.css"),
            ("/status/acme", "/status/acme"),
            ("/status/acme/history", "/status/acme/history"),
            ("/status/other", "/status/acme/status/other"),
            ("/status/acme-2", "/status/acme/status/acme-2"),
            ("/monitors", "/status/acme/monitors"),
            ("/api/v1/monitors", "/status/acme/api/v1/monitors"),
            ("/login", "/status/acme/login"),
        ] {
            assert_eq!(own_path("acme", path), expected);
        }
        assert_eq!(page_of("/status/acme"), Some("acme"));
        assert_eq!(page_of("/status/acme/history"), None);
        assert_eq!(page_of("/status/"), None);
    }
}
