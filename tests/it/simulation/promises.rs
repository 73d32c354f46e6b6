//! What must hold when a seed has come to rest, whoever died in between.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use lifesign::domain::at::{At, DAY_MS};
use lifesign::domain::id::{MonitorId, NotificationId};
use lifesign::domain::incident::Incident;
use lifesign::domain::notification::Event;
use lifesign::domain::verdict::CheckStatus;
use lifesign::store::{CheckFilter, IncidentFilter};
use uuid::Uuid;

use super::model::{Happened, Model, Told};
use super::receiver::Arrival;
use super::run::{Entry, Run};

/// More than one seed makes.
const ALL: usize = 1_000;
/// Between two reminders, and before the first.
const REMINDER_MS: i64 = 30 * 60_000;

/// A message as its receiver knows it, with what the outbox says of it.
struct Heard {
    id: String,
    event: Event,
    turn: u32,
    /// When it was written.
    at: At,
    incident: String,
    monitor: String,
    severity: CheckStatus,
    started_at: At,
    /// The first arrival of all, and the first that was taken.
    arrived: usize,
    taken: Option<usize>,
}

/// `Err` with the promise that was broken.
macro_rules! promise {
    ($holds:expr, $($words:tt)+) => {
        if !$holds {
            return Err(format!($($words)+));
        }
    };
}

/// Holds everything that arrived and is stored against what should have been.
pub(super) async fn check(run: &Run<'_>) -> Result<(), String> {
    let arrivals = run.receivers.arrivals();
    repetitions(run, &arrivals)?;
    let mut incidents = 0;
    let all = incidents_of(run).await;
    for (server, monitor) in run.monitors.iter().enumerate() {
        let history = recorded(run, server, *monitor).await?;
        let interval = run.script.servers[server].interval;
        let model = Model::of(interval, run.windows[server].clone(), &history);
        promise!(
            model.outages.iter().all(|outage| outage.is_over),
            "the model does not come to rest"
        );
        let mine: Vec<&Incident> = all.iter().filter(|i| i.monitor == *monitor).collect();
        incidents += mine.len();
        stored(&model, &mine)?;
        let named = &run.script.servers[server].channels;
        for channel in 0..run.script.channels {
            let heard = heard(run, &arrivals, channel, *monitor).await?;
            let is_told = named.is_empty() || named.contains(&channel);
            promise!(
                is_told || heard.is_empty(),
                "channel {channel} hears of a monitor that has others"
            );
            if is_told {
                told(&model, &heard, channel)?;
            }
        }
    }
    promise!(incidents == all.len(), "an incident of nobody");
    Ok(())
}

/// The same words under the same id, and twice only where somebody died in between.
fn repetitions(run: &Run<'_>, arrivals: &[Arrival]) -> Result<(), String> {
    let died: HashSet<usize> = run
        .entries
        .iter()
        .filter_map(|entry| match entry {
            Entry::DiedTelling { round } => Some(*round),
            _ => None,
        })
        .collect();
    let mut known: HashMap<&str, &Arrival> = HashMap::new();
    let mut taken: HashMap<&str, usize> = HashMap::new();
    for arrival in arrivals {
        let id = arrival.id.as_str();
        let first = *known.entry(id).or_insert(arrival);
        promise!(
            first.body == arrival.body,
            "{id} says something else the second time"
        );
        promise!(
            first.channel == arrival.channel,
            "{id} came to two channels"
        );
        if let Some(round) = taken.get(id) {
            promise!(
                died.contains(round),
                "{id} came again although nobody died in round {round}"
            );
        }
        if arrival.fate.is_taken() {
            taken.insert(id, arrival.round);
        }
    }
    Ok(())
}

async fn incidents_of(run: &Run<'_>) -> Vec<Incident> {
    let filter = IncidentFilter::default();
    let all = run.store().incidents(run.actor.team, &filter, None, ALL);
    all.await.unwrap().rows
}

/// What was recorded of a monitor, in the order in which it became so. Every slot once, and every
/// check that somebody survived to record.
async fn recorded(
    run: &Run<'_>,
    server: usize,
    monitor: MonitorId,
) -> Result<Vec<Happened>, String> {
    let (store, team) = (run.store(), run.actor.team);
    let filter = CheckFilter::default();
    let checks = store.checks(team, monitor, &filter, None, ALL).await;
    let checks = checks.unwrap().rows;
    let kept: BTreeMap<At, At> = checks.iter().map(|c| (c.slot, c.started_at)).collect();
    promise!(
        kept.len() == checks.len(),
        "a slot of server {server} is recorded twice"
    );
    let until = At(START_OF_DAYS.0 + 20 * DAY_MS);
    let days = store.rollup_days(team, monitor, START_OF_DAYS, until).await;
    let counted: i64 = days.unwrap().iter().map(|day| day.bucket.checks).sum();
    promise!(
        counted == i64::try_from(kept.len()).unwrap(),
        "{counted} checks of server {server} were counted, {} are there",
        kept.len()
    );
    let mut done: BTreeSet<At> = BTreeSet::new();
    let mut history = Vec::new();
    for entry in &run.entries {
        match *entry {
            Entry::Recorded {
                server: of,
                slot,
                began,
                status,
                is_sure,
            } if of == server => {
                promise!(
                    !is_sure || kept.contains_key(&slot),
                    "the check of {slot} is lost"
                );
                if kept.get(&slot) == Some(&began) && done.insert(slot) {
                    history.push(Happened::Checked { began, status });
                }
            }
            Entry::Released { at } => history.push(Happened::Released { at }),
            _ => {}
        }
    }
    promise!(
        done.len() == kept.len(),
        "server {server} has checks that nobody made"
    );
    Ok(history)
}

