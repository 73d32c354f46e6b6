//! Trouble of our own, tried.

use proptest::prelude::*;

use super::*;
use crate::domain::observation::{ProbeMemory, Seen, StepName};
use crate::domain::trouble::HttpTrouble;

fn at(second: i64) -> At {
    At(second * 1_000)
}

fn all_fail(fleet: &mut Fleet, hosts: usize, second: i64) {
    for n in 0..hosts {
        let began = at(second + i64::try_from(n).unwrap());
        fleet.failed(&format!("h{n}"), Way::Connections, began, true);
    }
}

#[test]
fn three_hosts_that_fail_together_are_our_own_trouble() {
    let mut fleet = Fleet::new(false);
    all_fail(&mut fleet, 2, 10);
    assert_eq!(fleet.trouble(), None);
    fleet.failed("h1", Way::Connections, at(15), true);
    assert_eq!(fleet.trouble(), None, "one host is one host");
    fleet.failed("h2", Way::Names, at(16), true);
    let expected = OwnTrouble {
        since: at(10),
        witness: Witness::Hosts,
    };
    assert_eq!(fleet.trouble(), Some(expected));
    fleet.reached("h0", at(30));
    assert!(fleet.explains(at(31)).is_some(), "one success may be luck");
    fleet.reached("h0", at(40));
    assert_eq!(fleet.trouble(), None);
    assert!(fleet.explains(at(39)).is_some() && fleet.explains(at(40)).is_none());
    all_fail(&mut fleet, 3, 50);
    assert_eq!(fleet.trouble(), None, "h1 and h2 were not reached since");
}

#[test]
fn hosts_that_were_away_before_or_fail_hours_apart_say_nothing() {
    let mut fleet = Fleet::new(false);
    for n in 0..9 {
        fleet.failed(&format!("h{n}"), Way::Connections, at(n), false);
    }
    for n in 10..19 {
        fleet.failed(&format!("h{n}"), Way::Connections, at(n * 600), true);
    }
    assert_eq!(fleet.trouble(), None);
}

#[test]
fn a_success_from_before_hides_nothing_whenever_it_is_told() {
    let mut fleet = Fleet::new(false);
    all_fail(&mut fleet, 2, 10);
    fleet.reached("slow", at(5));
    fleet.failed("h2", Way::Connections, at(12), true);
    assert!(fleet.trouble().is_some());
    let mut fleet = Fleet::new(false);
    fleet.reached("quick", at(12));
    all_fail(&mut fleet, 3, 10);
    assert_eq!(fleet.trouble(), None, "it worked while they failed");
}

#[test]
fn canaries_decide_about_connections() {
    let mut fleet = Fleet::new(true);
    all_fail(&mut fleet, 9, 10);
    fleet.asked(at(20), true);
    assert_eq!(fleet.trouble(), None);
    fleet.asked(at(30), false);
    let witness = fleet.trouble().map(|trouble| trouble.witness);
    assert_eq!(witness, Some(Witness::Canaries));
    fleet.asked(at(40), true);
    assert!(fleet.explains(at(41)).is_none() && fleet.explains(at(39)).is_some());
    for n in 10..13 {
        fleet.failed(&format!("h{n}"), Way::Names, at(50 + n), true);
    }
    fleet.asked(at(70), true);
    assert!(fleet.trouble().is_some(), "names are another matter");
}

