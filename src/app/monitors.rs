//! Making, changing, pausing and deleting monitors, and checking one now.

use serde_json::Value;

use crate::domain::accounting;
use crate::domain::agent::MAX_AGENTS;
use crate::domain::at::At;
use crate::domain::audit::{self, Deed};
use crate::domain::canary::promise;
use crate::domain::id::{ChannelId, MonitorId};
use crate::domain::monitor::{Endpoint, FieldError, Monitor, MonitorSpec};
use crate::domain::notification::Event;
use crate::domain::report::CheckReport;
use crate::domain::status::State;
use crate::domain::team::Actor;
use crate::probe::{Observer, client_key_fault};
use crate::store::{ANYWHERE, Claim, StoreError, Tx, locations};

use super::App;
use super::agents;
use super::audit::{note, note_change};
use super::check::run_check;
use super::consequence::tell;
use super::events::Changed;
use super::ledger::add_time_of;
use super::record::record;
use super::refused::Refused;
use super::scheduler::LEASE;

/// What was made or changed, and what is worth a second look about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The id of the monitor.
    pub id: MonitorId,
    /// Things that are no fault: a second monitor of the same address and headers.
    pub warnings: Vec<FieldError>,
}

/// Makes a monitor; its first check is due at once. `channels` are those that hear of it
/// instead of the default ones.
pub async fn create(
    app: &App,
    actor: &Actor,
    mut spec: MonitorSpec,
    channels: &[ChannelId],
) -> Result<Made, Refused> {
    agree(app, actor, &mut spec, None).await?;
    let mut tx = app.store.begin().await?;
    let warnings = check_spec(app, &mut tx, actor, (&spec, channels), None).await?;
    let id = MonitorId(app.ids.next());
    let monitor = Monitor {
        id,
        team: actor.team,
        spec,
        paused: false,
    };
    tx.add_monitor(&monitor, app.clock.now()).await?;
    tx.name_channels(actor.team, id, channels).await?;
    let thing = (Some(id.0), &*monitor.spec.name);
    note(app, &mut tx, actor, Deed::MonitorCreated, thing).await?;
    tx.commit().await?;
    publish(app, actor, id);
    Ok(Made { id, warnings })
}

/// Changes what people say of a monitor, and checks it at once. One that moves to another host leaves the
/// public directory.
pub async fn change(
    app: &App,
    actor: &Actor,
    id: MonitorId,
    spec: MonitorSpec,
    channels: &[ChannelId],
) -> Result<Made, Refused> {
    Box::pin(change_read(app, actor, (id, None), spec, channels)).await
}

/// The same, where `spec` was made from what was read at a revision: a conflict when it was changed since.
pub async fn change_read(
    app: &App,
    actor: &Actor,
    (id, read): (MonitorId, Option<i64>),
    mut spec: MonitorSpec,
    channels: &[ChannelId],
) -> Result<Made, Refused> {
    agree(app, actor, &mut spec, Some(id)).await?;
    let mut tx = app.store.begin().await?;
    let warnings = check_spec(app, &mut tx, actor, (&spec, channels), Some(id)).await?;
    let known = tx.monitor(actor.team, id).await?.ok_or(Refused::NotFound)?;
    let mut changed = audit::monitor(&known.monitor.spec, &spec);
    let monitor = Monitor {
        spec,
        ..known.monitor
    };
    if !tx
        .save_monitor(&monitor, read.unwrap_or(known.revision), app.clock.now())
        .await?
    {
        return Err(Refused::Conflict(
            "somebody else changed it at the same moment".to_owned(),
        ));
    }
    if is_told_elsewhere(app, actor, id, channels).await? {
        changed.push("channels");
    }
    tx.name_channels(actor.team, id, channels).await?;
    let what = (Deed::MonitorChanged, &*changed);
    let thing = (Some(id.0), &*monitor.spec.name);
    note_change(app, &mut tx, actor, what, thing).await?;
    let host = monitor.spec.endpoint.url.authority();
    tx.drop_listing_elsewhere(actor.team, id, &host).await?;
    tx.commit().await?;
    publish(app, actor, id);
    Ok(Made { id, warnings })
}

/// Whether other channels will hear of a monitor than do now.
async fn is_told_elsewhere(
    app: &App,
    actor: &Actor,
    id: MonitorId,
    channels: &[ChannelId],
) -> Result<bool, StoreError> {
    let mut named = app.store.channels_named_by(actor.team, id).await?;
    let mut channels = channels.to_vec();
    named.sort_unstable();
    channels.sort_unstable();
    channels.dedup();
    Ok(named != channels)
}