/// The day of every run, and no later one.
const START_OF_DAYS: At = At(1_795_305_600_000 - DAY_MS);

/// The incidents of a monitor are its outages: none missing, none too many, one after the other.
fn stored(model: &Model, incidents: &[&Incident]) -> Result<(), String> {
    let mut began: Vec<At> = incidents.iter().map(|i| i.started_at).collect();
    began.sort();
    let expected: Vec<At> = model.outages.iter().map(|outage| outage.began).collect();
    promise!(
        began == expected,
        "incidents began {began:?}, outages {expected:?}"
    );
    let mut in_order = incidents.to_vec();
    in_order.sort_by_key(|incident| incident.started_at);
    for incident in incidents {
        promise!(
            incident.resolved_at().is_some(),
            "an incident is open although the server is well"
        );
    }
    for pair in in_order.windows(2) {
        promise!(
            pair[0].resolved_at() <= Some(pair[1].started_at),
            "two incidents at once"
        );
    }
    Ok(())
}

/// What a channel has heard of a monitor, each message once, in the order of its first arrival.
async fn heard(
    run: &Run<'_>,
    arrivals: &[Arrival],
    channel: usize,
    monitor: MonitorId,
) -> Result<Vec<Heard>, String> {
    let mut all: Vec<Heard> = Vec::new();
    for (n, arrival) in arrivals.iter().enumerate() {
        if arrival.channel != channel {
            continue;
        }
        let taken = arrival.fate.is_taken().then_some(n);
        if let Some(known) = all.iter_mut().find(|heard| heard.id == arrival.id) {
            known.taken = known.taken.or(taken);
            continue;
        }
        let id = NotificationId(Uuid::parse_str(&arrival.id).unwrap());
        let kept = run.store().notification(run.actor.team, id).await.unwrap();
        let Some(kept) = kept else {
            return Err(format!("{} came and is in no outbox", arrival.id));
        };
        let said = arrival.json();
        let incident = &said["data"]["incident"];
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        all.push(Heard {
            id: arrival.id.clone(),
            event: kept.event,
            turn: kept.turn,
            at: At::parse(&text(&said["timestamp"])).unwrap(),
            incident: text(&incident["id"]),
            monitor: text(&incident["monitor_id"]),
            severity: CheckStatus::parse(&text(&incident["severity"])).unwrap(),
            started_at: At::parse(&text(&incident["started_at"])).unwrap(),
            arrived: n,
            taken,
        });
    }
    all.retain(|heard| heard.monitor == monitor.to_string());
    Ok(all)
}

/// A channel has heard every outage from its opening to its end, in this order, and nothing else.
fn told(model: &Model, heard: &[Heard], channel: usize) -> Result<(), String> {
    let mut by_incident: BTreeMap<At, Vec<&Heard>> = BTreeMap::new();
    for one in heard {
        promise!(
            one.taken.is_some(),
            "channel {channel} never took {}",
            one.id
        );
        by_incident.entry(one.started_at).or_default().push(one);
    }
    for outage in &model.outages {
        let messages = by_incident.remove(&outage.began).unwrap_or_default();
        in_order(&messages)?;
        reminders(model, &messages)?;
        let told: Vec<Told> = messages.iter().filter_map(|heard| meant(heard)).collect();
        promise!(
            told == outage.told,
            "channel {channel} heard {told:?} of the outage of {}, not {:?}",
            outage.began,
            outage.told
        );
    }
    promise!(
        by_incident.is_empty(),
        "channel {channel} heard of what was never confirmed: {:?}",
        by_incident.keys()
    );
    Ok(())
}

fn meant(heard: &Heard) -> Option<Told> {
    Some(match heard.event {
        Event::Opened => Told::Opened(heard.severity),
        Event::Worsened => Told::Worsened,
        Event::Flapping => Told::Flapping,
        Event::Settled => Told::Settled,
        Event::Resolved => Told::Resolved,
        _ => return None,
    })
}

/// The messages of one incident come one after the other: none before the one ahead of it was
/// taken.
fn in_order(messages: &[&Heard]) -> Result<(), String> {
    for pair in messages.windows(2) {
        let (one, next) = (pair[0], pair[1]);
        promise!(
            one.incident == next.incident,
            "two incidents began at the same moment"
        );
        promise!(
            one.turn < next.turn && one.taken < Some(next.arrived),
            "turn {} came before turn {} was taken",
            next.turn,
            one.turn
        );
    }
    Ok(())
}

/// Reminders lie between the opening and the end, and half an hour apart.
fn reminders(model: &Model, messages: &[&Heard]) -> Result<(), String> {
    for (n, heard) in messages.iter().enumerate() {
        if heard.event != Event::Reminder {
            continue;
        }
        promise!(n > 0, "a reminder of what was never told");
        let before = messages[n - 1];
        promise!(
            before.event != Event::Resolved,
            "a reminder of what is over"
        );
        let is_again = before.event == Event::Reminder;
        promise!(
            !is_again || heard.at.ms_since(before.at) >= REMINDER_MS,
            "two reminders at {} and {}",
            before.at,
            heard.at
        );
        promise!(
            !model.is_covered(heard.at),
            "a reminder in a window, at {}",
            heard.at
        );
    }
    Ok(())
}
