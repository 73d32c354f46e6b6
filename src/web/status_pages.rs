//! Status pages as their makers see them: the list, making and changing one.

use std::sync::Arc;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::Shared;
use super::delete::DeletePage;
use super::error::{WebError, faults};
use super::filters;
use super::form::Filled;
use super::frame::Frame;
use super::path::{Id, Query};
use super::session::Visitor;
use super::upload::Upload;
use crate::app::public_kept;
use crate::app::public_status::PublicStatus;
use crate::app::status_pages::{self, PageSpec};
use crate::domain::accent::Accent;
use crate::domain::id::{MonitorId, StatusPageId};
use crate::domain::monitor::FieldError;
use crate::domain::sensitive::Sensitive;
use crate::domain::status_page::{Component, StatusPage, Visibility};

/// Most status pages that are listed.
const MOST: usize = 200;
/// Most of them whose state is shown beside them.
const MOST_SEEN: usize = 20;
/// Most monitors that have fields of their own in the form: those on the page first. Any other can be
/// ticked, and has them once it is on the page.
const MOST_NAMED: usize = 200;

#[derive(Template, WebTemplate)]
#[template(path = "status_pages/list.html")]
struct List {
    frame: Frame,
    /// Each with what it says now, where it says anything.
    pages: Vec<(StatusPage, Option<Arc<PublicStatus>>)>,
    may_edit: bool,
}

/// `GET /status-pages`
pub(super) async fn list(
    State(shared): State<Shared>,
    visitor: Visitor,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    let (app, team) = (&shared.app, visitor.actor.team);
    let mut pages = Vec::new();
    for (n, page) in app
        .store
        .status_pages(team, MOST)
        .await?
        .into_iter()
        .enumerate()
    {
        let is_seen = n < MOST_SEEN && page.visibility.is_open();
        let status = if is_seen {
            public_kept::at(app, page.slug.as_str()).await?
        } else {
            None
        };
        pages.push((page, status));
    }
    Ok(List {
        pages,
        may_edit: visitor.actor.may_edit(),
        frame: visitor.frame().done(query.get("done")),
    })
}

#[derive(Template, WebTemplate)]
#[template(path = "status_pages/form.html")]
struct FormPage {
    frame: Frame,
    /// The page that is changed; none when one is made.
    known: Option<StatusPage>,
    form: Filled,
    monitors: Vec<(MonitorId, String)>,
    /// The headings that there are.
    groups: Vec<String>,
    public_url: String,
}

async fn form_page(
    shared: &Shared,
    visitor: &Visitor,
    known: Option<StatusPage>,
    form: Filled,
) -> Result<FormPage, WebError> {
    let mut monitors = shared.app.store.monitor_names(visitor.actor.team).await?;
    // Those on the page come first, in the order of the page.
    let chosen: Vec<String> = form.all("components").map(str::to_owned).collect();
    let place = |id: &MonitorId| chosen.iter().position(|known| *known == id.to_string());
    monitors.sort_by_cached_key(|(id, _)| place(id).unwrap_or(usize::MAX));
    let mut groups: Vec<String> = monitors
        .iter()
        .map(|(id, _)| form.value(&format!("group:{id}")).to_owned())
        .filter(|group| !group.is_empty())
        .collect();
    groups.sort();
    groups.dedup();
    Ok(FormPage {
        frame: visitor.frame(),
        known,
        form,
        monitors,
        groups,
        public_url: shared.app.settings.public_url.clone(),
    })
}

/// `GET /status-pages/new`
pub(super) async fn new(
    State(shared): State<Shared>,
    visitor: Visitor,
) -> Result<impl IntoResponse, WebError> {
    visitor.must_edit()?;
    let form = Filled::of([("visibility", "public")]);
    form_page(&shared, &visitor, None, form).await
}

/// `POST /status-pages`
pub(super) async fn create(
    State(shared): State<Shared>,
    visitor: Visitor,
    form: Filled,
) -> Result<Response, WebError> {
    visitor.must_edit()?;
    let made = match spec(&form) {
        Ok(spec) => status_pages::create(&shared.app, &visitor.actor, spec).await,
        Err(fault) => Err(fault.into()),
    };
    match made {
        Ok(page) => Ok(saved(page.id)),
        Err(refused) => {
            let (refusal, faults) = faults(refused)?;
            let form = form.refused(faults);
            Ok(refusal.page(form_page(&shared, &visitor, None, form).await?))
        }
    }
}

/// `GET /status-pages/{id}/edit`
pub(super) async fn edit(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<StatusPageId>,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    visitor.must_edit()?;
    let known = known(&shared, &visitor, id).await?;
    let form = filled(&known);
    let mut page = form_page(&shared, &visitor, Some(known), form).await?;
    page.frame = page.frame.done(query.get("done"));
    Ok(page)
}

