//! Who looks at a page: the session cookie, read into an [`Actor`].
//!
//! The cookie holds a random token of which the store knows only the hash. A page that wants a
//! [`Visitor`] sends everybody else to the log-in page, and brings them back afterwards.

use std::time::Duration;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Method, header};
use axum_extra::extract::cookie::CookieJar;

use super::Shared;
use super::error::WebError;
use super::frame::{Frame, Own, own};
use crate::app::accounts;
use crate::domain::at::At;
use crate::domain::sensitive::Sensitive;
use crate::domain::team::Actor;

/// Name of the cookie.
const COOKIE: &str = "lifesign_session";

/// Somebody who has logged in.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    /// Who.
    pub(crate) actor: Actor,
    /// The time of the request.
    pub(crate) now: At,
    /// What the cookie holds.
    pub(crate) session: Sensitive,
    own: Vec<Own>,
}

impl Visitor {
    /// What surrounds a page for this person.
    pub(crate) fn frame(&self) -> Frame {
        Frame {
            actor: Some(self.actor.clone()),
            now: self.now,
            notice: None,
            own: self.own.clone(),
            has_directory: true,
        }
    }

    /// Refuses those who may only look.
    pub(crate) fn must_edit(&self) -> Result<(), WebError> {
        if self.actor.may_edit() {
            Ok(())
        } else {
            Err(WebError::Forbidden)
        }
    }

    /// Refuses those who do not own the team.
    pub(crate) fn must_own(&self) -> Result<(), WebError> {
        if self.actor.may_own() {
            Ok(())
        } else {
            Err(WebError::Forbidden)
        }
    }
}

/// The token in the cookie, if there is one.
pub(crate) fn token(parts: &Parts) -> Option<Sensitive> {
    let jar = CookieJar::from_headers(&parts.headers);
    let value = jar.get(COOKIE)?.value();
    (!value.is_empty()).then(|| Sensitive::new(value))
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor
where
    Shared: FromRef<S>,
{
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, WebError> {
        let app = Shared::from_ref(state).app;
        let known = match token(parts) {
            Some(session) => accounts::visitor(&app, &session)
                .await?
                .map(|actor| (actor, session)),
            None => None,
        };
        let Some((actor, session)) = known else {
            return Err(WebError::LogIn(wanted(parts)));
        };
        Ok(Self {
            own: own(&app.nodes.word(), actor.team),
            actor,
            now: app.clock.now(),
            session,
        })
    }
}

/// Where to come back to after logging in: only what can be asked for again.
fn wanted(parts: &Parts) -> String {
    if parts.method != Method::GET {
        return "/".to_owned();
    }
    let path = parts.uri.path_and_query();
    path.map_or("/", |path| path.as_str()).to_owned()
}

/// The header that gives the browser a session; a life of zero takes it away.
pub(crate) fn set_cookie(
    session: &str,
    life: Duration,
    is_https: bool,
) -> [(header::HeaderName, String); 1] {
    let secure = if is_https { "; Secure" } else { "" };
    let seconds = life.as_secs();
    let text =
        format!("{COOKIE}={session}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    [(header::SET_COOKIE, text)]
}

/// A path of ours to go to, whatever was asked for: never another host.
pub(crate) fn own_path(wanted: &str) -> &str {
    let is_ours = wanted.starts_with('/')
        && !wanted.starts_with("//")
        && !wanted.contains(['\\', '\r', '\n', '\t']);
    if is_ours { wanted } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_host() {
        for (wanted, path) in [
            ("/monitors?q=1", "/monitors?q=1"),
            ("//evil.example", "/"),
            ("https://evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/\t/evil.example", "/"),
            ("", "/"),
        ] {
            assert_eq!(own_path(wanted), path, "{wanted}");
        }
    }

    #[test]
    fn the_cookie_is_closed_to_scripts_and_other_sites() {
        let [(_, text)] = set_cookie("abc", Duration::from_secs(60), true);
        assert_eq!(
            text,
            "lifesign_session=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure"
        );
        assert!(
            !set_cookie("abc", Duration::ZERO, false)[0]
                .1
                .contains("Secure")
        );
    }
}
