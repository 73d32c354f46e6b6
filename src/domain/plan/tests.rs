//! Who is told what, tried.

use chrono::NaiveTime;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use Outside::{AllButDown, Everything};
use Severity::{Degraded, Down};

use crate::domain::channel::{Health, Hours, Kind, Route, Settings, Words};
use crate::domain::id::TeamId;
use crate::domain::zone::Zone;

/// A Sunday at six.
const NOW: At = At(1_795_327_200_000);

fn channel(route: Route) -> Channel {
    Channel {
        id: ChannelId(Uuid::nil()),
        team: TeamId(Uuid::nil()),
        name: "Ops".to_owned(),
        kind: Kind::Webhook,
        settings: Settings::of(std::iter::empty()),
        is_default: true,
        route,
        words: Words::default(),
        digest: None,
        health: Health::default(),
    }
}

fn occasion(event: Event, severity: Severity) -> Occasion<'static> {
    Occasion {
        event,
        severity: Some(severity),
        confirmed_at: NOW,
        is_open: true,
        tags: &[],
        tools: None,
        is_gathering: false,
        now: NOW,
    }
}

fn known(n: u128) -> IncidentId {
    IncidentId(Uuid::from_u128(n))
}

fn told(told_as: Option<IncidentId>) -> Told {
    let own = Some(Part {
        is_told: true,
        told_as,
        failed: 0,
    });
    Told { own, other: None }
}

fn waiting() -> Told {
    let own = Some(Part {
        is_told: false,
        told_as: None,
        failed: 0,
    });
    Told { own, other: None }
}

fn beside(told: Told, is_older: bool) -> Told {
    let other = Some(Companion {
        told_as: known(7),
        is_older,
        reminds: true,
    });
    Told { other, ..told }
}

fn from(told_as: Option<IncidentId>) -> Way {
    Way::From { at: NOW, told_as }
}

fn one(occasion: &Occasion<'_>, route: Route, told: Told) -> Option<Way> {
    let plan = plan(occasion, &[(&channel(route), told)]);
    plan.ways.into_iter().next().map(|(_, way)| way)
}

/// From eight to twenty o'clock.
fn day(outside: Outside) -> Route {
    let hour = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default();
    let days = vec![chrono::Weekday::Sun];
    let (zone, from, until) = (Zone::UTC, hour(8), hour(20));
    Route {
        hours: Some(Hours {
            zone,
            days,
            from,
            until,
            outside,
        }),
        ..Route::default()
    }
}

#[test]
fn the_end_is_told_to_who_heard_of_the_beginning_and_to_nobody_else() {
    let end = occasion(Event::Resolved, Down);
    assert_eq!(one(&end, Route::default(), Told::default()), None);
    let changed_its_mind = Route {
        kinds: Some(vec![Topic::Credentials]),
        ..Route::default()
    };
    assert_eq!(one(&end, changed_its_mind, told(None)), Some(from(None)));
}

#[test]
fn what_comes_outside_of_hours_waits_for_them() {
    let until = At(NOW.0 + 7_200_000);
    let held = Some(Way::Held { until });
    for (event, severity, before, outside, expected) in [
        (Event::Opened, Degraded, Told::default(), AllButDown, held),
        (
            Event::Opened,
            Down,
            Told::default(),
            AllButDown,
            Some(from(None)),
        ),
        (Event::Opened, Down, Told::default(), Everything, held),
        (
            Event::Worsened,
            Down,
            waiting(),
            AllButDown,
            Some(from(None)),
        ),
        (
            Event::Resolved,
            Down,
            told(None),
            AllButDown,
            Some(from(None)),
        ),
        (Event::Resolved, Degraded, waiting(), AllButDown, held),
        (Event::Resolved, Down, told(None), Everything, held),
    ] {
        let way = one(&occasion(event, severity), day(outside), before);
        assert_eq!(way, expected, "{event:?} {severity:?} {outside:?}");
    }
}

