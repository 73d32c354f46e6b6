//! Status pages and their components.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::codec::{Origin, row};
use super::db::Many;
use super::{Store, StoreError, Tx};
use crate::domain::accent::Accent;
use crate::domain::at::At;
use crate::domain::id::{MonitorId, StatusPageId, TeamId};
use crate::domain::logo::{Logo, LogoKind};
use crate::domain::sensitive::Sensitive;
use crate::domain::status_page::{Component, StatusPage, Visibility};

row! {
    struct PageRow {
        id: StatusPageId,
        team_id: TeamId,
        slug: String,
        title: String,
        is_public: bool,
        is_listed: bool,
        password_hash: Option<String>,
        domain: Option<String>,
        accent: Option<String>,
        logo: Option<String>,
    }
}

row! {
    struct ComponentRow {
        status_page_id: StatusPageId,
        monitor_id: MonitorId,
        name: Option<String>,
        section: Option<String>,
    }
}

impl PageRow {
    fn with(self, components: &[ComponentRow]) -> Result<StatusPage, StoreError> {
        let own = components
            .iter()
            .filter(|line| line.status_page_id == self.id);
        let component = |line: &ComponentRow| Component {
            monitor: line.monitor_id,
            name: line.name.clone(),
            group: line.section.clone(),
        };
        let visibility = match (self.is_public, self.is_listed, &self.password_hash) {
            (true, true, _) => Visibility::Public,
            (true, false, _) => Visibility::Unlisted,
            (false, _, Some(_)) => Visibility::Password,
            (false, _, None) => Visibility::Hidden,
        };
        let origin = Origin {
            table: "status_page",
            id: self.id,
        };
        let accent = self.accent.as_deref().map(Accent::parse).transpose();
        Ok(StatusPage {
            components: own.map(component).collect(),
            id: self.id,
            team: self.team_id,
            slug: self.slug,
            title: self.title,
            visibility,
            password_hash: self.password_hash.map(Sensitive::new),
            domain: self.domain,
            accent: accent.map_err(|_| origin.corrupt("accent"))?,
            logo: self.logo,
        })
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
        pages.into_iter().map(|page| page.with(&lines)).collect()
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

    /// The status page at a slug, for the public: whether it takes a password is for the caller to
    /// look at. One that is hidden is not there.
    pub async fn public_status_page(&self, slug: &str) -> Result<Option<StatusPage>, StoreError> {
        let page: Option<PageRow> = self.db.optional(PUBLIC_PAGE, (slug,)).await?;
        self.with_components(page).await
    }

    /// The host names that show a status page, with its slug, at most `limit`.
    pub async fn status_domains(&self, limit: usize) -> Result<Vec<(String, String)>, StoreError> {
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        self.db.all(DOMAINS, (most,)).await
    }

    /// Whether a host name shows another status page than this one, of whatever team.
    pub async fn is_status_domain_taken(
        &self,
        domain: &str,
        except: StatusPageId,
    ) -> Result<bool, StoreError> {
        let found: Option<(StatusPageId,)> =
            self.db.optional(DOMAIN_TAKEN, (domain, except)).await?;
        Ok(found.is_some())
    }

    /// The logo of a status page of a team.
    pub async fn status_logo(
        &self,
        team: TeamId,
        page: StatusPageId,
    ) -> Result<Option<Logo>, StoreError> {
        let found: Option<(String, String)> = self.db.optional(LOGO, (team, page)).await?;
        let Some((kind, content)) = found else {
            return Ok(None);
        };
        let origin = Origin {
            table: "status_logo",
            id: page,
        };
        let kind = origin.parsed("kind", LogoKind::parse(&kind))?;
        let bytes = origin.parsed("content", STANDARD.decode(content).ok())?;
        Ok(Some(Logo { kind, bytes }))
    }

    async fn with_components(
        &self,
        page: Option<PageRow>,
    ) -> Result<Option<StatusPage>, StoreError> {
        let Some(page) = page else { return Ok(None) };
        let lines: Vec<ComponentRow> = self.db.all(COMPONENTS, (page.id,)).await?;
        page.with(&lines).map(Some)
    }
}

impl Tx {
    /// Adds a status page without a logo. [`StoreError::Conflict`] when slug or domain is taken. False, and nothing
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
            page.visibility.is_open(),
            page.visibility != Visibility::Unlisted,
            page.password_hash.as_ref().map(Sensitive::expose),
            page.domain.as_deref(),
            page.accent.map(Accent::hex),
            now,
        );
        self.db.run(ADD_PAGE, row).await?;
        self.add_components(page).await
    }

    /// Changes a status page and its lines, not its logo. [`StoreError::Conflict`] when slug or
    /// domain is taken.
    /// False, and nothing may be committed, when the page is gone or a component is not a monitor
    /// of the team.
    pub async fn save_status_page(&mut self, page: &StatusPage) -> Result<bool, StoreError> {
        let row = (
            page.team,
            page.id,
            &*page.slug,
            &*page.title,
            page.visibility.is_open(),
            page.visibility != Visibility::Unlisted,
            page.password_hash.as_ref().map(Sensitive::expose),
            page.domain.as_deref(),
            page.accent.map(Accent::hex),
        );
        if self.db.run(SAVE_PAGE, row).await? == 0 {
            return Ok(false);
        }
        self.db.run(DROP_COMPONENTS, (page.id,)).await?;
        self.add_components(page).await
    }

    async fn add_components(&mut self, page: &StatusPage) -> Result<bool, StoreError> {
        let line = |(place, line): (i64, &_)| {
            let Component {
                monitor,
                name,
                group,
            } = line;
            (
                page.id,
                place,
                page.team,
                *monitor,
                name.clone(),
                group.clone(),
            )
        };
        let lines = (0..).zip(&page.components).map(line);
        let added = self.db.many(ADD_COMPONENTS, lines).await?;
        Ok(usize::try_from(added).is_ok_and(|added| added == page.components.len()))
    }

    /// Gives a status page its logo, or takes it away. False when the team has no such page.
    pub async fn set_status_logo(
        &mut self,
        (team, page): (TeamId, StatusPageId),
        logo: Option<(&Logo, &str)>,
    ) -> Result<bool, StoreError> {
        self.db.run(DROP_LOGO, (team, page)).await?;
        let Some((logo, digest)) = logo else {
            let found: Option<(StatusPageId,)> = self.db.optional(PAGE_ID, (team, page)).await?;
            return Ok(found.is_some());
        };
        let content = STANDARD.encode(&logo.bytes);
        let row = (team, page, logo.kind.as_str(), digest, content);
        Ok(self.db.run(ADD_LOGO, row).await? > 0)
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

/// The columns of a page.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT p.id, p.team_id, p.slug, p.title, p.is_public, p.is_listed, p.password_hash,
                    p.domain, p.accent, l.digest AS logo
               FROM status_page p LEFT JOIN status_logo l ON l.status_page_id = p.id ",
            $rest
        )
    };
}

