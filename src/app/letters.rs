//! Brings letters to the subscribers of status pages: at least once, each thing in its order.
//!
//! As the alerter does, with places of its own: whatever the public is told delays nothing that the
//! team is told. A receiver that refuses for good hears no more.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use tokio_util::sync::CancellationToken;

use crate::domain::channel::Kind;
use crate::domain::subscriber::State;
use crate::notify::{Delivered, DeliveryError, Letter};
use crate::store::{Claim, LetterTicket, QueuedLetter, StoreError};

use super::App;
use super::subscribers::{Deed, link};

/// Most letters at once: a mail host of one's own should not be overrun.
const IN_FLIGHT: usize = 16;
/// Wait between two looks when nobody wakes us.
const TICK: Duration = Duration::from_secs(1);
/// Wait after the database has failed.
const PAUSE: Duration = Duration::from_secs(5);
/// How long a claim holds: longer than the slowest delivery.
const LEASE: Duration = Duration::from_secs(60);

/// Delivers what is due now, one batch of it, and marks what became of it. Says how many.
pub async fn step(app: &App) -> Result<usize, StoreError> {
    let now = app.clock.now();
    let claim = Claim {
        id: app.ids.next(),
        node: &app.settings.node_name,
        now,
        until: now + LEASE,
    };
    let limit = u32::try_from(IN_FLIGHT).unwrap_or(u32::MAX);
    let claimed = app.store.claim_letters(&claim, limit).await?;
    let count = claimed.len();
    stream::iter(claimed)
        .for_each_concurrent(IN_FLIGHT, |(ticket, letter)| deliver(app, ticket, letter))
        .await;
    Ok(count)
}

async fn deliver(app: &App, ticket: LetterTicket, letter: Result<QueuedLetter, StoreError>) {
    let (outcome, confirms) = match &letter {
        Ok(letter) => (write(app, &ticket, letter).await, confirms(letter)),
        Err(error) => {
            tracing::error!(letter.id = %ticket.id, %error, "failed to read a letter");
            (Err(DeliveryError::passing(error.to_string())), false)
        }
    };
    if let Err(refused) = &outcome {
        tracing::warn!(
            letter.id = %ticket.id,
            subscriber.id = %ticket.subscriber,
            attempts = ticket.attempts + 1,
            permanent = refused.permanent,
            "failed to deliver a letter"
        );
    }
    if let Err(error) = settle(app, &ticket, &outcome, confirms).await {
        // The lease ends by itself; then it is delivered once more, under the same id.
        tracing::error!(letter.id = %ticket.id, %error, "failed to mark a letter");
    }
}

/// Whether a letter confirms by arriving: the first request to a webhook.
fn confirms(letter: &QueuedLetter) -> bool {
    let is_asked = letter.news.is_none() && letter.subscriber.state == State::Pending;
    is_asked && letter.subscriber.kind == Kind::Webhook
}

async fn write(
    app: &App,
    ticket: &LetterTicket,
    letter: &QueuedLetter,
) -> Result<Delivered, DeliveryError> {
    let public_url = &app.settings.public_url;
    let to = &letter.subscriber;
    // A link that confirms is good for a day from when it was asked for.
    let link = |deed, path| link(&app.store, public_url, to, (deed, path), to.asked_at);
    let letter = Letter {
        id: ticket.id,
        to,
        page: &letter.page,
        news: letter.news.as_ref(),
        confirm_url: link(Deed::Confirm, "/confirm"),
        change_url: link(Deed::Keep, ""),
        unsubscribe_url: link(Deed::Keep, "/unsubscribe"),
        created_at: letter.created_at,
    };
    app.notifier.write(&letter, app.clock.now()).await
}

/// Marks what became of a letter, and what follows from it.
async fn settle(
    app: &App,
    ticket: &LetterTicket,
    outcome: &Result<Delivered, DeliveryError>,
    confirms: bool,
) -> Result<(), StoreError> {
    let now = app.clock.now();
    let attempts = ticket.attempts + 1;
    let again = match outcome {
        Err(refused) if !refused.permanent => refused.next_attempt(ticket.id, attempts, now),
        _ => None,
    };
    let detail = outcome.as_ref().map(|_| ()).map_err(|e| &*e.detail);
    let mut tx = app.store.begin().await?;
    let is_marked = tx.mark_letter(ticket, detail, again, now).await?;
    let (team, subscriber) = (ticket.team, ticket.subscriber);
    match outcome {
        Ok(_) if confirms => {
            tx.confirm_subscriber(team, subscriber, now).await?;
        }
        Err(refused) if is_marked && refused.permanent => {
            tx.refuse_subscriber(team, subscriber, now).await?;
        }
        _ => {}
    }
    tx.commit().await
}

/// Delivers until `stop`.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let wait = match step(&app).await {
            Ok(count) if count == IN_FLIGHT => Duration::ZERO,
            Ok(_) => TICK,
            Err(error) => {
                tracing::error!(
                    error = format!("{:#}", anyhow::Error::from(error)),
                    "failed to deliver letters"
                );
                PAUSE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = app.letters.notified() => {}
            () = stop.cancelled() => {}
        }
    }
}
