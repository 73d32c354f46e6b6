//! What of the public directory was made a moment ago: handed to all who ask, and told as what it is
//! while the database is away.
//!
//! As with status pages ([`super::public_kept`]), but older when it is told: [`FRESH`]. What was read
//! long ago vouches for nothing: after [`VOUCHED`] every server is `unknown`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::domain::at::At;
use crate::domain::id::MonitorId;
use crate::domain::status::MonitorStatus;
use crate::store::StoreError;

use super::App;
use super::directory::{PublicServer, ServerList, make_list, make_server};
use super::public_kept::VOUCHED;

/// How old it may be when it is told.
pub const FRESH: Duration = Duration::from_secs(30);
/// How long the database may take, where there is something to tell without it.
const PATIENCE: Duration = Duration::from_secs(3);
/// Time between two attempts while the database is away.
const AGAIN: Duration = Duration::from_secs(5);
/// Most servers whose pages are kept.
const MOST: usize = 500;

/// What was made.
#[derive(Debug, Default)]
pub struct Directory {
    list: Mutex<Arc<Slot<ServerList>>>,
    servers: Mutex<HashMap<MonitorId, Arc<Slot<PublicServer>>>>,
    any: Mutex<Option<(At, bool)>>,
}

type Slot<T> = tokio::sync::Mutex<Option<Last<T>>>;

/// What was made last of one thing.
#[derive(Debug)]
struct Last<T> {
    made: Arc<T>,
    made_at: At,
    /// When the database was asked in vain, and what is told since.
    away: Option<(At, Arc<T>)>,
}

impl<T> Last<T> {
    /// What may be told without asking the database.
    fn told(&self, now: At) -> Option<&Arc<T>> {
        match &self.away {
            Some((asked, told)) if now < *asked + AGAIN => Some(told),
            None if now < self.made_at + FRESH => Some(&self.made),
            _ => None,
        }
    }
}

/// What can be told as the last that is known.
trait Aging {
    /// The same, said to be old; with `is_blind`, without saying how anything is.
    fn last_known(&self, is_blind: bool) -> Self;
}

impl Aging for ServerList {
    fn last_known(&self, is_blind: bool) -> Self {
        let mut told = Self {
            is_last_known: true,
            ..self.clone()
        };
        for server in told.servers.iter_mut().filter(|_| is_blind) {
            server.status = MonitorStatus::Unknown;
        }
        told
    }
}

impl Aging for PublicServer {
    fn last_known(&self, is_blind: bool) -> Self {
        let told = Self {
            is_last_known: true,
            ..self.clone()
        };
        if !is_blind {
            return told;
        }
        Self {
            status: MonitorStatus::Unknown,
            since: self.made_at,
            ..told
        }
    }
}

impl Directory {
    /// Forgets everything: somebody has changed what is listed.
    pub fn forget(&self) {
        *lock(&self.list) = Arc::default();
        lock(&self.servers).clear();
        *lock(&self.any) = None;
    }

    /// Forgets what was made of one monitor, if anything was: somebody has changed it.
    pub fn forget_one(&self, id: MonitorId) {
        lock(&self.servers).remove(&id);
        let mut list = lock(&self.list);
        let is_in = match list.try_lock() {
            Ok(kept) => kept.as_ref().is_some_and(|last| last.made.has(id)),
            // It is being made: perhaps of what was before.
            Err(_) => true,
        };
        if is_in {
            *list = Arc::default();
        }
    }

    fn slot(&self, id: MonitorId) -> Arc<Slot<PublicServer>> {
        let mut servers = lock(&self.servers);
        if servers.len() >= MOST && !servers.contains_key(&id) {
            servers.clear();
        }
        Arc::clone(servers.entry(id).or_default())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The whole list, at most [`FRESH`] old. It is made once for all who ask at the same moment.
pub async fn list(app: &App) -> Result<Arc<ServerList>, StoreError> {
    let slot = Arc::clone(&lock(&app.directory.list));
    let made = told(app, &slot, |now| async move {
        make_list(app, now).await.map(Some)
    })
    .await?;
    // A list is always there, if only an empty one.
    made.ok_or_else(|| StoreError::Unusable("the directory has no list".to_owned()))
}

/// The page of a server, at most [`FRESH`] old; `None` when it is not listed.
pub async fn server(app: &App, id: MonitorId) -> Result<Option<Arc<PublicServer>>, StoreError> {
    let slot = app.directory.slot(id);
    let made = told(app, &slot, |now| make_server(app, id, now)).await?;
    if made.is_none() {
        lock(&app.directory.servers).remove(&id);
    }
    Ok(made)
}

/// Whether there is anything in the directory, as of at most [`FRESH`] ago. While the database is away,
/// as it was last.
pub async fn has_any(app: &App) -> bool {
    let now = app.clock.now();
    let known = *lock(&app.directory.any);
    match known {
        Some((at, any)) if now < at + FRESH => any,
        _ => {
            let last = known.is_some_and(|(_, any)| any);
            let any = app.store.is_anything_listed().await.unwrap_or(last);
            *lock(&app.directory.any) = Some((now, any));
            any
        }
    }
}

/// What a slot holds, made anew where that is too old. Nobody waits for the database but the first who
/// asks, and while it is away the last one is told.
async fn told<T: Aging, F: Future<Output = Result<Option<T>, StoreError>>>(
    app: &App,
    slot: &Slot<T>,
    read: impl FnOnce(At) -> F,
) -> Result<Option<Arc<T>>, StoreError> {
    let mut kept = slot.lock().await;
    let now = app.clock.now();
    if let Some(told) = kept.as_ref().and_then(|last| last.told(now)) {
        return Ok(Some(Arc::clone(told)));
    }
    let made = match kept.as_mut() {
        None => read(now).await?,
        Some(last) => match tokio::time::timeout(PATIENCE, read(now)).await {
            Ok(Err(StoreError::Unavailable(_))) | Err(_) => {
                let asked = app.clock.now();
                let is_blind = asked >= last.made_at + VOUCHED;
                let told = Arc::new(last.made.last_known(is_blind));
                last.away = Some((asked, Arc::clone(&told)));
                return Ok(Some(told));
            }
            Ok(made) => made?,
        },
    };
    let made = made.map(Arc::new);
    *kept = made.as_ref().map(|made| Last {
        made: Arc::clone(made),
        made_at: now,
        away: None,
    });
    Ok(made)
}
