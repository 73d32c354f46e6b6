//! Hosts that a team says are theirs: the list, how one is proved, what its owner says and takes off.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::Shared;
use super::delete::DeletePage;
use super::error::{WebError, faults};
use super::filters;
use super::form::Filled;
use super::frame::Frame;
use super::path::{Id, Query};
use super::session::Visitor;
use crate::app::claims;
use crate::domain::at::At;
use crate::domain::claim::{Claim, MAX_CLAIMS};
use crate::domain::directory::OnHost;
use crate::domain::id::{ClaimId, MonitorId};

/// Most listings of a host that its owner sees at once.
const MOST_LISTED: usize = 100;

#[derive(Template, WebTemplate)]
#[template(path = "claims/list.html")]
struct List {
    frame: Frame,
    claims: Vec<Claim>,
    form: Filled,
    may_edit: bool,
}

async fn list_page(shared: &Shared, visitor: &Visitor, form: Filled) -> Result<List, WebError> {
    let claims = shared.app.store.claims(visitor.actor.team, MAX_CLAIMS);
    Ok(List {
        frame: visitor.frame(),
        claims: claims.await?,
        form,
        may_edit: visitor.actor.may_edit(),
    })
}

/// `GET /claims`
pub(super) async fn list(
    State(shared): State<Shared>,
    visitor: Visitor,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    let mut page = list_page(&shared, &visitor, Filled::default()).await?;
    page.frame = page.frame.done(query.get("done"));
    Ok(page)
}

/// `POST /claims`
pub(super) async fn create(
    State(shared): State<Shared>,
    visitor: Visitor,
    form: Filled,
) -> Result<Response, WebError> {
    match claims::create(&shared.app, &visitor.actor, form.value("host")).await {
        Ok(id) => Ok(Redirect::to(&format!("/claims/{id}")).into_response()),
        Err(refused) => {
            let (refusal, faults) = faults(refused)?;
            let form = form.refused(faults);
            Ok(refusal.page(list_page(&shared, &visitor, form).await?))
        }
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "claims/show.html")]
struct Show {
    frame: Frame,
    claim: Claim,
    listed: Vec<OnHost>,
    refusals: usize,
    form: Filled,
    may_edit: bool,
    now: At,
}

async fn show_page(
    shared: &Shared,
    visitor: &Visitor,
    claim: Claim,
    form: Filled,
) -> Result<Show, WebError> {
    let (store, team) = (&shared.app.store, visitor.actor.team);
    Ok(Show {
        frame: visitor.frame(),
        listed: store.listed_on(team, claim.id, MOST_LISTED).await?,
        refusals: store.refusals(team, claim.id).await?,
        claim,
        form,
        may_edit: visitor.actor.may_edit(),
        now: visitor.now,
    })
}

async fn known(shared: &Shared, visitor: &Visitor, id: ClaimId) -> Result<Claim, WebError> {
    let found = shared.app.store.claim(visitor.actor.team, id).await?;
    found.ok_or(WebError::NotFound)
}

/// `GET /claims/{id}`
pub(super) async fn show(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<ClaimId>,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    let claim = known(&shared, &visitor, id).await?;
    let given = |text: &Option<String>| text.clone().unwrap_or_default();
    let said = [
        ("words", given(&claim.said.words)),
        ("link", given(&claim.said.link)),
    ];
    let mut page = show_page(&shared, &visitor, claim, Filled::of(said)).await?;
    page.frame = page.frame.done(query.get("done"));
    Ok(page)
}

/// `POST /claims/{id}/check`: waits for the answer of the host, which has a deadline.
pub(super) async fn check(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<ClaimId>,
) -> Result<Redirect, WebError> {
    claims::check(&shared.app, &visitor.actor, id).await?;
    Ok(Redirect::to(&format!("/claims/{id}#outcome")))
}

/// `POST /claims/{id}/words`
pub(super) async fn say(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<ClaimId>,
    form: Filled,
) -> Result<Response, WebError> {
    let typed = (form.value("words"), form.value("link"));
    match claims::say(&shared.app, &visitor.actor, id, typed).await {
        Ok(()) => Ok(back(id, "saved").into_response()),
        Err(refused) => {
            let (refusal, faults) = faults(refused)?;
            let form = form.refused(faults);
            let claim = known(&shared, &visitor, id).await?;
            Ok(refusal.page(show_page(&shared, &visitor, claim, form).await?))
        }
    }
}

/// `POST /claims/{id}/take-off`
pub(super) async fn take_off(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<ClaimId>,
    form: Filled,
) -> Result<Redirect, WebError> {
    let monitor = form.value("monitor").parse::<MonitorId>();
    let monitor = monitor.map_err(|_| WebError::NotFound)?;
    claims::take_off(&shared.app, &visitor.actor, id, monitor).await?;
    Ok(back(id, "unlisted"))
}

/// `POST /claims/{id}/let-again`
pub(super) async fn let_again(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<ClaimId>,
) -> Result<Redirect, WebError> {
    claims::let_again(&shared.app, &visitor.actor, id).await?;
    Ok(back(id, "saved"))
}

/// `GET /claims/{id}/delete`
pub(super) async fn ask_delete(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<ClaimId>,
) -> Result<impl IntoResponse, WebError> {
    visitor.must_edit()?;
    let claim = known(&shared, &visitor, id).await?;
    Ok(DeletePage {
        frame: visitor.frame(),
        what: "the claim of",
        name: claim.host,
        consequence: "Servers on it are no longer marked as verified, what you said of them goes, and \
                      whom you took off the directory may list it again.",
        back: format!("/claims/{id}"),
    })
}

/// `POST /claims/{id}/delete`
pub(super) async fn delete(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<ClaimId>,
) -> Result<Redirect, WebError> {
    claims::delete(&shared.app, &visitor.actor, id).await?;
    Ok(Redirect::to("/claims?done=deleted"))
}

fn back(id: ClaimId, done: &str) -> Redirect {
    Redirect::to(&format!("/claims/{id}?done={done}"))
}
