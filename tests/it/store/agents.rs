//! Agents: known by their tokens, heard of, missed once; their watches are theirs alone, and what
//! they did is taken once for each slot.

use std::time::Duration;

use lifesign::domain::agent::Agent;
use lifesign::domain::at::At;
use lifesign::domain::id::{AgentId, MonitorId, TeamId};
use lifesign::domain::node::NodeNews;
use lifesign::domain::observation::ProbeMemory;
use lifesign::domain::verdict::CheckStatus;
use lifesign::store::{Claim, Finished, Store, StoreError};

use super::{NOW, add, added, check, id, monitor, team};
use crate::support::engines::{Database, Engine, engines};

const LEASE: Duration = Duration::from_secs(30);

fn agent(team: TeamId, n: u128, location: &str) -> Agent {
    Agent {
        id: AgentId(id(n)),
        team,
        name: format!("Agent {n}"),
        location: location.to_owned(),
        created_at: NOW,
        version: None,
        seen_at: None,
        silent_since: None,
    }
}

async fn made(store: &Store, agent: &Agent) -> Result<(), StoreError> {
    let mut tx = store.begin().await.unwrap();
    tx.add_agent(agent, &format!("hash {}", agent.id)).await?;
    tx.commit().await
}

/// A monitor that is checked from `locations`.
async fn watched(store: &Store, team: TeamId, n: u128, locations: &[&str]) -> MonitorId {
    let mut made = monitor(team, n);
    made.spec.locations = Some(locations.iter().map(|at| (*at).to_owned()).collect());
    add(store, &made).await;
    made.id
}

fn later(seconds: u64) -> At {
    NOW + Duration::from_secs(seconds)
}

fn claim(n: u128, now: At) -> Claim<'static> {
    Claim {
        id: id(n),
        node: "Agent",
        now,
        until: now + LEASE,
    }
}

async fn note(store: &Store, agent: &Agent, news: NodeNews) -> bool {
    let mut tx = store.begin().await.unwrap();
    let is_news = tx.note_of_agent(agent, news).await.unwrap();
    tx.commit().await.unwrap();
    is_news
}

