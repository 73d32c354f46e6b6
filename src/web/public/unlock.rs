//! The door of a page with a password: it asks, and gives a cookie for the right one.

use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::render;
use super::seen::{Asked, Place};
use crate::app::public_kept::Seen;
use crate::app::public_status::PublicStatus;
use crate::app::status_pass::{self, PASS_LIFE};
use crate::domain::at::At;
use crate::domain::sensitive::Sensitive;
use crate::web::Shared;
use crate::web::error::{WebError, faults};
use crate::web::form::Filled;
use crate::web::path::Peer;

#[derive(Template)]
#[template(path = "status/locked.html")]
struct Door<'a> {
    status: &'a PublicStatus,
    place: &'a Place,
    form: Filled,
    now: At,
}

/// The question for the password. It tells nothing but the title.
pub(super) fn ask(shared: &Shared, asked: &Asked, status: &PublicStatus) -> Response {
    door(shared, asked, status, Filled::default())
}

fn door(shared: &Shared, asked: &Asked, status: &PublicStatus, form: Filled) -> Response {
    let door = Door {
        status,
        place: &asked.place,
        form,
        now: shared.app.clock.now(),
    };
    let closed = [("x-robots-tag", "noindex"), ("cache-control", "no-store")];
    match render(&door) {
        Ok(text) => (closed, Html(text)).into_response(),
        Err(error) => error.into_response(),
    }
}

/// `POST /status/{slug}/unlock`
pub(in crate::web) async fn unlock(
    State(shared): State<Shared>,
    asked: Asked,
    Peer(peer): Peer,
    form: Filled,
) -> Result<Response, WebError> {
    let status = match asked.look(&shared.app).await? {
        Seen::Locked(status) => status,
        Seen::Shown(_) => return Ok(Redirect::to(&asked.place.home).into_response()),
        Seen::Nothing => return Err(WebError::NotFound),
    };
    let password = Sensitive::new(form.raw("password"));
    match status_pass::unlock(&shared.app, &asked.slug, &password, peer).await {
        Ok(pass) => {
            let (name, seconds) = (status_pass::cookie(&asked.slug), PASS_LIFE.as_secs());
            let secure = if shared.app.settings.is_https() {
                "; Secure"
            } else {
                ""
            };
            let pass = pass.expose();
            let cookie =
                format!("{name}={pass}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
            let home = Redirect::to(&asked.place.home);
            Ok(([(header::SET_COOKIE, cookie)], home).into_response())
        }
        Err(refused) => {
            let (refusal, faults) = faults(refused)?;
            let page = door(&shared, &asked, &status, form.refused(faults));
            Ok(refusal.page(page))
        }
    }
}
