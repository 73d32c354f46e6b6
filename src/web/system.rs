//! How this installation is doing, for whoever runs it: the members of its oldest team.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::IntoResponse;

use super::Shared;
use super::error::WebError;
use super::filters;
use super::frame::Frame;
use super::session::Visitor;
use crate::app::system::{self, System};
use crate::domain::at::At;

#[derive(Template, WebTemplate)]
#[template(path = "system.html")]
struct Page {
    frame: Frame,
    system: System,
    now: At,
}

/// `GET /system`: for anybody else it does not exist.
pub(super) async fn show(
    State(shared): State<Shared>,
    visitor: Visitor,
) -> Result<impl IntoResponse, WebError> {
    let operator = shared.app.store.operator_team().await?;
    if operator != Some(visitor.actor.team) {
        return Err(WebError::NotFound);
    }
    Ok(Page {
        frame: visitor.frame(),
        system: system::overview(&shared.app).await?,
        now: visitor.now,
    })
}
