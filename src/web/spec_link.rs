//! Where the specification of MCP says what a finding is about. Only pages that are known to exist
//! get an address; a reference to anything else stays text.

/// The site of the specification.
const SITE: &str = "https://modelcontextprotocol.io/specification";

/// Sections with a page of their own, and the revisions that have it.
const PAGES: [(&str, &[&str]); 11] = [
    (
        "basic",
        &[
            "2024-11-05",
            "2025-03-26",
            "2025-06-18",
            "2025-11-25",
            "2026-07-28",
        ],
    ),
    (
        "basic/lifecycle",
        &["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"],
    ),
    (
        "basic/transports",
        &["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"],
    ),
    (
        "basic/authorization",
        &["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"],
    ),
    ("basic/transports/streamable-http", &["2026-07-28"]),
    ("basic/versioning", &["2026-07-28"]),
    ("basic/utilities/tasks", &["2025-11-25"]),
    (
        "server/tools",
        &[
            "2024-11-05",
            "2025-03-26",
            "2025-06-18",
            "2025-11-25",
            "2026-07-28",
        ],
    ),
    (
        "server/utilities/logging",
        &["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"],
    ),
    (
        "server/utilities/pagination",
        &["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"],
    ),
    ("schema", &["2025-06-18", "2025-11-25", "2026-07-28"]),
];

/// The page behind a reference like `2025-11-25 basic/transports`; `None` where it is not known
/// that there is one.
pub fn href(reference: &str) -> Option<String> {
    let (revision, section) = reference.split_once(' ')?;
    let page = section.split(' ').next()?;
    let (_, revisions) = PAGES.iter().find(|(known, _)| *known == page)?;
    // A word after the page names something on it; only the schema has such.
    let is_whole = page == section || page == "schema";
    (is_whole && revisions.contains(&revision)).then(|| format!("{SITE}/{revision}/{page}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_that_there_are_have_an_address() {
        for (reference, page) in [
            (
                "2025-11-25 basic/transports",
                Some("2025-11-25/basic/transports"),
            ),
            ("2025-06-18 schema Tool", Some("2025-06-18/schema")),
            ("2024-11-05 basic/authorization", None),
            ("2026-07-28 server/utilities/caching", None),
            ("2025-03-26 deprecated (since 2025-03-26)", None),
            ("2025-11-25 basic/transports or so", None),
            ("\"><script> basic", None),
            ("", None),
        ] {
            let expected = page.map(|page| format!("{SITE}/{page}"));
            assert_eq!(href(reference), expected, "{reference}");
        }
    }
}
