//! Incidents: read, acknowledged, muted, rated, written about, closed by hand.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::auth::Caller;
use super::error::{ApiError, Problem};
use super::list::List;
use super::request::{Body, Given, Ids, Query};
use crate::app::incidents::{self, Edit};
use crate::domain::at::At;
use crate::domain::id::{IncidentId, MonitorId};
use crate::domain::incident::{Change, Incident, Severity};
use crate::domain::notification::IncidentFacts;
use crate::domain::report::CheckReport;
use crate::domain::written::{Postmortem, Readers, Stage};
use crate::store::IncidentFilter;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(one, change))
        .routes(routes!(acknowledge))
        .routes(routes!(mute))
        .routes(routes!(unmute))
        .routes(routes!(note))
        .routes(routes!(resolve))
}

/// An incident with what showed it.
#[derive(Serialize, ToSchema)]
#[schema(as = IncidentInFull)]
struct WholeIncident {
    #[serde(flatten)]
    facts: IncidentFacts,
    /// The check that confirmed it, or that last changed it.
    check: CheckReport,
    /// What was different from the last good check.
    changed: Vec<Change>,
    /// What was learnt, once it was over.
    postmortem: Option<Postmortem>,
}

impl WholeIncident {
    fn of(incident: Incident, now: At) -> Self {
        Self {
            facts: IncidentFacts::of(&incident, now),
            check: incident.evidence,
            changed: incident.changed,
            postmortem: incident.people.postmortem,
        }
    }
}

/// The incidents of the team, newest first.
#[utoipa::path(get, path = "/incidents", tag = "incidents",
    params(("status" = Option<String>, Query, description = "`open` (acknowledged ones among them) or `resolved`."),
        ("monitor" = Option<String>, Query, description = "Of this monitor only."),
        ("since" = Option<String>, Query, description = "Those that were not over before this time."),
        ("limit" = Option<u32>, Query, description = "Most rows, 1 to 200; 50 when not given."),
        ("cursor" = Option<String>, Query, description = "Where the last page ended.")),
    responses((status = 200, body = List<IncidentFacts>)))]
async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
    query: Query,
) -> Result<Json<List<IncidentFacts>>, ApiError> {
    let query = query.only(&["status", "monitor", "since", "limit", "cursor"])?;
    let is_resolved = |word: &str| match word {
        "open" => Some(false),
        "resolved" => Some(true),
        _ => None,
    };
    let filter = IncidentFilter {
        monitor: query.parsed("monitor", "the id of a monitor", |id| {
            id.parse::<MonitorId>().ok()
        })?,
        is_resolved: query.parsed("status", "open or resolved", is_resolved)?,
        since: query.at("since")?,
    };
    let (cursor, limit) = (query.cursor(), query.limit()?);
    let page = api
        .app
        .store
        .incidents(actor.team, &filter, cursor, limit)
        .await?;
    let now = api.app.clock.now();
    Ok(Json(List::of(page, |incident| {
        IncidentFacts::of(&incident, now)
    })))
}

/// One incident with its timeline and the check that showed it.
#[utoipa::path(get, path = "/incidents/{id}", tag = "incidents",
    params(("id" = String, Path, description = "The incident.")),
    responses((status = 200, body = WholeIncident), (status = 404, body = Problem)))]
async fn one(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(IncidentId,)>,
) -> Result<Json<WholeIncident>, ApiError> {
    let incident = api.app.store.incident(actor.team, id).await?;
    let incident = incident.ok_or_else(ApiError::not_found)?;
    Ok(Json(WholeIncident::of(incident, api.app.clock.now())))
}

