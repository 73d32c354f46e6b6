//! Ways in: logging in and out, and the one-time links that make an owner, let somebody into a
//! team, or set a new password.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};

use super::Shared;
use super::error::{WebError, faults};
use super::form::Filled;
use super::frame::Frame;
use super::path::{Peer, Query};
use super::session::{self, Visitor};
use crate::app::accounts;
use crate::app::directory_kept;
use crate::app::refused::Refused;
use crate::app::sign_up;
use crate::domain::sensitive::Sensitive;
use crate::domain::team::Link;

#[derive(Template, WebTemplate)]
#[template(path = "account/login.html")]
struct LogIn {
    frame: Frame,
    form: Filled,
    can_sign_up: bool,
}

/// `GET /login`
pub(super) async fn ask(State(shared): State<Shared>, query: Query) -> impl IntoResponse {
    let to = query.get("to").unwrap_or("/");
    let frame = Frame::stranger(shared.app.clock.now()).done(query.get("done"));
    LogIn {
        frame: frame.exploring(directory_kept::has_any(&shared.app).await),
        form: Filled::of([("to", session::own_path(to))]),
        can_sign_up: sign_up::is_open(&shared.app),
    }
}

/// `POST /login`
pub(super) async fn log_in(
    State(shared): State<Shared>,
    Peer(peer): Peer,
    form: Filled,
) -> Result<Response, WebError> {
    let password = Sensitive::new(form.raw("password"));
    match accounts::log_in(&shared.app, form.value("email"), &password, peer).await {
        Ok(session) => Ok(enter(
            &shared,
            &session,
            session::own_path(form.value("to")),
        )),
        Err(refused) => {
            let (refusal, faults) = faults(refused)?;
            Ok(refusal.page(LogIn {
                frame: Frame::stranger(shared.app.clock.now()),
                form: form.refused(faults),
                can_sign_up: sign_up::is_open(&shared.app),
            }))
        }
    }
}

/// `POST /logout`
pub(super) async fn log_out(
    State(shared): State<Shared>,
    visitor: Visitor,
) -> Result<impl IntoResponse, WebError> {
    accounts::log_out(&shared.app, &visitor.session).await?;
    let is_https = shared.app.settings.is_https();
    let taken = session::set_cookie("", std::time::Duration::ZERO, is_https);
    Ok((taken, Redirect::to("/login")))
}

#[derive(Template, WebTemplate)]
#[template(path = "account/setup.html")]
struct SetUp {
    frame: Frame,
    heading: &'static str,
    explanation: &'static str,
    button: &'static str,
    fixed_email: Option<String>,
    form: Filled,
}

#[derive(Template, WebTemplate)]
#[template(path = "account/setup_gone.html")]
struct Gone {
    frame: Frame,
}

impl SetUp {
    fn new(shared: &Shared, link: &Link, form: Filled) -> Self {
        let (heading, explanation, button) = match link {
            Link::Owner => (
                "Welcome",
                "Make the first account of this Lifesign. This link works once.",
                "Create the account",
            ),
            Link::Invite { .. } => (
                "You are invited",
                "Choose a password to join the team, or give the one that you have here already. This link works once.",
                "Join the team",
            ),
            Link::Reset { .. } => (
                "Choose a new password",
                "All sessions of this account are logged out with it. This link works once.",
                "Set the password",
            ),
        };
        let fixed_email = match link {
            Link::Owner => None,
            Link::Invite { email, .. } | Link::Reset { email } => Some(email.as_str().to_owned()),
        };
        Self {
            frame: Frame::stranger(shared.app.clock.now()),
            heading,
            explanation,
            button,
            fixed_email,
            form,
        }
    }
}

/// `GET /setup/{token}`
pub(super) async fn ask_set_up(
    State(shared): State<Shared>,
    Path(token): Path<String>,
) -> Result<Response, WebError> {
    let link = accounts::link(&shared.app, &Sensitive::new(token)).await?;
    Ok(match link {
        Some(link) => SetUp::new(&shared, &link, Filled::default()).into_response(),
        None => gone(&shared),
    })
}

/// `POST /setup/{token}`
pub(super) async fn set_up(
    State(shared): State<Shared>,
    Path(token): Path<String>,
    Peer(peer): Peer,
    form: Filled,
) -> Result<Response, WebError> {
    let token = Sensitive::new(token);
    let Some(link) = accounts::link(&shared.app, &token).await? else {
        return Ok(gone(&shared));
    };
    let password = Sensitive::new(form.raw("password"));
    match accounts::use_link(&shared.app, &token, form.value("email"), &password, peer).await {
        Ok(session) => Ok(enter(&shared, &session, "/")),
        // Somebody else was quicker with the same link.
        Err(Refused::NotFound) => Ok(gone(&shared)),
        Err(refused) => {
            let (refusal, faults) = faults(refused)?;
            Ok(refusal.page(SetUp::new(&shared, &link, form.refused(faults))))
        }
    }
}

fn gone(shared: &Shared) -> Response {
    let frame = Frame::stranger(shared.app.clock.now());
    (axum::http::StatusCode::NOT_FOUND, Gone { frame }).into_response()
}

pub(super) fn enter(shared: &Shared, session: &Sensitive, to: &str) -> Response {
    let is_https = shared.app.settings.is_https();
    let cookie = session::set_cookie(session.expose(), accounts::SESSION_LIFE, is_https);
    (cookie, Redirect::to(to)).into_response()
}
