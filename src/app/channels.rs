//! Making, changing, testing and deleting channels.

use crate::domain::audit::{self, Deed};
use crate::domain::channel::{Channel, Health, Kind, Route, Settings, Words, channel_name};
use crate::domain::digest::Digest;
use crate::domain::id::{ChannelId, DeliveryId, NotificationId};
use crate::domain::monitor::FieldError;
use crate::domain::notification::{Content, Event, Notification};
use crate::domain::sample::samples;
use crate::domain::sensitive::Sensitive;
use crate::domain::team::Actor;
use crate::secret::webhook_secret;
use crate::store::Attempt;

use super::App;
use super::audit::{note, note_change};
use super::monitors::may_edit;
use super::refused::Refused;

/// What people say of a channel.
pub struct ChannelSpec<'a> {
    /// What they call it.
    pub name: &'a str,
    /// What they set it to, by the names of the fields of its kind.
    pub settings: &'a (dyn Fn(&str) -> Option<&'a str> + Sync),
    /// Whether it hears every monitor that names no channels of its own.
    pub is_default: bool,
    /// What it hears, and when.
    pub route: Route,
    /// What it says in place of the built-in words.
    pub words: Words,
    /// When it tells what happened in a day or a week.
    pub digest: Option<Digest>,
}

/// A channel that was made, and the secret that signs its messages: shown this once.
#[derive(Clone, Debug)]
pub struct MadeChannel {
    /// The channel.
    pub channel: Channel,
    /// The secret of a webhook.
    pub secret: Option<Sensitive>,
}

/// Makes a channel of a kind.
pub async fn create(
    app: &App,
    actor: &Actor,
    kind: Kind,
    spec: &ChannelSpec<'_>,
) -> Result<MadeChannel, Refused> {
    may_edit(actor)?;
    let name = channel_name(spec.name)?;
    let mut settings = settings(app, kind, spec, None)?;
    let secret = (kind == Kind::Webhook).then(webhook_secret);
    if let Some(secret) = &secret {
        settings = settings.signed_with(secret.clone());
    }
    let channel = Channel {
        id: ChannelId(app.ids.next()),
        team: actor.team,
        name,
        kind,
        settings,
        is_default: spec.is_default,
        route: spec.route.clone(),
        words: spec.words.clone(),
        digest: spec.digest.clone(),
        health: Health::default(),
    };
    check_route(app, &channel).await?;
    let mut tx = app.store.begin().await?;
    tx.add_channel(&channel, app.clock.now()).await?;
    let thing = (Some(channel.id.0), &*channel.name);
    note(app, &mut tx, actor, Deed::ChannelCreated, thing).await?;
    tx.commit().await?;
    Ok(MadeChannel { channel, secret })
}

/// Changes name, settings, default, words and digest of a channel and switches it on again. Its kind and the
/// secret that signs its messages stay.
pub async fn change(
    app: &App,
    actor: &Actor,
    id: ChannelId,
    spec: &ChannelSpec<'_>,
) -> Result<Channel, Refused> {
    may_edit(actor)?;
    let known = app
        .store
        .channel(actor.team, id)
        .await?
        .ok_or(Refused::NotFound)?;
    let name = channel_name(spec.name)?;
    let settings = settings(app, known.kind, spec, Some(&known.settings))?;
    let health = Health {
        disabled: None,
        ..known.health.clone()
    };
    let channel = Channel {
        name,
        settings,
        is_default: spec.is_default,
        route: spec.route.clone(),
        words: spec.words.clone(),
        digest: spec.digest.clone(),
        health,
        ..known
    };
    check_route(app, &channel).await?;
    save(app, actor, &known, &channel).await?;
    Ok(channel)
}

/// Gives a webhook another secret, which is told this once. The one before signs beside it until there is
/// yet another, so that a receiver can change over.
pub async fn renew_secret(
    app: &App,
    actor: &Actor,
    id: ChannelId,
) -> Result<(Channel, Sensitive), Refused> {
    may_edit(actor)?;
    let known = app.store.channel(actor.team, id).await?;
    let known = known.ok_or(Refused::NotFound)?;
    if known.kind != Kind::Webhook {
        return Err(Refused::Conflict("only webhooks are signed".to_owned()));
    }
    let secret = webhook_secret();
    let channel = Channel {
        settings: known.settings.clone().signed_with(secret.clone()),
        ..known.clone()
    };
    save(app, actor, &known, &channel).await?;
    Ok((channel, secret))
}

async fn save(app: &App, actor: &Actor, known: &Channel, channel: &Channel) -> Result<(), Refused> {
    let changed = audit::channel(known, channel);
    let mut tx = app.store.begin().await?;
    if !tx.save_channel(channel, app.clock.now()).await? {
        return Err(Refused::NotFound);
    }
    let thing = (Some(channel.id.0), &*channel.name);
    note_change(app, &mut tx, actor, (Deed::ChannelChanged, &changed), thing).await?;
    tx.commit().await?;
    Ok(())
}

