//! What happened, found for each status page and addressed to its subscribers; on one node at a time.
//!
//! The transaction of a change leaves one row, whoever subscribes. Here it becomes news, each of
//! which a page tells once; and news become letters, in batches, from a place that is remembered:
//! whoever dies in the middle is followed by one who goes on there.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::maintenance_news;
use super::public_news;
use super::{App, worker};
use crate::domain::at::At;
use crate::domain::id::{NewsId, NotificationId, StatusPageId, TeamId};
use crate::domain::incident::Incident;
use crate::domain::monitor::Monitor;
use crate::domain::news::News;
use crate::domain::status_page::StatusPage;
use crate::store::{ChangedIncident, StoreError, Tx, UntoldNews};

/// The lease that says who addresses.
const LEASE: &str = "news";
/// How long the lease is held.
const HELD: Duration = Duration::from_mins(2);
/// Wait between two looks.
const TICK: Duration = Duration::from_secs(1);
/// Wait between two looks at the maintenance that is near.
const AHEAD: Duration = Duration::from_secs(30);
/// Wait after the database has failed.
const PAUSE: Duration = Duration::from_secs(5);
/// Incidents, and news, that one look takes.
const BITE: u32 = 50;
/// Letters that are written at once.
const LETTERS: u32 = 200;
/// Most pages that tell of one monitor.
const PAGES: u32 = 200;

/// Finds what is to be told and addresses one batch of each of it, if no other node is at it; says
/// how many letters were written. `true` means that there is more.
pub async fn step(app: &App) -> Result<(u64, bool), StoreError> {
    let (store, now) = (&app.store, app.clock.now());
    let node = &app.settings.node_name;
    if !store.hold_lease(LEASE, node, now, now + HELD).await? {
        return Ok((0, false));
    }
    for changed in store.changed_incidents(BITE).await? {
        take(app, changed, now).await?;
    }
    let (mut written, mut has_more) = (0, false);
    for untold in store.untold_news(BITE).await? {
        let (letters, is_whole) = address(app, untold, now).await?;
        written += letters;
        has_more |= !is_whole;
    }
    if written > 0 {
        app.letters.notify_one();
    }
    Ok((written, has_more))
}

/// Finds maintenance that is to be told, if no other node is at it.
pub async fn look_ahead(app: &App) -> Result<(), StoreError> {
    let (store, now) = (&app.store, app.clock.now());
    let node = &app.settings.node_name;
    if store.hold_lease(LEASE, node, now, now + HELD).await? {
        maintenance_news::find(app, now).await?;
    }
    Ok(())
}

/// Makes news of what was written of an incident. One that cannot be read must not stop the others.
async fn take(app: &App, changed: ChangedIncident, now: At) -> Result<(), StoreError> {
    let mut tx = app.store.begin().await?;
    let incident = match tx.incident(changed.team, changed.id).await {
        Err(error @ StoreError::Corrupt { .. }) => {
            tracing::error!(incident.id = %changed.id, %error, "failed to read an incident");
            None
        }
        other => other?,
    };
    tx.take_changed(changed).await?;
    if let Some(incident) = incident
        && let Some(kept) = tx.monitor(incident.team, incident.monitor).await?
    {
        tell(app, &mut tx, (&incident, &kept.monitor), now).await?;
    }
    tx.commit().await
}

async fn tell(
    app: &App,
    tx: &mut Tx,
    (incident, monitor): (&Incident, &Monitor),
    now: At,
) -> Result<(), StoreError> {
    let store = &app.store;
    for page in store.pages_of(incident.team, monitor.id, PAGES).await? {
        let Some(page) = public(app, (incident.team, page)).await? else {
            continue;
        };
        let line = page
            .components
            .iter()
            .find(|line| line.monitor == monitor.id);
        let name = line.and_then(|line| line.name.as_deref());
        let name = name.unwrap_or(&monitor.spec.name);
        for (word, content) in public_news::of_incident(&page, name, incident, now) {
            let news = News {
                id: NewsId(app.ids.next()),
                team: page.team,
                page: page.id,
                about: incident.id.0,
                name: word,
                content,
                created_at: now,
            };
            tx.add_news(&news).await?;
        }
    }
    Ok(())
}

/// A page that tells the public something.
async fn public(
    app: &App,
    (team, page): (TeamId, StatusPageId),
) -> Result<Option<StatusPage>, StoreError> {
    let page = app.store.status_page(team, page).await?;
    Ok(page.filter(|page| page.visibility.is_open()))
}

/// Addresses news to the next subscribers who hear them; says how many letters that made, and
/// whether it was the last of them.
async fn address(app: &App, untold: UntoldNews, now: At) -> Result<(u64, bool), StoreError> {
    let which = (untold.team, untold.id);
    let news = match untold.news {
        Ok(news) => news,
        Err(error) => {
            tracing::error!(news.id = %untold.id, %error, "failed to read news");
            let mut tx = app.store.begin().await?;
            tx.news_told(which, untold.told_to, Some(now)).await?;
            tx.commit().await?;
            return Ok((0, true));
        }
    };
    let page = (news.team, news.page);
    if public(app, page).await?.is_none() {
        // It is not for everybody any more.
        let mut tx = app.store.begin().await?;
        tx.news_told(which, untold.told_to, Some(now)).await?;
        tx.commit().await?;
        return Ok((0, true));
    }
    let hearers = app
        .store
        .hearers(page, news.created_at, untold.told_to, LETTERS);
    let hearers = hearers.await?;
    let is_whole = hearers.len() < LETTERS as usize;
    let last = hearers.last().map(|(id, _)| *id).or(untold.told_to);
    let concerned = news.content.concerns();
    let mut letters = Vec::with_capacity(hearers.len());
    for (id, read) in hearers {
        match read {
            Ok(subscriber) if subscriber.hears(&concerned) => {
                letters.push((NotificationId(app.ids.next()), id));
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!(subscriber.id = %id, %error, "failed to read a subscriber");
            }
        }
    }
    let mut tx = app.store.begin().await?;
    let about = (news.team, news.id, news.about);
    let written = tx.add_letters(about, &letters, now).await?;
    tx.news_told(which, last, is_whole.then_some(now)).await?;
    tx.commit().await?;
    Ok((written, is_whole))
}

/// Finds and addresses until `stop`.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    let mut looked_ahead: Option<At> = None;
    while !stop.is_cancelled() {
        let now = app.clock.now();
        if looked_ahead.is_none_or(|at| now >= at + AHEAD) {
            looked_ahead = Some(now);
            if let Err(error) = look_ahead(&app).await {
                worker::failed("find maintenance that is to be told", error);
            }
        }
        let wait = match step(&app).await {
            Ok((_, true)) => Duration::ZERO,
            Ok((_, false)) => TICK,
            Err(error) => {
                worker::failed("address news to subscribers", error);
                PAUSE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => {}
        }
    }
    worker::give_back(&app, LEASE).await;
}
