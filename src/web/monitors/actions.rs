//! What people do with a monitor from its page or its row: each a plain post and a redirect.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect};

use crate::app::{listings, monitors};
use crate::domain::id::MonitorId;
use crate::web::Shared;
use crate::web::delete::DeletePage;
use crate::web::error::WebError;
use crate::web::path::Id;
use crate::web::session::Visitor;

/// `POST /monitors/{id}/check`: waits for the check, which has a deadline of its own.
pub(crate) async fn check(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<MonitorId>,
) -> Result<Redirect, WebError> {
    let app = Arc::clone(&shared.app);
    let check = async move { monitors::check_now(&app, &visitor.actor, id, &()).await };
    shared.app.trials.to_the_end(check).await??;
    Ok(back(id, "checked"))
}

/// `POST /monitors/{id}/pause`
pub(crate) async fn pause(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<MonitorId>,
) -> Result<Redirect, WebError> {
    monitors::pause(&shared.app, &visitor.actor, id).await?;
    Ok(back(id, "paused"))
}

/// `POST /monitors/{id}/resume`
pub(crate) async fn resume(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<MonitorId>,
) -> Result<Redirect, WebError> {
    monitors::resume(&shared.app, &visitor.actor, id).await?;
    Ok(back(id, "resumed"))
}

/// `POST /monitors/{id}/list`: shows it to everybody in the public directory.
pub(crate) async fn publish(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<MonitorId>,
) -> Result<Redirect, WebError> {
    listings::list(&shared.app, &visitor.actor, id).await?;
    Ok(back(id, "listed"))
}

/// `POST /monitors/{id}/unlist`
pub(crate) async fn withdraw(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<MonitorId>,
) -> Result<Redirect, WebError> {
    listings::unlist(&shared.app, &visitor.actor, id).await?;
    Ok(back(id, "unlisted"))
}

/// `GET /monitors/{id}/delete`
pub(crate) async fn ask_delete(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<MonitorId>,
) -> Result<impl IntoResponse, WebError> {
    visitor.must_edit()?;
    let kept = shared.app.store.monitor(visitor.actor.team, id).await?;
    let monitor = kept.ok_or(WebError::NotFound)?.monitor;
    Ok(DeletePage {
        frame: visitor.frame(),
        what: "the monitor",
        name: monitor.spec.name,
        consequence: "Its checks, its figures and its incidents go with it, for good; what \
                      depends on it does so no more. To stop checking for a while, pause it \
                      instead.",
        back: format!("/monitors/{id}"),
    })
}

/// `POST /monitors/{id}/delete`
pub(crate) async fn delete(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<MonitorId>,
) -> Result<Redirect, WebError> {
    monitors::delete(&shared.app, &visitor.actor, id).await?;
    Ok(Redirect::to("/?done=deleted"))
}

fn back(id: MonitorId, done: &str) -> Redirect {
    Redirect::to(&format!("/monitors/{id}?done={done}"))
}
