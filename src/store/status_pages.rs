//! Status pages and their components.

use super::codec::row;
use super::db::Many;
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::id::{MonitorId, StatusPageId, TeamId};
use crate::domain::status_page::{Component, StatusPage};

row! {
    struct PageRow {
        id: StatusPageId,
        team_id: TeamId,
        slug: String,
        title: String,
        is_public: bool,
    }
}

row! {
    struct ComponentRow {
        status_page_id: StatusPageId,
        monitor_id: MonitorId,
        name: Option<String>,
    }
}

impl PageRow {
    fn with(self, components: &[ComponentRow]) -> StatusPage {
        let own = components
            .iter()
            .filter(|line| line.status_page_id == self.id);
        let component = |line: &ComponentRow| Component {
            monitor: line.monitor_id,
            name: line.name.clone(),
        };
        StatusPage {
            components: own.map(component).collect(),
            id: self.id,
            team: self.team_id,
            slug: self.slug,
            title: self.title,
            is_public: self.is_public,
        }
    }
}

impl Store {
    /// The status pages of a team by title, at most `limit`.
    pub async fn status_pages(
        &self,
        team: TeamId,
        limit: usize,
    ) -> Result<Vec<StatusPage>, StoreError> {
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let pages: Vec<PageRow> = self.db.all(PAGES, (team, most)).await?;
        let lines: Vec<ComponentRow> = self.db.all(COMPONENTS_OF_TEAM, (team,)).await?;
        Ok(pages.into_iter().map(|page| page.with(&lines)).collect())
    }

    /// A status page of a team.
    pub async fn status_page(
        &self,
        team: TeamId,
        id: StatusPageId,
    ) -> Result<Option<StatusPage>, StoreError> {
        let page: Option<PageRow> = self.db.optional(PAGE, (team, id)).await?;
        self.with_components(page).await
    }

    /// The public status page at a slug. One that is not public is not there.
    pub async fn public_status_page(&self, slug: &str) -> Result<Option<StatusPage>, StoreError> {
        let page: Option<PageRow> = self.db.optional(PUBLIC_PAGE, (slug,)).await?;
        self.with_components(page).await
    }

    async fn with_components(
        &self,
        page: Option<PageRow>,
    ) -> Result<Option<StatusPage>, StoreError> {
        let Some(page) = page else { return Ok(None) };
        let lines: Vec<ComponentRow> = self.db.all(COMPONENTS, (page.id,)).await?;
        Ok(Some(page.with(&lines)))
    }
}

impl Tx {
    /// Adds a status page. [`StoreError::Conflict`] when the slug is taken. False, and nothing
    /// may be committed, when a component is not a monitor of the team.
    pub async fn add_status_page(
        &mut self,
        page: &StatusPage,
        now: At,
    ) -> Result<bool, StoreError> {
        let row = (
            page.id,
            page.team,
            &*page.slug,
            &*page.title,
            page.is_public,
            now,
        );
        self.db.run(ADD_PAGE, row).await?;
        self.add_components(page).await
    }

    /// Changes a status page and its lines. [`StoreError::Conflict`] when the slug is taken.
    /// False, and nothing may be committed, when the page is gone or a component is not a monitor
    /// of the team.
    pub async fn save_status_page(&mut self, page: &StatusPage) -> Result<bool, StoreError> {
        let row = (
            page.team,
            page.id,
            &*page.slug,
            &*page.title,
            page.is_public,
        );
        if self.db.run(SAVE_PAGE, row).await? == 0 {
            return Ok(false);
        }
        self.db.run(DROP_COMPONENTS, (page.id,)).await?;
        self.add_components(page).await
    }

    async fn add_components(&mut self, page: &StatusPage) -> Result<bool, StoreError> {
        let line = |(place, line): (i64, &_)| {
            let Component { monitor, name } = line;
            (page.id, place, page.team, *monitor, name.clone())
        };
        let lines = (0..).zip(&page.components).map(line);
        let added = self.db.many(ADD_COMPONENTS, lines).await?;
        Ok(usize::try_from(added).is_ok_and(|added| added == page.components.len()))
    }

    /// Deletes a status page. False when it is gone already.
    pub async fn delete_status_page(
        &mut self,
        team: TeamId,
        id: StatusPageId,
    ) -> Result<bool, StoreError> {
        Ok(self.db.run(DELETE_PAGE, (team, id)).await? > 0)
    }
}

const PAGES: &str = "
    SELECT id, team_id, slug, title, is_public FROM status_page
     WHERE team_id = $1 ORDER BY title, id LIMIT $2";
const PAGE: &str = "
    SELECT id, team_id, slug, title, is_public FROM status_page WHERE team_id = $1 AND id = $2";
const PUBLIC_PAGE: &str = "
    SELECT id, team_id, slug, title, is_public FROM status_page WHERE slug = $1 AND is_public";
const COMPONENTS_OF_TEAM: &str = "
    SELECT c.status_page_id, c.monitor_id, c.name
      FROM status_component c JOIN status_page p ON p.id = c.status_page_id
     WHERE p.team_id = $1 ORDER BY c.status_page_id, c.place";
const COMPONENTS: &str = "
    SELECT status_page_id, monitor_id, name FROM status_component
     WHERE status_page_id = $1 ORDER BY place";
const ADD_PAGE: &str = "
    INSERT INTO status_page (id, team_id, slug, title, is_public, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)";
const SAVE_PAGE: &str = "
    UPDATE status_page SET slug = $3, title = $4, is_public = $5 WHERE team_id = $1 AND id = $2";
const DROP_COMPONENTS: &str = "DELETE FROM status_component WHERE status_page_id = $1";
const ADD_COMPONENTS: Many = Many {
    head: "WITH v(page, place, team, monitor, name) AS (VALUES",
    tail: ") INSERT INTO status_component (status_page_id, place, team_id, monitor_id, name)
           SELECT v.page, v.place, v.team, m.id, v.name
             FROM v JOIN monitor m ON m.id = v.monitor AND m.team_id = v.team",
};
const DELETE_PAGE: &str = "DELETE FROM status_page WHERE team_id = $1 AND id = $2";
