//! Subscribing to a status page, confirming it, choosing what to hear, and leaving.
//!
//! Whoever asks gets the same answer whether or not they are known; only the owner of the address
//! learns more. The links in letters are sealed words that are good for one subscriber and one deed;
//! the one that confirms is good for a day, the others as long as the subscription lasts. A webhook
//! confirms by answering the first signed request with 2xx.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use crate::domain::at::At;
use crate::domain::channel::{Kind, Settings};
use crate::domain::id::{MonitorId, NotificationId, StatusPageId, SubscriberId, TeamId};
use crate::domain::monitor::FieldError;
use crate::domain::sensitive::Sensitive;
use crate::domain::status_page::StatusPage;
use crate::domain::subscriber::{MOST_SUBSCRIBERS, State, Subscriber};
use crate::domain::team::Actor;
use crate::secret::{Place, webhook_secret};
use crate::store::{Asked, Store};

use super::App;
use super::allowance::{Allowance, Spent, one_of_many};
use super::monitors::may_edit;
use super::refused::Refused;

/// How long a link that confirms is good, and how long a subscription waits for it.
pub const CONFIRM_WITHIN: Duration = Duration::from_hours(24);
/// Time between two letters that ask the same address to confirm.
const ASK_AGAIN: Duration = Duration::from_mins(10);
/// Who may ask from one network address: that many at once, and one more each while.
const PER_ADDRESS: Allowance = Allowance {
    burst: 10,
    each: Duration::from_mins(1),
};
/// Who may ask at one page.
const PER_PAGE: Allowance = Allowance {
    burst: 100,
    each: Duration::from_secs(5),
};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Address(IpAddr),
    Page(StatusPageId),
}

/// How often somebody has asked lately.
#[derive(Debug, Default)]
pub struct Asking(Spent<Key>);

/// What somebody wants who subscribes.
#[derive(Clone, Debug)]
pub struct Wish<'a> {
    /// By mail or by webhook.
    pub kind: Kind,
    /// The address.
    pub to: &'a str,
    /// The components to hear of; `None` for all.
    pub components: Option<Vec<MonitorId>>,
    /// Where they ask from, if that is known.
    pub from: Option<IpAddr>,
}

/// What a link is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Hearing from now on.
    Confirm,
    /// Choosing what to hear, and leaving.
    Keep,
}

#[derive(Serialize, Deserialize)]
struct Pass {
    team: TeamId,
    until: Option<At>,
}

/// Asks to be told what happens on a page. Gives the secret that signs the requests of a webhook.
pub async fn subscribe(
    app: &App,
    page: &StatusPage,
    wish: Wish<'_>,
) -> Result<Option<Sensitive>, Refused> {
    let field = if wish.kind == Kind::Webhook {
        "url"
    } else {
        "to"
    };
    let settings = Settings::read(wish.kind, |name| (name == field).then_some(wish.to), None);
    let mut settings = settings.map_err(Refused::Fields)?;
    if wish.kind == Kind::Email && app.settings.smtp_url.is_none() {
        return Err(FieldError::new("to", "no mail can be sent from here; use the feed").into());
    }
    for (field, url) in settings.urls(wish.kind) {
        let refused = app.guard.check_literal(&url).err();
        if let Some(refused) = refused {
            return Err(FieldError::new(field, refused.to_string()).into());
        }
    }
    let components = chosen(page, wish.components)?;
    let now = app.clock.now();
    let address = wish.from.and_then(one_of_many).map(Key::Address);
    let address = address.map(|key| (key, PER_ADDRESS));
    let keys = address.into_iter().chain([(Key::Page(page.id), PER_PAGE)]);
    app.asking.0.spend(&keys.collect::<Vec<_>>(), now)?;
    let counts = app.store.subscriber_counts(page.team).await?;
    let known = counts.iter().find(|(id, ..)| *id == page.id);
    if known.is_some_and(|(.., all)| all.unsigned_abs() >= MOST_SUBSCRIBERS) {
        let words = "nobody more can subscribe to this page at the moment; use the feed";
        return Err(Refused::Conflict(words.to_owned()));
    }
    let id = SubscriberId(app.ids.next());
    let secret = (wish.kind == Kind::Webhook).then(webhook_secret);
    let known_by = match &secret {
        // Each has a secret of its own, which is shown once: none is known again.
        Some(secret) => {
            settings = settings.signed_with(secret.clone());
            id.to_string()
        }
        None => settings.get(field).unwrap_or_default().to_lowercase(),
    };
    let subscriber = Subscriber {
        id,
        team: page.team,
        page: page.id,
        kind: wish.kind,
        settings,
        components,
        state: State::Pending,
        asked_at: now,
        confirmed_at: None,
        last_error: None,
    };
    let mut tx = app.store.begin().await?;
    let asked = tx.ask_subscriber(&subscriber, &known_by, now - ASK_AGAIN);
    let who = match asked.await? {
        Asked::New => Some(id),
        Asked::Again(known) => Some(known),
        Asked::JustNow => None,
    };
    if let Some(who) = who {
        let letter = NotificationId(app.ids.next());
        tx.add_request(letter, (page.team, who), now).await?;
    }
    tx.commit().await?;
    app.letters.notify_one();
    Ok(secret)
}

