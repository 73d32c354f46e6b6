//! Tokens of the API.

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
use crate::app::accounts;
use crate::domain::at::At;
use crate::domain::id::TokenId;
use crate::domain::team::ApiToken;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(tokens, create_token))
        .routes(routes!(revoke_token))
}

/// A token, without its value.
#[derive(Serialize, ToSchema)]
#[schema(as = Token)]
struct TokenView {
    /// Its id.
    id: TokenId,
    /// What people call it.
    name: String,
    /// `read` or `write`.
    scope: &'static str,
    /// Who made it; it can do no more than they can.
    created_by: String,
    /// When it was made.
    created_at: At,
    /// When it was last used, to the minute.
    last_used_at: Option<At>,
    /// Since when it opens nothing any more.
    revoked_at: Option<At>,
}

impl TokenView {
    fn of(token: &ApiToken) -> Self {
        Self {
            id: token.id,
            name: token.name.clone(),
            scope: token.scope.as_str(),
            created_by: token.email.as_str().to_owned(),
            created_at: token.created_at,
            last_used_at: token.last_used_at,
            revoked_at: token.revoked_at,
        }
    }
}

/// A token that was made.
#[derive(Serialize, ToSchema)]
struct MadeToken {
    #[serde(flatten)]
    token: TokenView,
    /// The token itself (`ls_…`): told this once.
    secret: String,
}

/// What people say of a token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TokenBody {
    /// What people call it.
    name: String,
    /// `read` or `write`.
    scope: String,
}

/// The tokens of the team, newest first, revoked ones among them.
#[utoipa::path(get, path = "/tokens", tag = "team",
    params(("limit" = Option<u32>, Query, description = "Most rows, 1 to 200; 50 when not given."),
        ("cursor" = Option<String>, Query, description = "Where the last page ended.")),
    responses((status = 200, body = List<TokenView>)))]
async fn tokens(
    State(api): State<Api>,
    Caller(actor): Caller,
    Paging { cursor, limit }: Paging,
) -> Result<Json<List<TokenView>>, ApiError> {
    let page = api
        .app
        .store
        .tokens(actor.team, limit, cursor.as_deref())
        .await?;
    Ok(Json(List::of(page, |token| TokenView::of(&token))))
}

/// Makes a token.
#[utoipa::path(post, path = "/tokens", tag = "team", request_body = TokenBody,
    responses((status = 201, body = MadeToken), (status = 422, body = Problem)))]
async fn create_token(
    State(api): State<Api>,
    Caller(actor): Caller,
    Body(body): Body<TokenBody>,
) -> Result<(StatusCode, Json<MadeToken>), ApiError> {
    let made = accounts::add_token(&api.app, &actor, &body.name, &body.scope).await?;
    let view = MadeToken {
        token: TokenView::of(&made.token),
        secret: made.value.expose().to_owned(),
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// Revokes a token; from now on it opens nothing.
#[utoipa::path(delete, path = "/tokens/{id}", tag = "team",
    params(("id" = String, Path, description = "The token.")),
    responses((status = 204), (status = 404, body = Problem)))]
async fn revoke_token(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(TokenId,)>,
) -> Result<StatusCode, ApiError> {
    accounts::revoke_token(&api.app, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
