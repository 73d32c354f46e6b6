//! Declaring, changing, ending and deleting maintenance windows.
//!
//! All of it is about what comes: time that was accounted stays as it was, and what was told is
//! told. What a window holds back when it ends, by whatever hand, is released by `release`.

use crate::domain::at::At;
use crate::domain::audit::{self, Deed};
use crate::domain::id::WindowId;
use crate::domain::maintenance::{MAX_WINDOWS, Schedule, Scope, Window};
use crate::domain::monitor::FieldError;
use crate::domain::team::Actor;
use crate::domain::zone::Zone;

use super::App;
use super::audit::{note, note_change};
use super::monitors::may_edit;
use super::refused::Refused;

/// What people say of a maintenance window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowSpec {
    /// What they call it; status pages show it.
    pub name: String,
    /// When it is.
    pub schedule: Schedule,
    /// Where the clock hangs that its times are of.
    pub zone: Zone,
    /// Whom it covers.
    pub scope: Scope,
    /// Whether its time counts for no uptime.
    pub is_excluded: bool,
}

impl WindowSpec {
    /// What is said of a window that there is.
    pub fn of(window: &Window) -> Self {
        Self {
            name: window.name.clone(),
            schedule: window.schedule.clone(),
            zone: window.zone,
            scope: window.scope.clone(),
            is_excluded: window.is_excluded,
        }
    }

    fn window(self, known: &Window) -> Result<Window, Refused> {
        let scope = match self.scope {
            Scope::All => Scope::All,
            Scope::Some {
                mut monitors,
                mut tags,
            } => {
                monitors.sort();
                monitors.dedup();
                tags.sort();
                tags.dedup();
                Scope::Some { monitors, tags }
            }
        };
        let is_as_before = known.schedule == self.schedule && known.zone == self.zone;
        let window = Window {
            name: self.name.trim().to_owned(),
            ended_at: known.ended_at.filter(|_| is_as_before),
            schedule: self.schedule,
            zone: self.zone,
            scope,
            is_excluded: self.is_excluded,
            id: known.id,
            team: known.team,
            created_at: known.created_at,
        };
        let faults = window.faults();
        if faults.is_empty() {
            Ok(window)
        } else {
            Err(Refused::Fields(faults))
        }
    }
}

/// Declares a window. It may have begun already; from now on it counts.
pub async fn create(app: &App, actor: &Actor, spec: WindowSpec) -> Result<Window, Refused> {
    may_edit(actor)?;
    let now = app.clock.now();
    let fresh = Window {
        id: WindowId(app.ids.next()),
        team: actor.team,
        name: String::new(),
        schedule: spec.schedule.clone(),
        zone: spec.zone,
        scope: Scope::All,
        is_excluded: true,
        ended_at: None,
        created_at: now,
    };
    let window = spec.window(&fresh)?;
    must_come(&window, now)?;
    let (store, team) = (&app.store, actor.team);
    let others = store
        .maintenance_windows(team, Some(false), now, None, MAX_WINDOWS)
        .await?;
    if others.rows.len() >= MAX_WINDOWS {
        return Err(Refused::Conflict(format!(
            "there are {MAX_WINDOWS} maintenance windows that are not over; delete one first"
        )));
    }
    let mut tx = store.begin().await?;
    if !tx.add_maintenance(&window).await? {
        return Err(not_ours());
    }
    let thing = (Some(window.id.0), &*window.name);
    note(app, &mut tx, actor, Deed::MaintenanceCreated, thing).await?;
    tx.commit().await?;
    app.public.forget();
    Ok(window)
}

/// Changes a window, and what comes of it.
pub async fn change(
    app: &App,
    actor: &Actor,
    id: WindowId,
    spec: WindowSpec,
) -> Result<Window, Refused> {
    may_edit(actor)?;
    let known = known(app, actor, id).await?;
    let now = app.clock.now();
    let may_end_now = known.covers(now).is_some() || known.schedule == spec.schedule;
    let window = spec.window(&known)?;
    if !may_end_now {
        must_come(&window, now)?;
    }
    let changed = audit::maintenance_window(&known, &window);
    save(app, actor, &window, (Deed::MaintenanceChanged, &changed)).await?;
    Ok(window)
}

/// Ends what runs, before its time. One that recurs comes again.
pub async fn end(app: &App, actor: &Actor, id: WindowId) -> Result<Window, Refused> {
    may_edit(actor)?;
    let known = known(app, actor, id).await?;
    let now = app.clock.now();
    if known.covers(now).is_none() {
        let words = "it does not run at the moment";
        return Err(Refused::Conflict(words.to_owned()));
    }
    let window = Window {
        ended_at: Some(now),
        ..known
    };
    save(app, actor, &window, (Deed::MaintenanceEnded, &["ended_at"])).await?;
    Ok(window)
}

/// Deletes a window, also one that runs.
pub async fn delete(app: &App, actor: &Actor, id: WindowId) -> Result<(), Refused> {
    may_edit(actor)?;
    let known = known(app, actor, id).await?;
    let mut tx = app.store.begin().await?;
    if !tx.delete_maintenance(actor.team, id).await? {
        return Err(Refused::NotFound);
    }
    let thing = (Some(id.0), &*known.name);
    note(app, &mut tx, actor, Deed::MaintenanceDeleted, thing).await?;
    tx.commit().await?;
    app.public.forget();
    Ok(())
}

async fn known(app: &App, actor: &Actor, id: WindowId) -> Result<Window, Refused> {
    let known = app.store.maintenance_window(actor.team, id).await?;
    known.ok_or(Refused::NotFound)
}

async fn save(
    app: &App,
    actor: &Actor,
    window: &Window,
    what: (Deed, &[&str]),
) -> Result<(), Refused> {
    let mut tx = app.store.begin().await?;
    if !tx.save_maintenance(window).await? {
        return Err(not_ours());
    }
    let thing = (Some(window.id.0), &*window.name);
    note_change(app, &mut tx, actor, what, thing).await?;
    tx.commit().await?;
    app.public.forget();
    Ok(())
}

/// Refuses a window that would have no effect any more.
fn must_come(window: &Window, now: At) -> Result<(), Refused> {
    match window.over_at() {
        Some(over) if over <= now => {
            Err(FieldError::new("ends_at", "is over already: it must end in the future").into())
        }
        _ => Ok(()),
    }
}

fn not_ours() -> Refused {
    FieldError::new("monitors", "names a monitor that there is not").into()
}
