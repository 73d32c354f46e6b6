//! What follows from a confirmed change of status: an incident opened, changed or resolved, and
//! one notification for each channel that should hear of it. Part of the transaction.

use crate::domain::at::At;
use crate::domain::flapping::Flapping;
use crate::domain::id::IncidentId;
use crate::domain::incident::{HeldBack, Incident, Phase, Severity};
use crate::domain::monitor::Monitor;
use crate::domain::notification::{Content, Event, IncidentFacts};
use crate::domain::plan::{Occasion, Told, plan};
use crate::domain::report::CheckReport;
use crate::domain::status::{MonitorStatus, Step};
use crate::store::{StoreError, Tx};

use super::App;
use super::check::Checked;
use super::routing;

/// What is known of a monitor from before a check.
pub struct Before<'a> {
    /// Its last good check.
    pub good: Option<&'a CheckReport>,
    /// Whether there may be an incident that is not over.
    pub has_incident: bool,
}

/// Writes what follows from `step`, which changed the status or ended the flapping; says whether
/// something was queued to be told.
pub async fn of(
    app: &App,
    tx: &mut Tx,
    checked: &Checked,
    step: &Step,
    before: &Before<'_>,
    now: At,
) -> Result<bool, StoreError> {
    let watch = &checked.result.watch;
    let report = &checked.result.report;
    let open = if before.has_incident {
        tx.open_incident_of(watch.monitor).await?
    } else {
        None
    };
    let is_new = open.is_none();
    let (mut incident, event) = if let Some(mut incident) = open {
        let event = goes_on(&mut incident, step, report);
        if let Some(event) = event {
            hold(tx, &mut incident, event, (report.started_at, now)).await?;
        }
        (incident, event)
    } else {
        // What gets better without an incident had one that a person closed.
        let Some(transition) = step.transition.as_ref().filter(|t| t.is_worse()) else {
            return Ok(false);
        };
        let id = IncidentId(app.ids.next());
        let whose = (watch.team, watch.monitor);
        let opened = Incident::open(
            id,
            whose,
            transition,
            CheckReport::clone(report),
            before.good,
        );
        let Some(mut incident) = opened else {
            return Ok(false);
        };
        incident.turns = step.state.turns.flapping();
        if incident.turns.is_some() {
            incident.remind_at = None;
        }
        let event = match step.flapping {
            Some(Flapping::Began) => Event::Flapping,
            _ => Event::Opened,
        };
        hold(tx, &mut incident, event, (report.started_at, now)).await?;
        tx.open_incident(&incident).await?;
        (incident, Some(event))
    };
    let has_news = match event {
        Some(event) => tell(app, tx, (&mut incident, event), report, now).await?,
        None => false,
    };
    if event.is_some() || !is_new {
        tx.save_incident(&incident).await?;
    }
    Ok(has_news)
}

/// Takes what has changed into an incident that is open; gives what is to be told of it. While
/// the status flaps the incident stays open and nothing is told but that it got worse than it ever
/// was, until it has settled.
fn goes_on(incident: &mut Incident, step: &Step, report: &CheckReport) -> Option<Event> {
    let flapping = step.state.turns.flapping();
    incident.turns = match (flapping, step.flapping) {
        // What settles with this step is told with its turns.
        (None, Some(_)) => incident.turns,
        (flapping, _) => flapping,
    };
    if flapping.is_some() {
        // It is told once; what comes of it is told when it has settled.
        incident.remind_at = None;
    }
    let at = report.started_at;
    let is_worse = match &step.transition {
        Some(transition) => match Severity::of(transition.to) {
            Some(severity) => incident.change(severity, report.clone()),
            None if transition.to != MonitorStatus::Up => false,
            None if flapping.is_some() => {
                incident.interrupt(at);
                false
            }
            None => {
                // It cannot be resolved already: the store gave it as open.
                let _ = incident.resolve(transition.since, "The server answers again.", None);
                return Some(Event::Resolved);
            }
        },
        None => false,
    };
    match step.flapping {
        Some(Flapping::Began) => Some(Event::Flapping),
        Some(Flapping::Settled { turns }) if step.state.status == MonitorStatus::Up => {
            let text = format!("The server answers steadily, after {turns} changes.");
            let _ = incident.resolve(step.state.since, &text, None);
            Some(Event::Resolved)
        }
        Some(Flapping::Settled { turns }) => {
            let severity = Severity::of(step.state.status).unwrap_or(incident.severity);
            incident.settle(at, severity, turns);
            Some(Event::Settled)
        }
        None => is_worse.then_some(Event::Worsened),
    }
}

