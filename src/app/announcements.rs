//! Writing, changing, ending and deleting announcements on a status page.
//!
//! One is told to the subscribers of its page once, when it is written; what is changed of it later
//! stands on the page.

use crate::domain::announcement::{Announcement, MOST_ANNOUNCEMENTS, words};
use crate::domain::at::At;
use crate::domain::audit::{self, Deed};
use crate::domain::id::{AnnouncementId, NewsId, StatusPageId};
use crate::domain::monitor::FieldError;
use crate::domain::news::{AnnouncementNews, News, NewsContent, NewsKind, PageFacts};
use crate::domain::team::Actor;

use super::App;
use super::audit::{note, note_change};
use super::monitors::may_edit;
use super::refused::Refused;

/// What people say of an announcement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnouncementSpec {
    /// One line.
    pub title: String,
    /// Plain text with paragraphs.
    pub text: String,
    /// When it ceases to be shown; `None` until somebody ends it.
    pub ends_at: Option<At>,
}

/// Writes an announcement and tells the subscribers of the page, while it is one for everybody.
pub async fn create(
    app: &App,
    actor: &Actor,
    page: StatusPageId,
    spec: AnnouncementSpec,
) -> Result<Announcement, Refused> {
    may_edit(actor)?;
    let known = app.store.status_page(actor.team, page).await?;
    let known = known.ok_or(Refused::NotFound)?;
    let (title, text) = words(&spec.title, &spec.text).map_err(Refused::Fields)?;
    let now = app.clock.now();
    if spec.ends_at.is_some_and(|ends_at| ends_at <= now) {
        return Err(FieldError::new("ends_at", "must be in the future").into());
    }
    let announcement = Announcement {
        id: AnnouncementId(app.ids.next()),
        team: actor.team,
        page,
        title,
        text,
        ends_at: spec.ends_at,
        created_at: now,
        updated_at: now,
    };
    let news = News {
        id: NewsId(app.ids.next()),
        team: actor.team,
        page,
        about: announcement.id.0,
        name: "published".to_owned(),
        content: NewsContent {
            kind: NewsKind::Announced,
            at: now,
            page: PageFacts::of(&known),
            incident: None,
            announcement: Some(AnnouncementNews {
                id: announcement.id,
                title: announcement.title.clone(),
                ends_at: announcement.ends_at,
            }),
            maintenance: None,
            text: announcement.text.clone(),
        },
        created_at: now,
    };
    let mut tx = app.store.begin().await?;
    if !tx
        .add_announcement(&announcement, MOST_ANNOUNCEMENTS)
        .await?
    {
        let words =
            format!("a page has at most {MOST_ANNOUNCEMENTS} announcements; delete old ones");
        return Err(Refused::Conflict(words));
    }
    if known.visibility.is_open() {
        tx.add_news(&news).await?;
    }
    let thing = (Some(announcement.id.0), &*announcement.title);
    note(app, &mut tx, actor, Deed::AnnouncementCreated, thing).await?;
    tx.commit().await?;
    app.public.forget();
    Ok(announcement)
}

/// Changes an announcement; nobody is told again.
pub async fn change(
    app: &App,
    actor: &Actor,
    (page, id): (StatusPageId, AnnouncementId),
    spec: AnnouncementSpec,
) -> Result<Announcement, Refused> {
    may_edit(actor)?;
    let known = known(app, actor, (page, id)).await?;
    let (title, text) = words(&spec.title, &spec.text).map_err(Refused::Fields)?;
    let changed = Announcement {
        title,
        text,
        ends_at: spec.ends_at,
        updated_at: app.clock.now(),
        ..known.clone()
    };
    let fields = audit::announcement(&known, &changed);
    save(app, actor, changed, (Deed::AnnouncementChanged, &fields)).await
}

/// Ends an announcement: the page shows it no more. Doing so twice changes nothing.
pub async fn end(
    app: &App,
    actor: &Actor,
    which: (StatusPageId, AnnouncementId),
) -> Result<Announcement, Refused> {
    may_edit(actor)?;
    let known = known(app, actor, which).await?;
    let now = app.clock.now();
    if !known.is_shown(now) {
        return Ok(known);
    }
    let ended = Announcement {
        ends_at: Some(now),
        updated_at: now,
        ..known
    };
    save(app, actor, ended, (Deed::AnnouncementEnded, &["ends_at"])).await
}

/// Deletes an announcement.
pub async fn delete(
    app: &App,
    actor: &Actor,
    (page, id): (StatusPageId, AnnouncementId),
) -> Result<(), Refused> {
    may_edit(actor)?;
    let known = known(app, actor, (page, id)).await?;
    let mut tx = app.store.begin().await?;
    if !tx.delete_announcement(actor.team, page, id).await? {
        return Err(Refused::NotFound);
    }
    let thing = (Some(id.0), &*known.title);
    note(app, &mut tx, actor, Deed::AnnouncementDeleted, thing).await?;
    tx.commit().await?;
    app.public.forget();
    Ok(())
}

async fn known(
    app: &App,
    actor: &Actor,
    (page, id): (StatusPageId, AnnouncementId),
) -> Result<Announcement, Refused> {
    let known = app.store.announcement(actor.team, page, id).await?;
    known.ok_or(Refused::NotFound)
}

async fn save(
    app: &App,
    actor: &Actor,
    announcement: Announcement,
    what: (Deed, &[&str]),
) -> Result<Announcement, Refused> {
    let mut tx = app.store.begin().await?;
    if !tx.save_announcement(&announcement).await? {
        return Err(Refused::NotFound);
    }
    let thing = (Some(announcement.id.0), &*announcement.title);
    note_change(app, &mut tx, actor, what, thing).await?;
    tx.commit().await?;
    app.public.forget();
    Ok(announcement)
}
