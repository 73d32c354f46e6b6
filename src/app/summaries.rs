//! Tells what happened outside of the hours of a channel, as one summary when they begin.
//!
//! What is taken and what is told of it are written together, so that several nodes may do this
//! at once and one may die in the middle.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{App, worker};
use crate::domain::id::{ChannelId, NotificationId, TeamId};
use crate::domain::notification::{Content, Event, Notification, SummaryFacts, SummaryLine};
use crate::notify::Message;
use crate::store::StoreError;

/// Wait between two looks.
const TICK: Duration = Duration::from_secs(15);
/// Channels that one look takes.
const BITE: u32 = 200;
/// Most things that one summary takes in; the rest is in the next one.
const MOST: u32 = 1_000;
/// Most lines of a summary; the others are counted.
const LINES: usize = 50;

/// Summarises for every channel whose hours have begun; says for how many.
pub async fn step(app: &App) -> Result<usize, StoreError> {
    let now = app.clock.now();
    let due = app.store.channels_to_summarise(now, BITE).await?;
    let mut told = 0;
    for channel in due {
        match summarise(app, channel).await {
            Ok(is_told) => told += usize::from(is_told),
            // One that cannot be read must not stop the others.
            Err(error @ StoreError::Corrupt { .. }) => {
                tracing::error!(channel.id = %channel.1, %error, "failed to summarise for a channel");
            }
            Err(error) => return Err(error),
        }
    }
    if told > 0 {
        app.outbox.notify_one();
    }
    Ok(told)
}

async fn summarise(app: &App, (team, id): (TeamId, ChannelId)) -> Result<bool, StoreError> {
    let now = app.clock.now();
    let Some(channel) = app.store.channel(team, id).await? else {
        return Ok(false);
    };
    let mut tx = app.store.begin().await?;
    let held = tx.take_held(team, id, now, MOST).await?;
    if held.is_empty() {
        // What could not be read is taken, too.
        tx.commit().await?;
        return Ok(false);
    }
    let facts = summary(&held, &app.settings.public_url);
    let notification = Notification {
        id: NotificationId(app.ids.next()),
        team,
        channel: id,
        event: Event::Summary,
        turn: 0,
        content: Content::of_summary(&channel, facts, now),
        created_at: now,
    };
    tx.enqueue(&[notification]).await?;
    tx.commit().await?;
    Ok(true)
}

/// One line for each thing; of an incident the last word counts.
fn summary(held: &[Notification], public_url: &str) -> SummaryFacts {
    let incident = |n: &Notification| n.content.incident.as_ref().map(|incident| incident.id);
    let is_last = |(place, n): &(usize, &Notification)| {
        let later = held[place + 1..].iter();
        incident(n).is_none() || later.filter(|other| incident(other) == incident(n)).count() == 0
    };
    let last = held.iter().enumerate().filter(is_last);
    let mut lines: Vec<SummaryLine> = last
        .map(|(_, notification)| SummaryLine {
            at: notification.created_at,
            subject: Message::of(notification, public_url).subject,
        })
        .collect();
    let more = lines.len().saturating_sub(LINES);
    lines.truncate(LINES);
    SummaryFacts { lines, more }
}

/// Summarises until `stop`.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    worker::every(
        &app,
        TICK,
        &stop,
        "summarise what happened outside of hours",
        step,
    )
    .await;
}
