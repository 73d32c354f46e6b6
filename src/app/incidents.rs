//! What people do with an incident: acknowledge it, mute it, say how bad it is, write about it for
//! the team or the public, close it by hand.
//!
//! A mail carries a link by which whoever reads it acknowledges without logging in: a sealed word
//! that is good for this incident and nothing else, until it is over.

use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use crate::domain::audit::{By, Deed};
use crate::domain::channel::{Channel, Kind};
use crate::domain::id::{IncidentId, TeamId};
use crate::domain::incident::{AlreadyResolved, Incident, Severity};
use crate::domain::notification::{Event, Notification};
use crate::domain::team::{Actor, Email};
use crate::domain::written::{self, MAX_NOTE, MAX_POSTMORTEM, NotResolved, Postmortem, Readers};
use crate::secret::Place;
use crate::store::{Store, Tx};

use super::App;
use super::audit::write;
use super::consequence::tell;
use super::events::Changed;
use super::monitors::may_edit;
use super::refused::Refused;

/// Says that somebody cares for it. Doing so twice changes nothing.
pub async fn acknowledge(app: &App, actor: &Actor, id: IncidentId) -> Result<Incident, Refused> {
    let (tx, incident) = begin(app, actor, id).await?;
    acknowledge_in(app, tx, incident, (actor.email.clone(), By::of(actor))).await
}

async fn acknowledge_in(
    app: &App,
    mut tx: Tx,
    mut incident: Incident,
    (person, by): (Email, By),
) -> Result<Incident, Refused> {
    let now = app.clock.now();
    if incident.acknowledge(now, person)? {
        let evidence = incident.evidence.clone();
        let what = (&mut incident, Event::Acknowledged);
        tell(app, &mut tx, what, &evidence, now).await?;
        let done = (by, Deed::IncidentAcknowledged);
        finish(app, tx, &incident, done, &[]).await?;
    }
    Ok(incident)
}

/// What the link in a mail is good for.
#[derive(Serialize, Deserialize)]
struct Pass {
    team: TeamId,
    by: Email,
}

/// The link by which the reader of a mail acknowledges; `None` for what cannot be acknowledged and
/// for channels that are no mail.
pub fn acknowledge_link(
    store: &Store,
    public_url: &str,
    channel: &Channel,
    notification: &Notification,
) -> Option<String> {
    if !notification.event.is_alarm() || channel.kind != Kind::Email {
        return None;
    }
    let incident = notification.content.incident.as_ref()?;
    let pass = Pass {
        team: notification.team,
        by: Email::parse(channel.settings.get("to")?).ok()?,
    };
    let plain = serde_json::to_string(&pass).ok()?;
    let key = store.seal(&place_of(incident.id), &plain);
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("key", &key)
        .finish();
    Some(format!("{public_url}/acknowledge/{}?{query}", incident.id))
}

/// The incident that a link from a mail speaks of; `NotFound` when it is not one of ours.
pub async fn linked(app: &App, id: IncidentId, key: &str) -> Result<Incident, Refused> {
    let pass = pass(app, id, key)?;
    let incident = app.store.incident(pass.team, id).await?;
    incident.ok_or(Refused::NotFound)
}

/// Acknowledges by the link from a mail, in the name of the address that it was sent to.
pub async fn acknowledge_linked(app: &App, id: IncidentId, key: &str) -> Result<(), Refused> {
    let Pass { team, by } = pass(app, id, key)?;
    let mut tx = app.store.begin().await?;
    let incident = tx.incident(team, id).await?.ok_or(Refused::NotFound)?;
    acknowledge_in(app, tx, incident, (by.clone(), By::Link(by))).await?;
    Ok(())
}

fn pass(app: &App, id: IncidentId, key: &str) -> Result<Pass, Refused> {
    let plain = app.store.open(&place_of(id), key);
    let pass = plain.and_then(|plain| serde_json::from_str(plain.expose()).ok());
    pass.ok_or(Refused::NotFound)
}

fn place_of(id: IncidentId) -> Place {
    Place {
        table: "incident",
        field: "acknowledge",
        row: id.0,
    }
}

/// Writes a note for the team or an update for the public into the timeline, also of an incident
/// that is over.
pub async fn note(
    app: &App,
    actor: &Actor,
    id: IncidentId,
    (text, readers): (&str, Readers),
) -> Result<Incident, Refused> {
    let text = written::plain("text", text, MAX_NOTE)?;
    let (tx, mut incident) = begin(app, actor, id).await?;
    incident.write(app.clock.now(), text, readers, actor.email.clone());
    let done = (By::of(actor), Deed::IncidentNoted);
    finish(app, tx, &incident, done, &[]).await?;
    Ok(incident)
}

