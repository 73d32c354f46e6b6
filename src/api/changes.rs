//! What changed about the server of a monitor: its generation, transport, address and versions.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::auth::Caller;
use super::checks::must_be_there;
use super::error::{ApiError, Problem};
use super::list::List;
use super::request::{Ids, Paging};
use crate::domain::at::At;
use crate::domain::change::ChangeKind;
use crate::domain::id::MonitorId;
use crate::store::PastChange;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(changes))
}

/// Something that was other than at the check before.
#[derive(Serialize, ToSchema)]
#[schema(as = Change)]
struct ChangeView {
    /// When the check began that saw it.
    at: At,
    /// From where.
    location: String,
    /// `era`, `transport`, `url`, `version` or `server`.
    kind: ChangeKind,
    /// What it was.
    before: String,
    /// What it is since.
    after: String,
}

impl From<PastChange> for ChangeView {
    fn from(past: PastChange) -> Self {
        Self {
            at: past.at,
            location: past.location,
            kind: past.change.kind,
            before: past.change.before,
            after: past.change.after,
        }
    }
}

/// What changed about the server of a monitor, newest first.
#[utoipa::path(get, path = "/monitors/{id}/changes", tag = "monitors",
    params(("id" = String, Path, description = "The monitor."),
        ("limit" = Option<u32>, Query, description = "Most rows, 1 to 200; 50 when not given."),
        ("cursor" = Option<String>, Query, description = "Where the last page ended.")),
    responses((status = 200, body = List<ChangeView>), (status = 404, body = Problem)))]
async fn changes(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(MonitorId,)>,
    Paging { cursor, limit }: Paging,
) -> Result<Json<List<ChangeView>>, ApiError> {
    must_be_there(&api, &actor, id).await?;
    let (store, cursor) = (&api.app.store, cursor.as_deref());
    let page = store.changes(actor.team, id, cursor, limit).await?;
    Ok(Json(List::of(page, ChangeView::from)))
}
