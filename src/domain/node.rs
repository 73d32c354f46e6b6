//! Nodes: the running processes of an installation, as they say of themselves, and what is told of
//! them.
//!
//! Whether one is silent is not read from clocks, which differ between machines: it is when its last
//! word stays the same for so many looks of another node.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::agent::Agent;
use super::at::At;

/// Time between two signs of life, and between two looks at those of the others.
pub const BEAT: Duration = Duration::from_secs(15);
/// Looks in a row that find nothing new, after which a node is silent: two minutes.
pub const LOOKS: u32 = 8;
/// How long a node that is silent is kept.
pub const FORGOTTEN_AFTER: Duration = Duration::from_hours(7 * 24);
/// Most nodes of an installation that are looked at.
pub const MOST_NODES: u32 = 1_000;

/// Which process: two on one machine have other locations or roles.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeKey {
    /// What it is called.
    pub name: String,
    /// Where it probes from.
    pub location: String,
    /// What it does: `web,probe,alert`.
    pub roles: String,
}

/// A node as it said of itself, and what was told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Which.
    pub key: NodeKey,
    /// What it runs.
    pub version: String,
    /// When it started.
    pub started_at: At,
    /// Its last sign of life, by its own clock.
    pub seen_at: At,
    /// How late the oldest due check of its location was; `None` where it does not check.
    pub lag_ms: Option<i64>,
    /// Checks that it was making.
    pub in_flight: u32,
    /// Since when its own network has trouble.
    pub troubled_since: Option<At>,
    /// Since when it is silent, once that was noticed.
    pub silent_since: Option<At>,
    /// Since when its network has the trouble that was told.
    pub told_trouble: Option<At>,
}

/// What is to be told of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeNews {
    /// It is silent.
    Silent,
    /// It is heard of again.
    Back,
    /// Its own network has trouble.
    Troubled,
    /// Its own network works again.
    Calm,
}

impl Node {
    /// Whether it makes checks.
    pub fn probes(&self) -> bool {
        self.key.roles.split(',').any(|role| role == "probe")
    }

    /// What is to be told of it, where whoever looks has heard nothing new for so long or not.
    pub fn news(&self, is_silent: bool) -> Option<NodeNews> {
        match self.silent_since {
            None if is_silent => Some(NodeNews::Silent),
            Some(since) => (self.seen_at > since).then_some(NodeNews::Back),
            None => match (self.troubled_since, self.told_trouble) {
                (Some(_), None) => Some(NodeNews::Troubled),
                (None, Some(_)) => Some(NodeNews::Calm),
                _ => None,
            },
        }
    }
}

/// What an agent does, in the place of the roles of a node.
const AGENT: &str = "agent";

/// What one node has seen of all others.
#[derive(Clone, Debug, Default)]
pub struct Roll(HashMap<NodeKey, (At, u32)>);

impl Roll {
    /// Takes one more look: these are all there are, and when each was last heard of.
    pub fn look(&mut self, seen: impl IntoIterator<Item = (NodeKey, At)>) {
        let before = std::mem::take(&mut self.0);
        for (key, seen_at) in seen {
            let same = before.get(&key).filter(|(seen, _)| *seen == seen_at);
            let looks = same.map_or(0, |(_, looks)| looks.saturating_add(1));
            self.0.insert(key, (seen_at, looks));
        }
    }

    /// Whether nothing new has come from a node for as long as it takes.
    pub fn is_silent(&self, key: &NodeKey) -> bool {
        self.0.get(key).is_some_and(|(_, looks)| *looks >= LOOKS)
    }
}

/// A node as a message tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeFacts {
    /// What it is called.
    pub name: String,
    /// Where it probes from.
    pub location: String,
    /// What it does.
    pub roles: String,
    /// What it runs.
    pub version: String,
    /// Its last sign of life.
    pub seen_at: At,
    /// Since when it is silent, or was.
    pub silent_since: Option<At>,
    /// Since when its own network has trouble, or had.
    pub troubled_since: Option<At>,
}

