//! What status pages tell their subscribers, and to whom of them it has been addressed.
//!
//! That something was written of an incident stands in `incident_news`, put there by the transaction
//! that wrote it. What follows from it is told once, however often somebody looks.

use super::codec::{Origin, document, row};
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::id::{IncidentId, MonitorId, NewsId, StatusPageId, SubscriberId, TeamId};
use crate::domain::news::News;
use crate::domain::news::NewsContent;

row! {
    struct NewsRow {
        id: NewsId,
        team_id: TeamId,
        status_page_id: StatusPageId,
        about: uuid::Uuid,
        name: String,
        content: String,
        created_at: At,
        told_to: Option<SubscriberId>,
    }
}

/// An incident of which something was written that the public may have to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangedIncident {
    /// Whose it is.
    pub team: TeamId,
    /// Which.
    pub id: IncidentId,
}

/// News that have not been addressed to all who hear them.
#[derive(Debug)]
pub struct UntoldNews {
    /// Which.
    pub id: NewsId,
    /// The news; an error when they cannot be read.
    pub news: Result<News, StoreError>,
    /// Whose page it is.
    pub team: TeamId,
    /// The subscriber up to whom they are.
    pub told_to: Option<SubscriberId>,
}

impl NewsRow {
    fn untold(self) -> UntoldNews {
        let at = Origin {
            table: "news",
            id: self.id,
        };
        let content = at.document::<NewsContent>("content", &self.content);
        UntoldNews {
            id: self.id,
            team: self.team_id,
            told_to: self.told_to,
            news: content.map(|content| News {
                id: self.id,
                team: self.team_id,
                page: self.status_page_id,
                about: self.about,
                name: self.name,
                content,
                created_at: self.created_at,
            }),
        }
    }
}

impl Store {
    /// The incidents of which something was written since somebody looked last, at most `limit`.
    pub async fn changed_incidents(&self, limit: u32) -> Result<Vec<ChangedIncident>, StoreError> {
        let rows: Vec<(TeamId, IncidentId)> = self.db.all(CHANGED, (i64::from(limit),)).await?;
        let changed = |(team, id)| ChangedIncident { team, id };
        Ok(rows.into_iter().map(changed).collect())
    }

    /// The status pages of a team that show a monitor, at most `limit`.
    pub async fn pages_of(
        &self,
        team: TeamId,
        monitor: MonitorId,
        limit: u32,
    ) -> Result<Vec<StatusPageId>, StoreError> {
        let params = (team, monitor, i64::from(limit));
        let rows: Vec<(StatusPageId,)> = self.db.all(PAGES_OF, params).await?;
        Ok(rows.into_iter().map(|(page,)| page).collect())
    }

    /// The oldest news that are not addressed to all who hear them, at most `limit`.
    pub async fn untold_news(&self, limit: u32) -> Result<Vec<UntoldNews>, StoreError> {
        let rows: Vec<NewsRow> = self.db.all(UNTOLD_NEWS, (i64::from(limit),)).await?;
        Ok(rows.into_iter().map(NewsRow::untold).collect())
    }

    /// Deletes news that were addressed to everybody before `before`, with their letters.
    pub async fn drop_news(&self, before: At, limit: u32) -> Result<u64, StoreError> {
        self.db.run(DROP_NEWS, (before, i64::from(limit))).await
    }
}

impl Tx {
    /// Takes note that somebody looks at what was written of an incident. Read the incident in the
    /// same transaction, before.
    pub async fn take_changed(&mut self, changed: ChangedIncident) -> Result<(), StoreError> {
        let params = (changed.team, changed.id);
        self.db.run(TAKE_CHANGED, params).await?;
        Ok(())
    }

    /// Adds news that were not there. Says whether they were not.
    pub async fn add_news(&mut self, news: &News) -> Result<bool, StoreError> {
        let row = (
            news.id,
            news.team,
            news.page,
            news.about,
            &*news.name,
            document(&news.content)?,
            news.created_at,
        );
        Ok(self.db.run(ADD_NEWS, row).await? > 0)
    }

    /// News are addressed to all up to this subscriber; to all there are with `finished_at`.
    pub async fn news_told(
        &mut self,
        (team, id): (TeamId, NewsId),
        told_to: Option<SubscriberId>,
        finished_at: Option<At>,
    ) -> Result<(), StoreError> {
        let row = (team, id, told_to, finished_at);
        self.db.run(NEWS_TOLD, row).await?;
        Ok(())
    }
}

const CHANGED: &str =
    "SELECT team_id, incident_id FROM incident_news ORDER BY incident_id LIMIT $1";
const TAKE_CHANGED: &str = "DELETE FROM incident_news WHERE team_id = $1 AND incident_id = $2";
const PAGES_OF: &str = "
    SELECT DISTINCT status_page_id FROM status_component
     WHERE team_id = $1 AND monitor_id = $2 ORDER BY status_page_id LIMIT $3";
const UNTOLD_NEWS: &str = "
    SELECT id, team_id, status_page_id, about, name, content, created_at, told_to
      FROM news WHERE finished_at IS NULL ORDER BY id LIMIT $1";
const DROP_NEWS: &str = "
    WITH old AS MATERIALIZED (
        SELECT id FROM news WHERE finished_at < $1 ORDER BY finished_at LIMIT $2)
    DELETE FROM news WHERE id IN (SELECT id FROM old)";
const ADD_NEWS: &str = "
    INSERT INTO news (id, team_id, status_page_id, about, name, content, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (status_page_id, about, name) DO NOTHING";
const NEWS_TOLD: &str = "
    UPDATE news SET told_to = $3, finished_at = $4 WHERE team_id = $1 AND id = $2";
