//! The team: its members and who is invited, and the other teams of whoever looks.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::Shared;
use super::error::{WebError, faults, refused_page};
use super::filters;
use super::form::Filled;
use super::frame::Frame;
use super::path::{Id, Query};
use super::session::{self, Visitor};
use crate::app::members::{self, Invited, MAX_INVITATIONS};
use crate::app::refused::Refused;
use crate::app::teams;
use crate::domain::id::{TeamId, UserId};
use crate::domain::monitor::FieldError;
use crate::domain::team::{Actor, Invitation, Member, Role, Team};

/// Members on one page.
const PAGE: usize = 100;
/// Where it is.
const PATH: &str = "/team";

#[derive(Template, WebTemplate)]
#[template(path = "team/show.html")]
struct TeamPage {
    frame: Frame,
    actor: Actor,
    name: String,
    members: Vec<Member>,
    next: Option<String>,
    invitations: Vec<Invitation>,
    fresh: Option<Invited>,
    /// Whether people may be invited who have no account yet.
    may_invite_new: bool,
    form: Filled,
    /// A member whose role was not changed, and why.
    wrong: Option<(UserId, String)>,
    others: Vec<(Team, Role)>,
}

impl TeamPage {
    /// What is wrong with the role of somebody who is not on this page of the list.
    fn wrong_elsewhere(&self) -> Option<&str> {
        let (user, words) = self.wrong.as_ref()?;
        let is_here = self.members.iter().any(|member| member.user == *user);
        (!is_here).then_some(words)
    }

    fn email_hint(&self) -> &'static str {
        if self.may_invite_new {
            "Whoever has no account yet chooses a password by the link."
        } else {
            "Of somebody who has an account here already."
        }
    }

    fn wrong(&self, member: &Member) -> Option<&str> {
        let (user, words) = self.wrong.as_ref()?;
        (*user == member.user).then_some(words)
    }
}

async fn page(
    shared: &Shared,
    visitor: &Visitor,
    cursor: Option<&str>,
) -> Result<TeamPage, WebError> {
    let (store, team) = (&shared.app.store, visitor.actor.team);
    let members = store.members(team, PAGE, cursor).await?;
    let teams = store.teams_of(visitor.actor.user).await?;
    let (own, others): (Vec<_>, Vec<_>) = teams.into_iter().partition(|(one, _)| one.id == team);
    let is_owner = visitor.actor.may_own();
    let invitations = if is_owner {
        store
            .invitations(team, visitor.now, MAX_INVITATIONS)
            .await?
    } else {
        Vec::new()
    };
    let next = members.next;
    Ok(TeamPage {
        frame: visitor.frame(),
        actor: visitor.actor.clone(),
        name: own
            .into_iter()
            .next()
            .map(|(team, _)| team.name)
            .unwrap_or_default(),
        members: members.rows,
        next: next.map(|next| Query::default().with(PATH, "cursor", &next)),
        invitations,
        fresh: None,
        may_invite_new: is_owner && members::may_invite_new(&shared.app, &visitor.actor).await?,
        form: Filled::default(),
        wrong: None,
        others,
    })
}

/// `GET /team`
pub(super) async fn show(
    State(shared): State<Shared>,
    visitor: Visitor,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    let mut page = page(&shared, &visitor, query.get("cursor")).await?;
    page.frame = page.frame.done(query.get("done"));
    Ok(page)
}

/// `POST /team/invitations`: the answer shows the link, this once.
pub(super) async fn invite(
    State(shared): State<Shared>,
    visitor: Visitor,
    form: Filled,
) -> Result<Response, WebError> {
    let wish = (form.value("email"), form.value("role"));
    match members::invite(&shared.app, &visitor.actor, wish).await {
        Ok(invited) => {
            let mut page = page(&shared, &visitor, None).await?;
            page.fresh = Some(invited);
            Ok(page.into_response())
        }
        Err(refused) => {
            let (refusal, faults) = faults(refused)?;
            let mut page = page(&shared, &visitor, None).await?;
            page.form = form.refused(faults);
            Ok(refusal.page(page))
        }
    }
}

