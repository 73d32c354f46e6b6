//! Windows, tried.

use chrono::{NaiveTime, Weekday};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::domain::at::HOUR_MS;

fn window(zone: &str, schedule: Schedule) -> Window {
    Window {
        id: WindowId(Uuid::from_u128(1)),
        team: TeamId(Uuid::from_u128(2)),
        name: "Move".to_owned(),
        schedule,
        zone: Zone::parse(zone).unwrap(),
        scope: Scope::All,
        is_excluded: true,
        ended_at: None,
        created_at: At(0),
    }
}

fn cron(text: &str, minutes: u32) -> Schedule {
    Schedule::Cron {
        cron: Cron::parse(text).unwrap(),
        minutes,
    }
}

fn weekly(days: &[Weekday], clock: &str, minutes: u32) -> Schedule {
    Schedule::Weekly {
        days: days.to_vec(),
        at: NaiveTime::parse_from_str(clock, "%H:%M").unwrap(),
        minutes,
    }
}

/// `25T00:30/60`: the day and time of the start in UTC, and the length in minutes.
fn told(occurrences: &[Occurrence]) -> String {
    let one = |o: &Occurrence| {
        let minutes = (o.ends_at.0 - o.starts_at.0) / 60_000;
        format!("{}/{minutes}", o.starts_at.utc().format("%dT%H:%M"))
    };
    occurrences.iter().map(one).collect::<Vec<_>>().join(" ")
}

const EVERY_DAY: [Weekday; 7] = [
    Weekday::Mon,
    Weekday::Tue,
    Weekday::Wed,
    Weekday::Thu,
    Weekday::Fri,
    Weekday::Sat,
    Weekday::Sun,
];