/// The components that somebody chose: those of the page, at least one; `None` for all.
fn chosen(
    page: &StatusPage,
    components: Option<Vec<MonitorId>>,
) -> Result<Option<Vec<MonitorId>>, Refused> {
    let Some(components) = components else {
        return Ok(None);
    };
    let lines = page.components.iter().map(|line| line.monitor);
    let chosen: Vec<MonitorId> = lines.filter(|line| components.contains(line)).collect();
    if chosen.is_empty() {
        return Err(FieldError::new("components", "choose at least one").into());
    }
    Ok(Some(chosen))
}

/// The link by which a subscriber does something. One that confirms is good for a day from `now`.
pub fn link(
    store: &Store,
    public_url: &str,
    subscriber: &Subscriber,
    (deed, path): (Deed, &str),
    now: At,
) -> String {
    let key = key(store, (subscriber.team, subscriber.id), deed, now);
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("key", &key)
        .finish();
    format!("{public_url}/subscribers/{}{path}?{query}", subscriber.id)
}

/// The word that opens a subscription for a deed.
pub fn key(store: &Store, (team, id): (TeamId, SubscriberId), deed: Deed, now: At) -> String {
    let until = (deed == Deed::Confirm).then_some(now + CONFIRM_WITHIN);
    let pass = serde_json::to_string(&Pass { team, until }).unwrap_or_default();
    store.seal(&place(id, deed), &pass)
}

/// Whose subscription a word opens for a deed; `NotFound` when it is not one of ours, or too old.
fn opened(app: &App, id: SubscriberId, deed: Deed, key: &str) -> Result<TeamId, Refused> {
    let plain = app.store.open(&place(id, deed), key);
    let pass = plain.and_then(|plain| serde_json::from_str::<Pass>(plain.expose()).ok());
    let now = app.clock.now();
    let pass = pass.filter(|pass| pass.until.is_none_or(|until| now < until));
    Ok(pass.ok_or(Refused::NotFound)?.team)
}

fn place(id: SubscriberId, deed: Deed) -> Place {
    Place {
        table: "subscriber",
        field: match deed {
            Deed::Confirm => "confirm",
            Deed::Keep => "keep",
        },
        row: id.0,
    }
}

/// The subscription that a link from a letter opens, and its page; `NotFound` when the link is not
/// one of ours, too old, or the subscription is gone.
pub async fn linked(
    app: &App,
    id: SubscriberId,
    deed: Deed,
    key: &str,
) -> Result<(Subscriber, StatusPage), Refused> {
    let team = opened(app, id, deed, key)?;
    let subscriber = app.store.subscriber(team, id).await?;
    let subscriber = subscriber.ok_or(Refused::NotFound)?;
    let page = app.store.status_page(team, subscriber.page).await?;
    Ok((subscriber, page.ok_or(Refused::NotFound)?))
}

/// Confirms by the link from a letter. Doing so twice changes nothing.
pub async fn confirm(app: &App, id: SubscriberId, key: &str) -> Result<Subscriber, Refused> {
    let team = opened(app, id, Deed::Confirm, key)?;
    let mut tx = app.store.begin().await?;
    if !tx.confirm_subscriber(team, id, app.clock.now()).await? {
        return Err(Refused::NotFound);
    }
    tx.commit().await?;
    let subscriber = app.store.subscriber(team, id).await?;
    subscriber.ok_or(Refused::NotFound)
}

/// Chooses what to hear by the link from a letter.
pub async fn choose(
    app: &App,
    id: SubscriberId,
    key: &str,
    components: Option<Vec<MonitorId>>,
) -> Result<(), Refused> {
    let (subscriber, page) = linked(app, id, Deed::Keep, key).await?;
    let components = chosen(&page, components)?;
    let mut tx = app.store.begin().await?;
    let team = subscriber.team;
    if !tx
        .choose_components(team, id, components.as_deref())
        .await?
    {
        return Err(Refused::NotFound);
    }
    tx.commit().await?;
    Ok(())
}

/// Leaves by the link from a letter: the address is deleted. Doing so twice changes nothing.
pub async fn leave(app: &App, id: SubscriberId, key: &str) -> Result<(), Refused> {
    let team = opened(app, id, Deed::Keep, key)?;
    let mut tx = app.store.begin().await?;
    tx.remove_subscriber(team, id).await?;
    tx.commit().await?;
    Ok(())
}

/// Deletes a subscriber of a page in the name of its team.
pub async fn remove(
    app: &App,
    actor: &Actor,
    (page, id): (StatusPageId, SubscriberId),
) -> Result<(), Refused> {
    may_edit(actor)?;
    let known = app.store.subscriber(actor.team, id).await?;
    if known.is_none_or(|subscriber| subscriber.page != page) {
        return Err(Refused::NotFound);
    }
    let mut tx = app.store.begin().await?;
    if !tx.remove_subscriber(actor.team, id).await? {
        return Err(Refused::NotFound);
    }
    tx.commit().await?;
    Ok(())
}
