//! Changing what people say of a monitor.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::spec;
use super::trial::{Tested, as_tested};
use crate::app::monitors;
use crate::app::refused::Refused;
use crate::domain::channel::Channel;
use crate::domain::id::{ChannelId, MonitorId};
use crate::domain::monitor::{FieldError, Monitor};
use crate::web::Shared;
use crate::web::error::{WebError, refused_page};
use crate::web::filters;
use crate::web::form::Filled;
use crate::web::frame::Frame;
use crate::web::path::Id;
use crate::web::session::Visitor;

#[derive(Template, WebTemplate)]
#[template(path = "monitors/form.html")]
pub(super) struct EditPage {
    frame: Frame,
    monitor: Monitor,
    form: Filled,
    channels: Vec<Channel>,
    /// The other monitors, by name.
    others: Vec<(MonitorId, String)>,
    tested: Option<Tested>,
}

impl EditPage {
    /// The form over a monitor, as it is filled in.
    pub(super) async fn new(
        shared: &Shared,
        visitor: &Visitor,
        monitor: Monitor,
        form: Filled,
    ) -> Result<Self, WebError> {
        let (team, store) = (visitor.actor.team, &shared.app.store);
        let mut others = store.monitor_names(team).await?;
        others.retain(|(other, _)| *other != monitor.id);
        Ok(Self {
            frame: visitor.frame(),
            channels: store.channels(team).await?,
            others,
            monitor,
            form,
            tested: None,
        })
    }

    /// With how a test of it went.
    pub(super) fn tested(self, tested: Tested) -> Self {
        Self {
            tested: Some(tested),
            ..self
        }
    }

    /// The endpoint that a test of this form knew, sealed; empty where there was none.
    fn sealed(&self) -> &str {
        let tested = self.tested.as_ref().map(|tested| &*tested.sealed);
        tested.unwrap_or_else(|| self.form.value("sealed"))
    }
}

/// `GET /monitors/{id}/edit`
pub(crate) async fn edit(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<MonitorId>,
) -> Result<impl IntoResponse, WebError> {
    visitor.must_edit()?;
    let (team, store) = (visitor.actor.team, &shared.app.store);
    let kept = store.monitor(team, id).await?.ok_or(WebError::NotFound)?;
    let named = store.channels_named_by(team, id).await?;
    let named: Vec<String> = named.iter().map(ToString::to_string).collect();
    let form = spec::filled(&kept.monitor.spec, &named);
    EditPage::new(&shared, &visitor, kept.monitor, form).await
}

/// `POST /monitors/{id}/edit`
pub(crate) async fn change(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<MonitorId>,
    form: Filled,
) -> Result<Response, WebError> {
    let (team, store) = (visitor.actor.team, &shared.app.store);
    let kept = store.monitor(team, id).await?.ok_or(WebError::NotFound)?;
    let known = as_tested(&shared, &visitor.actor, kept.monitor, &form);
    let faults = match changed(&shared, &visitor, &known, &form).await? {
        Ok(()) => return Ok(Redirect::to(&format!("/monitors/{id}?done=saved")).into_response()),
        Err(faults) => faults,
    };
    let page = EditPage::new(&shared, &visitor, known, form.refused(faults)).await?;
    Ok(refused_page(page))
}

async fn changed(
    shared: &Shared,
    visitor: &Visitor,
    known: &Monitor,
    form: &Filled,
) -> Result<Result<(), Vec<FieldError>>, WebError> {
    let spec = match spec::spec(form, known) {
        Ok(spec) => spec,
        Err(faults) => return Ok(Err(faults)),
    };
    let ids = form.all("channels").map(str::parse);
    let Ok(channels) = ids.collect::<Result<Vec<ChannelId>, _>>() else {
        return Ok(Err(vec![FieldError::new(
            "form",
            "names a channel that there is not",
        )]));
    };
    match monitors::change(&shared.app, &visitor.actor, known.id, spec, &channels).await {
        Ok(_) => Ok(Ok(())),
        Err(Refused::Fields(faults)) => Ok(Err(faults)),
        Err(other) => Err(other.into()),
    }
}
