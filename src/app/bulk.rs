//! What people do to several monitors at once: pausing, resuming, tagging, deleting.
//!
//! In batches of one transaction each: a batch happens whole or not at all, and checks are recorded
//! between two of them. Monitors that are gone, or belong to another team, are passed over.

use crate::domain::at::At;
use crate::domain::audit;
use crate::domain::id::MonitorId;
use crate::domain::monitor::{FieldError, MonitorSpec};
use crate::domain::team::Actor;
use crate::store::{StoreError, Tx};

use super::App;
use super::audit::note_change;
use super::monitors::{delete_in, may_edit, publish, set_paused_in};
use super::refused::Refused;

/// Most monitors that something is done to at once.
pub const MOST: usize = 500;
/// Monitors of one transaction.
const BATCH: usize = 50;
/// How often a batch is begun again when a check was recorded at the same moment.
const TRIES: usize = 3;

/// What is done to each of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Stops checking it; an open incident ends, and that is told.
    Pause,
    /// Checks it again, at once.
    Resume,
    /// Gives it a tag.
    Tag(String),
    /// Takes a tag away.
    Untag(String),
    /// Deletes it with everything that is known of it.
    Delete,
}

/// Does it, and gives the number of monitors that are different now. Fails with the field
/// `new_tag` when a tag makes no sense or one of the monitors cannot take it, with `form` when there
/// are more than [`MOST`].
pub async fn act(
    app: &App,
    actor: &Actor,
    monitors: &[MonitorId],
    deed: &Deed,
) -> Result<usize, Refused> {
    may_edit(actor)?;
    let mut monitors = monitors.to_vec();
    // Always in the same order: two people at once wait for each other, not both for ever.
    monitors.sort_unstable();
    monitors.dedup();
    if monitors.len() > MOST {
        return Err(FieldError::new("form", too_many()).into());
    }
    let mut done = 0;
    for batch in monitors.chunks(BATCH) {
        done += whole(app, actor, batch, deed).await?;
    }
    Ok(done)
}

/// Why more than [`MOST`] are refused, in a sentence.
pub fn too_many() -> String {
    format!("At most {MOST} monitors can be changed at once; search for fewer.")
}

async fn whole(
    app: &App,
    actor: &Actor,
    batch: &[MonitorId],
    deed: &Deed,
) -> Result<usize, Refused> {
    let mut tries = 1;
    loop {
        match at_once(app, actor, batch, deed).await {
            Err(Refused::Store(StoreError::Conflict)) if tries < TRIES => tries += 1,
            done => return done,
        }
    }
}

async fn at_once(
    app: &App,
    actor: &Actor,
    batch: &[MonitorId],
    deed: &Deed,
) -> Result<usize, Refused> {
    let now = app.clock.now();
    let mut tx = app.store.begin().await?;
    let mut changed = Vec::new();
    for id in batch {
        if one(app, &mut tx, (actor, *id), deed, now).await? {
            changed.push(*id);
        }
    }
    tx.commit().await?;
    app.outbox.notify_one();
    for id in &changed {
        publish(app, actor, *id);
    }
    Ok(changed.len())
}

/// Does it to one; false when nothing had to be changed.
async fn one(
    app: &App,
    tx: &mut Tx,
    (actor, id): (&Actor, MonitorId),
    deed: &Deed,
    now: At,
) -> Result<bool, Refused> {
    let done = match deed {
        Deed::Pause => set_paused_in(app, tx, (actor, id), true, now).await,
        Deed::Resume => set_paused_in(app, tx, (actor, id), false, now).await,
        Deed::Delete => delete_in(app, tx, (actor, id), now).await,
        Deed::Tag(tag) => {
            let add = |spec: &mut MonitorSpec| spec.tags.push(tag.clone());
            retag(app, tx, (actor, id), |has| !has, (tag, add)).await
        }
        Deed::Untag(tag) => {
            let drop = |spec: &mut MonitorSpec| spec.tags.retain(|known| known != tag);
            retag(app, tx, (actor, id), |has| has, (tag, drop)).await
        }
    };
    match done {
        Err(Refused::NotFound) => Ok(false),
        done => done,
    }
}

async fn retag(
    app: &App,
    tx: &mut Tx,
    (actor, id): (&Actor, MonitorId),
    is_needed: impl Fn(bool) -> bool,
    (tag, change): (&str, impl Fn(&mut MonitorSpec)),
) -> Result<bool, Refused> {
    let known = tx.monitor(actor.team, id).await?.ok_or(Refused::NotFound)?;
    let mut monitor = known.monitor;
    if !is_needed(monitor.spec.tags.iter().any(|known| known == tag)) {
        return Ok(false);
    }
    change(&mut monitor.spec);
    let fault = monitor
        .spec
        .faults()
        .into_iter()
        .find(|fault| fault.field == "tags");
    if let Some(fault) = fault {
        let message = format!(
            "cannot be a tag of '{}': {}",
            monitor.spec.name, fault.message
        );
        return Err(FieldError::new("new_tag", message).into());
    }
    if tx.save_tags(&monitor, known.revision).await? {
        let what = (audit::Deed::MonitorChanged, &["tags"][..]);
        let thing = (Some(id.0), &*monitor.spec.name);
        note_change(app, tx, actor, what, thing).await?;
        Ok(true)
    } else {
        Err(StoreError::Conflict.into())
    }
}