/// What somebody changes of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit<'a> {
    /// How bad it is, as long as it is not over.
    Severity(Severity),
    /// What was learnt, when it is over.
    Postmortem {
        /// Plain text with paragraphs.
        text: &'a str,
        /// Whether public status pages show it.
        is_public: bool,
    },
    /// Nothing is to be read of what was learnt.
    NoPostmortem,
}

/// Makes changes, all of them or none.
pub async fn edit(
    app: &App,
    actor: &Actor,
    id: IncidentId,
    edits: &[Edit<'_>],
) -> Result<Incident, Refused> {
    let (tx, mut incident) = begin(app, actor, id).await?;
    let (now, by) = (app.clock.now(), &actor.email);
    let mut fields = Vec::new();
    for edit in edits {
        fields.push(match edit {
            Edit::Severity(_) => "severity",
            Edit::Postmortem { .. } | Edit::NoPostmortem => "postmortem",
        });
        match *edit {
            Edit::Severity(severity) => {
                incident.set_severity(now, severity, by.clone())?;
            }
            Edit::Postmortem { text, is_public } => incident.set_postmortem(Some(Postmortem {
                text: written::plain("postmortem.text", text, MAX_POSTMORTEM)?,
                is_public,
                updated_at: now,
                by: by.clone(),
            }))?,
            Edit::NoPostmortem => incident.set_postmortem(None)?,
        }
    }
    let done = (By::of(actor), Deed::IncidentChanged);
    finish(app, tx, &incident, done, &fields).await?;
    Ok(incident)
}

/// Tells nobody anything more of it until it is over. Doing so twice changes nothing.
pub async fn mute(app: &App, actor: &Actor, id: IncidentId) -> Result<Incident, Refused> {
    let (tx, mut incident) = begin(app, actor, id).await?;
    incident.mute(app.clock.now(), actor.email.clone())?;
    let done = (By::of(actor), Deed::IncidentMuted);
    finish(app, tx, &incident, done, &[]).await?;
    Ok(incident)
}

/// Tells people of it again, and what got worse in the meantime.
pub async fn unmute(app: &App, actor: &Actor, id: IncidentId) -> Result<Incident, Refused> {
    let (mut tx, mut incident) = begin(app, actor, id).await?;
    let now = app.clock.now();
    if let Some(event) = incident.unmute(now, actor.email.clone())? {
        let evidence = incident.evidence.clone();
        tell(app, &mut tx, (&mut incident, event), &evidence, now).await?;
    }
    let done = (By::of(actor), Deed::IncidentUnmuted);
    finish(app, tx, &incident, done, &[]).await?;
    Ok(incident)
}

/// Closes it by hand. It stays closed until the server has recovered and fails again.
pub async fn resolve(app: &App, actor: &Actor, id: IncidentId) -> Result<Incident, Refused> {
    let (mut tx, mut incident) = begin(app, actor, id).await?;
    incident.resolve(
        app.clock.now(),
        "Closed by hand.",
        Some(actor.email.clone()),
    )?;
    let evidence = incident.evidence.clone();
    let what = (&mut incident, Event::Resolved);
    tell(app, &mut tx, what, &evidence, app.clock.now()).await?;
    let done = (By::of(actor), Deed::IncidentResolved);
    finish(app, tx, &incident, done, &[]).await?;
    Ok(incident)
}

async fn begin(app: &App, actor: &Actor, id: IncidentId) -> Result<(Tx, Incident), Refused> {
    may_edit(actor)?;
    let mut tx = app.store.begin().await?;
    let incident = tx
        .incident(actor.team, id)
        .await?
        .ok_or(Refused::NotFound)?;
    Ok((tx, incident))
}

async fn finish(
    app: &App,
    mut tx: Tx,
    incident: &Incident,
    (by, deed): (By, Deed),
    fields: &[&str],
) -> Result<(), Refused> {
    tx.save_incident(incident).await?;
    let (team, monitor) = (incident.team, incident.monitor);
    let named = app.store.names_of(team, &[monitor]).await?;
    let name = named.first().map_or("", |named| &named.name);
    let (what, thing) = ((deed, fields), (Some(incident.id.0), name));
    let fresh = (&app.ids, app.clock.now());
    write(&mut tx, (team, by), what, thing, fresh).await?;
    tx.commit().await?;
    app.outbox.notify_one();
    // Whoever looks at a status page next sees it.
    app.public.forget();
    app.events.publish(Changed {
        team: incident.team,
        monitor: incident.monitor,
    });
    Ok(())
}

impl From<AlreadyResolved> for Refused {
    fn from(error: AlreadyResolved) -> Self {
        Self::Conflict(error.to_string())
    }
}

impl From<NotResolved> for Refused {
    fn from(error: NotResolved) -> Self {
        Self::Conflict(error.to_string())
    }
}
