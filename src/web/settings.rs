//! The team and the person: name, password, API tokens.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::Shared;
use super::error::{WebError, faults};
use super::filters;
use super::form::Filled;
use super::frame::Frame;
use super::path::{Id, Query};
use super::session::Visitor;
use crate::app::accounts;
use crate::app::teams;
use crate::domain::at::At;
use crate::domain::id::TokenId;
use crate::domain::sensitive::Sensitive;
use crate::domain::team::{Actor, ApiToken};

/// Most tokens that are listed.
const MOST_TOKENS: usize = 100;

#[derive(Template, WebTemplate)]
#[template(path = "settings.html")]
struct Settings {
    frame: Frame,
    actor: Actor,
    tokens: Vec<ApiToken>,
    fresh_token: Option<(String, String)>,
    team_form: Filled,
    password_form: Filled,
    token_form: Filled,
    is_operator: bool,
    now: At,
}

async fn page(shared: &Shared, visitor: &Visitor) -> Result<Settings, WebError> {
    let (store, team) = (&shared.app.store, visitor.actor.team);
    let teams = store.teams_of(visitor.actor.user).await?;
    let own = teams.into_iter().find(|(known, _)| known.id == team);
    let name = own.map(|(team, _)| team.name).unwrap_or_default();
    Ok(Settings {
        frame: visitor.frame(),
        actor: visitor.actor.clone(),
        tokens: store.valid_tokens(team, MOST_TOKENS).await?,
        fresh_token: None,
        team_form: Filled::of([("team", name)]),
        password_form: Filled::default(),
        token_form: Filled::default(),
        is_operator: store.operator_team().await? == Some(team),
        now: visitor.now,
    })
}

/// `GET /settings`
pub(super) async fn show(
    State(shared): State<Shared>,
    visitor: Visitor,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    let mut page = page(&shared, &visitor).await?;
    page.frame = page.frame.done(query.get("done"));
    Ok(page)
}

/// `POST /settings/team`
pub(super) async fn rename(
    State(shared): State<Shared>,
    visitor: Visitor,
    form: Filled,
) -> Result<Response, WebError> {
    match teams::rename_team(&shared.app, &visitor.actor, form.value("team")).await {
        Ok(()) => Ok(Redirect::to("/settings?done=saved").into_response()),
        Err(refused) => {
            let mut page = page(&shared, &visitor).await?;
            let (refusal, faults) = faults(refused)?;
            page.team_form = form.refused(faults);
            Ok(refusal.page(page))
        }
    }
}

/// `POST /settings/password`
pub(super) async fn password(
    State(shared): State<Shared>,
    visitor: Visitor,
    form: Filled,
) -> Result<Response, WebError> {
    let current = Sensitive::new(form.raw("current"));
    let new = Sensitive::new(form.raw("password"));
    let changed = accounts::change_password(
        &shared.app,
        &visitor.actor,
        &visitor.session,
        &current,
        &new,
    );
    match changed.await {
        Ok(()) => Ok(Redirect::to("/settings?done=password").into_response()),
        Err(refused) => {
            let mut page = page(&shared, &visitor).await?;
            let (refusal, faults) = faults(refused)?;
            page.password_form = form.refused(faults);
            Ok(refusal.page(page))
        }
    }
}

/// `POST /settings/tokens`: the answer shows the token, this once.
pub(super) async fn add_token(
    State(shared): State<Shared>,
    visitor: Visitor,
    form: Filled,
) -> Result<Response, WebError> {
    let (name, scope) = (form.value("name"), form.value("scope"));
    match accounts::add_token(&shared.app, &visitor.actor, name, scope).await {
        Ok(made) => {
            let mut page = page(&shared, &visitor).await?;
            page.fresh_token = Some((made.token.name, made.value.expose().to_owned()));
            Ok(page.into_response())
        }
        Err(refused) => {
            let mut page = page(&shared, &visitor).await?;
            let (refusal, faults) = faults(refused)?;
            page.token_form = form.refused(faults);
            Ok(refusal.page(page))
        }
    }
}

/// `POST /settings/tokens/{id}/revoke`
pub(super) async fn revoke_token(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<TokenId>,
) -> Result<Redirect, WebError> {
    accounts::revoke_token(&shared.app, &visitor.actor, id).await?;
    Ok(Redirect::to("/settings?done=revoked"))
}
