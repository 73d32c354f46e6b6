//! Tells the subscribers of status pages of maintenance: a day before it begins, and when it begins.
//!
//! By what the public page says of it, so that a page and its letters cannot differ.

use crate::domain::at::{At, DAY_MS};
use crate::domain::id::{NewsId, StatusPageId, TeamId};
use crate::domain::news::{MaintenanceNews, News, NewsContent, NewsKind, PageFacts};
use crate::domain::status_page::StatusPage;
use crate::store::StoreError;

use super::App;
use super::public_kept;
use super::public_news::when;
use super::public_status::PublicMaintenance;

/// How long before it begins it is told, in milliseconds.
const AHEAD_MS: i64 = DAY_MS;
/// Pages that are read at once.
const PAGE: u32 = 200;

/// Makes news of maintenance that is near or has begun, for every page to which anybody subscribes.
pub(super) async fn find(app: &App, now: At) -> Result<(), StoreError> {
    let mut after: Option<StatusPageId> = None;
    loop {
        let pages = app.store.told_pages(after, PAGE).await?;
        for page in &pages {
            of_page(app, *page, now).await?;
        }
        after = pages.last().map(|(_, page)| *page);
        if pages.len() < PAGE as usize {
            return Ok(());
        }
    }
}

async fn of_page(app: &App, (team, id): (TeamId, StatusPageId), now: At) -> Result<(), StoreError> {
    let Some(page) = app.store.status_page(team, id).await? else {
        return Ok(());
    };
    let Some(status) = public_kept::at(app, &page.slug).await? else {
        return Ok(());
    };
    let horizon = At(now.0 + AHEAD_MS);
    let near = status.maintenance.iter();
    let near = near.filter(|window| window.is_running || window.occurrence.starts_at <= horizon);
    for window in near {
        let mut tx = app.store.begin().await?;
        tx.add_news(&news(app, &page, window, now)).await?;
        tx.commit().await?;
    }
    Ok(())
}

fn news(app: &App, page: &StatusPage, window: &PublicMaintenance, now: At) -> News {
    let occurrence = window.occurrence;
    let (kind, word) = if window.is_running {
        (NewsKind::MaintenanceStarted, "started")
    } else {
        (NewsKind::MaintenancePlanned, "planned")
    };
    let components: Vec<String> = window
        .components
        .iter()
        .map(|(_, name)| name.clone())
        .collect();
    let text = format!(
        "{} from {} to {}. It concerns {}.",
        if window.is_running {
            "Maintenance runs"
        } else {
            "Maintenance is planned"
        },
        when(occurrence.starts_at),
        when(occurrence.ends_at),
        components.join(", ")
    );
    News {
        id: NewsId(app.ids.next()),
        team: page.team,
        page: page.id,
        about: window.id.0,
        name: format!("{word}-{}", occurrence.starts_at.0),
        content: NewsContent {
            kind,
            at: now,
            page: PageFacts::of(page),
            incident: None,
            announcement: None,
            maintenance: Some(MaintenanceNews {
                id: window.id,
                name: window.name.clone(),
                starts_at: occurrence.starts_at,
                ends_at: occurrence.ends_at,
                component_ids: window.components.iter().map(|(id, _)| *id).collect(),
                components,
            }),
            text,
        },
        created_at: now,
    }
}
