//! Making an account by oneself, where the operator lets everybody.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::Shared;
use super::account::enter;
use super::error::{WebError, faults};
use super::form::Filled;
use super::frame::Frame;
use super::path::Peer;
use crate::app::sign_up::{self, SignUp};
use crate::domain::sensitive::Sensitive;

#[derive(Template, WebTemplate)]
#[template(path = "account/signup.html")]
struct SignUpPage {
    frame: Frame,
    form: Filled,
}

fn page(shared: &Shared, form: Filled) -> SignUpPage {
    SignUpPage {
        frame: Frame::stranger(shared.app.clock.now()),
        form,
    }
}

/// `GET /signup`
pub(super) async fn ask(State(shared): State<Shared>) -> Result<impl IntoResponse, WebError> {
    if sign_up::is_open(&shared.app) {
        Ok(page(&shared, Filled::default()))
    } else {
        Err(WebError::NotFound)
    }
}

/// `POST /signup`
pub(super) async fn sign_up(
    State(shared): State<Shared>,
    Peer(peer): Peer,
    form: Filled,
) -> Result<Response, WebError> {
    let password = Sensitive::new(form.raw("password"));
    let wish = SignUp {
        email: form.value("email"),
        team: form.value("team"),
        password: &password,
    };
    match sign_up::sign_up(&shared.app, &wish, peer).await {
        Ok(session) => Ok(enter(&shared, &session, "/")),
        Err(refused) => {
            let (refusal, faults) = faults(refused)?;
            Ok(refusal.page(page(&shared, form.refused(faults))))
        }
    }
}