impl NodeFacts {
    /// What is told of a node.
    pub fn of(node: &Node, news: NodeNews) -> Self {
        let silent = match news {
            NodeNews::Silent => Some(node.seen_at),
            NodeNews::Back => node.silent_since,
            NodeNews::Troubled | NodeNews::Calm => None,
        };
        let troubled = match news {
            NodeNews::Troubled => node.troubled_since,
            NodeNews::Calm => node.told_trouble,
            NodeNews::Silent | NodeNews::Back => None,
        };
        Self {
            name: node.key.name.clone(),
            location: node.key.location.clone(),
            roles: node.key.roles.clone(),
            version: node.version.clone(),
            seen_at: node.seen_at,
            silent_since: silent,
            troubled_since: troubled,
        }
    }

    /// What is told of an agent that was heard of at `seen_at`.
    pub fn of_agent(agent: &Agent, seen_at: At, news: NodeNews) -> Self {
        Self {
            name: agent.name.clone(),
            location: agent.location.clone(),
            roles: AGENT.to_owned(),
            version: agent.version.clone().unwrap_or_default(),
            seen_at,
            silent_since: match news {
                NodeNews::Silent => Some(seen_at),
                NodeNews::Back | NodeNews::Troubled | NodeNews::Calm => agent.silent_since,
            },
            troubled_since: None,
        }
    }

    /// Whether it is an agent, and no node of the installation.
    pub fn is_agent(&self) -> bool {
        self.roles == AGENT
    }

    /// What a service that keeps alerts knows this one by, from its beginning to its end.
    pub fn alert(&self) -> String {
        let is_network = self.troubled_since.is_some();
        let what = match self.is_agent() {
            true => "agent",
            false if is_network => "network",
            false => "node",
        };
        format!("{what}-{}-{}", self.location, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(seen: i64) -> Node {
        let key = NodeKey {
            name: "a".to_owned(),
            location: "local".to_owned(),
            roles: "web,probe".to_owned(),
        };
        Node {
            key,
            version: "0.1.0".to_owned(),
            started_at: At(0),
            seen_at: At(seen),
            lag_ms: None,
            in_flight: 0,
            troubled_since: None,
            silent_since: None,
            told_trouble: None,
        }
    }

    fn seen(at: i64) -> [(NodeKey, At); 1] {
        let node = node(at);
        [(node.key, node.seen_at)]
    }

    #[test]
    fn a_node_is_silent_after_eight_looks_without_a_word_whatever_its_clock_says() {
        let mut roll = Roll::default();
        for look in 0..LOOKS {
            roll.look(seen(-9_000_000));
            assert!(!roll.is_silent(&node(0).key), "{look}");
        }
        roll.look(seen(-9_000_000));
        assert!(roll.is_silent(&node(0).key));
        roll.look(seen(-8_999_999));
        assert!(!roll.is_silent(&node(0).key));
        roll.look([]);
        assert!(
            !roll.is_silent(&node(0).key),
            "who has left is nothing to wait for"
        );
    }

    #[test]
    fn each_thing_is_news_until_it_was_told() {
        let fine = node(1_000);
        assert_eq!(fine.news(false), None);
        assert_eq!(fine.news(true), Some(NodeNews::Silent));
        let silent = Node {
            silent_since: Some(At(1_000)),
            ..node(1_000)
        };
        assert_eq!(silent.news(true), None);
        let back = Node {
            seen_at: At(1_001),
            ..silent
        };
        assert_eq!(back.news(false), Some(NodeNews::Back));
        let troubled = Node {
            troubled_since: Some(At(5)),
            ..node(1_000)
        };
        assert_eq!(troubled.news(false), Some(NodeNews::Troubled));
        let told = Node {
            told_trouble: Some(At(5)),
            ..troubled
        };
        assert_eq!(told.news(false), None);
        let calm = Node {
            troubled_since: None,
            ..told
        };
        assert_eq!(calm.news(false), Some(NodeNews::Calm));
    }
}
