//! The words for what happens to a node: for whoever runs the installation.

use super::words::{duration, in_short, moment};
use super::{Message, Tone, fact};
use crate::domain::at::At;
use crate::domain::node::NodeFacts;
use crate::domain::notification::{Content, Event};
use crate::domain::untrusted::{MAX_QUOTE, line};

pub(super) fn of(event: Event, node: &NodeFacts, content: &Content, public_url: &str) -> Message {
    let name = line(&node.name, MAX_QUOTE);
    let location = line(&node.location, MAX_QUOTE);
    let lasted =
        |since: Option<At>| duration(content.at.ms_since(since.unwrap_or(content.at)) / 1_000);
    let is_agent = node.is_agent();
    let (silent, back) = if is_agent {
        ("AGENT SILENT", "AGENT BACK")
    } else {
        ("NODE SILENT", "NODE BACK")
    };
    let more = if is_agent || node.roles.contains("probe") {
        format!("; what only {location} checks is unknown")
    } else {
        String::new()
    };
    let (status, tone, reason, hint) = match event {
        Event::NodeTroubled => (
            "NODE TROUBLED",
            Tone::Bad,
            "Its own network has trouble: it cannot reach hosts that answered before. Until it can, they are unknown and nobody else is told.".to_owned(),
            Some("Look at its network and its name servers. If the servers themselves are down, name LIFESIGN_CANARY_ADDRESSES: they tell the one from the other."),
        ),
        Event::NodeBack if node.troubled_since.is_some() => (
            "NODE BACK",
            Tone::Good,
            format!("Its own network works again, after {}.", lasted(node.troubled_since)),
            None,
        ),
        Event::NodeBack => (
            back,
            Tone::Good,
            format!("It is heard of again, after {}.", lasted(node.silent_since)),
            None,
        ),
        _ => (
            silent,
            Tone::Bad,
            format!("Not heard of for {}{more}.", lasted(node.silent_since)),
            Some(if is_agent {
                "Look at the machine of the agent, at its log, and whether it reaches this server. What it sees meanwhile it keeps on disk."
            } else {
                "Look at the machine and at the log of the node. One that is stopped with SIGTERM says goodbye and is not missed."
            }),
        ),
    };
    let mut facts = vec![fact("Location", location)];
    if !is_agent {
        facts.push(fact("Roles", line(&node.roles, MAX_QUOTE)));
    }
    facts.push(fact("Version", line(&node.version, MAX_QUOTE)));
    facts.push(fact("Last heard of", moment(node.seen_at)));
    if let Some(since) = node.troubled_since {
        facts.push(fact("Trouble since", moment(since)));
    }
    Message {
        tone,
        subject: format!("{status} {name}: {}", in_short(&reason)),
        status: status.to_owned(),
        name,
        reason,
        facts,
        changed: vec![],
        hint: hint.map(str::to_owned),
        link: format!("{public_url}/system"),
        acknowledge: None,
        body: None,
        footer: if is_agent {
            "You receive this because this channel hears of nodes and agents."
        } else {
            "You receive this because this channel hears of the nodes of this installation."
        },
    }
}