/// Deletes a channel with everything that was still to be told to it.
pub async fn delete(app: &App, actor: &Actor, id: ChannelId) -> Result<(), Refused> {
    may_edit(actor)?;
    let known = app.store.channel(actor.team, id).await?;
    let known = known.ok_or(Refused::NotFound)?;
    let mut tx = app.store.begin().await?;
    if !tx.delete_channel(actor.team, id).await? {
        return Err(Refused::NotFound);
    }
    let thing = (Some(id.0), &*known.name);
    note(app, &mut tx, actor, Deed::ChannelDeleted, thing).await?;
    tx.commit().await?;
    Ok(())
}

/// Sends a test at once and gives what the receiver answered: `Ok` when it arrived. This is the
/// one delivery that does not wait in the outbox, as somebody is looking.
pub async fn test(
    app: &App,
    actor: &Actor,
    id: ChannelId,
) -> Result<Result<String, String>, Refused> {
    may_edit(actor)?;
    let channel = app
        .store
        .channel(actor.team, id)
        .await?
        .ok_or(Refused::NotFound)?;
    let now = app.clock.now();
    let notification = Notification {
        id: NotificationId(app.ids.next()),
        team: actor.team,
        channel: id,
        event: Event::Test,
        turn: 0,
        content: Content::of_channel(&channel, now),
        created_at: now,
    };
    let outcome = app.notifier.deliver(&channel, &notification, now).await;
    let outcome = outcome
        .map(|delivered| delivered.detail)
        .map_err(|error| error.detail);
    let (Ok(detail) | Err(detail)) = &outcome;
    let attempt = Attempt {
        id: DeliveryId(app.ids.next()),
        at: app.clock.now(),
        detail,
    };
    let mut tx = app.store.begin().await?;
    tx.log_delivery(&notification, &attempt, outcome.is_ok())
        .await?;
    tx.commit().await?;
    Ok(outcome)
}

/// Something invented, in the words of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The word of what was invented.
    pub sample: &'static str,
    /// What it is, for people.
    pub title: &'static str,
    /// The subject as it would read.
    pub subject: String,
    /// The body as it would read, several lines.
    pub body: String,
}

/// How an outage, a recovery and a certificate that ends soon would read in these words. Nothing
/// is sent and nothing kept.
pub fn preview(app: &App, actor: &Actor, words: &Words) -> Result<Vec<Preview>, Refused> {
    may_edit(actor)?;
    let previews = samples(app.clock.now()).into_iter().map(|sample| {
        let message = app.notifier.message(words, &sample.notification);
        Preview {
            sample: sample.word,
            title: sample.title,
            body: message.lines().join("\n"),
            subject: message.subject,
        }
    });
    Ok(previews.collect())
}

/// Tells something again that arrived or was given up, under the id that it had.
pub async fn replay(
    app: &App,
    actor: &Actor,
    channel: ChannelId,
    id: NotificationId,
) -> Result<(), Refused> {
    may_edit(actor)?;
    let known = app.store.notification(actor.team, id).await?;
    if known.is_none_or(|known| known.channel != channel) {
        return Err(Refused::NotFound);
    }
    if !app.store.replay(actor.team, id, app.clock.now()).await? {
        return Err(Refused::Conflict("it is queued already".to_owned()));
    }
    app.outbox.notify_one();
    Ok(())
}

/// Refuses a route that makes no sense. The channel that stands in for another has none itself:
/// two that fail would tell each other for ever.
async fn check_route(app: &App, channel: &Channel) -> Result<(), Refused> {
    let mut faults = channel.route.faults();
    if let Some(fallback) = channel.route.fallback {
        let all = app.store.channels(channel.team).await?;
        let found = all.iter().find(|other| other.id == fallback);
        let is_fallback = |other: &Channel| other.route.fallback == Some(channel.id);
        let message = match found {
            None => Some("names a channel that there is not"),
            Some(found) if found.id == channel.id => Some("cannot be the channel itself"),
            Some(found) if found.route.fallback.is_some() => {
                Some("names a channel for which another one stands in")
            }
            Some(_) if all.iter().any(is_fallback) => {
                Some("must be null, as this channel stands in for another one")
            }
            Some(_) => None,
        };
        faults.extend(message.map(|message| FieldError::new("fallback", message)));
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Refused::Fields(faults))
    }
}

/// Reads the settings; an address that must not be connected to is refused by its field.
fn settings(
    app: &App,
    kind: Kind,
    spec: &ChannelSpec<'_>,
    known: Option<&Settings>,
) -> Result<Settings, Refused> {
    let settings = Settings::read(kind, spec.settings, known).map_err(Refused::Fields)?;
    for (field, url) in settings.urls(kind) {
        let refuse = |refused: crate::net::Refused| FieldError::new(field, refused.to_string());
        app.guard.check_literal(&url).map_err(refuse)?;
    }
    Ok(settings)
}