#[test]
fn only_what_our_network_can_break_counts() {
    let mut seen = Observation::begun(at(0), ProbeMemory::default());
    assert_eq!(Reach::of(&seen), Some(Reach::Reached));
    let names = Some(Reach::Failed(Way::Names));
    let connections = Some(Reach::Failed(Way::Connections));
    for (trouble, expected) in [
        (Trouble::Dns(DnsTrouble::TimedOut { asked: 2 }), names),
        (
            Trouble::Dns(DnsTrouble::ServerFailure(String::new())),
            names,
        ),
        (Trouble::Dns(DnsTrouble::NoSuchName), None),
        (
            Trouble::Connect(ConnectTrouble::TimedOut { seconds: 5 }),
            connections,
        ),
        (
            Trouble::Connect(ConnectTrouble::Unreachable(String::new())),
            connections,
        ),
        (
            Trouble::Connect(ConnectTrouble::Refused),
            Some(Reach::Reached),
        ),
        (Trouble::Connect(ConnectTrouble::Reset), None),
        (
            Trouble::Tls(TlsTrouble::TimedOut { seconds: 5 }),
            connections,
        ),
        (Trouble::Tls(TlsTrouble::Revoked), Some(Reach::Reached)),
        (
            Trouble::Http(HttpTrouble::NoAnswer { seconds: 15 }),
            Some(Reach::Reached),
        ),
    ] {
        seen.stopped = Some(Seen {
            at: StepName::Tcp,
            trouble,
        });
        assert_eq!(Reach::of(&seen), expected, "{:?}", seen.stopped);
    }
}

#[test]
fn a_canary_is_a_host_and_a_port() {
    for (text, host, port) in [
        ("1.1.1.1:443", "1.1.1.1", 443),
        ("example.com:80", "example.com", 80),
        ("[2606:4700::1]:53", "2606:4700::1", 53),
    ] {
        let canary = CanaryAddress::parse(text).unwrap();
        assert_eq!((&*canary.host, canary.port), (host, port));
    }
    for text in [
        "",
        "1.1.1.1",
        ":443",
        "a:0",
        "a:99999",
        "::1:80",
        "http://a:80",
    ] {
        assert_eq!(CanaryAddress::parse(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn a_dead_host_or_two_among_many_are_never_our_trouble(
        checks in prop::collection::vec((0..20_usize, 0..30_i64), 1..300),
        order in any::<u64>(),
    ) {
        let mut fleet = Fleet::new(false);
        let mut second = 0;
        let mut told: Vec<(usize, At)> = checks
            .into_iter()
            .map(|(host, gap)| { second += gap; (host, at(second)) })
            .collect();
        // Told in another order than begun, within a few.
        for (n, window) in told.chunks_mut(4).enumerate() {
            if order >> (n % 64) & 1 == 1 { window.reverse(); }
        }
        for (host, began) in told {
            if host < 2 {
                fleet.failed(&format!("h{host}"), Way::Connections, began, true);
            } else {
                fleet.reached(&format!("h{host}"), began);
            }
            prop_assert_eq!(fleet.trouble(), None);
        }
    }

    #[test]
    fn a_network_that_breaks_is_noticed_by_the_third_host_and_ends_with_the_second_reached(
        hosts in 3..40_usize, before in 0..100_i64, away in 1..200_i64,
    ) {
        let mut fleet = Fleet::new(false);
        for n in 0..hosts {
            fleet.reached(&format!("h{n}"), at(before));
        }
        let broken = before + 1;
        for n in 0..hosts {
            fleet.failed(&format!("h{n}"), Way::Connections, at(broken), true);
            prop_assert_eq!(fleet.trouble().is_some(), n + 1 >= HOSTS);
        }
        prop_assert_eq!(fleet.trouble().map(|trouble| trouble.since), Some(at(broken)));
        let mended = broken + away;
        fleet.reached("h0", at(mended));
        prop_assert!(fleet.trouble().is_some());
        fleet.reached("h1", at(mended));
        prop_assert_eq!(fleet.trouble(), None);
    }

    #[test]
    fn two_hosts_alone_never_know(
        checks in prop::collection::vec((0..2_usize, any::<bool>(), 0..90_i64), 1..200)
    ) {
        let mut fleet = Fleet::new(false);
        let mut second = 0;
        for (host, is_fine, gap) in checks {
            second += gap;
            let host = format!("h{host}");
            if is_fine {
                fleet.reached(&host, at(second));
            } else {
                fleet.failed(&host, Way::Connections, at(second), true);
            }
            prop_assert_eq!(fleet.trouble(), None);
        }
    }
}
