//! What a watch remembers of the tools between two checks: enough to see that they changed, that
//! they were there before, and that they are others at every turn.

use std::ops::Not;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{ToolSurface, hex};
use crate::domain::observation::Era;

/// Checks that are looked back upon.
const CHECKS: u32 = 10;
/// Different surfaces among them that make it a flapping one.
const FLAPPING: usize = 3;
/// Returns of an earlier surface among them that are no accident.
const RETURNS: usize = 2;
/// Digits of a hash that tell surfaces apart.
const DIGITS: usize = 12;

/// What is remembered of the tools.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ToolsMemory {
    /// The generation that they were listed in.
    pub era: Option<Era>,
    /// The hash of the surface that was seen last.
    pub hash: Option<String>,
    /// There were tools once.
    pub had_tools: bool,
    /// The order that the tools came in, in short.
    pub order: Option<String>,
    /// The same tools came in another order than the time before.
    #[serde(skip_serializing_if = "Not::not")]
    pub reordered: bool,
    /// The surfaces of the last checks, in short, oldest first: each with how many checks in a row saw it.
    pub runs: Vec<(String, u8)>,
    /// That they changed is held back: by maintenance, or until they come to rest.
    #[serde(skip_serializing_if = "Not::not")]
    pub is_untold: bool,
}

impl ToolsMemory {
    /// Takes note of a surface. Another generation of the protocol begins anew.
    pub fn saw(&mut self, surface: &ToolSurface, era: Option<Era>) {
        if self.era != era {
            *self = Self::default();
            self.era = era;
        }
        let order = short(&hex(&Sha256::digest(surface.names.join("\n"))));
        let is_same = self.hash.as_ref() == Some(&surface.hash);
        self.reordered = is_same && self.order.as_ref().is_some_and(|known| *known != order);
        self.order = Some(order);
        self.count(short(surface.hash.trim_start_matches("sha256:")));
        self.had_tools |= !surface.names.is_empty();
        self.hash = Some(surface.hash.clone());
    }

    /// Whether the surfaces quarrel with each other: a change is then nothing to be told apart.
    pub fn is_restless(&self) -> bool {
        self.flapping().is_some() || self.comes_and_goes()
    }

    /// Whether surfaces that had gone came back, more than once in the last checks: more than a
    /// change that was taken back.
    pub fn comes_and_goes(&self) -> bool {
        let back = |place: &usize| {
            let (surface, _) = &self.runs[*place];
            self.runs[..*place]
                .iter()
                .any(|(before, _)| before == surface)
        };
        (2..self.runs.len()).filter(back).count() >= RETURNS
    }

    /// How many different surfaces the last checks saw, when that is more than a change or two.
    pub fn flapping(&self) -> Option<usize> {
        let mut seen: Vec<&String> = self.runs.iter().map(|(surface, _)| surface).collect();
        seen.sort_unstable();
        seen.dedup();
        (seen.len() >= FLAPPING).then_some(seen.len())
    }

    /// One more check saw this surface; what is older than the last checks is forgotten.
    fn count(&mut self, surface: String) {
        match self.runs.last_mut() {
            Some((last, checks)) if *last == surface => *checks = checks.saturating_add(1),
            _ => self.runs.push((surface, 1)),
        }
        let seen: u32 = self.runs.iter().map(|(_, checks)| u32::from(*checks)).sum();
        if seen > CHECKS
            && let Some((_, oldest)) = self.runs.first_mut()
        {
            *oldest = oldest.saturating_sub(1);
            self.runs.retain(|(_, checks)| *checks > 0);
        }
    }
}

/// Enough of a digest to tell surfaces apart.
fn short(digest: &str) -> String {
    digest.chars().take(DIGITS).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_that_come_and_go_are_told_from_a_change_that_was_taken_back() {
        let seen = |lists: &[&str]| {
            let mut memory = ToolsMemory::default();
            for list in lists {
                memory.saw(&surface(&[list]), Some(Era::Modern));
            }
            memory.comes_and_goes()
        };
        assert!(!seen(&[]));
        assert!(!seen(&["a", "b", "a", "a"]));
        assert!(!seen(&["a", "b", "c", "d"]));
        assert!(seen(&["a", "b", "a", "b"]));
        assert!(seen(&["a", "a", "b", "b", "a", "c", "b"]));
    }

    fn surface(names: &[&str]) -> ToolSurface {
        let tools = names.iter().map(|name| json!({"name": name})).collect();
        ToolSurface::read(tools).unwrap()
    }

    #[test]
    fn three_surfaces_in_ten_checks_are_flapping_and_are_forgotten_after_ten() {
        let mut memory = ToolsMemory::default();
        for names in [&["a"][..], &["b"], &["a"], &["b"]] {
            memory.saw(&surface(names), Some(Era::Legacy));
        }
        assert_eq!(memory.flapping(), None);
        memory.saw(&surface(&["c"]), Some(Era::Legacy));
        assert_eq!(memory.flapping(), Some(3));
        for _ in 0..9 {
            memory.saw(&surface(&["c"]), Some(Era::Legacy));
        }
        assert_eq!(memory.flapping(), None);
        assert_eq!(
            memory.runs,
            [(short(&memory.hash.clone().unwrap()[7..]), 10)]
        );
        assert!(memory.had_tools);
        memory.saw(&surface(&[]), None);
        assert_eq!((memory.had_tools, memory.runs.len()), (false, 1));
    }
}
