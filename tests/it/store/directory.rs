//! The public directory: what is listed, whose hosts are proved, and what an owner takes off.

use std::time::Duration;

use lifesign::domain::at::{At, HOUR_MS};
use lifesign::domain::claim::{CHECK_EVERY, Claim, EVICTED, OwnerWords};
use lifesign::domain::directory::Listing;
use lifesign::domain::id::{ClaimId, MonitorId, TeamId};
use lifesign::domain::status::MonitorStatus;
use lifesign::domain::uptime::{Bucket, Spent};
use lifesign::domain::verdict::CheckStatus;
use lifesign::store::{Addition, Finished, Listed, Store, StoreError, WHOLE};

use super::{NOW, add, added, check, id, monitor, team};
use crate::support::engines::engines;

/// A host that two teams watch.
const HOST: &str = "shared.example";

fn listing(team: TeamId, n: u128) -> Listing {
    Listing {
        monitor: MonitorId(id(n)),
        team,
        host: HOST.to_owned(),
        listed_at: NOW,
    }
}

fn claim(team: TeamId, n: u128) -> Claim {
    Claim {
        id: ClaimId(id(n)),
        team,
        host: HOST.to_owned(),
        token: format!("token{n}"),
        made_at: NOW,
        proved_at: None,
        checked_at: None,
        outcome: None,
        failures: 0,
        next_check: None,
        said: OwnerWords::default(),
    }
}

async fn list(store: &Store, listing: &Listing) -> Listed {
    let mut tx = store.begin().await.unwrap();
    let listed = tx.add_listing(listing).await.unwrap();
    tx.commit().await.unwrap();
    listed
}

async fn made(store: &Store, claim: &Claim) {
    let mut tx = store.begin().await.unwrap();
    tx.add_claim(claim).await.unwrap();
    tx.commit().await.unwrap();
}

/// Keeps what `read` has become; says whether it was kept.
async fn keep(store: &Store, read: &Claim, checked: &Claim) -> bool {
    let mut tx = store.begin().await.unwrap();
    let is_kept = tx.save_claim_check(read, checked).await.unwrap();
    if is_kept {
        tx.commit().await.unwrap();
    }
    is_kept
}

/// Two teams, each with a monitor: 11 and 21.
async fn scene(store: &Store) -> (TeamId, TeamId) {
    let teams = (team(store, 1).await, team(store, 2).await);
    add(store, &monitor(teams.0, 11)).await;
    add(store, &monitor(teams.1, 21)).await;
    teams
}

