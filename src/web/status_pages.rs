//! Status pages as their makers see them: the list, making and changing one.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::Shared;
use super::delete::DeletePage;
use super::error::{WebError, refused_page};
use super::filters;
use super::form::Filled;
use super::frame::Frame;
use super::path::{Id, Query};
use super::session::Visitor;
use crate::app::refused::Refused;
use crate::app::status_pages::{self, PageSpec};
use crate::domain::id::{MonitorId, StatusPageId};
use crate::domain::monitor::FieldError;
use crate::domain::status_page::{Component, StatusPage};

/// Most status pages that are listed.
const MOST: usize = 200;

#[derive(Template, WebTemplate)]
#[template(path = "status_pages/list.html")]
struct List {
    frame: Frame,
    pages: Vec<StatusPage>,
    may_edit: bool,
}

/// `GET /status-pages`
pub(super) async fn list(
    State(shared): State<Shared>,
    visitor: Visitor,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    Ok(List {
        pages: shared
            .app
            .store
            .status_pages(visitor.actor.team, MOST)
            .await?,
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
    public_url: String,
}

async fn form_page(
    shared: &Shared,
    visitor: &Visitor,
    known: Option<StatusPage>,
    form: Filled,
) -> Result<FormPage, WebError> {
    Ok(FormPage {
        frame: visitor.frame(),
        known,
        form,
        monitors: shared.app.store.monitor_names(visitor.actor.team).await?,
        public_url: shared.app.settings.public_url.clone(),
    })
}

/// `GET /status-pages/new`
pub(super) async fn new(
    State(shared): State<Shared>,
    visitor: Visitor,
) -> Result<impl IntoResponse, WebError> {
    visitor.must_edit()?;
    let form = Filled::of([("public", "yes")]);
    form_page(&shared, &visitor, None, form).await
}

/// `POST /status-pages`
pub(super) async fn create(
    State(shared): State<Shared>,
    visitor: Visitor,
    form: Filled,
) -> Result<Response, WebError> {
    match status_pages::create(&shared.app, &visitor.actor, spec(&form)).await {
        Ok(page) => Ok(saved(page.id)),
        Err(refused) => {
            let form = form.refused(faults(refused)?);
            Ok(refused_page(
                form_page(&shared, &visitor, None, form).await?,
            ))
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
    let known = known(&shared, &visitor, id).await?;
    match status_pages::change(&shared.app, &visitor.actor, id, spec(&form)).await {
        Ok(page) => Ok(saved(page.id)),
        Err(refused) => {
            let form = form.refused(faults(refused)?);
            Ok(refused_page(
                form_page(&shared, &visitor, Some(known), form).await?,
            ))
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

/// What was typed; a component that is no id is none.
fn spec(form: &Filled) -> PageSpec {
    let ids = form.all("components").filter_map(|id| id.parse().ok());
    let component = |monitor: MonitorId| {
        let name = form.value(&format!("name:{monitor}"));
        Component {
            monitor,
            name: (!name.is_empty()).then(|| name.to_owned()),
        }
    };
    PageSpec {
        slug: form.value("slug").to_owned(),
        title: form.value("title").to_owned(),
        is_public: form.has("public", "yes"),
        components: ids.map(component).collect(),
    }
}

fn filled(page: &StatusPage) -> Filled {
    let mut values = vec![
        ("title".to_owned(), page.title.clone()),
        ("slug".to_owned(), page.slug.clone()),
    ];
    if page.is_public {
        values.push(("public".to_owned(), "yes".to_owned()));
    }
    for component in &page.components {
        let id = component.monitor.to_string();
        let name = component.name.clone().unwrap_or_default();
        values.push((format!("name:{id}"), name));
        values.push(("components".to_owned(), id));
    }
    Filled::of(values)
}

fn faults(refused: Refused) -> Result<Vec<FieldError>, WebError> {
    match refused {
        Refused::Fields(faults) => Ok(faults),
        other => Err(other.into()),
    }
}
