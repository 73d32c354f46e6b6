//! Signs of life of this node, and a look at those of the others: what stopped, or has trouble of
//! its own, is told to whoever runs the installation.
//!
//! Each node beats for itself. What is to be told of any of them is noticed by one, under a lease,
//! and told by the default channels of the oldest team; what is to be told of an agent, by those of the
//! team that it belongs to. Of the one node of a small installation
//! nobody is left to tell: that is the business of the [heartbeat](super::heartbeat).

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio_util::sync::CancellationToken;

use super::App;
use super::system;
use crate::domain::agent::{Agent, MOST_AGENTS};
use crate::domain::at::At;
use crate::domain::channel::{Channel, Topic};
use crate::domain::id::{NotificationId, TeamId};
use crate::domain::installation::{UNSENT, Woe, abandoned, woes};
use crate::domain::node::{
    BEAT, FORGOTTEN_AFTER, MOST_NODES, Node, NodeFacts, NodeKey, NodeNews, Roll,
};
use crate::domain::notification::{Content, Notification};
use crate::store::{ANYWHERE, StoreError, Tx};

/// The lease that says who tells.
const LEASE: &str = "nodes";

/// What a node knows of itself and the others since its last beat.
#[derive(Debug, Default)]
pub struct Nodes {
    roll: Mutex<Roll>,
    word: RwLock<Arc<Word>>,
}

/// What trouble the installation has of its own: in memory, for every page.
#[derive(Clone, Debug, Default)]
pub struct Word {
    /// The troubles, the oldest first.
    pub woes: Vec<Woe>,
    /// Since when a message waits to be sent, for teams of which one has waited for too long.
    pub unsent: Vec<(TeamId, At)>,
    /// The team of whoever runs the installation.
    pub operator: Option<TeamId>,
    /// How many nodes there are, and how many of them are silent.
    pub nodes: (usize, usize),
}

impl Word {
    /// Since when what the pages show of servers may be old or unknown.
    pub fn seen_since(&self) -> Option<At> {
        let seen = self.woes.iter().filter(|woe| woe.is_seen);
        seen.map(|woe| woe.since).min()
    }
}

impl Nodes {
    /// The word of the last beat.
    pub fn word(&self) -> Arc<Word> {
        let word = self.word.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&word)
    }

    fn is_silent(&self, key: &NodeKey) -> bool {
        let roll = self.roll.lock().unwrap_or_else(PoisonError::into_inner);
        roll.is_silent(key)
    }

    fn look(&self, nodes: &[Node], agents: &[Agent]) {
        let mut roll = self.roll.lock().unwrap_or_else(PoisonError::into_inner);
        let nodes = nodes.iter().map(|node| (node.key.clone(), node.seen_at));
        let agents = agents.iter().filter_map(|a| Some((a.key(), a.seen_at?)));
        roll.look(nodes.chain(agents));
    }

    fn say(&self, word: Word) {
        let mut said = self.word.write().unwrap_or_else(PoisonError::into_inner);
        *said = Arc::new(word);
    }
}

/// Gives one sign of life and looks at those of the others.
pub async fn beat(app: &App) -> Result<(), StoreError> {
    let (store, now) = (&app.store, app.clock.now());
    let node = Node {
        key: key(app),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: app.started_at,
        seen_at: now,
        lag_ms: system::scheduler_lag_ms(app).await?,
        in_flight: system::checks_in_flight(app),
        troubled_since: app.network.trouble().map(|trouble| trouble.since),
        silent_since: None,
        told_trouble: None,
    };
    store.beat(&node).await?;
    let nodes = store.nodes(MOST_NODES).await?;
    let agents = store.agents_heard_of(MOST_AGENTS).await?;
    app.nodes.look(&nodes, &agents);
    let mut missed = abandoned(&nodes);
    let is_at_work = |node: &Node| node.probes() && node.silent_since.is_none();
    if nodes.iter().any(is_at_work) {
        for location in missed.clone() {
            // What may be checked from anywhere is checked by those that are left.
            if location == ANYWHERE || !store.is_checked_from(location).await? {
                missed.remove(location);
            }
        }
    }
    let silent = nodes.iter().filter(|node| node.silent_since.is_some());
    app.nodes.say(Word {
        woes: woes(&nodes, &missed),
        unsent: store.unsent_since(now - UNSENT).await?,
        operator: store.operator_team().await?,
        nodes: (nodes.len(), silent.count()),
    });
    Ok(())
}

