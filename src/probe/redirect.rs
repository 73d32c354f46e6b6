//! Redirects: followed where a client could follow them, otherwise told (mcp.md §4.3).

use hyper::Response;
use hyper::body::Incoming;
use hyper::header::{HeaderMap, LOCATION};
use url::Url;

use super::transcript::redacted;
use super::visit::{Call, Visit};
use crate::domain::trouble::{RedirectTrouble, Trouble};

/// Most redirects that are followed.
const MAX_REDIRECTS: usize = 5;
/// Beginnings of hosts where people log in.
const LOGIN_HOSTS: [&str; 4] = ["accounts.", "login.", "auth.", "sso."];
/// Parts of paths where people log in.
const LOGIN_PATHS: [&str; 4] = ["/login", "/signin", "/sign-in", "/sso"];

/// Sends `call` and follows where the answer leads, if it may be followed.
pub(super) async fn follow(
    visit: &mut Visit<'_>,
    call: &Call,
) -> Result<Response<Incoming>, Trouble> {
    let mut been = vec![visit.url.clone()];
    loop {
        let response = visit.exchange(call).await?;
        let status = response.status().as_u16();
        if !matches!(status, 301 | 302 | 303 | 307 | 308) {
            return Ok(response);
        }
        let keeps_method = matches!(status, 307 | 308) || call.method == "GET";
        let to = target(&visit.url, response.headers(), keeps_method);
        visit.reason(response.into_body()).await;
        let to = to?;
        let refuse = |kind| {
            let to = redacted(&to);
            Err(Trouble::Redirect { kind, to })
        };
        if been.contains(&to) {
            return refuse(RedirectTrouble::Loop);
        }
        if been.len() > MAX_REDIRECTS {
            return refuse(RedirectTrouble::TooMany);
        }
        visit
            .notes
            .notice(Trouble::Redirected { to: redacted(&to) });
        been.push(to.clone());
        visit.move_to(to).await;
        if !visit.has_wire() {
            let at = visit.notes.at;
            visit.arrive().await?;
            visit.notes.begin(at);
        }
    }
}

/// Where the answer leads, if a client may go there with what it carries.
fn target(from: &Url, headers: &HeaderMap, keeps_method: bool) -> Result<Url, Trouble> {
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let Some(mut to) = location.and_then(|location| from.join(location).ok()) else {
        return Err(Trouble::Redirect {
            kind: RedirectTrouble::Nowhere,
            to: String::new(),
        });
    };
    to.set_fragment(None);
    let refuse = |kind| {
        Err(Trouble::Redirect {
            kind,
            to: redacted(&to),
        })
    };
    if is_login(&to) {
        return refuse(RedirectTrouble::Login);
    }
    let is_same_host = to.host() == from.host();
    match (from.scheme(), to.scheme()) {
        ("https", "http") => return refuse(RedirectTrouble::Downgrade),
        ("http", "https") if is_same_host => {}
        _ if to.origin() == from.origin() => {}
        _ => return refuse(RedirectTrouble::CrossOrigin),
    }
    if !keeps_method {
        return refuse(RedirectTrouble::PostUnsafe);
    }
    Ok(to)
}

fn is_login(to: &Url) -> bool {
    let host = to.host_str().unwrap_or_default();
    let path = to.path().to_ascii_lowercase();
    LOGIN_HOSTS.iter().any(|part| host.starts_with(part))
        || LOGIN_PATHS.iter().any(|part| path.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_redirect_that_keeps_method_and_host_is_followed() {
        use RedirectTrouble::{CrossOrigin, Downgrade, Login, Nowhere, PostUnsafe};
        for (from, location, keeps_method, expected) in [
            (
                "https://a.example/mcp",
                "/mcp/",
                true,
                Ok("https://a.example/mcp/"),
            ),
            (
                "http://a.example/mcp",
                "https://a.example/mcp",
                true,
                Ok("https://a.example/mcp"),
            ),
            (
                "https://a.example/mcp",
                "http://a.example/mcp/",
                true,
                Err(Downgrade),
            ),
            (
                "https://a.example/mcp",
                "https://b.example/mcp",
                true,
                Err(CrossOrigin),
            ),
            (
                "https://a.example/mcp",
                "https://a.example:8443/mcp",
                true,
                Err(CrossOrigin),
            ),
            ("https://a.example/mcp", "/mcp/", false, Err(PostUnsafe)),
            (
                "https://a.example/mcp",
                "/login?next=/mcp",
                false,
                Err(Login),
            ),
            (
                "https://a.example/mcp",
                "https://accounts.b.example/x",
                true,
                Err(Login),
            ),
            ("https://a.example/mcp", "http://[", true, Err(Nowhere)),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(LOCATION, location.parse().unwrap());
            let found = target(&Url::parse(from).unwrap(), &headers, keeps_method);
            match (found, expected) {
                (Ok(to), Ok(expected)) => assert_eq!(to.as_str(), expected),
                (Err(Trouble::Redirect { kind, .. }), Err(expected)) => assert_eq!(kind, expected),
                (found, expected) => panic!("{location}: {found:?} instead of {expected:?}"),
            }
        }
    }
}
