//! Two versions of a text with the words marked that are different.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};

/// How long two texts are compared; after that the rest counts as different.
const PATIENCE: Duration = Duration::from_millis(20);

/// Pieces of a text in their order, and whether the other version lacks them.
pub(super) type Pieces = Vec<(String, bool)>;

/// Both versions in pieces.
pub(super) fn marked(before: &str, after: &str) -> (Pieces, Pieces) {
    let diff = TextDiff::configure()
        .timeout(PATIENCE)
        .diff_words(before, after);
    let (mut old, mut new) = (Pieces::new(), Pieces::new());
    for change in diff.iter_all_changes() {
        let (text, tag) = (change.value(), change.tag());
        if tag != ChangeTag::Insert {
            add(&mut old, text, tag == ChangeTag::Delete);
        }
        if tag != ChangeTag::Delete {
            add(&mut new, text, tag == ChangeTag::Insert);
        }
    }
    (old, new)
}

fn add(pieces: &mut Pieces, text: &str, is_other: bool) {
    match pieces.last_mut() {
        Some((last, known)) if *known == is_other => last.push_str(text),
        _ => pieces.push((text.to_owned(), is_other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_different_is_marked_by_the_word() {
        let (before, after) = marked("Finds documents by name.", "Finds all documents by title.");
        let shown = |pieces: &Pieces| {
            let pieces = pieces.iter();
            let pieces = pieces.map(|(text, is_other)| match is_other {
                true => format!("[{text}]"),
                false => text.clone(),
            });
            pieces.collect::<String>()
        };
        assert_eq!(shown(&before), "Finds documents by [name.]");
        assert_eq!(shown(&after), "Finds [all ]documents by [title.]");
        assert_eq!(marked("same", "same").0, [("same".to_owned(), false)]);
        assert_eq!(marked("", "").1, []);
    }
}
