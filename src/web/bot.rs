//! What our probe does, for people who found it in their logs.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::IntoResponse;

use super::Shared;
use super::frame::Frame;
use crate::app::directory_kept;

#[derive(Template, WebTemplate)]
#[template(path = "bot.html")]
struct Bot {
    frame: Frame,
    /// Where this node probes from.
    location: String,
    /// Whom to write to.
    contact: Option<String>,
}

/// `GET /bot`
pub(super) async fn show(State(shared): State<Shared>) -> impl IntoResponse {
    let settings = &shared.app.settings;
    let has_directory = directory_kept::has_any(&shared.app).await;
    Bot {
        frame: Frame::stranger(shared.app.clock.now()).exploring(has_directory),
        location: settings.location.clone(),
        contact: settings
            .mail_from
            .as_ref()
            .map(|email| email.as_str().to_owned()),
    }
}
