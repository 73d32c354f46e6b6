//! What a probe remembers, tried.

use super::*;
use TransportChoice::{Auto, Sse};

const NOW: At = At(1_795_675_260_000);
const MINUTE: i64 = 60_000;

fn facts(era: Era, transport: Transport, version: &str) -> ServerFacts {
    ServerFacts {
        era: Some(era),
        transport: Some(transport),
        version: Some(version.to_owned()),
        ..ServerFacts::default()
    }
}

/// A server that was known a moment ago, at a check that looks at nothing again.
fn known(facts: ServerFacts) -> ProbeMemory {
    ProbeMemory {
        facts,
        is_known: true,
        pace: Pace {
            checks: 1,
            greeted_at: Some(NOW),
            ..Pace::default()
        },
        asked_modern_at: Some(NOW),
        ..ProbeMemory::default()
    }
}

fn legacy() -> ProbeMemory {
    known(facts(Era::Legacy, Transport::StreamableHttp, "2025-11-25"))
}

fn over_sse() -> ProbeMemory {
    known(facts(Era::Legacy, Transport::Sse, "2024-11-05"))
}

fn modern() -> ProbeMemory {
    known(facts(Era::Modern, Transport::StreamableHttp, "2026-07-28"))
}

fn dual() -> ProbeMemory {
    known(facts(Era::Dual, Transport::StreamableHttp, "2026-07-28"))
}

fn with(mut memory: ProbeMemory, change: impl FnOnce(&mut ProbeMemory)) -> ProbeMemory {
    change(&mut memory);
    memory
}

fn initialize(transport: Transport, then_discover: bool) -> Plan {
    Plan::Legacy {
        transport,
        then_discover,
    }
}

#[test]
fn what_is_known_spares_the_next_check_what_it_can() {
    let http = Transport::StreamableHttp;
    let ago = |ms: i64| Some(At(NOW.0 - ms));
    let kept = |since| {
        with(legacy(), |it| {
            it.session = Some("s".to_owned());
            it.pace.greeted_at = since;
        })
    };
    for (state, memory, expected) in [
        (
            "unknown",
            ProbeMemory::default(),
            Plan::FindOut { thoroughly: true },
        ),
        (
            "not mcp, this time",
            ProbeMemory {
                misses: 1,
                ..ProbeMemory::default()
            },
            Plan::FindOut { thoroughly: false },
        ),
        (
            "not mcp, every sixth",
            ProbeMemory {
                misses: 6,
                ..ProbeMemory::default()
            },
            Plan::FindOut { thoroughly: true },
        ),
        (
            "doubted",
            with(legacy(), |it| it.is_known = false),
            Plan::FindOut { thoroughly: true },
        ),
        ("modern", modern(), Plan::Modern { discover: false }),
        (
            "modern, every tenth",
            with(modern(), |it| it.pace.checks = 10),
            Plan::Modern { discover: true },
        ),
        (
            "dual",
            dual(),
            Plan::Dual {
                discover: false,
                legacy: false,
            },
        ),
        (
            "dual, not greeted for half an hour",
            with(dual(), |it| it.pace.greeted_at = ago(30 * MINUTE)),
            Plan::Dual {
                discover: false,
                legacy: true,
            },
        ),
        (
            "dual, one of them missing",
            with(dual(), |it| it.missed_era(Some(Era::Legacy), NOW)),
            Plan::Dual {
                discover: false,
                legacy: true,
            },
        ),
        ("legacy", legacy(), initialize(http, false)),
        (
            "legacy, not asked for the newer one for a week",
            with(legacy(), |it| it.asked_modern_at = ago(7 * DAY_MS)),
            initialize(http, true),
        ),
        (
            "legacy, of an age in which servers die of being asked",
            with(known(facts(Era::Legacy, http, "2025-03-26")), |it| {
                it.asked_modern_at = None;
            }),
            initialize(http, false),
        ),
        (
            "a session that cannot be ended",
            kept(ago(59 * MINUTE)),
            Plan::KeptSession,
        ),
        (
            "the same after an hour",
            kept(ago(60 * MINUTE)),
            initialize(http, false),
        ),
        ("sse", over_sse(), initialize(Transport::Sse, false)),
    ] {
        assert_eq!(memory.plan(Auto, NOW), expected, "{state}");
        assert_eq!(
            memory.plan(Sse, NOW),
            initialize(Transport::Sse, false),
            "{state}"
        );
    }
}

