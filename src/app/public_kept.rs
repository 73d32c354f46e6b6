//! What was made for the public a moment ago: handed to all who ask, and told with its age while
//! the database is away.
//!
//! Then nobody waits for the database but the first who asks, now and then, and what was read long
//! ago vouches for nothing: after [`VOUCHED`] every component is `unknown`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::domain::at::At;
use crate::domain::status::MonitorStatus;
use crate::domain::status_page::MAX_SLUG;
use crate::store::StoreError;

use super::App;
use super::public_status::{PublicComponent, PublicStatus, make};
use super::status_pass;

/// How old it may be when it is told.
pub const FRESH: Duration = Duration::from_secs(2);
/// How long what was read last says how it is, while the database is away.
pub const VOUCHED: Duration = Duration::from_secs(60);
/// How long the database may take, where there is something to tell without it.
const PATIENCE: Duration = Duration::from_secs(3);
/// Time between two attempts while the database is away.
const AGAIN: Duration = Duration::from_secs(5);
/// Most pages that are kept.
const MOST: usize = 500;

/// What was made, by slug.
#[derive(Debug, Default)]
pub struct Kept(Mutex<HashMap<String, Arc<Slot>>>);

type Slot = tokio::sync::Mutex<Option<Last>>;

/// What was made last of one page.
#[derive(Debug)]
struct Last {
    made: Arc<PublicStatus>,
    /// When the database was asked in vain, and what is told since.
    away: Option<(At, Arc<PublicStatus>)>,
}

impl Last {
    /// What may be told without asking the database.
    fn told(&self, now: At) -> Option<&Arc<PublicStatus>> {
        match &self.away {
            Some((asked, told)) if now < *asked + AGAIN => Some(told),
            None if now < self.made.made_at + FRESH => Some(&self.made),
            _ => None,
        }
    }
}

impl Kept {
    /// Forgets everything: somebody has changed a status page.
    pub fn forget(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    fn entry(&self, slug: &str) -> Arc<Slot> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST && !kept.contains_key(slug) {
            kept.clear();
        }
        Arc::clone(kept.entry(slug.to_owned()).or_default())
    }

    fn drop_entry(&self, slug: &str) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(slug);
    }
}

/// What there is at a slug for somebody.
#[derive(Debug)]
pub enum Seen {
    /// The page.
    Shown(Arc<PublicStatus>),
    /// A page that takes a password which was not shown.
    Locked(Arc<PublicStatus>),
    /// None, or one that is hidden.
    Nothing,
}

/// The public page at a slug, at most [`FRESH`] old; `None` when there is none, or not everybody may
/// see it. It is made once for all who ask at the same moment. While the database is away the last
/// one is told as what it is; fails where there is none.
pub async fn at(app: &App, slug: &str) -> Result<Option<Arc<PublicStatus>>, StoreError> {
    let found = found(app, slug).await?;
    Ok(found.filter(|status| status.page.visibility.is_open()))
}

/// As [`at`], for somebody who may have shown a password: `pass` is what they got for it.
pub async fn seen(app: &App, slug: &str, pass: Option<&str>) -> Result<Seen, StoreError> {
    let Some(status) = found(app, slug).await? else {
        return Ok(Seen::Nothing);
    };
    let is_open = status.page.visibility.is_open();
    if is_open || pass.is_some_and(|pass| status_pass::opens(app, &status.page, pass)) {
        Ok(Seen::Shown(status))
    } else {
        Ok(Seen::Locked(status))
    }
}

async fn found(app: &App, slug: &str) -> Result<Option<Arc<PublicStatus>>, StoreError> {
    if slug.len() > MAX_SLUG {
        return Ok(None);
    }
    let entry = app.public.entry(slug);
    let mut kept = entry.lock().await;
    let now = app.clock.now();
    if let Some(told) = kept.as_ref().and_then(|last| last.told(now)) {
        return Ok(Some(Arc::clone(told)));
    }
    let Some(last) = kept.as_mut() else {
        let Some(made) = make(app, slug, now).await? else {
            app.public.drop_entry(slug);
            return Ok(None);
        };
        return Ok(Some(keep(&mut kept, made)));
    };
    match tokio::time::timeout(PATIENCE, make(app, slug, now)).await {
        Ok(Ok(Some(made))) => Ok(Some(keep(&mut kept, made))),
        Ok(Ok(None)) => {
            app.public.drop_entry(slug);
            Ok(None)
        }
        Ok(Err(StoreError::Unavailable(_))) | Err(_) => {
            let asked = app.clock.now();
            let told = Arc::new(last_known(&last.made, asked));
            last.away = Some((asked, Arc::clone(&told)));
            Ok(Some(told))
        }
        Ok(Err(error)) => Err(error),
    }
}

fn keep(kept: &mut Option<Last>, made: PublicStatus) -> Arc<PublicStatus> {
    let made = Arc::new(made);
    *kept = Some(Last {
        made: Arc::clone(&made),
        away: None,
    });
    made
}

/// What was made some time ago, as it may be told now that nobody can look.
fn last_known(made: &PublicStatus, now: At) -> PublicStatus {
    let mut told = PublicStatus {
        is_last_known: true,
        ..made.clone()
    };
    if now < made.made_at + VOUCHED {
        return told;
    }
    let blind = |component: PublicComponent| PublicComponent {
        status: MonitorStatus::Unknown,
        since: made.made_at,
        ..component
    };
    told.components = told.components.into_iter().map(blind).collect();
    told.status = MonitorStatus::Unknown;
    "Nobody can say how it is at the moment".clone_into(&mut told.sentence);
    told
}