/// Holds a canary that was newly agreed to against the tool that it would call, where that is
/// known; from then on no other one is called.
async fn agree(
    app: &App,
    actor: &Actor,
    spec: &mut MonitorSpec,
    monitor: Option<MonitorId>,
) -> Result<(), Refused> {
    let (Some(canary), Some(id)) = (&mut spec.canary, monitor) else {
        return Ok(());
    };
    let current = app.store.current_tools(actor.team, id).await?;
    let Some(current) = current.first().filter(|_| canary.agreed.is_none()) else {
        return Ok(());
    };
    let is_it = |tool: &&Value| tool.get("name").and_then(Value::as_str) == Some(&canary.tool);
    let tool = current.tools.iter().find(is_it);
    if let Some(reason) = canary.refusal(tool, None) {
        return Err(FieldError::new("canary", reason).into());
    }
    canary.agreed = tool.map(promise);
    Ok(())
}

async fn check_spec(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    (spec, channels): (&MonitorSpec, &[ChannelId]),
    except: Option<MonitorId>,
) -> Result<Vec<FieldError>, Refused> {
    may_edit(actor)?;
    let mut faults = spec.faults();
    // What only agents check is in their networks, and reached as their settings allow.
    if let Err(refused) = app.guard.check_literal(spec.endpoint.url.url())
        && !agents::serve_all_of(app, actor.team, spec).await?
    {
        faults.push(FieldError::new("url", refused.to_string()));
    }
    faults.extend(key_fault(&spec.endpoint));
    let unfit = tx.unfit_dependency(actor.team, except, &spec.depends_on);
    faults.extend(unfit.await?.map(FieldError::from));
    let known = app.store.channels(actor.team).await?;
    if channels
        .iter()
        .any(|id| known.iter().all(|channel| channel.id != *id))
    {
        faults.push(FieldError::new(
            "channels",
            "names a channel that there is not",
        ));
    }
    if !faults.is_empty() {
        return Err(Refused::Fields(faults));
    }
    let twins = app
        .store
        .same_endpoint(actor.team, &spec.endpoint, except)
        .await?;
    let warning = |(_, name): &(MonitorId, String)| {
        FieldError::new(
            "url",
            format!("'{name}' watches the same address with the same headers"),
        )
    };
    Ok(twins.first().map(warning).into_iter().collect())
}

/// Refuses the key of a client that cannot sign.
pub(super) fn key_fault(endpoint: &Endpoint) -> Option<FieldError> {
    let fault = client_key_fault(endpoint.oauth.as_ref()?)?;
    Some(FieldError::new("oauth.private_key", fault))
}

/// Stops checking a monitor. An open incident ends with it, and that is told.
pub async fn pause(app: &App, actor: &Actor, id: MonitorId) -> Result<(), Refused> {
    set_paused(app, actor, id, true).await
}

/// Checks a paused monitor again, at once; what was known of it before counts no more.
pub async fn resume(app: &App, actor: &Actor, id: MonitorId) -> Result<(), Refused> {
    set_paused(app, actor, id, false).await
}

async fn set_paused(app: &App, actor: &Actor, id: MonitorId, paused: bool) -> Result<(), Refused> {
    may_edit(actor)?;
    let now = app.clock.now();
    let mut tx = app.store.begin().await?;
    if !set_paused_in(app, &mut tx, (actor, id), paused, now).await? {
        return Ok(());
    }
    tx.commit().await?;
    app.outbox.notify_one();
    publish(app, actor, id);
    Ok(())
}

/// Pauses or resumes a monitor in a transaction; false when it was so already.
pub(super) async fn set_paused_in(
    app: &App,
    tx: &mut Tx,
    (actor, id): (&Actor, MonitorId),
    paused: bool,
    now: At,
) -> Result<bool, Refused> {
    let known = tx.monitor(actor.team, id).await?.ok_or(Refused::NotFound)?;
    if !tx.set_paused(actor.team, id, paused, now).await? {
        return Ok(false);
    }
    // Resumed, it is pending from now on: what was checked before counts no more.
    close_books(tx, &known.monitor, now).await?;
    if paused {
        end_incident(app, tx, (actor, id), "The monitor was paused.", now).await?;
    }
    let deed = if paused {
        Deed::MonitorPaused
    } else {
        Deed::MonitorResumed
    };
    let thing = (Some(id.0), &*known.monitor.spec.name);
    note(app, tx, actor, deed, thing).await?;
    Ok(true)
}

/// Ends the open incident of a monitor, if there is one, and tells who was told of it.
async fn end_incident(
    app: &App,
    tx: &mut Tx,
    (actor, id): (&Actor, MonitorId),
    why: &str,
    now: At,
) -> Result<(), Refused> {
    if let Some(mut incident) = tx.open_incident_of(id).await? {
        let _ = incident.resolve(now, why, Some(actor.email.clone()));
        let evidence = incident.evidence.clone();
        let what = (&mut incident, Event::Resolved);
        tell(app, tx, what, &evidence, now).await?;
        tx.save_incident(&incident).await?;
    }
    Ok(())
}

