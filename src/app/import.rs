//! Watches what a client configuration or a registry listing names.

use crate::clock::Ids;
use crate::domain::at::At;
use crate::domain::audit::{By, Deed};
use crate::domain::id::{MonitorId, TeamId};
use crate::domain::monitor::{FieldError, Monitor, MonitorSpec};
use crate::domain::team::Actor;
use crate::net::Guard;
use crate::secret::Place;
use crate::store::{Store, StoreError};

use super::App;
use super::audit::write;
use super::console::choose;
use super::events::Changed;
use super::monitors::may_edit;
use super::refused::Refused;

/// What became of one server of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Imported {
    /// It is watched from now on, as this monitor.
    Added(MonitorId),
    /// A monitor of this name watches it already.
    There(String),
    /// Its address must not be connected to.
    Refused(String),
}

impl Imported {
    /// Whether it is watched from now on, and was not before.
    pub fn is_added(&self) -> bool {
        matches!(self, Self::Added(_))
    }
}

/// Adds a monitor for each spec whose endpoint the team does not watch yet, all or none; says what
/// became of each. `is_trial` writes nothing.
pub async fn import(
    (store, guard): (&Store, &Guard),
    (team, by): (TeamId, &By),
    specs: &[MonitorSpec],
    is_trial: bool,
    (ids, now): (&Ids, At),
) -> Result<Vec<Imported>, StoreError> {
    let mut outcomes = Vec::with_capacity(specs.len());
    for spec in specs {
        let twins = store.same_endpoint(team, &spec.endpoint, None).await?;
        let twin = twins.into_iter().next();
        let refused = guard.check_literal(spec.endpoint.url.url()).err();
        outcomes.push(match (refused, twin) {
            (Some(refused), _) => Imported::Refused(refused.to_string()),
            (None, Some((_, name))) => Imported::There(name),
            (None, None) => Imported::Added(MonitorId(ids.next())),
        });
    }
    if is_trial {
        return Ok(outcomes);
    }
    let mut tx = store.begin().await?;
    for (spec, outcome) in specs.iter().zip(&outcomes) {
        if let Imported::Added(id) = outcome {
            let monitor = Monitor {
                id: *id,
                team,
                spec: spec.clone(),
                paused: false,
            };
            tx.add_monitor(&monitor, now).await?;
            let what = (Deed::MonitorCreated, &[][..]);
            let thing = (Some(id.0), &*monitor.spec.name);
            write(&mut tx, (team, by.clone()), what, thing, (ids, now)).await?;
        }
    }
    tx.commit().await?;
    Ok(outcomes)
}

/// What would become of servers that somebody pasted; nothing is written.
pub async fn look(
    app: &App,
    actor: &Actor,
    specs: &[MonitorSpec],
) -> Result<Vec<Imported>, Refused> {
    may_edit(actor)?;
    let fresh = (&app.ids, app.clock.now());
    let whose = (actor.team, &By::of(actor));
    Ok(import((&app.store, &app.guard), whose, specs, true, fresh).await?)
}

/// Watches servers that somebody chose, from now on and with every default.
pub async fn watch(
    app: &App,
    actor: &Actor,
    specs: &[MonitorSpec],
) -> Result<Vec<Imported>, Refused> {
    may_edit(actor)?;
    let fresh = (&app.ids, app.clock.now());
    let whose = (actor.team, &By::of(actor));
    let outcomes = import((&app.store, &app.guard), whose, specs, false, fresh).await?;
    app.due.notify_one();
    for outcome in &outcomes {
        if let Imported::Added(monitor) = *outcome {
            let team = actor.team;
            app.events.publish(Changed { team, monitor });
        }
    }
    Ok(outcomes)
}

/// What was pasted as a text that only [`open`] can read, and only for the same person: it travels
/// through a page in which no secret of it stands.
pub fn seal(app: &App, actor: &Actor, pasted: &str) -> String {
    app.store.seal(&place(actor), pasted)
}

/// What [`seal`] has sealed; `None` for anything else.
pub fn open(app: &App, actor: &Actor, sealed: &str) -> Option<String> {
    let pasted = app.store.open(&place(actor), sealed)?;
    Some(pasted.expose().to_owned())
}

fn place(actor: &Actor) -> Place {
    Place {
        table: "import",
        field: "pasted",
        row: actor.user.0,
    }
}

/// The team of that name, or the only one when none is named.
pub async fn team(store: &Store, name: Option<&str>) -> Result<TeamId, Refused> {
    let none = "there is none yet; open the owner link or `lifesign user add`";
    let none = FieldError::new("team", none);
    Ok(choose(store.teams().await?, name, none)?)
}