/// Zone, schedule, from when on, and what happens then.
type Case = (&'static str, Schedule, &'static str, &'static str);

fn check(cases: Vec<Case>) {
    for (zone, schedule, from, expected) in cases {
        let window = window(zone, schedule.clone());
        assert_eq!(window.faults(), []);
        let from = At::parse(from).unwrap();
        let occurrences = window.next(from, expected.split(' ').count());
        assert_eq!(told(&occurrences), expected, "{zone} {schedule:?}");
    }
}

#[test]
fn a_time_that_does_not_exist_begins_at_the_first_moment_after() {
    let sunday = [Weekday::Sun];
    check(vec![
        // Berlin, 29 March: 02:00 is 03:00.
        (
            "Europe/Berlin",
            cron("30 2 * * *", 60),
            "2026-03-28T00:00:00Z",
            "28T01:30/60 29T01:00/60 30T00:30/60",
        ),
        (
            "Europe/Berlin",
            weekly(&sunday, "02:00", 120),
            "2026-03-22T00:00:00Z",
            "22T01:00/120 29T01:00/120 05T00:00/120",
        ),
        // Two times in the gap are one window; one that would last into the next ends there.
        (
            "Europe/Berlin",
            cron("0,30 2 * * *", 45),
            "2026-03-29T00:00:00Z",
            "29T01:00/45 30T00:00/30 30T00:30/45",
        ),
        // Across the gap it lasts its real minutes.
        (
            "Europe/Berlin",
            cron("30 1 * * *", 60),
            "2026-03-29T00:00:00Z",
            "29T00:30/60 29T23:30/60",
        ),
        // The day has 23 hours.
        (
            "Europe/Berlin",
            weekly(&EVERY_DAY, "00:00", 1_440),
            "2026-03-28T23:00:00Z",
            "28T23:00/1380 29T22:00/1440",
        ),
        // New York, 8 March.
        (
            "America/New_York",
            weekly(&sunday, "02:30", 30),
            "2026-03-01T00:00:00Z",
            "01T07:30/30 08T07:00/30 15T06:30/30",
        ),
        // Lord Howe, by half an hour: 02:00 is 02:30 on 4 October.
        (
            "Australia/Lord_Howe",
            cron("15 2 * * *", 20),
            "2026-10-02T16:30:00Z",
            "03T15:30/20 04T15:15/20",
        ),
        // São Paulo, when it still changed: midnight of 4 November 2018.
        (
            "America/Sao_Paulo",
            weekly(&sunday, "00:00", 60),
            "2018-11-03T00:00:00Z",
            "04T03:00/60 11T02:00/60",
        ),
        // Kolkata never changes.
        (
            "Asia/Kolkata",
            cron("30 2 * * *", 60),
            "2026-03-28T00:00:00Z",
            "28T21:00/60 29T21:00/60",
        ),
    ]);
}

#[test]
fn a_time_that_is_twice_happens_once_at_the_first() {
    let sunday = [Weekday::Sun];
    check(vec![
        // Berlin, 25 October: 03:00 is 02:00.
        (
            "Europe/Berlin",
            cron("30 2 * * *", 60),
            "2026-10-24T00:00:00Z",
            "24T00:30/60 25T00:30/60 26T01:30/60",
        ),
        (
            "Europe/Berlin",
            weekly(&EVERY_DAY, "02:00", 180),
            "2026-10-24T12:00:00Z",
            "25T00:00/180 26T01:00/180",
        ),
        // The day has 25 hours; a length of 24 leaves one out.
        (
            "Europe/Berlin",
            weekly(&EVERY_DAY, "00:00", 1_440),
            "2026-10-24T22:00:00Z",
            "24T22:00/1440 25T23:00/1440",
        ),
        // New York, 1 November; the next first of November is a year later.
        (
            "America/New_York",
            cron("15 1 * * 0", 90),
            "2026-10-25T00:00:00Z",
            "25T05:15/90 01T05:15/90 08T06:15/90",
        ),
        (
            "America/New_York",
            cron("*/30 1 1 11 *", 10),
            "2026-10-31T00:00:00Z",
            "01T05:00/10 01T05:30/10 01T05:00/10",
        ),
        // Lord Howe: 02:00 is 01:30 on 5 April.
        (
            "Australia/Lord_Howe",
            weekly(&sunday, "01:45", 60),
            "2026-03-28T00:00:00Z",
            "28T14:45/60 04T14:45/60 11T15:15/60",
        ),
        // São Paulo changes no more.
        (
            "America/Sao_Paulo",
            cron("30 0 * * *", 60),
            "2026-10-31T00:00:00Z",
            "31T03:30/60 01T03:30/60",
        ),
    ]);
}

#[test]
fn what_somebody_ended_ends_then_and_comes_again() {
    let mut window = window("UTC", cron("0 2 * * *", 60));
    let at = |text: &str| At::parse(text).unwrap();
    window.ended_at = Some(at("2026-11-22T02:20:00Z"));
    let occurrences = window.occurrences(at("2026-11-21T12:00:00Z"), at("2026-11-24T00:00:00Z"));
    assert_eq!(told(&occurrences), "22T02:00/20 23T02:00/60");
    assert_eq!(window.covers(at("2026-11-22T02:20:00Z")), None);
    assert!(window.covers(at("2026-11-22T02:19:59Z")).is_some());
    assert_eq!(
        told(&window.next(at("2026-11-22T02:20:00Z"), 1)),
        "23T02:00/60"
    );
    window.ended_at = Some(at("2026-11-22T02:00:00Z"));
    assert_eq!(
        told(&window.next(at("2026-11-22T01:00:00Z"), 1)),
        "23T02:00/60"
    );
    let (starts_at, ends_at) = (at("2026-11-22T02:00:00Z"), at("2026-11-22T03:00:00Z"));
    window.schedule = Schedule::Once { starts_at, ends_at };
    window.ended_at = Some(at("2026-11-22T02:20:00Z"));
    assert_eq!(window.over_at(), window.ended_at);
    assert_eq!(told(&window.next(At(0), 5)), "22T02:00/20");
    assert_eq!(window.next(ends_at, 5), []);
}

#[test]
fn a_window_without_sense_is_refused_by_field() {
    let once = |starts_at, ends_at| Schedule::Once {
        starts_at: At(starts_at),
        ends_at: At(ends_at),
    };
    let some = |monitors: usize, tags: &[&str]| Scope::Some {
        monitors: (0..monitors)
            .map(|n| MonitorId(Uuid::from_u128(u128::try_from(n).unwrap())))
            .collect(),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
    };
    let good = window("UTC", once(0, 1));
    let fields = |window: Window| {
        let faults = window.faults();
        faults.iter().map(|f| f.field).collect::<Vec<_>>().join(",")
    };
    let scheduled = |schedule| {
        fields(Window {
            schedule,
            ..good.clone()
        })
    };
    let scoped = |scope| {
        fields(Window {
            scope,
            ..good.clone()
        })
    };
    assert_eq!(scheduled(once(5, 5)), "ends_at");
    assert_eq!(scheduled(once(0, 91 * DAY_MS)), "ends_at");
    assert_eq!(scheduled(weekly(&[], "02:00", 0)), "days,minutes");
    assert_eq!(scheduled(cron("0 0 * * *", MAX_MINUTES + 1)), "minutes");
    assert_eq!(scoped(some(0, &[])), "monitors");
    assert_eq!(scoped(some(MAX_MONITORS + 1, &[])), "monitors");
    assert_eq!(scoped(some(0, &[""])), "tags");
    assert_eq!(scoped(some(1, &["prod"])), "");
    assert_eq!(
        fields(Window {
            name: "a\nb".to_owned(),
            ..good.clone()
        }),
        "name"
    );
}

#[test]
fn a_window_covers_what_it_names_or_what_has_its_tag() {
    let (ours, other) = (MonitorId(Uuid::from_u128(1)), MonitorId(Uuid::from_u128(2)));
    let scope = Scope::Some {
        monitors: vec![ours],
        tags: vec!["prod".to_owned()],
    };
    let tagged = ["x".to_owned(), "prod".to_owned()];
    assert!(scope.covers(ours, &[]));
    assert!(scope.covers(other, &tagged));
    assert!(!scope.covers(other, &tagged[..1]));
    assert!(Scope::All.covers(other, &[]));
}

fn schedules() -> impl Strategy<Value = Schedule> {
    let weekly = (1_u8..128, 0_u32..1_440, 1..=MAX_MINUTES).prop_map(|(set, clock, minutes)| {
        let all = (0..7_u8).filter(|day| set & (1 << day) != 0);
        Schedule::Weekly {
            days: all.map(|day| Weekday::try_from(day).unwrap()).collect(),
            at: NaiveTime::from_num_seconds_from_midnight_opt(clock * 60, 0).unwrap(),
            minutes,
        }
    });
    let select = |words: &'static [&'static str]| prop::sample::select(words);
    let cron = (
        select(&["*", "*/7", "0", "30", "15,45", "5-20/5"]),
        select(&["*", "2", "0-4", "1,2,3", "*/6"]),
        select(&["*", "1", "*/2", "25-31"]),
        select(&["*", "0", "SUN", "1-5", "6,0"]),
        1..2_000_u32,
    )
        .prop_map(|(minute, hour, day, weekday, minutes)| {
            cron(&format!("{minute} {hour} {day} * {weekday}"), minutes)
        });
    prop_oneof![weekly, cron]
}

