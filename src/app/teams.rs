//! Teams themselves: what one is called, and which of their teams somebody looks at.

use crate::domain::audit::Deed;
use crate::domain::id::TeamId;
use crate::domain::sensitive::Sensitive;
use crate::domain::team::{Actor, Role, Team, team_name};
use crate::secret::hash_token;

use super::App;
use super::accounts::must_own;
use super::audit::note_change;
use super::refused::Refused;

/// Gives the team of an owner another name.
pub async fn rename_team(app: &App, actor: &Actor, name: &str) -> Result<(), Refused> {
    must_own(actor)?;
    let name = team_name(name)?;
    let mut tx = app.store.begin().await?;
    let known = tx.teams_of(actor.user).await?;
    if !tx.rename_team(actor.team, &name).await? {
        return Err(Refused::NotFound);
    }
    let is_new = |(team, _): &(Team, Role)| team.id == actor.team && team.name != name;
    if known.iter().any(is_new) {
        let what = (Deed::TeamChanged, &["name"][..]);
        let thing = (Some(actor.team.0), &*name);
        note_change(app, &mut tx, actor, what, thing).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Looks at another team of the same person.
pub async fn switch(
    app: &App,
    actor: &Actor,
    session: &Sensitive,
    team: TeamId,
) -> Result<(), Refused> {
    let hash = hash_token(session.expose());
    let mut tx = app.store.begin().await?;
    if !tx.move_session(&hash, (team, actor.user)).await? {
        return Err(Refused::NotFound);
    }
    tx.commit().await?;
    Ok(())
}