#[test]
fn what_was_known_is_doubted_after_two_misses_in_a_row_and_never_by_one() {
    for memory in [legacy(), over_sse(), modern(), dual()] {
        let mut memory = with(memory, |it| it.session = Some("s".to_owned()));
        memory.missed();
        assert!(
            memory.is_known && memory.session.is_none(),
            "{:?}",
            memory.facts
        );
        memory.missed();
        let state = (memory.is_known, memory.misses);
        assert_eq!(state, (false, 0), "{:?}", memory.facts);
        assert!(memory.facts.era.is_some(), "a change must be tellable");
    }
    let mut memory = legacy();
    for _ in 0..5 {
        memory.missed();
        memory.found(&legacy().facts, true);
    }
    assert!(memory.is_known && memory.misses == 0);
    let mut nothing = ProbeMemory::default();
    let thorough = (0..12)
        .filter(|_| {
            let plan = nothing.plan(Auto, NOW);
            nothing.missed();
            plan == Plan::FindOut { thoroughly: true }
        })
        .count();
    assert_eq!(
        thorough, 2,
        "an address without MCP is asked in every way at every sixth"
    );
}

#[test]
fn what_is_found_is_known_and_a_change_begins_anew() {
    let session = |it: &mut ProbeMemory| {
        it.session = Some("s".to_owned());
        it.is_session_doubtful = true;
        it.pace.checks = 7;
    };
    for (before, now, is_good, expected) in [
        (ProbeMemory::default(), legacy(), true, (1, false)),
        (ProbeMemory::default(), legacy(), false, (0, false)),
        (with(legacy(), session), legacy(), true, (8, true)),
        (with(legacy(), session), legacy(), false, (7, true)),
        (with(legacy(), session), dual(), true, (1, false)),
        (with(legacy(), session), over_sse(), true, (1, false)),
        (
            with(with(legacy(), session), |it| it.is_known = false),
            legacy(),
            true,
            (1, false),
        ),
    ] {
        let mut memory = with(before, |it| it.misses = 1);
        memory.found(&now.facts, is_good);
        assert!(memory.is_known && memory.misses == 0);
        assert_eq!(memory.facts, now.facts);
        assert_eq!((memory.pace.checks, memory.session.is_some()), expected);
        assert_eq!(memory.is_session_doubtful, expected.1);
    }
}

#[test]
fn a_generation_that_is_missing_for_a_week_is_gone() {
    let mut memory = dual();
    memory.missed_era(Some(Era::Modern), NOW);
    memory.missed_era(Some(Era::Modern), At(NOW.0 + 7 * DAY_MS - 1));
    let since = memory.missing.map(|missing| missing.since);
    assert_eq!((memory.is_known, since), (true, Some(NOW)));
    memory.missed_era(Some(Era::Modern), At(NOW.0 + 7 * DAY_MS));
    assert_eq!((memory.is_known, memory.missing), (false, None));
    let mut memory = dual();
    memory.missed_era(Some(Era::Modern), NOW);
    memory.missed_era(Some(Era::Legacy), At(NOW.0 + DAY_MS));
    let since = memory.missing.map(|missing| missing.since);
    assert_eq!(
        since,
        Some(At(NOW.0 + DAY_MS)),
        "it is the other one by now"
    );
    memory.missed_era(None, At(NOW.0 + 9 * DAY_MS));
    assert_eq!((memory.is_known, memory.missing), (true, None));
}

#[test]
fn a_redirect_is_followed_afresh_after_a_check_that_stopped() {
    let mut seen = Observation::begun(
        NOW,
        with(legacy(), |memory| {
            memory.url = Some("https://e.example/v1/mcp".to_owned());
        }),
    );
    seen.stopped = Some(Seen {
        at: StepName::Initialize,
        trouble: Trouble::Body(BodyTrouble::Html { title: None }),
    });
    let url = seen.memory.url.clone();
    remember(&mut seen, url, NOW);
    assert_eq!(seen.memory.url, None);
}

#[test]
fn another_pace_is_nothing_learnt() {
    let before = modern();
    let mut after = before.clone();
    after.pace.checks += 1;
    after.pace.greeted_at = None;
    after.pace.session = Some(7);
    let pace = after.pace.clone();
    assert!(!after.has_learnt(&before));
    after.session = Some("kept".to_owned());
    assert!(after.has_learnt(&before));
    assert_eq!(after.pace, pace);
}
