//! What our probe does, for people who found it in their logs.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::IntoResponse;

use super::Shared;
use super::frame::Frame;

#[derive(Template, WebTemplate)]
#[template(path = "bot.html")]
struct Bot {
    frame: Frame,
}

/// `GET /bot`
pub(super) async fn show(State(shared): State<Shared>) -> impl IntoResponse {
    Bot {
        frame: Frame::stranger(shared.app.clock.now()),
    }
}