#[test]
fn an_alert_that_is_kept_open_ends_outside_of_hours_too() {
    let until = At(NOW.0 + 7_200_000);
    let held = Some(Way::Held { until });
    for (kind, event, before, expected) in [
        (
            Kind::PagerDuty,
            Event::Resolved,
            told(None),
            Some(from(None)),
        ),
        (
            Kind::Opsgenie,
            Event::Acknowledged,
            told(None),
            Some(from(None)),
        ),
        (Kind::PagerDuty, Event::Resolved, waiting(), held),
        (Kind::PagerDuty, Event::Worsened, told(None), held),
        (Kind::Slack, Event::Resolved, told(None), held),
    ] {
        let pager = Channel {
            kind,
            ..channel(day(Everything))
        };
        let planned = plan(&occasion(event, Down), &[(&pager, before)]);
        let way = planned.ways.first().map(|(_, way)| *way);
        assert_eq!(way, expected, "{kind:?} {event:?}");
    }
}

#[test]
fn another_outage_of_the_same_cause_speaks_for_this_one() {
    let with = Some(Way::With { told_as: known(7) });
    let (own, joined) = (told(None), told(Some(known(7))));
    for (event, severity, before, expected) in [
        (Event::Opened, Down, beside(Told::default(), true), with),
        (
            Event::Opened,
            Degraded,
            beside(Told::default(), true),
            Some(from(None)),
        ),
        (Event::Resolved, Down, beside(joined, true), with),
        (Event::Resolved, Down, beside(own, false), with),
        (Event::Resolved, Down, joined, Some(from(Some(known(7))))),
        (Event::Reminder, Down, beside(joined, true), with),
        (Event::Escalated, Down, beside(Told::default(), true), with),
        (Event::Reminder, Down, beside(own, false), Some(from(None))),
        (
            Event::Acknowledged,
            Down,
            beside(joined, true),
            Some(from(Some(known(7)))),
        ),
    ] {
        let way = one(&occasion(event, severity), Route::default(), before);
        assert_eq!(way, expected, "{event:?} {severity:?} {before:?}");
    }
}

#[test]
fn the_first_word_waits_for_others_that_look_alike() {
    let gathering = Occasion {
        is_gathering: true,
        ..occasion(Event::Opened, Down)
    };
    let at = NOW + GATHER;
    let way = one(&gathering, Route::default(), Told::default());
    assert_eq!(way, Some(Way::From { at, told_as: None }));
}

#[test]
fn who_waits_is_told_of_what_nobody_has_acknowledged() {
    let second = Route {
        wait_minutes: 15,
        ..Route::default()
    };
    let first = channel(Route::default());
    let second = channel(second);
    let opened = occasion(Event::Opened, Down);
    let channels = [(&first, Told::default()), (&second, Told::default())];
    let due = At(NOW.0 + 900_000);
    let planned = plan(&opened, &channels);
    assert_eq!((planned.ways.len(), planned.escalate_at), (1, Some(due)));
    let later = Occasion {
        now: due,
        ..occasion(Event::Escalated, Down)
    };
    let planned = plan(&later, &[(&first, told(None)), (&second, Told::default())]);
    assert_eq!((planned.ways.len(), planned.escalate_at), (1, None));
}

fn event() -> impl Strategy<Value = Event> {
    proptest::sample::select(Event::ALL.to_vec())
}

proptest! {
    #[test]
    fn a_channel_has_one_way_and_who_is_off_has_none(
        event in event(), down in any::<bool>(), heard in any::<bool>(), off in any::<bool>(),
        wait in 0..60_u32, beside_another in any::<bool>(),
    ) {
        let severity = if down { Down } else { Degraded };
        let mut listener = channel(Route { wait_minutes: wait, ..Route::default() });
        listener.health.disabled = off.then(|| "gone".to_owned());
        let before = if heard { told(None) } else { Told::default() };
        let before = if beside_another { beside(before, true) } else { before };
        let planned = plan(&occasion(event, severity), &[(&listener, before)]);
        prop_assert!(planned.ways.len() <= 1);
        prop_assert!(!off || planned.ways.is_empty());
        if event.is_end() {
            prop_assert_eq!(planned.ways.len(), usize::from(heard && !off));
        }
        let is_first_word = matches!(event, Event::Opened | Event::Flapping | Event::Worsened);
        if is_first_word && !off && !heard {
            // Told now, as part of another, or looked at again when its time has come.
            prop_assert!(!planned.ways.is_empty() || planned.escalate_at.is_some());
        }
    }
}
