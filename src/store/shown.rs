//! Which monitors a list shows, and in which order: pieces of statements that every list shares.

use crate::domain::status::MonitorStatus;

/// Which monitors to list; all of them by default.
#[derive(Clone, Debug, Default)]
pub struct OverviewFilter {
    /// In this status only.
    pub status: Option<MonitorStatus>,
    /// With this tag only.
    pub tag: Option<String>,
    /// With this in name, address or tags.
    pub text: Option<String>,
}

/// What is searched for, as a pattern: in lower case, anywhere, no sign special.
pub(super) fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for sign in text.trim().to_lowercase().chars() {
        if matches!(sign, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(sign);
    }
    pattern + "%"
}

/// Where a monitor stands in the list by its status: broken ones first.
macro_rules! rank {
    () => {
        "CAST(CASE WHEN m.paused THEN 5 WHEN s.status = 'down' THEN 0
                   WHEN s.status = 'degraded' THEN 1 WHEN s.status = 'unknown' THEN 2
                   WHEN s.status = 'pending' THEN 3 ELSE 4 END AS BIGINT)"
    };
}
pub(super) use rank;

/// The monitors of the team `$1` in the status `$2`, with the tag `$3` and the text `$4`.
macro_rules! shown {
    () => {
        shown!("")
    };
    ($joined:literal) => {
        concat!(
            " FROM monitor m JOIN monitor_state s ON s.monitor_id = m.id",
            $joined,
            " WHERE m.team_id = $1
                AND ($2 IS NULL OR CASE WHEN m.paused THEN 'paused' ELSE s.status END = $2)
                AND ($3 IS NULL OR EXISTS (SELECT 1 FROM monitor_tag t
                                            WHERE t.monitor_id = m.id AND t.tag = $3))
                AND ($4 IS NULL OR m.words LIKE $4 ESCAPE '\\')"
        )
    };
}
pub(super) use shown;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sign_of_a_search_is_special() {
        assert_eq!(pattern(" 50%_Ä\\ "), "%50\\%\\_ä\\\\%");
    }
}