/// Says that somebody cares for it; doing so twice changes nothing.
#[utoipa::path(post, path = "/incidents/{id}/acknowledge", tag = "incidents",
    params(("id" = String, Path, description = "The incident.")),
    responses((status = 200, body = WholeIncident), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
async fn acknowledge(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(IncidentId,)>,
) -> Result<Json<WholeIncident>, ApiError> {
    let incident = incidents::acknowledge(&api.app, &actor, id).await?;
    Ok(Json(WholeIncident::of(incident, api.app.clock.now())))
}

/// Tells nobody anything more of it until it is resolved; doing so twice changes nothing.
#[utoipa::path(post, path = "/incidents/{id}/mute", tag = "incidents",
    params(("id" = String, Path, description = "The incident.")),
    responses((status = 200, body = WholeIncident), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
async fn mute(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(IncidentId,)>,
) -> Result<Json<WholeIncident>, ApiError> {
    let incident = incidents::mute(&api.app, &actor, id).await?;
    Ok(Json(WholeIncident::of(incident, api.app.clock.now())))
}

/// Tells people of it again, and at once what got worse in the meantime.
#[utoipa::path(post, path = "/incidents/{id}/unmute", tag = "incidents",
    params(("id" = String, Path, description = "The incident.")),
    responses((status = 200, body = WholeIncident), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
async fn unmute(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(IncidentId,)>,
) -> Result<Json<WholeIncident>, ApiError> {
    let incident = incidents::unmute(&api.app, &actor, id).await?;
    Ok(Json(WholeIncident::of(incident, api.app.clock.now())))
}

/// What is changed of an incident; what is not named stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = IncidentChange)]
struct ChangeBody {
    /// How bad it is: `down` or `degraded`. Checks do not change it any more; only of an incident
    /// that is not over.
    severity: Option<String>,
    /// What was learnt; `null` takes it away. Only of an incident that is resolved.
    #[serde(default)]
    #[schema(value_type = Option<PostmortemBody>)]
    postmortem: Given<PostmortemBody>,
}

/// What was learnt from an incident.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PostmortemBody {
    /// Plain text of 1 to 10000 characters; an empty line parts paragraphs.
    text: String,
    /// Whether public status pages show it; false when not given.
    #[serde(default)]
    public: bool,
}

/// Says how bad it is, or what was learnt.
#[utoipa::path(patch, path = "/incidents/{id}", tag = "incidents", request_body = ChangeBody,
    params(("id" = String, Path, description = "The incident.")),
    responses((status = 200, body = WholeIncident), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn change(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(IncidentId,)>,
    Body(body): Body<ChangeBody>,
) -> Result<Json<WholeIncident>, ApiError> {
    let mut edits = Vec::new();
    if let Some(word) = &body.severity {
        let severity = Severity::parse(word);
        let refused = || ApiError::field("severity", "must be down or degraded");
        edits.push(Edit::Severity(severity.ok_or_else(refused)?));
    }
    edits.extend(match &body.postmortem {
        Given::Absent => None,
        Given::Null => Some(Edit::NoPostmortem),
        Given::Value(PostmortemBody { text, public }) => Some(Edit::Postmortem {
            text,
            is_public: *public,
        }),
    });
    let incident = incidents::edit(&api.app, &actor, id, &edits).await?;
    Ok(Json(WholeIncident::of(incident, api.app.clock.now())))
}

/// What somebody writes into a timeline.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NoteBody {
    /// The words; 1 to 4000 characters.
    text: String,
    /// Whether public status pages show it; false when not given.
    #[serde(default)]
    public: bool,
    /// How far you have come, in what is public: `investigating`, `identified`, `monitoring` or
    /// `resolved`.
    stage: Option<String>,
}

impl NoteBody {
    fn readers(&self) -> Result<Readers, ApiError> {
        let stage = self.stage.as_deref().map(|word| {
            let message = "must be investigating, identified, monitoring or resolved";
            Stage::parse(word).ok_or_else(|| ApiError::field("stage", message))
        });
        match (self.public, stage.transpose()?) {
            (true, stage) => Ok(Readers::Public(stage)),
            (false, None) => Ok(Readers::Team),
            (false, Some(_)) => {
                let message = "must be left out of what is not public";
                Err(ApiError::field("stage", message))
            }
        }
    }
}

/// Writes a note for the team, or an update for the public, also of an incident that is over.
#[utoipa::path(post, path = "/incidents/{id}/notes", tag = "incidents", request_body = NoteBody,
    params(("id" = String, Path, description = "The incident.")),
    responses((status = 200, body = WholeIncident), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
async fn note(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(IncidentId,)>,
    Body(body): Body<NoteBody>,
) -> Result<Json<WholeIncident>, ApiError> {
    let what = (&*body.text, body.readers()?);
    let incident = incidents::note(&api.app, &actor, id, what).await?;
    Ok(Json(WholeIncident::of(incident, api.app.clock.now())))
}

/// Closes it by hand; it stays closed until the server has recovered and fails again.
#[utoipa::path(post, path = "/incidents/{id}/resolve", tag = "incidents",
    params(("id" = String, Path, description = "The incident.")),
    responses((status = 200, body = WholeIncident), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
async fn resolve(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(IncidentId,)>,
) -> Result<Json<WholeIncident>, ApiError> {
    let incident = incidents::resolve(&api.app, &actor, id).await?;
    Ok(Json(WholeIncident::of(incident, api.app.clock.now())))
}
