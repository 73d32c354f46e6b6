//! What trouble an installation has of its own, in words for those who look at its pages.

use std::collections::BTreeSet;
use std::time::Duration;

use super::at::At;
use super::node::Node;

/// A scheduler that is later than this is said to be.
pub const LATE: Duration = Duration::from_secs(30);
/// A message that has waited longer than this is said to.
pub const UNSENT: Duration = Duration::from_mins(5);

/// One trouble of our own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Woe {
    /// Since when.
    pub since: At,
    /// What, in a sentence for whoever runs the installation.
    pub text: String,
    /// Whether what the pages show of servers may be old or unknown because of it.
    pub is_seen: bool,
}

/// The locations from which nobody checks any more, because every node there that did is silent.
pub fn abandoned(nodes: &[Node]) -> BTreeSet<&str> {
    let of = |is_silent: bool| {
        let probing = nodes.iter().filter(|node| node.probes());
        probing
            .filter(move |node| node.silent_since.is_some() == is_silent)
            .map(|node| &*node.key.location)
            .collect::<BTreeSet<&str>>()
    };
    &of(true) - &of(false)
}

/// The troubles of an installation with these nodes, the oldest first. `missed` are the locations
/// that [are abandoned](abandoned) and that monitors are checked from.
pub fn woes(nodes: &[Node], missed: &BTreeSet<&str>) -> Vec<Woe> {
    let is_heard = |node: &&Node| node.silent_since.is_none();
    let mut woes: Vec<Woe> = nodes
        .iter()
        .filter_map(|node| silent(node, missed))
        .collect();
    woes.extend(nodes.iter().filter(is_heard).flat_map(of_running));
    woes.sort_by_key(|woe| woe.since);
    woes
}

fn silent(node: &Node, missed: &BTreeSet<&str>) -> Option<Woe> {
    let (name, location) = (&node.key.name, &node.key.location);
    let is_blind = node.probes() && missed.contains(&**location);
    let more = if is_blind {
        format!("; nobody checks from {location}")
    } else {
        String::new()
    };
    Some(Woe {
        since: node.silent_since?,
        text: format!("Node {name} has not been heard of{more}."),
        is_seen: is_blind,
    })
}

fn of_running(node: &Node) -> Vec<Woe> {
    let name = &node.key.name;
    let mut woes = Vec::new();
    if let Some(since) = node.troubled_since {
        let text = format!(
            "The network of node {name} has trouble: servers that it cannot reach are unknown."
        );
        woes.push(Woe {
            since,
            text,
            is_seen: true,
        });
    }
    let late = i64::try_from(LATE.as_millis()).unwrap_or(i64::MAX);
    if let Some(lag) = node.lag_ms.filter(|lag| *lag >= late) {
        woes.push(Woe {
            since: At(node.seen_at.0.saturating_sub(lag)),
            text: format!("Checks of node {name} are late by {} s.", lag / 1_000),
            is_seen: true,
        });
    }
    woes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::node::NodeKey;

    fn node(name: &str, location: &str, roles: &str) -> Node {
        let key = NodeKey {
            name: name.to_owned(),
            location: location.to_owned(),
            roles: roles.to_owned(),
        };
        Node {
            key,
            version: "0.1.0".to_owned(),
            started_at: At(0),
            seen_at: At(100_000),
            lag_ms: Some(10_000),
            in_flight: 0,
            troubled_since: None,
            silent_since: None,
            told_trouble: None,
        }
    }

    #[test]
    fn an_installation_that_works_has_none() {
        assert_eq!(woes(&[node("a", "fra", "web,probe")], &BTreeSet::new()), []);
    }

    #[test]
    fn a_silent_node_is_seen_where_nobody_else_checks() {
        let silent = |name: &str, location: &str| Node {
            silent_since: Some(At(40_000)),
            lag_ms: Some(99_000),
            ..node(name, location, "probe")
        };
        let nodes = [
            node("a", "fra", "probe"),
            silent("b", "fra"),
            silent("c", "nyc"),
        ];
        let missed = abandoned(&nodes);
        assert_eq!(missed, BTreeSet::from(["nyc"]));
        let said = woes(&nodes, &missed);
        let texts: Vec<(&str, bool)> = said.iter().map(|woe| (&*woe.text, woe.is_seen)).collect();
        let expected = [
            ("Node b has not been heard of.", false),
            (
                "Node c has not been heard of; nobody checks from nyc.",
                true,
            ),
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn late_checks_and_a_troubled_network_are_told_with_their_beginning() {
        let late = Node {
            lag_ms: Some(31_000),
            troubled_since: Some(At(50_000)),
            ..node("a", "fra", "probe")
        };
        let woes = woes(&[late], &BTreeSet::new());
        let since: Vec<At> = woes.iter().map(|woe| woe.since).collect();
        assert_eq!(since, [At(50_000), At(69_000)]);
    }
}
