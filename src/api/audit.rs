//! The audit log: who did what in the team.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Api;
use super::auth::Caller;
use super::error::{ApiError, Problem};
use super::list::List;
use super::request::Query;
use crate::app::monitors::may_edit;
use crate::domain::at::At;
use crate::domain::audit::{AuditEntry, KINDS, shown_name};
use crate::domain::id::AuditId;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(audit_log))
}

/// One entry of the audit log.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
struct EntryView {
    /// Its id; a later one is greater.
    id: AuditId,
    /// When it was done.
    at: At,
    /// What was done, like `monitor.created`; there may be more words in later versions.
    action: String,
    /// Who did it.
    by: ByView,
    /// What it was done to.
    target: TargetView,
    /// The names of the fields that were changed; never what stands in them.
    fields: Vec<String>,
}

/// Who did something.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditBy)]
struct ByView {
    /// `page`, `token`, `link` or `console`.
    way: &'static str,
    /// The mail address of the person; null for the console.
    email: Option<String>,
    /// The name of the token, if it came with one.
    token: Option<String>,
}

/// What something was done to.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditTarget)]
struct TargetView {
    /// The kind of thing: `monitor`, `channel`, `member` …
    kind: String,
    /// Its id, where it has one.
    #[schema(value_type = Option<String>)]
    id: Option<Uuid>,
    /// What it was called then.
    name: String,
}

impl EntryView {
    fn of(entry: AuditEntry) -> Self {
        Self {
            id: entry.id,
            at: entry.at,
            by: ByView {
                way: entry.by.way(),
                email: entry.by.email().map(|email| email.as_str().to_owned()),
                token: entry.by.token().map(shown_name),
            },
            action: entry.deed,
            target: TargetView {
                kind: entry.kind,
                id: entry.thing,
                name: entry.name,
            },
            fields: entry.fields,
        }
    }
}

/// Who did what in the team, newest first; for owners and editors, so with a token that may write.
/// Entries are kept for 400 days.
#[utoipa::path(get, path = "/audit-log", tag = "team",
    params(
        ("kind" = Option<String>, Query, description = "Only what was done to things of this kind, like `monitor`."),
        ("limit" = Option<usize>, Query, description = "Rows of a page: 1 to 200, 50 when not given."),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before.")),
    responses((status = 200, body = List<EntryView>), (status = 403, body = Problem)))]
async fn audit_log(
    State(api): State<Api>,
    Caller(actor): Caller,
    query: Query,
) -> Result<Json<List<EntryView>>, ApiError> {
    may_edit(&actor)?;
    let query = query.only(&["kind", "limit", "cursor"])?;
    let expected = format!("one of {}", KINDS.join(", "));
    let kind = query.parsed("kind", &expected, |text| {
        KINDS.into_iter().find(|kind| *kind == text)
    })?;
    let (limit, cursor) = (query.limit()?, query.cursor());
    let store = &api.app.store;
    let page = store.audit_log(actor.team, kind, limit, cursor).await?;
    Ok(Json(List::of(page, EntryView::of)))
}