/// `POST /team/invitations/withdraw`
pub(super) async fn withdraw(
    State(shared): State<Shared>,
    visitor: Visitor,
    form: Filled,
) -> Result<Redirect, WebError> {
    match members::withdraw(&shared.app, &visitor.actor, form.value("email")).await {
        Err(Refused::Fields(_)) => Err(WebError::NotFound),
        done => {
            done?;
            Ok(Redirect::to("/team?done=withdrawn"))
        }
    }
}

/// `POST /team/members/{id}/role`
pub(super) async fn change_role(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<UserId>,
    form: Filled,
) -> Result<Response, WebError> {
    let role = form.value("role");
    match members::change_role(&shared.app, &visitor.actor, id, role).await {
        Ok(_) => Ok(Redirect::to("/team?done=saved").into_response()),
        Err(refused) => refuse(&shared, &visitor, id, refused).await,
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "team/leave.html")]
struct Parting {
    frame: Frame,
    /// Who is removed; nobody when somebody leaves.
    member: Option<Member>,
    team: String,
}

async fn parting(
    shared: &Shared,
    visitor: &Visitor,
    member: Option<Member>,
) -> Result<Parting, WebError> {
    let teams = shared.app.store.teams_of(visitor.actor.user).await?;
    let own = teams
        .into_iter()
        .find(|(team, _)| team.id == visitor.actor.team);
    Ok(Parting {
        frame: visitor.frame(),
        member,
        team: own.map(|(team, _)| team.name).unwrap_or_default(),
    })
}

/// `GET /team/members/{id}/delete`
pub(super) async fn ask_remove(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<UserId>,
) -> Result<impl IntoResponse, WebError> {
    visitor.must_own()?;
    let member = shared.app.store.member(visitor.actor.team, id).await?;
    let member = member.ok_or(WebError::NotFound)?;
    parting(&shared, &visitor, Some(member)).await
}

/// `POST /team/members/{id}/delete`
pub(super) async fn remove(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<UserId>,
) -> Result<Response, WebError> {
    if id == visitor.actor.user {
        return Ok(Redirect::to("/team/leave").into_response());
    }
    match members::remove(&shared.app, &visitor.actor, id).await {
        Ok(()) => Ok(Redirect::to("/team?done=removed").into_response()),
        Err(refused) => refuse(&shared, &visitor, id, refused).await,
    }
}

/// `GET /team/leave`
pub(super) async fn ask_leave(
    State(shared): State<Shared>,
    visitor: Visitor,
) -> Result<impl IntoResponse, WebError> {
    parting(&shared, &visitor, None).await
}

/// `POST /team/leave`
pub(super) async fn leave(
    State(shared): State<Shared>,
    visitor: Visitor,
) -> Result<Response, WebError> {
    match members::leave(&shared.app, &visitor.actor, &visitor.session).await {
        Ok(true) => Ok(Redirect::to("/team?done=left").into_response()),
        Ok(false) => {
            let is_https = shared.app.settings.is_https();
            let taken = session::set_cookie("", std::time::Duration::ZERO, is_https);
            Ok((taken, Redirect::to("/login?done=left")).into_response())
        }
        Err(refused) => refuse(&shared, &visitor, visitor.actor.user, refused).await,
    }
}

/// `POST /team/switch`
pub(super) async fn switch(
    State(shared): State<Shared>,
    visitor: Visitor,
    form: Filled,
) -> Result<Redirect, WebError> {
    let team: TeamId = form.value("team").parse().map_err(|_| WebError::NotFound)?;
    teams::switch(&shared.app, &visitor.actor, &visitor.session, team).await?;
    Ok(Redirect::to("/?done=switched"))
}

/// The page again, with what was wrong beside the member.
async fn refuse(
    shared: &Shared,
    visitor: &Visitor,
    user: UserId,
    refused: Refused,
) -> Result<Response, WebError> {
    let Refused::Fields(faults) = refused else {
        return Err(refused.into());
    };
    let mut page = page(shared, visitor, None).await?;
    let words: Vec<String> = faults.iter().map(FieldError::to_string).collect();
    page.wrong = Some((user, words.join("; ")));
    Ok(refused_page(page))
}
