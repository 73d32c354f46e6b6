//! The list of monitors in groups: one for each tag, and one for those without any.

use std::collections::HashMap;

use super::codec::{Page, place, row};
use super::overviews::Overview;
use super::shown::{OverviewFilter, pattern, rank, shown};
use super::{Store, StoreError};
use crate::domain::at::At;
use crate::domain::id::{MonitorId, TeamId};
use crate::domain::status::MonitorStatus;

row! {
    struct GroupedRow {
        id: MonitorId,
        tag: String,
        is_bare: i64,
        place: i64,
        sort_name: String,
    }
}

/// Where a page of groups ends: whether it is the group without a tag, the tag, and the place in it.
type Place = (i64, String, i64, String, uuid::Uuid);

impl Store {
    /// The monitors of a team that fit by tag, each in the group of each of its tags, broken first
    /// within a group. The tag of those without any is empty, and they come last.
    pub async fn overviews_by_tag(
        &self,
        team: TeamId,
        filter: &OverviewFilter,
        cursor: Option<&str>,
        limit: usize,
        now: At,
    ) -> Result<Page<(String, Overview)>, StoreError> {
        let (bare, tag, rank, name, id) = match place::<Place>(cursor)? {
            Some((bare, tag, rank, name, id)) => {
                (Some(bare), Some(tag), Some(rank), Some(name), Some(id))
            }
            None => (None, None, None, None, None),
        };
        let status = filter.status.map(MonitorStatus::as_str);
        let text = filter.text.as_deref().map(pattern);
        let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let wanted = (
            team,
            status,
            filter.tag.as_deref(),
            text,
            bare,
            tag,
            rank,
            name,
            id,
            most,
        );
        let rows: Vec<GroupedRow> = self.db.all(GROUPED, wanted).await?;
        let page = Page::cut(rows, limit, |row| {
            let name = row.sort_name.clone();
            (row.is_bare, row.tag.clone(), row.place, name, row.id)
        })?;
        let mut ids: Vec<MonitorId> = page.rows.iter().map(|row| row.id).collect();
        ids.sort_unstable();
        ids.dedup();
        let overviews = self.overviews_of(team, &ids, now).await?;
        let by_id = overviews.into_iter().map(|found| (found.monitor.id, found));
        let by_id: HashMap<_, _> = by_id.collect();
        let rows = page.rows.into_iter();
        let found = rows.filter_map(|row| Some((row.tag, by_id.get(&row.id)?.clone())));
        Ok(Page {
            rows: found.collect(),
            next: page.next,
        })
    }
}

const GROUPED: &str = concat!(
    "SELECT id, tag, is_bare, place, sort_name FROM (
     SELECT m.id, COALESCE(g.tag, '') AS tag, LOWER(m.name) AS sort_name, ",
    rank!(),
    " AS place, CAST(CASE WHEN g.tag IS NULL THEN 1 ELSE 0 END AS BIGINT) AS is_bare",
    shown!(" LEFT JOIN monitor_tag g ON g.monitor_id = m.id"),
    ") AS listed
      WHERE $5 IS NULL OR (is_bare, tag, place, sort_name, id) > ($5, $6, $7, $8, $9)
      ORDER BY is_bare, tag, place, sort_name, id LIMIT $10"
);
