//! The pages of a tool list: followed to their end, or to where they stop making sense
//! (mcp.md §1.5). Every SDK ignores a cursor that it does not know, so that a list whose cursors
//! get lost on the way never ends.

use std::collections::HashSet;

use serde_json::Value;

use crate::domain::trouble::ToolsTrouble;

/// Most pages.
const MAX_PAGES: u32 = 50;
/// Most tools.
const MAX_TOOLS: usize = 5_000;
/// Pages in a row without a new tool.
const MAX_STALE: u32 = 2;

/// The tools so far.
#[derive(Default)]
pub(super) struct Pages {
    tools: Vec<Value>,
    names: HashSet<String>,
    cursors: HashSet<String>,
    cursor: Option<String>,
    count: u32,
    stale: u32,
    may_be_empty: bool,
}

impl Pages {
    /// Pages of a revision in which an empty cursor is one like any other (2026-07-28).
    pub(super) fn with_empty_cursors() -> Self {
        Self {
            may_be_empty: true,
            ..Self::default()
        }
    }

    /// Where the next page begins.
    pub(super) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// Pages so far.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// All of them.
    pub(super) fn into_tools(self) -> Vec<Value> {
        self.tools
    }

    /// Takes in a page; true when there is another one.
    pub(super) fn add(&mut self, mut page: Value) -> Result<bool, ToolsTrouble> {
        let Some(tools) = page.get_mut("tools").map(Value::take) else {
            return Err(ToolsTrouble::ResultInvalid("there is no 'tools'"));
        };
        let Value::Array(tools) = tools else {
            return Err(ToolsTrouble::ResultInvalid("'tools' is not an array"));
        };
        self.count += 1;
        let next = match page.get("nextCursor") {
            None | Some(Value::Null) => None,
            Some(Value::String(cursor)) => Some(cursor.clone()),
            Some(_) => return Err(ToolsTrouble::ResultInvalid("'nextCursor' is not a text")),
        };
        if self.count == 1 && next.is_none() {
            // The usual case: one page, and nothing to compare it with.
            self.tools = tools;
            return Ok(false);
        }
        let known = self.names.len();
        self.names.extend(
            tools
                .iter()
                .filter_map(|tool| tool.get("name").and_then(Value::as_str))
                .map(str::to_owned),
        );
        // A page that was there before would make every tool look like a duplicate.
        if self.count == 1 || self.names.len() > known {
            self.stale = 0;
            self.tools.extend(tools);
        } else {
            self.stale += 1;
        }
        let Some(next) = next else { return Ok(false) };
        if next.is_empty() && !self.may_be_empty {
            return Err(ToolsTrouble::EmptyCursor);
        }
        if !self.cursors.insert(next.clone()) {
            return Err(ToolsTrouble::Loop("a cursor comes back"));
        }
        if self.stale >= MAX_STALE {
            return Err(ToolsTrouble::Loop("pages bring nothing new"));
        }
        if self.count >= MAX_PAGES {
            return Err(ToolsTrouble::Loop("more than 50 pages"));
        }
        if self.tools.len() >= MAX_TOOLS {
            return Err(ToolsTrouble::Loop("more than 5,000 tools"));
        }
        self.cursor = Some(next);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page(names: &[&str], cursor: Option<&str>) -> Value {
        let tools: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
        json!({ "tools": tools, "nextCursor": cursor })
    }

    #[test]
    fn pages_are_put_together_to_their_end() {
        let mut pages = Pages::default();
        assert_eq!(pages.add(page(&["a"], Some("1"))), Ok(true));
        assert_eq!(pages.cursor(), Some("1"));
        assert_eq!(pages.add(page(&["b"], None)), Ok(false));
        assert_eq!(pages.tools.len(), 2);
    }

    #[test]
    fn a_list_without_end_is_left_and_its_repetitions_are_not_counted() {
        let mut pages = Pages::default();
        assert_eq!(pages.add(page(&["a"], Some("1"))), Ok(true));
        assert_eq!(
            pages.add(page(&["a"], Some("1"))),
            Err(ToolsTrouble::Loop("a cursor comes back"))
        );
        assert_eq!(pages.tools.len(), 1);
        let mut pages = Pages::default();
        let mut last = Ok(true);
        for n in 0..60 {
            last = pages.add(page(&["a"], Some(&n.to_string())));
            if last.is_err() {
                break;
            }
        }
        assert_eq!(last, Err(ToolsTrouble::Loop("pages bring nothing new")));
        let mut pages = Pages::default();
        for n in 0..60 {
            last = pages.add(page(&[&format!("t{n}")], Some(&n.to_string())));
            if last.is_err() {
                break;
            }
        }
        assert_eq!(last, Err(ToolsTrouble::Loop("more than 50 pages")));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for page in [
            json!({}),
            json!({"tools": {}}),
            json!(null),
            json!({"tools": [], "nextCursor": 7}),
        ] {
            assert!(matches!(
                Pages::default().add(page),
                Err(ToolsTrouble::ResultInvalid(_))
            ));
        }
        let empty = Pages::default().add(page(&["a"], Some("")));
        assert_eq!(empty, Err(ToolsTrouble::EmptyCursor));
    }
}