const PAGES: &str = select!("WHERE p.team_id = $1 ORDER BY p.title, p.id LIMIT $2");
const PAGE: &str = select!("WHERE p.team_id = $1 AND p.id = $2");
const PUBLIC_PAGE: &str =
    select!("WHERE p.slug = $1 AND (p.is_public OR p.password_hash IS NOT NULL)");
const PAGE_ID: &str = "SELECT id FROM status_page WHERE team_id = $1 AND id = $2";
const DOMAINS: &str = "
    SELECT domain, slug FROM status_page
     WHERE domain IS NOT NULL AND (is_public OR password_hash IS NOT NULL)
     ORDER BY id LIMIT $1";
const DOMAIN_TAKEN: &str = "SELECT id FROM status_page WHERE domain = $1 AND id <> $2";
const LOGO: &str = "
    SELECT kind, content FROM status_logo WHERE team_id = $1 AND status_page_id = $2";
const DROP_LOGO: &str = "DELETE FROM status_logo WHERE team_id = $1 AND status_page_id = $2";
const ADD_LOGO: &str = "
    INSERT INTO status_logo (status_page_id, team_id, kind, digest, content)
    SELECT id, team_id, $3, $4, $5 FROM status_page WHERE team_id = $1 AND id = $2";
const COMPONENTS_OF_TEAM: &str = "
    SELECT c.status_page_id, c.monitor_id, c.name, c.section
      FROM status_component c JOIN status_page p ON p.id = c.status_page_id
     WHERE p.team_id = $1 ORDER BY c.status_page_id, c.place";
const COMPONENTS: &str = "
    SELECT status_page_id, monitor_id, name, section FROM status_component
     WHERE status_page_id = $1 ORDER BY place";
const ADD_PAGE: &str = "
    INSERT INTO status_page (id, team_id, slug, title, is_public, is_listed, password_hash, domain,
                             accent, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
const SAVE_PAGE: &str = "
    UPDATE status_page
       SET slug = $3, title = $4, is_public = $5, is_listed = $6, password_hash = $7, domain = $8,
           accent = $9
     WHERE team_id = $1 AND id = $2";
const DROP_COMPONENTS: &str = "DELETE FROM status_component WHERE status_page_id = $1";
const ADD_COMPONENTS: Many = Many {
    head: "WITH v(page, place, team, monitor, name, section) AS (VALUES",
    tail: ") INSERT INTO status_component (status_page_id, place, team_id, monitor_id, name,
                                           section)
           SELECT v.page, v.place, v.team, m.id, v.name, v.section
             FROM v JOIN monitor m ON m.id = v.monitor AND m.team_id = v.team",
};
const DELETE_PAGE: &str = "DELETE FROM status_page WHERE team_id = $1 AND id = $2";
