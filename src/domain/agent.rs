//! Agents: probers in networks that do not reach the database. Each serves one location of the
//! monitors of its team, and no node does.

use super::at::At;
use super::id::{AgentId, TeamId};
use super::monitor::FieldError;
use super::node::{NodeKey, NodeNews};

/// Most agents of a team.
pub const MAX_AGENTS: usize = 50;
/// Most watches that one agent is given.
pub const MAX_WATCHES: u32 = 5_000;
/// Most agents of an installation that are looked at.
pub const MOST_AGENTS: u32 = 5_000;
/// Longest name of a location that an agent serves, in characters.
const MAX_LOCATION: usize = 64;

/// A prober without the database, and what was heard of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// Whose monitors it checks.
    pub team: TeamId,
    /// What people call it.
    pub name: String,
    /// From where.
    pub location: String,
    /// When it was made.
    pub created_at: At,
    /// What it runs, once it was heard of.
    pub version: Option<String>,
    /// When it was last heard of.
    pub seen_at: Option<At>,
    /// Since when it is silent, once that was noticed.
    pub silent_since: Option<At>,
}

impl Agent {
    /// What is to be told of it, where whoever looks has heard nothing new for so long or not. One
    /// that was never heard of is not missed.
    pub fn news(&self, is_silent: bool) -> Option<NodeNews> {
        let seen = self.seen_at?;
        match self.silent_since {
            None => is_silent.then_some(NodeNews::Silent),
            Some(since) => (seen > since).then_some(NodeNews::Back),
        }
    }

    /// What stands for it where signs of life are counted.
    pub fn key(&self) -> NodeKey {
        NodeKey {
            name: self.id.0.to_string(),
            location: self.location.clone(),
            roles: String::new(),
        }
    }
}

/// Reads the name of a location that an agent may serve; `anywhere` is the one that every node does.
pub fn location(text: &str, anywhere: &str) -> Result<String, FieldError> {
    let refuse = |message: &str| Err(FieldError::new("location", message));
    let text = text.trim();
    let is_word = !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == ',');
    if text.is_empty() || text.chars().count() > MAX_LOCATION || !is_word {
        return refuse("must be a short word, like office");
    }
    if text == anywhere {
        return refuse("is where every node of this installation checks from; choose another word");
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn it_is_missed_only_after_it_was_heard_of() {
        let agent = |seen: Option<i64>, silent: Option<i64>| Agent {
            id: AgentId(Uuid::nil()),
            team: TeamId(Uuid::nil()),
            name: "a".to_owned(),
            location: "office".to_owned(),
            created_at: At(0),
            version: None,
            seen_at: seen.map(At),
            silent_since: silent.map(At),
        };
        assert_eq!(agent(None, None).news(true), None);
        assert_eq!(agent(Some(1), None).news(false), None);
        assert_eq!(agent(Some(1), None).news(true), Some(NodeNews::Silent));
        assert_eq!(agent(Some(1), Some(1)).news(true), None);
        assert_eq!(agent(Some(2), Some(1)).news(false), Some(NodeNews::Back));
    }

    #[test]
    fn a_location_is_a_word_that_no_node_has() {
        assert_eq!(location(" office ", "local").unwrap(), "office");
        for bad in ["", "two words", "a,b", "local", &"x".repeat(65)] {
            let fault = location(bad, "local").unwrap_err();
            assert_eq!(fault.field, "location", "{bad}");
        }
    }
}