/// Tells what is new of the nodes, if no other node is at it; says how many things.
pub async fn step(app: &App) -> Result<usize, StoreError> {
    let (store, now) = (&app.store, app.clock.now());
    let holder = &app.settings.node_name;
    if !store.hold_lease(LEASE, holder, now, now + BEAT * 2).await? {
        return Ok(0);
    }
    store.drop_silent_nodes(now - FORGOTTEN_AFTER).await?;
    let mut told = 0;
    for node in store.nodes(MOST_NODES).await? {
        told += usize::from(tell(app, &node, now).await?);
    }
    for agent in store.agents_heard_of(MOST_AGENTS).await? {
        told += usize::from(tell_of_agent(app, &agent, now).await?);
    }
    if told > 0 {
        app.outbox.notify_one();
    }
    Ok(told)
}

async fn tell(app: &App, node: &Node, now: At) -> Result<bool, StoreError> {
    let Some(news) = node.news(app.nodes.is_silent(&node.key)) else {
        return Ok(false);
    };
    let mut tx = app.store.begin().await?;
    if !tx.note_of_node(node, news).await? {
        return Ok(false);
    }
    tracing::warn!(node.name = node.key.name, news = ?news, "there is news of a node");
    let channels = tx.operator_channels().await?;
    enqueue(
        app,
        &mut tx,
        &channels,
        (NodeFacts::of(node, news), news),
        now,
    )
    .await?;
    tx.commit().await?;
    Ok(true)
}

async fn tell_of_agent(app: &App, agent: &Agent, now: At) -> Result<bool, StoreError> {
    let (news, seen_at) = (agent.news(app.nodes.is_silent(&agent.key())), agent.seen_at);
    let Some((news, seen_at)) = news.zip(seen_at) else {
        return Ok(false);
    };
    let mut tx = app.store.begin().await?;
    if !tx.note_of_agent(agent, news).await? {
        return Ok(false);
    }
    tracing::warn!(agent.id = %agent.id.0, news = ?news, "there is news of an agent");
    let mut channels = tx.team_channels(agent.team).await?;
    channels.retain(|channel| channel.is_default);
    let facts = NodeFacts::of_agent(agent, seen_at, news);
    enqueue(app, &mut tx, &channels, (facts, news), now).await?;
    tx.commit().await?;
    Ok(true)
}

async fn enqueue(
    app: &App,
    tx: &mut Tx,
    channels: &[Channel],
    (facts, news): (NodeFacts, NodeNews),
    now: At,
) -> Result<(), StoreError> {
    let content = Content::of_node(facts, now);
    let hears = |c: &&Channel| c.health.disabled.is_none() && c.route.hears(Topic::Nodes);
    let notifications: Vec<Notification> = channels
        .iter()
        .filter(hears)
        .map(|channel| Notification {
            id: NotificationId(app.ids.next()),
            team: channel.team,
            channel: channel.id,
            event: news.into(),
            turn: 0,
            content: content.clone(),
            created_at: now,
        })
        .collect();
    tx.enqueue(&notifications).await?;
    Ok(())
}

fn key(app: &App) -> NodeKey {
    NodeKey {
        name: app.settings.node_name.clone(),
        location: app.settings.location.clone(),
        roles: app.settings.roles.to_string(),
    }
}

/// Beats and looks until `stop`, then says goodbye.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let done = async {
            beat(&app).await?;
            step(&app).await
        };
        if let Err(error) = done.await {
            let error = format!("{:#}", anyhow::Error::from(error));
            tracing::error!(error, "failed to give a sign of life to the other nodes");
        }
        tokio::select! {
            () = tokio::time::sleep(BEAT) => {}
            () = stop.cancelled() => {}
        }
    }
    let (store, holder) = (&app.store, &app.settings.node_name);
    let left = async {
        store.drop_node(&key(&app)).await?;
        store.release_lease(LEASE, holder).await
    };
    if let Err(error) = left.await {
        tracing::warn!(%error, "failed to say goodbye to the other nodes");
    }
}
