//! Status pages as their makers see them: listed, made, changed, deleted. What the public sees of
//! one is the business of `status`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::auth::Caller;
use super::error::{ApiError, Problem};
use super::list::List;
use super::request::{Body, Given, Ids};
use crate::app::status_pages::{self, PageSpec};
use crate::domain::accent::Accent;
use crate::domain::id::{MonitorId, StatusPageId, TeamId};
use crate::domain::sensitive::Sensitive;
use crate::domain::status_page::{Component, StatusPage, Visibility};

/// Most status pages that are listed.
const MOST: usize = 200;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(one, change, delete))
}

/// A status page of the team.
#[derive(Serialize, ToSchema)]
#[schema(as = TeamStatusPage)]
struct PageView {
    /// Its id.
    id: StatusPageId,
    /// Its place: `/status/{slug}`.
    slug: String,
    /// Its heading.
    title: String,
    /// Its address.
    url: String,
    /// `public`, `unlisted`, `password` or `hidden`.
    visibility: &'static str,
    /// The host name that shows it, too.
    domain: Option<String>,
    /// Its colour, like `#3a49c4`.
    accent: Option<String>,
    /// Whether it has a logo; pictures are handed in on its page.
    has_logo: bool,
    /// Its lines, from the top.
    components: Vec<LineView>,
}

/// A line of a status page.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StatusPageLine)]
struct LineView {
    /// The monitor behind it.
    #[schema(value_type = String)]
    monitor: String,
    /// What the public calls it; null shows the name of the monitor.
    #[serde(default)]
    name: Option<String>,
    /// The heading that it stands under; null stands above all headings.
    #[serde(default)]
    group: Option<String>,
}

impl PageView {
    fn of(page: &StatusPage, public_url: &str) -> Self {
        let line = |line: &Component| LineView {
            monitor: line.monitor.to_string(),
            name: line.name.clone(),
            group: line.group.clone(),
        };
        Self {
            id: page.id,
            slug: page.slug.clone(),
            title: page.title.clone(),
            url: format!("{public_url}/status/{}", page.slug),
            visibility: page.visibility.as_str(),
            domain: page.domain.clone(),
            accent: page.accent.map(Accent::hex),
            has_logo: page.logo.is_some(),
            components: page.components.iter().map(line).collect(),
        }
    }
}

/// A status page as it is made or changed. A change keeps what it does not name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StatusPageBody)]
struct PageBody {
    /// Its place: `/status/{slug}`.
    slug: Option<String>,
    /// Its heading.
    title: Option<String>,
    /// `public`, `unlisted`, `password` or `hidden`; `public` when not given.
    visibility: Option<String>,
    /// A new password for the visibility `password`; never shown.
    password: Option<String>,
    /// The host name that shows it, too; null for none.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    domain: Given<String>,
    /// Its colour, like `#3a49c4`; null for ours.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    accent: Given<String>,
    /// Its lines, from the top: all of them.
    components: Option<Vec<LineView>>,
}

impl PageBody {
    /// The spec of a page; `known` is what it was.
    fn read(self, known: Option<&StatusPage>) -> Result<PageSpec, ApiError> {
        let missing = |field| ApiError::field(field, "is required");
        let slug = self.slug.or_else(|| known.map(|page| page.slug.clone()));
        let title = self.title.or_else(|| known.map(|page| page.title.clone()));
        let visibility = match self.visibility {
            Some(word) => Visibility::parse(&word).ok_or_else(|| {
                let message = "must be one of public, unlisted, password, hidden";
                ApiError::field("visibility", message)
            })?,
            None => known.map_or(Visibility::Public, |page| page.visibility),
        };
        if self.password.is_some() && visibility != Visibility::Password {
            let message = "belongs to a page with the visibility password; say that, too";
            return Err(ApiError::field("password", message));
        }
        let accent = known.and_then(|page| page.accent).map(Accent::hex);
        let domain = known.and_then(|page| page.domain.as_deref());
        let components = match self.components {
            Some(lines) => lines.into_iter().map(component).collect::<Result<_, _>>()?,
            None => known
                .map(|page| page.components.clone())
                .unwrap_or_default(),
        };
        Ok(PageSpec {
            slug: slug.ok_or_else(|| missing("slug"))?,
            title: title.ok_or_else(|| missing("title"))?,
            visibility,
            password: self.password.map(Sensitive::new),
            domain: self.domain.text_or(domain).map(str::to_owned),
            accent: self.accent.text_or(accent.as_deref()).map(str::to_owned),
            components,
        })
    }
}

