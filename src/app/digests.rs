//! Tells what happened in a day or a week to the channels that wish it; on one node at a time.
//!
//! A digest that was missed because nothing ran is told late, up to a day. The figures are those of
//! the pages; that it was told and that it is queued are one transaction.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{App, worker};
use crate::domain::at::At;
use crate::domain::digest::facts::{CertificateLine, DigestFacts, UptimeLine};
use crate::domain::digest::{Digest, Period};
use crate::domain::id::{ChannelId, MonitorId, NotificationId, TeamId};
use crate::domain::notification::{Content, Event, Notification};
use crate::store::{DueDigest, Overview, OverviewFilter, StoreError};

/// The lease that says who tells.
const LEASE: &str = "digest";
/// How long the lease is held.
const HELD: Duration = Duration::from_mins(2);
/// Wait between two looks.
const TICK: Duration = Duration::from_secs(20);
/// Digests that one look takes.
const BITE: u32 = 100;
/// Monitors that are read at once.
const PAGE: usize = 200;

/// Tells what is due, if no other node is at it; says how many were queued.
pub async fn step(app: &App) -> Result<usize, StoreError> {
    let (store, now) = (&app.store, app.clock.now());
    let node = &app.settings.node_name;
    if !store.hold_lease(LEASE, node, now, now + HELD).await? {
        return Ok(0);
    }
    let mut queued = 0;
    for due in store.digests_due(now, BITE).await? {
        queued += usize::from(tell(app, &due, now).await?);
    }
    if queued > 0 {
        app.outbox.notify_one();
    }
    Ok(queued)
}

/// Queues one digest, if it is not too late; says whether it was. One that cannot be read must not
/// stop the others: it is left out, and the next one is due.
async fn tell(app: &App, due: &DueDigest, now: At) -> Result<bool, StoreError> {
    let made = match &due.digest {
        Ok(digest) => make(app, due, digest, now).await,
        Err(error) => {
            tracing::error!(channel.id = %due.channel, %error, "failed to read when a digest is wished");
            Ok(None)
        }
    };
    let facts = match made {
        Err(error @ StoreError::Corrupt { .. }) => {
            tracing::error!(channel.id = %due.channel, %error, "failed to make a digest");
            None
        }
        other => other?,
    };
    let next = due.digest.as_ref().ok().and_then(|digest| digest.next(now));
    let mut tx = app.store.begin().await?;
    if !tx.take_digest(due.team, due.channel, due.due, next).await? {
        return Ok(false);
    }
    let notification = facts.map(|facts| notification(app, (due.team, due.channel), facts, now));
    tx.enqueue(notification.as_slice()).await?;
    tx.commit().await?;
    Ok(notification.is_some())
}

fn notification(
    app: &App,
    (team, channel): (TeamId, ChannelId),
    facts: DigestFacts,
    now: At,
) -> Notification {
    Notification {
        id: NotificationId(app.ids.next()),
        team,
        channel,
        event: Event::Digest,
        turn: 0,
        content: Content::of_digest(facts, now),
        created_at: now,
    }
}

/// What a digest tells; `None` when nobody would hear it, or too late.
async fn make(
    app: &App,
    due: &DueDigest,
    digest: &Digest,
    now: At,
) -> Result<Option<DigestFacts>, StoreError> {
    if due.is_off {
        return Ok(None);
    }
    let Some(period) = digest.period(due.due, now) else {
        return Ok(None);
    };
    let (team, store) = (due.team, &app.store);
    let lines = monitors(app, team, period, now).await?;
    let incidents = store.incidents_in(team, period).await?;
    let tools = store.tools_changes_in(team, period).await?;
    Ok(Some(DigestFacts::of(
        digest, period, lines, incidents, tools,
    )))
}

/// How the monitors of a team spent the time, and their certificates that end soon.
async fn monitors(
    app: &App,
    team: TeamId,
    period: Period,
    now: At,
) -> Result<(Vec<UptimeLine>, Vec<CertificateLine>), StoreError> {
    let (store, filter) = (&app.store, OverviewFilter::default());
    let (mut uptime, mut certificates) = (Vec::new(), Vec::new());
    let mut cursor: Option<String> = None;
    loop {
        let page = store
            .overviews(team, &filter, cursor.as_deref(), PAGE, now)
            .await?;
        let ids: Vec<MonitorId> = page.rows.iter().map(|row| row.monitor.id).collect();
        let mut hours = store.hours_since(&ids, period.from).await?;
        let mut reports = store.good_reports_of(team, &ids).await?;
        for Overview { monitor, tail, .. } in &page.rows {
            let (id, name) = (monitor.id, &monitor.spec.name);
            let hours = hours.remove(&id).unwrap_or_default();
            uptime.push(UptimeLine::of((id, name.clone()), (&hours, tail), period));
            let tls = reports.remove(&id).and_then(|report| report.tls);
            if let Some(tls) = tls.filter(|_| !monitor.paused) {
                certificates.extend(CertificateLine::of(id, name, &tls, period.until));
            }
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok((uptime, certificates));
        }
    }
}

/// Tells until `stop`.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    worker::every(&app, TICK, &stop, "tell digests", step).await;
    worker::give_back(&app, LEASE).await;
}