engines! {
    async fn an_agent_is_known_by_its_token_until_it_is_removed(store: Store) {
        let (ours, theirs) = (team(&store, 1).await, team(&store, 2).await);
        let office = agent(ours, 10, "office");
        made(&store, &office).await.unwrap();
        let again = made(&store, &agent(ours, 11, "office")).await;
        assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");
        made(&store, &agent(theirs, 12, "office")).await.unwrap();
        let hash = format!("hash {}", office.id);
        assert_eq!(store.agent_with(&hash).await.unwrap(), Some(office.clone()));
        assert_eq!(store.agents(ours, 9).await.unwrap(), std::slice::from_ref(&office));
        assert_eq!(store.agent(ours, office.id).await.unwrap(), Some(office.clone()));
        assert_eq!(store.agent(theirs, office.id).await.unwrap(), None);
        let mut tx = store.begin().await.unwrap();
        assert!(!tx.remove_agent(theirs, office.id).await.unwrap());
        assert!(tx.remove_agent(ours, office.id).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(store.agent_with(&hash).await.unwrap(), None);
    }

    async fn an_agent_is_heard_of_and_missed_once(store: Store) {
        let team = team(&store, 1).await;
        let office = agent(team, 10, "office");
        made(&store, &office).await.unwrap();
        assert!(store.agents_heard_of(9).await.unwrap().is_empty());
        store.beat_agent(&office, Some("0.1.0"), NOW).await.unwrap();
        store.beat_agent(&office, None, later(2)).await.unwrap();
        let heard = store.agents_heard_of(9).await.unwrap();
        assert_eq!((heard[0].seen_at, heard[0].version.as_deref()), (Some(NOW), Some("0.1.0")));
        assert!(note(&store, &heard[0], NodeNews::Silent).await);
        assert!(!note(&store, &heard[0], NodeNews::Silent).await, "somebody has told it");
        store.beat_agent(&office, None, later(60)).await.unwrap();
        let back = store.agent(team, office.id).await.unwrap().unwrap();
        assert_eq!((back.seen_at, back.silent_since), (Some(later(60)), Some(NOW)));
        assert_eq!(back.news(false), Some(NodeNews::Back));
        assert!(note(&store, &back, NodeNews::Back).await);
        assert!(!note(&store, &back, NodeNews::Back).await);
        assert!(!note(&store, &heard[0], NodeNews::Silent).await, "it was heard of meanwhile");
    }

    async fn what_an_agent_checks_no_node_claims(store: Store) {
        let (ours, theirs) = (team(&store, 1).await, team(&store, 2).await);
        watched(&store, ours, 20, &["office"]).await;
        let others = watched(&store, theirs, 21, &["office"]).await;
        let office = agent(ours, 10, "office");
        made(&store, &office).await.unwrap();
        let claimed = store.claim_due(&claim(1, NOW), "office", 10).await.unwrap();
        let ids: Vec<_> = claimed.checks.iter().map(|check| check.watch.monitor).collect();
        assert_eq!(ids, [others], "the team without an agent there is checked by the node");
        let due = store.next_due_at("office").await.unwrap();
        assert_eq!(due, Some(NOW + LEASE), "what the agent has to do is no lag of the node");
        let mut tx = store.begin().await.unwrap();
        tx.remove_agent(ours, office.id).await.unwrap();
        tx.commit().await.unwrap();
        let claimed = store.claim_due(&claim(2, NOW), "office", 10).await.unwrap();
        assert_eq!(claimed.checks.len(), 1);
    }

    async fn an_agent_sees_its_watches_and_nobody_elses(store: Store) {
        let (ours, theirs) = (team(&store, 1).await, team(&store, 2).await);
        let office = agent(ours, 10, "office");
        made(&store, &office).await.unwrap();
        let own = watched(&store, ours, 20, &["fra", "office"]).await;
        let paused = watched(&store, ours, 21, &["office"]).await;
        watched(&store, ours, 22, &["fra"]).await;
        let stranger = watched(&store, theirs, 23, &["office"]).await;
        let mut tx = store.begin().await.unwrap();
        tx.set_paused(ours, paused, true, NOW).await.unwrap();
        tx.commit().await.unwrap();
        let marks = store.agent_marks(&office, 9).await.unwrap();
        assert_eq!(marks, [(own, 1)]);
        let kept = store.agent_monitors(&office, 9).await.unwrap();
        assert_eq!((kept.len(), kept[0].monitor.id), (1, own));
        let bearer = kept[0].monitor.spec.endpoint.bearer.as_ref().unwrap();
        assert_eq!(bearer.expose(), "bearer secret");
        let asked = [own, paused, stranger];
        let standings = store.agent_standings(&office, &asked).await.unwrap();
        assert_eq!(standings.len(), 1);
        assert_eq!((standings[0].monitor, standings[0].due), (own, NOW));
        assert_eq!(standings[0].last_status, None);
    }

    async fn what_an_agent_did_is_claimed_once_for_each_slot(store: Store) {
        let (ours, theirs) = (team(&store, 1).await, team(&store, 2).await);
        let office = agent(ours, 10, "office");
        made(&store, &office).await.unwrap();
        let own = watched(&store, ours, 20, &["office"]).await;
        let stranger = watched(&store, theirs, 21, &["office"]).await;
        let done = [(own, NOW), (stranger, NOW), (MonitorId(id(99)), NOW)];
        let claimed = store.claim_done(&office, &done, &claim(1, NOW)).await.unwrap();
        assert_eq!(claimed.checks.len(), 1);
        assert_eq!((claimed.checks[0].slot, claimed.checks[0].revision), (NOW, 1));
        // It was sent again before it was recorded: the later one counts.
        let again = store.claim_done(&office, &done, &claim(2, NOW)).await.unwrap();
        assert_eq!(again.checks[0].claim, id(2));
        let mut result = check(ours.0, own.0, NOW, CheckStatus::Up);
        result.watch.location = "office".to_owned();
        let mut tx = store.begin().await.unwrap();
        tx.states(&[own]).await.unwrap();
        added(&mut tx, [&result]).await.unwrap();
        let finished = Finished {
            result: &result,
            claim: id(2),
            is_recorded: true,
            next_due: later(60),
            attempt: 0,
            facts_hash: None,
        };
        tx.finish_watches(&[finished]).await.unwrap();
        tx.commit().await.unwrap();
        let twice = store.claim_done(&office, &done, &claim(3, later(5))).await.unwrap();
        assert!(twice.checks.is_empty(), "the slot is recorded already");
        let standings = store.agent_standings(&office, &[own]).await.unwrap();
        assert_eq!(standings[0].due, later(60), "and nothing has moved");
        assert_eq!(standings[0].last_status, Some(CheckStatus::Up));
        let next = [(own, later(60))];
        let next = store.claim_done(&office, &next, &claim(4, later(61))).await.unwrap();
        assert_eq!(next.checks[0].slot, later(60));
    }
}

/// A memory that was sealed with another key stands in no other watch's way.
async fn an_unreadable_memory_begins_anew(engine: Engine) {
    let database = Database::new(engine).await;
    let store = database.store().await;
    let team = team(&store, 1).await;
    let office = agent(team, 10, "office");
    made(&store, &office).await.unwrap();
    let bad = watched(&store, team, 20, &["office"]).await;
    let good = watched(&store, team, 21, &["office"]).await;
    let spoil = "UPDATE watch SET memory = 'what?'
         WHERE monitor_id = (SELECT id FROM monitor ORDER BY id LIMIT 1)";
    database.execute(spoil).await;
    let standings = store.agent_standings(&office, &[bad, good]).await.unwrap();
    let mut monitors: Vec<_> = standings.iter().map(|standing| standing.monitor).collect();
    monitors.sort_unstable();
    assert_eq!(monitors, [bad, good]);
    assert!(
        standings
            .iter()
            .all(|standing| standing.memory == ProbeMemory::default())
    );
    database.remove().await;
}

#[tokio::test]
async fn an_unreadable_memory_begins_anew_on_sqlite() {
    an_unreadable_memory_begins_anew(Engine::Sqlite).await;
}

#[tokio::test]
async fn an_unreadable_memory_begins_anew_on_postgres() {
    an_unreadable_memory_begins_anew(Engine::Postgres).await;
}