engines! {
    async fn a_team_lists_its_own_monitors_and_takes_them_off(store: Store) {
        let (ours, theirs) = scene(&store).await;
        assert!(!store.is_anything_listed().await.unwrap());
        let own = listing(ours, 11);
        assert_eq!(list(&store, &own).await, Listed::Done);
        assert_eq!(list(&store, &own).await, Listed::Done, "twice is once");
        assert_eq!(list(&store, &listing(ours, 21)).await, Listed::Gone, "it is another team's");
        assert!(store.is_anything_listed().await.unwrap());
        let public = store.public_listing(own.monitor).await.unwrap().unwrap();
        assert_eq!((&public.listing, &public.owner), (&own, &None));
        assert_eq!(store.public_listing(MonitorId(id(21))).await.unwrap(), None);
        assert_eq!(store.listing(ours, own.monitor).await.unwrap(), Some(public));
        assert_eq!(store.listing(theirs, own.monitor).await.unwrap(), None);

        let mut tx = store.begin().await.unwrap();
        assert!(!tx.drop_listing(theirs, own.monitor).await.unwrap());
        assert!(!tx.drop_listing_elsewhere(ours, own.monitor, HOST).await.unwrap());
        assert!(!tx.drop_listing_elsewhere(theirs, own.monitor, "moved.example").await.unwrap());
        assert!(tx.drop_listing_elsewhere(ours, own.monitor, "moved.example").await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(store.public_listing(own.monitor).await.unwrap(), None);
        assert_eq!(list(&store, &own).await, Listed::Done);
        let mut tx = store.begin().await.unwrap();
        assert!(tx.drop_listing(ours, own.monitor).await.unwrap());
        assert!(!tx.drop_listing(ours, own.monitor).await.unwrap());
        tx.commit().await.unwrap();
        assert!(!store.is_anything_listed().await.unwrap());
    }

    async fn a_deleted_monitor_leaves_the_directory(store: Store) {
        let (ours, _) = scene(&store).await;
        list(&store, &listing(ours, 11)).await;
        let mut tx = store.begin().await.unwrap();
        tx.delete_monitor(ours, MonitorId(id(11))).await.unwrap();
        tx.commit().await.unwrap();
        assert!(!store.is_anything_listed().await.unwrap());
    }

    /// What is read of listed monitors of several teams is what their own pages say.
    async fn the_list_says_what_the_pages_say(store: Store) {
        let (ours, theirs) = scene(&store).await;
        let mut paused = monitor(ours, 12);
        paused.paused = true;
        add(&store, &paused).await;
        add(&store, &monitor(ours, 13)).await;
        for one in [listing(ours, 11), listing(theirs, 21), listing(ours, 12)] {
            list(&store, &one).await;
        }
        let watched = MonitorId(id(11));
        let additions: Vec<Addition> = (1..300).map(|n| {
            let at = At(NOW.0 - n * 3 * HOUR_MS);
            let down_ms = n * 1_000;
            let spent = Spent { up_ms: HOUR_MS - down_ms, down_ms, ..Spent::default() };
            let mut bucket = Bucket { spent, checks: 1, ..Bucket::default() };
            bucket.latency.add("total", 120.0);
            Addition { team: ours, monitor: watched, location: WHOLE.to_owned(), at, bucket }
        }).collect();
        let result = check(id(1), id(11), NOW, CheckStatus::Up);
        let mut tx = store.begin().await.unwrap();
        tx.add_to_rollups(&additions).await.unwrap();
        added(&mut tx, [&result]).await.unwrap();
        tx.finish_watches(&[Finished {
            result: &result, claim: id(9), is_recorded: true, next_due: NOW, attempt: 0,
            facts_hash: Some("facts".to_owned()),
        }]).await.unwrap();
        tx.commit().await.unwrap();

        let servers = store.listed_servers(NOW, 10).await.unwrap();
        let of = |n: u128| servers.iter().find(|it| it.monitor.0 == id(n)).unwrap();
        assert_eq!(servers.len(), 3, "13 is not listed");
        let page = store.overview(ours, watched, NOW).await.unwrap().unwrap();
        assert_eq!(of(11).spent, page.spent("30d"));
        assert!(of(11).spent.down_ms > 0);
        let median = of(11).median_ms.unwrap();
        assert!((110.0..130.0).contains(&median), "{median}");
        assert_eq!((of(11).name.as_str(), of(11).host.as_str()), ("Server 11", HOST));
        assert_eq!(of(11).status, MonitorStatus::Pending);
        assert_eq!((of(12).status, of(12).median_ms), (MonitorStatus::Paused, None));
        assert!(servers.iter().all(|it| !it.is_verified));
        let held = claim(theirs, 50);
        made(&store, &held).await;
        assert!(keep(&store, &held, &held.proved(NOW)).await);
        let servers = store.listed_servers(NOW, 10).await.unwrap();
        assert!(servers.iter().all(|it| it.is_verified), "whoever lists it");
        assert_eq!(store.listed_servers(NOW, 1).await.unwrap().len(), 1);
    }

    async fn a_claim_belongs_to_its_team(store: Store) {
        let (ours, theirs) = scene(&store).await;
        let own = claim(ours, 50);
        made(&store, &own).await;
        made(&store, &claim(theirs, 51)).await;
        let mut tx = store.begin().await.unwrap();
        assert!(matches!(tx.add_claim(&claim(ours, 52)).await, Err(StoreError::Conflict)));
        drop(tx);
        assert_eq!(store.claims(ours, 10).await.unwrap(), std::slice::from_ref(&own));
        assert_eq!(store.claim(ours, own.id).await.unwrap(), Some(own.clone()));
        assert_eq!(store.claim(theirs, own.id).await.unwrap(), None);
        let said = OwnerWords::parse("Ours.", "https://example.com/").unwrap();
        let mut tx = store.begin().await.unwrap();
        assert!(!tx.save_owner_words(theirs, own.id, &said).await.unwrap());
        assert!(tx.save_owner_words(ours, own.id, &said).await.unwrap());
        assert!(!tx.delete_claim(theirs, own.id).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(store.claim(ours, own.id).await.unwrap().unwrap().said, said);
        let pause = Duration::from_secs(5);
        assert!(!store.take_claim_check(theirs, own.id, NOW, pause).await.unwrap());
        assert!(store.take_claim_check(ours, own.id, NOW, pause).await.unwrap());
        assert!(!store.take_claim_check(ours, own.id, NOW, pause).await.unwrap(), "one at a time");
        assert!(store.take_claim_check(ours, own.id, NOW + pause, pause).await.unwrap());
        let mut tx = store.begin().await.unwrap();
        assert!(tx.delete_claim(ours, own.id).await.unwrap());
        assert!(!tx.delete_claim(ours, own.id).await.unwrap());
        tx.commit().await.unwrap();
        assert!(store.claims(ours, 10).await.unwrap().is_empty());
    }

    async fn whoever_proves_a_host_last_holds_it(store: Store) {
        let (ours, theirs) = scene(&store).await;
        let (first, second) = (claim(ours, 50), claim(theirs, 51));
        made(&store, &first).await;
        made(&store, &second).await;
        list(&store, &listing(ours, 11)).await;
        assert!(keep(&store, &first, &first.proved(NOW)).await);
        let held = store.claim(ours, first.id).await.unwrap().unwrap();
        assert_eq!(held, first.proved(NOW));
        assert!(!keep(&store, &first, &first.proved(NOW)).await, "it was read before that");
        let public = store.public_listing(MonitorId(id(11))).await.unwrap().unwrap();
        assert_eq!(public.owner, Some(OwnerWords::default()));

        let later = NOW + CHECK_EVERY;
        assert!(store.claims_due(later - Duration::from_secs(1), 10).await.unwrap().is_empty());
        assert_eq!(store.claims_due(later, 10).await.unwrap(), std::slice::from_ref(&held));
        assert!(keep(&store, &second, &second.proved(later)).await);
        let evicted = store.claim(ours, first.id).await.unwrap().unwrap();
        assert_eq!((evicted.proved_at, evicted.outcome.as_deref()), (None, Some(EVICTED)));
        assert!(!keep(&store, &held, &held.missed("Gone.", later)).await, "another was first");
        assert!(store.claims_due(later, 10).await.unwrap().is_empty());
        let held = store.claim(theirs, second.id).await.unwrap().unwrap();
        assert!(keep(&store, &held, &held.missed("Gone.", later)).await);
        let held = store.claim(theirs, second.id).await.unwrap().unwrap();
        assert_eq!((held.failures, held.proved_at), (1, Some(later)));
    }

    async fn an_owner_takes_off_what_others_list_and_it_stays_off(store: Store) {
        let (ours, theirs) = scene(&store).await;
        let (own, rival) = (claim(ours, 50), claim(theirs, 51));
        made(&store, &own).await;
        made(&store, &rival).await;
        list(&store, &listing(ours, 11)).await;
        list(&store, &listing(theirs, 21)).await;
        let off = async |team: TeamId, claim: ClaimId, n: u128| {
            let mut tx = store.begin().await.unwrap();
            let done = tx.take_off(team, claim, MonitorId(id(n)), NOW).await.unwrap();
            tx.commit().await.unwrap();
            done
        };
        assert!(!off(ours, own.id, 21).await, "nothing is proved yet");
        assert!(store.listed_on(ours, own.id, 10).await.unwrap().is_empty());
        keep(&store, &own, &own.proved(NOW)).await;
        let listed = store.listed_on(ours, own.id, 10).await.unwrap();
        let seen: Vec<(&str, bool)> = listed.iter().map(|it| (&*it.name, it.is_own)).collect();
        assert_eq!(seen, [("Server 11", true), ("Server 21", false)]);
        assert_eq!(listed[1].url, "https://server21.example/mcp?key=…");
        assert!(store.listed_on(theirs, own.id, 10).await.unwrap().is_empty());
        assert!(!off(theirs, own.id, 11).await, "the claim is another team's");
        assert!(off(ours, own.id, 21).await);
        assert!(!off(ours, own.id, 21).await);
        assert_eq!(list(&store, &listing(theirs, 21)).await, Listed::Refused);
        assert!(off(ours, own.id, 11).await, "the own one, too");
        assert_eq!(list(&store, &listing(ours, 11)).await, Listed::Done);
        assert_eq!(store.refusals(ours, own.id).await.unwrap(), 1);
        assert_eq!(store.refusals(theirs, own.id).await.unwrap(), 0);

        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.drop_refusals(theirs, own.id).await.unwrap(), 0);
        assert_eq!(tx.drop_refusals(ours, own.id).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert_eq!(list(&store, &listing(theirs, 21)).await, Listed::Done);
        assert!(off(ours, own.id, 21).await);
        let rival = store.claim(theirs, rival.id).await.unwrap().unwrap();
        keep(&store, &rival, &rival.proved(NOW)).await;
        assert_eq!(list(&store, &listing(theirs, 21)).await, Listed::Done, "the claim holds no more");
    }
}
