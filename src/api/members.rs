//! The people of the team: listed, invited, given another role, removed.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::auth::Caller;
use super::error::{ApiError, Problem};
use super::list::List;
use super::request::{Body, Ids, Paging};
use crate::app::members as people;
use crate::app::members::Invited;
use crate::domain::at::At;
use crate::domain::id::UserId;
use crate::domain::team::Member;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(members, invite))
        .routes(routes!(change_member, remove_member))
}

/// A person of the team.
#[derive(Serialize, ToSchema)]
#[schema(as = Member)]
struct MemberView {
    /// Their id.
    id: UserId,
    /// Their address.
    email: String,
    /// `owner`, `editor` or `viewer`.
    role: &'static str,
    /// Since when they belong to the team.
    since: At,
}

impl MemberView {
    fn of(member: &Member) -> Self {
        Self {
            id: member.user,
            email: member.email.as_str().to_owned(),
            role: member.role.as_str(),
            since: member.since,
        }
    }
}

/// Whom to invite.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct InvitationBody {
    /// Their mail address.
    email: String,
    /// `owner`, `editor` or `viewer`.
    role: String,
}

/// Somebody who was invited.
#[derive(Serialize, ToSchema)]
#[schema(as = Invitation)]
struct InvitationView {
    /// Their mail address.
    email: String,
    /// `owner`, `editor` or `viewer`.
    role: &'static str,
    /// Until when the link can be used.
    expires_at: At,
    /// The link by which they come in, once: told this once.
    link: String,
    /// Whether the link was mailed to them, too; null where mail is not set up.
    mailed: Option<bool>,
}

impl InvitationView {
    fn of(invited: &Invited) -> Self {
        let invitation = &invited.invitation;
        Self {
            email: invitation.email.as_str().to_owned(),
            role: invitation.role.as_str(),
            expires_at: invitation.expires_at,
            link: invited.link.expose().to_owned(),
            mailed: invited.mail.as_ref().map(Result::is_ok),
        }
    }
}

/// Another role.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleBody {
    /// `owner`, `editor` or `viewer`.
    role: String,
}

/// The people of the team, by address.
#[utoipa::path(get, path = "/team/members", tag = "team",
    params(("limit" = Option<u32>, Query, description = "Most rows, 1 to 200; 50 when not given."),
        ("cursor" = Option<String>, Query, description = "Where the last page ended.")),
    responses((status = 200, body = List<MemberView>)))]
async fn members(
    State(api): State<Api>,
    Caller(actor): Caller,
    Paging { cursor, limit }: Paging,
) -> Result<Json<List<MemberView>>, ApiError> {
    let store = &api.app.store;
    let page = store.members(actor.team, limit, cursor.as_deref()).await?;
    Ok(Json(List::of(page, |member| MemberView::of(&member))))
}

/// Invites somebody by a one-time link, which is mailed, too, where mail is set up. Who may be invited is
/// said by the setting `SIGNUPS`.
#[utoipa::path(post, path = "/team/members", tag = "team", request_body = InvitationBody,
    responses((status = 201, body = InvitationView), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
async fn invite(
    State(api): State<Api>,
    Caller(actor): Caller,
    Body(body): Body<InvitationBody>,
) -> Result<(StatusCode, Json<InvitationView>), ApiError> {
    let invited = people::invite(&api.app, &actor, (&body.email, &body.role)).await?;
    Ok((StatusCode::CREATED, Json(InvitationView::of(&invited))))
}

/// Gives a member another role. The last owner stays one.
#[utoipa::path(patch, path = "/team/members/{id}", tag = "team", request_body = RoleBody,
    params(("id" = String, Path, description = "The member.")),
    responses((status = 200, body = MemberView), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
async fn change_member(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(UserId,)>,
    Body(body): Body<RoleBody>,
) -> Result<Json<MemberView>, ApiError> {
    let member = people::change_role(&api.app, &actor, id, &body.role).await?;
    Ok(Json(MemberView::of(&member)))
}

/// Removes a member: their sessions in this team and their tokens end at once. The last owner stays.
#[utoipa::path(delete, path = "/team/members/{id}", tag = "team",
    params(("id" = String, Path, description = "The member.")),
    responses((status = 204), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn remove_member(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(UserId,)>,
) -> Result<StatusCode, ApiError> {
    people::remove(&api.app, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
