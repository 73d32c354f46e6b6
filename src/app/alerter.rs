//! Tells people what is in the outbox: at least once, in the order of each incident, soon.
//!
//! A claim is a lease; what was delivered but could not be marked is delivered again when it
//! ends, with the same id. A receiver that hangs holds one permit until its own deadline and
//! delays nobody else. A refusal for good switches the channel off and is told to another one.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::domain::at::At;
use crate::domain::channel::Channel;
use crate::domain::id::{DeliveryId, NotificationId};
use crate::domain::notification::{Content, Event, Notification, plan, retry_at};
use crate::notify::{Delivered, DeliveryError};
use crate::store::{Attempt, Claim, Queued, StoreError, Ticket, ToTell, Tx};

use super::App;

/// Most deliveries at once.
const IN_FLIGHT: usize = 64;
/// Wait between two looks at the outbox when nobody wakes us.
const TICK: Duration = Duration::from_secs(1);
/// Wait after the database has failed.
const PAUSE: Duration = Duration::from_secs(2);
/// How long a claim holds: longer than the slowest delivery.
const LEASE: Duration = Duration::from_secs(45);

/// Delivers what is due now, one batch of it, and marks what became of it. Says how many.
pub async fn step(app: &App) -> anyhow::Result<usize> {
    let queued = claim(app, IN_FLIGHT).await?;
    let count = queued.len();
    join_all(queued.into_iter().map(|queued| deliver(app, queued))).await;
    Ok(count)
}

/// Delivers until `stop`; then waits for what is in flight.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    let permits = Arc::new(Semaphore::new(IN_FLIGHT));
    let in_flight = TaskTracker::new();
    while !stop.is_cancelled() {
        let free = permits.available_permits();
        let wait = match claim(&app, free).await {
            Ok(queued) => {
                let is_full = free > 0 && queued.len() == free;
                for queued in queued {
                    let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
                        return;
                    };
                    let app = Arc::clone(&app);
                    in_flight.spawn(async move {
                        deliver(&app, queued).await;
                        drop(permit);
                        // What waited for this one has its turn now.
                        app.outbox.notify_one();
                    });
                }
                if is_full { Duration::ZERO } else { TICK }
            }
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "failed to claim notifications"
                );
                PAUSE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = app.outbox.notified() => {}
            () = stop.cancelled() => {}
        }
    }
    in_flight.close();
    in_flight.wait().await;
}

async fn claim(app: &App, limit: usize) -> anyhow::Result<Vec<Queued>> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let now = app.clock.now();
    let claim = Claim {
        id: app.ids.next(),
        node: &app.settings.node_name,
        now,
        until: now + LEASE,
    };
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let ToTell { queued, unreadable } = app.store.claim_notifications(&claim, limit).await?;
    for (ticket, error) in unreadable {
        let id = ticket.id;
        tracing::error!(notification.id = %id, %error, "failed to read a notification");
        let failed = Err(DeliveryError {
            permanent: false,
            detail: error.to_string(),
        });
        if let Err(error) = settle(app, &ticket, None, &failed).await {
            tracing::error!(notification.id = %id, %error, "failed to mark a notification");
        }
    }
    Ok(queued)
}

async fn deliver(app: &App, queued: Queued) {
    let Queued {
        ticket,
        notification,
        channel,
    } = queued;
    let outcome = app
        .notifier
        .deliver(&channel, &notification, app.clock.now())
        .await;
    if let Err(refused) = &outcome {
        tracing::warn!(
            notification.id = %ticket.id,
            channel.id = %ticket.channel,
            attempts = ticket.attempts + 1,
            permanent = refused.permanent,
            "failed to deliver a notification"
        );
    }
    if let Err(error) = settle(app, &ticket, Some(&channel), &outcome).await {
        // The lease ends by itself; then it is delivered once more, under the same id.
        tracing::error!(notification.id = %ticket.id, %error, "failed to mark a notification");
    }
}

/// Marks what became of a notification, and what follows from it.
async fn settle(
    app: &App,
    ticket: &Ticket,
    channel: Option<&Channel>,
    outcome: &Result<Delivered, DeliveryError>,
) -> Result<(), StoreError> {
    let now = app.clock.now();
    let detail = match outcome {
        Ok(delivered) => &delivered.detail,
        Err(refused) => &refused.detail,
    };
    let attempt = Attempt {
        id: DeliveryId(app.ids.next()),
        at: now,
        detail,
    };
    let mut tx = app.store.begin().await?;
    match (outcome, channel) {
        (Ok(_), _) => {
            tx.mark_sent(ticket, &attempt).await?;
        }
        (Err(refused), Some(channel)) if refused.permanent => {
            tx.mark_dead(ticket, &attempt).await?;
            switch_off(app, &mut tx, channel, detail, now).await?;
        }
        (Err(_), _) => match retry_at(ticket.id, ticket.attempts as usize + 1, now) {
            Some(at) => {
                tx.mark_failed(ticket, &attempt, at).await?;
            }
            None => {
                tx.mark_dead(ticket, &attempt).await?;
            }
        },
    }
    tx.commit().await
}

/// Switches a channel off, and tells one other channel of the team: a default one if there is.
async fn switch_off(
    app: &App,
    tx: &mut Tx,
    channel: &Channel,
    reason: &str,
    now: At,
) -> Result<(), StoreError> {
    if !tx
        .disable_channel(channel.team, channel.id, reason, now)
        .await?
    {
        return Ok(());
    }
    let mut failing = channel.clone();
    failing.health.disabled = Some(reason.to_owned());
    let all = tx.team_channels(channel.team).await?;
    let others: Vec<&Channel> = plan(&all).filter(|other| other.id != channel.id).collect();
    let default = others.iter().find(|other| other.is_default);
    let Some(other) = default.or(others.first()) else {
        return Ok(());
    };
    let notification = Notification {
        id: NotificationId(app.ids.next()),
        team: channel.team,
        channel: other.id,
        event: Event::ChannelFailing,
        turn: 0,
        content: Content::of_channel(&failing, now),
        created_at: now,
    };
    tx.enqueue(&[notification]).await?;
    app.outbox.notify_one();
    Ok(())
}