proptest! {
    #[test]
    fn occurrences_are_in_order_and_cover_exactly_what_is_covered(
        schedule in schedules(),
        zone in prop::sample::select(vec![
            "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata",
            "America/Santiago", "Africa/Casablanca", "Pacific/Apia",
        ]),
        from in 1_760_000_000_000_i64..1_800_000_000_000,
        offset in 0..4 * DAY_MS,
        ended in prop::option::of(0..4 * DAY_MS),
    ) {
        let from = At(from);
        let mut window = window(zone, schedule);
        window.ended_at = ended.map(|ms| At(from.0 + ms));
        let until = At(from.0 + 4 * DAY_MS);
        let all: Vec<_> = window.from(from).take_while(|o| o.starts_at < until).collect();
        for o in &all {
            prop_assert!(o.starts_at < o.ends_at && o.ends_at > from);
        }
        for pair in all.windows(2) {
            prop_assert!(pair[0].ends_at <= pair[1].starts_at);
        }
        let at = At(from.0 + offset);
        let found = all.iter().find(|o| o.holds(at)).copied();
        prop_assert_eq!(window.covers(at), found, "the same, wherever one begins to look");
    }

    #[test]
    fn maintenance_takes_time_away_and_loses_none(
        length in 1..3 * DAY_MS,
        starts in prop::collection::vec((0..3 * DAY_MS, 1..6 * HOUR_MS), 0..5),
    ) {
        use crate::domain::accounting::Span;
        use crate::domain::verdict::CheckStatus;
        let monitor = MonitorId(Uuid::from_u128(7));
        let span = Span {
            from: At(HOUR_MS),
            until: At(HOUR_MS + length),
            status: CheckStatus::Down,
            in_maintenance: false,
        };
        let mut coverage = Coverage::default();
        for (start, length) in &starts {
            let (starts_at, ends_at) = (At(*start), At(start + length));
            let window = window("UTC", Schedule::Once { starts_at, ends_at });
            let occurrences = window.occurrences(At(0), At(9 * DAY_MS));
            coverage.add(window, occurrences, &[monitor]);
        }
        let pieces = coverage.apart(monitor, &[span]);
        prop_assert_eq!(pieces.first().unwrap().from, span.from);
        prop_assert_eq!(pieces.last().unwrap().until, span.until);
        for pair in pieces.windows(2) {
            prop_assert_eq!(pair[0].until, pair[1].from);
        }
        for piece in &pieces {
            let middle = At(i64::midpoint(piece.from.0, piece.until.0));
            prop_assert_eq!(piece.in_maintenance, coverage.at(monitor, middle).is_some());
        }
    }
}
