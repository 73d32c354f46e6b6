//! The tools of a monitor: as they are, how they changed, and taking them as the ones to compare
//! with.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::auth::Caller;
use super::checks::must_be_there;
use super::error::{ApiError, Problem};
use super::list::List;
use super::request::{Ids, Paging, Query};
use crate::app::tools;
use crate::domain::at::At;
use crate::domain::id::MonitorId;
use crate::domain::report::CheckReport;
use crate::domain::team::Actor;
use crate::domain::tools::{SurfaceDiff, ToolText};
use crate::store::{CurrentTools, ToolsChange};

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(changes))
        .routes(routes!(accept))
}

/// The tools that a monitor last listed.
#[derive(Serialize, ToSchema)]
#[schema(as = Tools)]
struct ToolsView {
    /// How many; null while none were ever listed.
    count: Option<usize>,
    /// `sha256:` and the digest of the canonical form.
    hash: Option<String>,
    /// Their names, in the order of the server.
    names: Vec<String>,
    /// From where they were seen.
    location: Option<String>,
    /// When this surface was first seen.
    seen_at: Option<At>,
    /// The whole surfaces, one for each generation of the protocol that listed any.
    surfaces: Vec<SurfaceView>,
}

/// The tools that were listed in one generation of the protocol.
#[derive(Serialize, ToSchema)]
#[schema(as = ToolSurface)]
struct SurfaceView {
    /// `legacy` or `modern`.
    era: String,
    /// `sha256:` and the digest of the canonical form.
    hash: String,
    /// From where it was seen first.
    location: String,
    /// Since when it is so.
    seen_at: At,
    /// The hash of the surface that was accepted.
    accepted_hash: String,
    /// When it was accepted.
    accepted_at: At,
    /// What is different from the accepted one; null when nothing is.
    changed: Option<SurfaceDiff>,
    /// The tools, by name.
    tools: Vec<ToolView>,
}

/// A tool, as the server describes it.
#[derive(Serialize, ToSchema)]
#[schema(as = Tool)]
struct ToolView {
    /// Its name.
    name: String,
    /// Its title.
    title: Option<String>,
    /// Its description.
    description: Option<String>,
    /// The schema of its arguments.
    input_schema: Value,
    /// The schema of its result.
    output_schema: Value,
    /// Its annotations.
    annotations: Value,
}

impl ToolView {
    fn of(tool: &Value) -> Self {
        let member = |name| tool.get(name).cloned().unwrap_or_default();
        let text = ToolText::of(tool);
        Self {
            name: text.name,
            title: text.title,
            description: text.description,
            input_schema: member("inputSchema"),
            output_schema: member("outputSchema"),
            annotations: member("annotations"),
        }
    }
}

impl SurfaceView {
    fn of(current: CurrentTools) -> Self {
        let accepted = current.accepted_tools.as_ref();
        Self {
            changed: accepted.and_then(|old| SurfaceDiff::between(old, &current.tools)),
            tools: current.tools.iter().map(ToolView::of).collect(),
            era: current.era,
            hash: current.hash,
            location: current.location,
            seen_at: current.seen_at,
            accepted_hash: current.accepted,
            accepted_at: current.accepted_at,
        }
    }
}

/// A change of the tools.
#[derive(Serialize, ToSchema)]
#[schema(as = ToolsChange)]
struct ChangeView {
    /// When it was seen.
    at: At,
    /// In which generation of the protocol.
    era: String,
    /// From where.
    location: String,
    /// The hash before.
    before: String,
    /// The hash after.
    after: String,
    /// What is different, in one sentence.
    summary: String,
    /// What is different.
    #[serde(flatten)]
    diff: SurfaceDiff,
}

impl From<ToolsChange> for ChangeView {
    fn from(change: ToolsChange) -> Self {
        Self {
            at: change.at,
            era: change.era,
            location: change.location,
            before: change.before,
            after: change.after,
            summary: change.diff.sentence(),
            diff: change.diff,
        }
    }
}

async fn seen(api: &Api, actor: &Actor, id: MonitorId) -> Result<ToolsView, ApiError> {
    must_be_there(api, actor, id).await?;
    let (store, team) = (&api.app.store, actor.team);
    let reports = store.latest_reports(team, id).await?;
    let good = reports.into_iter().filter_map(|latest| latest.good);
    let good = good.max_by_key(|report| (report.tools.is_some(), report.started_at));
    let (place, tools) = match good {
        Some(CheckReport {
            tools: Some(tools),
            location,
            started_at,
            ..
        }) => (Some((location, started_at)), Some(tools)),
        _ => (None, None),
    };
    let (location, at) = place.unzip();
    let surfaces = store.current_tools(team, id).await?;
    Ok(ToolsView {
        count: tools.as_ref().map(|tools| tools.count),
        hash: tools.as_ref().map(|tools| tools.hash.clone()),
        names: tools.map(|tools| tools.names).unwrap_or_default(),
        location,
        seen_at: at,
        surfaces: surfaces.into_iter().map(SurfaceView::of).collect(),
    })
}

/// The tools that the server last listed.
#[utoipa::path(get, path = "/monitors/{id}/tools", tag = "monitors", operation_id = "tools",
    params(("id" = String, Path, description = "The monitor.")),
    responses((status = 200, body = ToolsView), (status = 404, body = Problem)))]
async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(MonitorId,)>,
    query: Query,
) -> Result<Json<ToolsView>, ApiError> {
    query.only(&[])?;
    seen(&api, &actor, id).await.map(Json)
}

/// How the tools changed, newest first.
#[utoipa::path(get, path = "/monitors/{id}/tools/changes", tag = "monitors",
    operation_id = "tools_changes",
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
    let page = store.tools_changes(actor.team, id, cursor, limit).await?;
    Ok(Json(List::of(page, ChangeView::from)))
}

/// Takes the tools as they are now as the ones to compare with.
#[utoipa::path(post, path = "/monitors/{id}/tools/accept", tag = "monitors",
    operation_id = "accept_tools",
    params(("id" = String, Path, description = "The monitor.")),
    responses((status = 200, body = ToolsView), (status = 404, body = Problem)))]
async fn accept(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(MonitorId,)>,
) -> Result<Json<ToolsView>, ApiError> {
    tools::accept(&api.app, &actor, id).await?;
    seen(&api, &actor, id).await.map(Json)
}