/// `POST /status-pages/{id}/edit`
pub(super) async fn change(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<StatusPageId>,
    form: Filled,
) -> Result<Response, WebError> {
    visitor.must_edit()?;
    let known = known(&shared, &visitor, id).await?;
    let changed = match spec(&form) {
        Ok(spec) => status_pages::change(&shared.app, &visitor.actor, id, spec).await,
        Err(fault) => Err(fault.into()),
    };
    match changed {
        Ok(page) => Ok(saved(page.id)),
        Err(refused) => {
            let (refusal, faults) = faults(refused)?;
            let form = form.refused(faults);
            Ok(refusal.page(form_page(&shared, &visitor, Some(known), form).await?))
        }
    }
}

/// `POST /status-pages/{id}/logo`: a file, or none to take the logo away.
pub(super) async fn set_logo(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<StatusPageId>,
    Upload(bytes): Upload,
) -> Result<Response, WebError> {
    let known = known(&shared, &visitor, id).await?;
    match status_pages::set_logo(&shared.app, &visitor.actor, id, bytes).await {
        Ok(()) => Ok(saved(id)),
        Err(refused) => {
            let (refusal, faults) = faults(refused)?;
            let form = filled(&known).refused(faults);
            let page = form_page(&shared, &visitor, Some(known), form).await?;
            Ok(refusal.page(page))
        }
    }
}

/// `GET /status-pages/{id}/delete`
pub(super) async fn ask_delete(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<StatusPageId>,
) -> Result<impl IntoResponse, WebError> {
    visitor.must_edit()?;
    let known = known(&shared, &visitor, id).await?;
    Ok(DeletePage {
        frame: visitor.frame(),
        what: "the status page",
        name: known.title,
        consequence: "Its address, its badges and its feed stop working. The monitors stay.",
        back: format!("/status-pages/{id}/edit"),
    })
}

/// `POST /status-pages/{id}/delete`
pub(super) async fn delete(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<StatusPageId>,
) -> Result<Redirect, WebError> {
    status_pages::delete(&shared.app, &visitor.actor, id).await?;
    Ok(Redirect::to("/status-pages?done=deleted"))
}

async fn known(
    shared: &Shared,
    visitor: &Visitor,
    id: StatusPageId,
) -> Result<StatusPage, WebError> {
    let found = shared.app.store.status_page(visitor.actor.team, id).await?;
    found.ok_or(WebError::NotFound)
}

fn saved(id: StatusPageId) -> Response {
    Redirect::to(&format!("/status-pages/{id}/edit?done=saved")).into_response()
}

/// What was typed; a component that is no id is none. They stand by their place, those without
/// one last.
fn spec(form: &Filled) -> Result<PageSpec, FieldError> {
    let visibility = Visibility::parse(form.value("visibility"));
    let visibility =
        visibility.ok_or_else(|| FieldError::new("visibility", "must be one of these"))?;
    let said = |name: &str| Some(form.value(name).to_owned()).filter(|text| !text.is_empty());
    let ids = form.all("components").filter_map(|id| id.parse().ok());
    let mut ids: Vec<MonitorId> = ids.collect();
    let place = |id: &MonitorId| {
        form.value(&format!("place:{id}"))
            .parse()
            .unwrap_or(u32::MAX)
    };
    ids.sort_by_cached_key(place);
    let component = |monitor: MonitorId| Component {
        monitor,
        name: said(&format!("name:{monitor}")),
        group: said(&format!("group:{monitor}")),
    };
    let password = form.raw("password");
    Ok(PageSpec {
        slug: form.value("slug").to_owned(),
        title: form.value("title").to_owned(),
        visibility,
        password: (!password.is_empty()).then(|| Sensitive::new(password)),
        domain: said("domain"),
        accent: said("accent"),
        components: ids.into_iter().map(component).collect(),
    })
}

fn filled(page: &StatusPage) -> Filled {
    let mut values = vec![
        ("title".to_owned(), page.title.clone()),
        ("slug".to_owned(), page.slug.clone()),
        ("visibility".to_owned(), page.visibility.as_str().to_owned()),
        ("domain".to_owned(), page.domain.clone().unwrap_or_default()),
        (
            "accent".to_owned(),
            page.accent.map(Accent::hex).unwrap_or_default(),
        ),
    ];
    for (place, component) in (1..).zip(&page.components) {
        let Component {
            monitor,
            name,
            group,
        } = component;
        let place: u32 = place;
        values.push((format!("name:{monitor}"), name.clone().unwrap_or_default()));
        values.push((
            format!("group:{monitor}"),
            group.clone().unwrap_or_default(),
        ));
        values.push((format!("place:{monitor}"), place.to_string()));
        values.push(("components".to_owned(), monitor.to_string()));
    }
    Filled::of(values)
}