/// Holds bad news back while there is a reason to: the check that brought them was made, at `at`,
/// in a maintenance window, or what the monitor depends on is down `now`.
async fn hold(
    tx: &mut Tx,
    incident: &mut Incident,
    event: Event,
    (at, now): (At, At),
) -> Result<(), StoreError> {
    if !event.is_alarm() {
        return Ok(());
    }
    let monitor = incident.monitor;
    let until = At(at.0.saturating_add(1));
    let reasons = tx.reasons(&[(incident.team, monitor)], at, until).await?;
    if let Some(why) = reasons.why(monitor, at, now) {
        incident.hold(at, &why);
    }
    Ok(())
}

/// Whether an event of an incident is held back. Who was never told of its opening is told nothing
/// else of it.
fn is_held(incident: &Incident, event: Event) -> bool {
    match incident.held {
        Some(HeldBack::Opening) => true,
        Some(HeldBack::Worsening) => event.is_alarm(),
        None => false,
    }
}

/// Queues one notification for each channel that should hear it, unless something holds it back;
/// says whether there was any. `check` is the one that shows what happened. The incident counts it:
/// save it afterwards.
pub async fn tell(
    app: &App,
    tx: &mut Tx,
    (incident, event): (&mut Incident, Event),
    check: &CheckReport,
    now: At,
) -> Result<bool, StoreError> {
    if is_held(incident, event) || incident.silences(event) {
        return Ok(false);
    }
    let Some(kept) = tx.monitor(incident.team, incident.monitor).await? else {
        return Ok(false);
    };
    incident.told += 1;
    let content = Content {
        incident: Some(IncidentFacts::of(incident, now)),
        changed: incident.changed.clone(),
        ..Content::of_check(&kept.monitor, check, now)
    };
    let channels = routing::channels(tx, incident, event).await?;
    let is_gathering = event == Event::Opened && routing::is_gathering(tx, incident, now).await?;
    let occasion = Occasion {
        event,
        severity: Some(incident.severity),
        confirmed_at: incident.confirmed_at,
        is_open: incident.phase == Phase::Open,
        tags: &kept.monitor.spec.tags,
        tools: None,
        is_gathering,
        now,
    };
    let channels: Vec<_> = channels.iter().map(|(c, told)| (c, *told)).collect();
    let plan = plan(&occasion, &channels);
    if event != Event::Reminder {
        // Who waits for an escalation need not hear of reminders: these say nothing about it.
        incident.escalate_at = plan.escalate_at;
    }
    let what = (event, incident.told, &content);
    routing::enqueue(app, tx, incident.team, what, &plan.ways).await
}

/// Queues one notification for each channel of a monitor that should hear of something that is no
/// incident; says whether there was any.
pub(super) async fn queue(
    app: &App,
    tx: &mut Tx,
    monitor: &Monitor,
    event: Event,
    content: &Content,
) -> Result<bool, StoreError> {
    let channels = tx.channels_of(monitor.team, monitor.id).await?;
    let channels = routing::with_stand_ins(tx, monitor.team, channels).await?;
    let occasion = Occasion {
        event,
        severity: None,
        confirmed_at: content.at,
        is_open: false,
        tags: &monitor.spec.tags,
        tools: content.tools.as_ref().map(|tools| &tools.diff),
        is_gathering: false,
        now: content.at,
    };
    let channels: Vec<_> = channels.iter().map(|c| (c, Told::default())).collect();
    let plan = plan(&occasion, &channels);
    routing::enqueue(app, tx, monitor.team, (event, 0, content), &plan.ways).await
}