fn component(line: LineView) -> Result<Component, ApiError> {
    let monitor: Option<MonitorId> = line.monitor.parse().ok();
    let not_ours = "names a monitor that there is not";
    Ok(Component {
        monitor: monitor.ok_or_else(|| ApiError::field("components", not_ours))?,
        name: line.name,
        group: line.group,
    })
}

/// The status pages of the team, by title: at most 200.
#[utoipa::path(get, path = "/status-pages", tag = "status",
    responses((status = 200, body = List<PageView>)))]
async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
) -> Result<Json<List<PageView>>, ApiError> {
    let pages = api.app.store.status_pages(actor.team, MOST).await?;
    let base = &api.app.settings.public_url;
    Ok(Json(List::whole(
        pages.iter().map(|page| PageView::of(page, base)),
    )))
}

/// Makes a status page: `{"slug": "acme", "title": "Acme", "components": [{"monitor": "…"}]}`.
#[utoipa::path(post, path = "/status-pages", tag = "status", request_body = PageBody,
    responses((status = 201, body = PageView), (status = 422, body = Problem)))]
async fn create(
    State(api): State<Api>,
    Caller(actor): Caller,
    Body(body): Body<PageBody>,
) -> Result<(StatusCode, Json<PageView>), ApiError> {
    let page = status_pages::create(&api.app, &actor, body.read(None)?).await?;
    let view = PageView::of(&page, &api.app.settings.public_url);
    Ok((StatusCode::CREATED, Json(view)))
}

/// One status page.
#[utoipa::path(get, path = "/status-pages/{id}", tag = "status",
    params(("id" = String, Path, description = "The status page.")),
    responses((status = 200, body = PageView), (status = 404, body = Problem)))]
async fn one(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(StatusPageId,)>,
) -> Result<Json<PageView>, ApiError> {
    let page = known(&api, actor.team, id).await?;
    Ok(Json(PageView::of(&page, &api.app.settings.public_url)))
}

/// Changes a status page.
#[utoipa::path(patch, path = "/status-pages/{id}", tag = "status", request_body = PageBody,
    params(("id" = String, Path, description = "The status page.")),
    responses((status = 200, body = PageView), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
async fn change(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(StatusPageId,)>,
    Body(body): Body<PageBody>,
) -> Result<Json<PageView>, ApiError> {
    let known = known(&api, actor.team, id).await?;
    let spec = body.read(Some(&known))?;
    let page = status_pages::change(&api.app, &actor, id, spec).await?;
    Ok(Json(PageView::of(&page, &api.app.settings.public_url)))
}

/// Deletes a status page; its monitors stay.
#[utoipa::path(delete, path = "/status-pages/{id}", tag = "status",
    params(("id" = String, Path, description = "The status page.")),
    responses((status = 204), (status = 404, body = Problem)))]
async fn delete(
    State(api): State<Api>,
    Caller(actor): Caller,
    Ids((id,)): Ids<(StatusPageId,)>,
) -> Result<StatusCode, ApiError> {
    status_pages::delete(&api.app, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn known(api: &Api, team: TeamId, id: StatusPageId) -> Result<StatusPage, ApiError> {
    let page = api.app.store.status_page(team, id).await?;
    page.ok_or_else(ApiError::not_found)
}
