//! Announcements on status pages.

use super::codec::row;
use super::{Store, StoreError, Tx};
use crate::domain::announcement::Announcement;
use crate::domain::at::At;
use crate::domain::id::{AnnouncementId, StatusPageId, TeamId};

row! {
    struct AnnouncementRow {
        id: AnnouncementId,
        team_id: TeamId,
        status_page_id: StatusPageId,
        title: String,
        text: String,
        ends_at: Option<At>,
        created_at: At,
        updated_at: At,
    }
}

impl From<AnnouncementRow> for Announcement {
    fn from(row: AnnouncementRow) -> Self {
        Self {
            id: row.id,
            team: row.team_id,
            page: row.status_page_id,
            title: row.title,
            text: row.text,
            ends_at: row.ends_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl Store {
    /// The announcements of a page of a team, newest first, at most `limit`; only those that are
    /// still shown at `shown_at`, if it is given.
    pub async fn announcements(
        &self,
        team: TeamId,
        page: StatusPageId,
        shown_at: Option<At>,
        limit: usize,
    ) -> Result<Vec<Announcement>, StoreError> {
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let params = (team, page, shown_at, most);
        let rows: Vec<AnnouncementRow> = self.db.all(ANNOUNCEMENTS, params).await?;
        Ok(rows.into_iter().map(Announcement::from).collect())
    }

    /// An announcement of a page of a team.
    pub async fn announcement(
        &self,
        team: TeamId,
        page: StatusPageId,
        id: AnnouncementId,
    ) -> Result<Option<Announcement>, StoreError> {
        let row: Option<AnnouncementRow> = self.db.optional(ANNOUNCEMENT, (team, page, id)).await?;
        Ok(row.map(Announcement::from))
    }
}

impl Tx {
    /// Adds an announcement. False when its page is not one of the team, or has `most` already.
    pub async fn add_announcement(
        &mut self,
        announcement: &Announcement,
        most: usize,
    ) -> Result<bool, StoreError> {
        let row = (
            announcement.id,
            announcement.team,
            announcement.page,
            &*announcement.title,
            &*announcement.text,
            announcement.ends_at,
            announcement.created_at,
            announcement.updated_at,
            i64::try_from(most).unwrap_or(i64::MAX),
        );
        Ok(self.db.run(ADD_ANNOUNCEMENT, row).await? > 0)
    }

    /// Changes an announcement. False when it is gone.
    pub async fn save_announcement(
        &mut self,
        announcement: &Announcement,
    ) -> Result<bool, StoreError> {
        let row = (
            announcement.team,
            announcement.page,
            announcement.id,
            &*announcement.title,
            &*announcement.text,
            announcement.ends_at,
            announcement.updated_at,
        );
        Ok(self.db.run(SAVE_ANNOUNCEMENT, row).await? > 0)
    }

    /// Deletes an announcement. False when it is gone already.
    pub async fn delete_announcement(
        &mut self,
        team: TeamId,
        page: StatusPageId,
        id: AnnouncementId,
    ) -> Result<bool, StoreError> {
        Ok(self.db.run(DELETE_ANNOUNCEMENT, (team, page, id)).await? > 0)
    }
}

const ANNOUNCEMENTS: &str = "
    SELECT id, team_id, status_page_id, title, text, ends_at, created_at, updated_at
      FROM announcement
     WHERE team_id = $1 AND status_page_id = $2
       AND ($3 IS NULL OR ends_at IS NULL OR ends_at > $3)
     ORDER BY created_at DESC, id DESC LIMIT $4";
const ANNOUNCEMENT: &str = "
    SELECT id, team_id, status_page_id, title, text, ends_at, created_at, updated_at
      FROM announcement WHERE team_id = $1 AND status_page_id = $2 AND id = $3";
const ADD_ANNOUNCEMENT: &str = "
    WITH v(id, team, page, title, text, ends_at, created_at, updated_at, most)
      AS (VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9))
    INSERT INTO announcement (id, team_id, status_page_id, title, text, ends_at, created_at,
                              updated_at)
    SELECT v.id, v.team, v.page, v.title, v.text, v.ends_at, v.created_at, v.updated_at
      FROM v JOIN status_page p ON p.id = v.page AND p.team_id = v.team
     WHERE (SELECT COUNT(*) FROM announcement a WHERE a.status_page_id = v.page) < v.most";
const SAVE_ANNOUNCEMENT: &str = "
    UPDATE announcement SET title = $4, text = $5, ends_at = $6, updated_at = $7
     WHERE team_id = $1 AND status_page_id = $2 AND id = $3";
const DELETE_ANNOUNCEMENT: &str = "
    DELETE FROM announcement WHERE team_id = $1 AND status_page_id = $2 AND id = $3";