/// Counts the time up to now and forgets the status, so that the pause counts as nothing.
async fn close_books(tx: &mut Tx, monitor: &Monitor, now: At) -> Result<(), Refused> {
    let Some(mut held) = tx.states(&[monitor.id]).await?.remove(&monitor.id) else {
        return Ok(());
    };
    let spans = accounting::settle(&held.state, now);
    add_time_of(tx, (monitor.team, monitor.id), &spans).await?;
    held.state = State::pending(now);
    if tx.save_states(&[(monitor.id, held)]).await? {
        Ok(())
    } else {
        Err(StoreError::Conflict.into())
    }
}

/// Deletes a monitor and everything that is known of it. Who was told of an incident that is open is
/// told of its end.
pub async fn delete(app: &App, actor: &Actor, id: MonitorId) -> Result<(), Refused> {
    may_edit(actor)?;
    let mut tx = app.store.begin().await?;
    if !delete_in(app, &mut tx, (actor, id), app.clock.now()).await? {
        return Err(Refused::NotFound);
    }
    tx.commit().await?;
    app.outbox.notify_one();
    publish(app, actor, id);
    Ok(())
}

/// Deletes a monitor in a transaction; false when it is gone already.
pub(super) async fn delete_in(
    app: &App,
    tx: &mut Tx,
    (actor, id): (&Actor, MonitorId),
    now: At,
) -> Result<bool, Refused> {
    if let Some(known) = tx.monitor(actor.team, id).await? {
        end_incident(app, tx, (actor, id), "The monitor was deleted.", now).await?;
        let thing = (Some(id.0), &*known.monitor.spec.name);
        note(app, tx, actor, Deed::MonitorDeleted, thing).await?;
    }
    Ok(tx.delete_monitor(actor.team, id).await?)
}

/// Checks a monitor now, records the check like any other, and gives its report.
pub async fn check_now(
    app: &App,
    actor: &Actor,
    id: MonitorId,
    observer: &dyn Observer,
) -> Result<CheckReport, Refused> {
    may_edit(actor)?;
    let monitor = app
        .store
        .monitor(actor.team, id)
        .await?
        .ok_or(Refused::NotFound)?
        .monitor;
    if monitor.paused {
        return Err(Refused::Conflict(
            "the monitor is paused; resume it first".to_owned(),
        ));
    }
    let mut locations = locations(&monitor);
    let agents = app.store.agents(actor.team, MAX_AGENTS).await?;
    locations.retain(|at| agents.iter().all(|agent| agent.location != *at));
    if locations.is_empty() {
        let words =
            "only agents check it, and they do so by their own clock; look again in a while";
        return Err(Refused::Conflict(words.to_owned()));
    }
    let here = &app.settings.location;
    let is_near = |at: &&String| *at == here || *at == ANYWHERE;
    // What is seen from here says nothing of how it is seen from elsewhere.
    let location = locations.iter().find(is_near).ok_or_else(|| {
        let there = locations.join(", ");
        Refused::Conflict(format!(
            "it is checked from {there} only, and this is {here}; look again after its next check"
        ))
    })?;
    let turn = app.hosts.turn(monitor.spec.endpoint.url.url()).await;
    let _turn = turn.ok_or_else(|| {
        Refused::Conflict(
            "other monitors of this host are being checked; try again in a few seconds".to_owned(),
        )
    })?;
    let now = app.clock.now();
    let node = &app.settings.node_name;
    let claim = Claim {
        id: app.ids.next(),
        node,
        now,
        until: now + monitor.spec.timeout() + LEASE,
    };
    let due = app
        .store
        .claim_now(actor.team, id, location, &claim)
        .await?;
    let due = due.ok_or_else(|| {
        Refused::Conflict(
            "it is being checked at this moment; look again in a few seconds".to_owned(),
        )
    })?;
    let checked = run_check(app, due, observer).await;
    record(app, std::slice::from_ref(&checked)).await?;
    Ok(*checked.result.report)
}

/// Refuses who may only look.
pub fn may_edit(actor: &Actor) -> Result<(), Refused> {
    if actor.may_edit() {
        Ok(())
    } else {
        Err(Refused::Forbidden("editor"))
    }
}

pub(super) fn publish(app: &App, actor: &Actor, monitor: MonitorId) {
    app.due.notify_one();
    app.directory.forget_one(monitor);
    app.events.publish(Changed {
        team: actor.team,
        monitor,
    });
}
