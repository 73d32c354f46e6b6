//! What follows from a confirmed change of status: an incident opened, changed or resolved, and
//! one notification for each channel that should hear of it. Part of the transaction.

use crate::domain::at::At;
use crate::domain::id::{IncidentId, NotificationId};
use crate::domain::incident::{Incident, Severity};
use crate::domain::notification::{
    Content, Event, IncidentFacts, MonitorFacts, Notification, plan,
};
use crate::domain::report::CheckReport;
use crate::domain::status::{MonitorStatus, Transition};
use crate::store::{StoreError, Tx};

use super::App;
use super::check::Checked;

/// Writes what follows from `transition`; says whether something was queued to be told. `good` is
/// what was known from the last good check.
pub async fn of(
    app: &App,
    tx: &mut Tx,
    checked: &Checked,
    transition: &Transition,
    good: Option<&CheckReport>,
    now: At,
) -> Result<bool, StoreError> {
    let watch = &checked.result.watch;
    let report = &checked.result.report;
    let open = tx.open_incident_of(watch.monitor).await?;
    match (open, Severity::of(transition.to)) {
        (None, Some(_)) => {
            let id = IncidentId(app.ids.next());
            let whose = (watch.team, watch.monitor);
            let opened = Incident::open(id, whose, transition, report.clone(), good);
            let Some(incident) = opened else {
                return Ok(false);
            };
            tx.open_incident(&incident).await?;
            tell(app, tx, (&incident, Event::Opened), report, now).await
        }
        (Some(mut incident), Some(severity)) => {
            let is_worse = incident.change(severity, report.clone());
            tx.save_incident(&incident).await?;
            if is_worse {
                tell(app, tx, (&incident, Event::Worsened), report, now).await
            } else {
                Ok(false)
            }
        }
        (Some(mut incident), None) if transition.to == MonitorStatus::Up => {
            // It cannot be resolved already: the store gave it as open.
            let _ = incident.resolve(transition.since, "The server answers again.", None);
            tx.save_incident(&incident).await?;
            tell(app, tx, (&incident, Event::Resolved), report, now).await
        }
        _ => Ok(false),
    }
}

/// Queues one notification for each channel of the monitor; says whether there was any. `check`
/// is the one that shows what happened.
pub async fn tell(
    app: &App,
    tx: &mut Tx,
    (incident, event): (&Incident, Event),
    check: &CheckReport,
    now: At,
) -> Result<bool, StoreError> {
    let Some(kept) = tx.monitor(incident.team, incident.monitor).await? else {
        return Ok(false);
    };
    let channels = tx.channels_of(incident.team, incident.monitor).await?;
    let content = Content {
        at: now,
        incident: Some(IncidentFacts::of(incident, now)),
        monitor: Some(MonitorFacts::of(&kept.monitor)),
        check: Some(check.clone()),
        changed: incident.changed.clone(),
        channel: None,
    };
    let notification = |channel: &crate::domain::channel::Channel| Notification {
        id: NotificationId(app.ids.next()),
        team: incident.team,
        channel: channel.id,
        event,
        content: content.clone(),
        created_at: now,
    };
    let notifications: Vec<Notification> = plan(&channels).map(notification).collect();
    tx.enqueue(&notifications).await?;
    Ok(!notifications.is_empty())
}
