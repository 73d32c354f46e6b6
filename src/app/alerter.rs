//! Tells people what is in the outbox: at least once, in the order of each incident, soon.
//!
//! A claim is a lease; what was delivered but could not be marked is delivered again when it
//! ends, with the same id. A receiver that hangs holds a few permits until its own deadline and
//! delays nobody else. A refusal for good switches the channel off and is told to another one.
//! Where a channel has one that stands in for it, that one is told what could not be told.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::domain::at::At;
use crate::domain::channel::{Channel, Topic};
use crate::domain::id::{DeliveryId, NotificationId};
use crate::domain::notification::{Content, Event, Notification};
use crate::notify::{Delivered, DeliveryError};
use crate::store::{Attempt, Claim, Queued, StoreError, Ticket, ToTell, Tx};

use super::App;
use super::routing::STAND_IN_AFTER;

/// Most deliveries at once.
const IN_FLIGHT: usize = 128;
/// Most of them to one channel.
const OF_CHANNEL: u32 = 16;
/// Wait between two looks at the outbox when nobody wakes us.
const TICK: Duration = Duration::from_secs(1);
/// Wait after the database has failed.
const PAUSE: Duration = Duration::from_secs(2);
/// How long a claim holds: longer than the slowest delivery.
const LEASE: Duration = Duration::from_secs(45);
/// How long a busy channel may want to be left alone before the one that stands in is told.
const PUT_OFF: Duration = Duration::from_secs(30);
/// Most other monitors that a message names.
const MEMBERS: u32 = 20;

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
                        app.outbox.notify_here();
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
    let ToTell { queued, unreadable } = app
        .store
        .claim_notifications(&claim, (limit, OF_CHANNEL))
        .await?;
    for (ticket, error) in unreadable {
        let id = ticket.id;
        tracing::error!(notification.id = %id, %error, "failed to read a notification");
        let failed = Err(DeliveryError::passing(error.to_string()));
        if let Err(error) = settle(app, &ticket, None, &failed).await {
            tracing::error!(notification.id = %id, %error, "failed to mark a notification");
        }
    }
    Ok(queued)
}

async fn deliver(app: &App, queued: Queued) {
    let Queued {
        ticket,
        mut notification,
        channel,
    } = queued;
    if let Err(error) = name_members(app, &mut notification).await {
        // Better told without the others than not at all.
        tracing::error!(notification.id = %ticket.id, %error, "failed to read who else is concerned");
    }
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
    let told = Some((&channel, &notification));
    if let Err(error) = settle(app, &ticket, told, &outcome).await {
        // The lease ends by itself; then it is delivered once more, under the same id.
        tracing::error!(notification.id = %ticket.id, %error, "failed to mark a notification");
    }
}

/// Names the other monitors that are told as one with this: as many as there are by now.
async fn name_members(app: &App, notification: &mut Notification) -> Result<(), StoreError> {
    let is_over = notification.event.is_end();
    let Some(facts) = &mut notification.content.incident else {
        return Ok(());
    };
    let which = (facts.known_as(), facts.id);
    let members = app
        .store
        .told_together(notification.channel, which, !is_over, MEMBERS);
    (facts.members, facts.member_count) = members.await?;
    Ok(())
}

/// Marks what became of a notification, and what follows from it.
async fn settle(
    app: &App,
    ticket: &Ticket,
    told: Option<(&Channel, &Notification)>,
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
    let attempts = ticket.attempts + 1;
    match (outcome, told) {
        (Ok(_), _) => {
            tx.mark_sent(ticket, &attempt).await?;
        }
        (Err(refused), Some(told)) if refused.permanent => {
            if tx.mark_dead(ticket, &attempt).await? {
                stand_in(app, &mut tx, told, Some(detail), now).await?;
            }
        }
        (Err(refused), _) => {
            let is_marked = match refused.next_attempt(ticket.id, attempts, now) {
                Some(at) => tx.mark_failed(ticket, &attempt, at).await?,
                None => tx.mark_dead(ticket, &attempt).await?,
            };
            let is_put_off = refused.retry_after.is_some_and(|wait| wait > PUT_OFF);
            let is_late = is_put_off || attempts >= STAND_IN_AFTER;
            // Told once, however often: what has come to wait behind it in the meantime is new.
            if let Some(told) = told.filter(|_| is_marked && is_late) {
                stand_in(app, &mut tx, told, None, now).await?;
            }
        }
    }
    tx.commit().await
}

/// What follows when a channel could not be told: what was to be told goes to the channel that stands
/// in for it, and when it refused for good it is switched off and that is told, too.
async fn stand_in(
    app: &App,
    tx: &mut Tx,
    (channel, notification): (&Channel, &Notification),
    refused: Option<&str>,
    now: At,
) -> Result<(), StoreError> {
    let all = tx.team_channels(channel.team).await?;
    let can_hear = |other: &&Channel| other.id != channel.id && other.health.disabled.is_none();
    let others: Vec<&Channel> = all.iter().filter(can_hear).collect();
    let fallback = channel.route.fallback;
    let fallback = others.iter().find(|other| Some(other.id) == fallback);
    let given_up = match refused {
        Some(reason) => {
            tx.disable_channel(channel.team, channel.id, reason, now)
                .await?
        }
        None => None,
    };
    if let Some(fallback) = fallback {
        let untold = given_up.iter().flatten().chain([notification]);
        let news = untold.filter(|untold| untold.event != Event::Test);
        let news: Vec<NotificationId> = news.map(|untold| untold.id).collect();
        tx.tell_instead(&news, fallback.id, now).await?;
        app.outbox.notify_one();
    }
    // Only who switched it off tells of it.
    let (Some(reason), Some(_)) = (refused, given_up) else {
        return Ok(());
    };
    let mut failing = channel.clone();
    failing.health.disabled = Some(reason.to_owned());
    let hearing = || {
        others
            .iter()
            .filter(|other| other.route.hears(Topic::Channels))
    };
    let default = hearing().find(|other| other.is_default);
    let Some(other) = fallback.or(default).or(hearing().next()) else {
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
