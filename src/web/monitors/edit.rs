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
use crate::web::error::{WebError, faults};
use crate::web::filters;
use crate::web::form::Filled;
use crate::web::frame::Frame;
use crate::web::path::Id;
use crate::web::session::Visitor;

/// What is said to whoever saves a form that is older than the change of somebody else.
const OVERTAKEN: &str = "Somebody else has changed this monitor since this form was opened. Look at it in another tab: saved again, the form replaces what they did.";

#[derive(Template, WebTemplate)]
#[template(path = "monitors/form.html")]
pub(super) struct EditPage {
    frame: Frame,
    monitor: Monitor,
    /// What the form was made of: a change that is newer is not written over.
    revision: Option<i64>,
    form: Filled,
    channels: Vec<Channel>,
    /// The other monitors, by name.
    others: Vec<(MonitorId, String)>,
    tested: Option<Tested>,
}

impl EditPage {
    /// The form over a monitor as it was at a revision, as it is filled in.
    pub(super) async fn new(
        shared: &Shared,
        visitor: &Visitor,
        (monitor, revision): (Monitor, Option<i64>),
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
            revision,
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
    let known = (kept.monitor, Some(kept.revision));
    EditPage::new(&shared, &visitor, known, form).await
}

/// The revision that a form was made of.
pub(super) fn revision(form: &Filled) -> Option<i64> {
    form.value("revision").parse().ok()
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
    let refused = match changed(&shared, &visitor, &known, &form).await {
        Ok(()) => return Ok(Redirect::to(&format!("/monitors/{id}?done=saved")).into_response()),
        Err(refused) => refused,
    };
    let is_overtaken = matches!(refused, Refused::Conflict(_));
    let (refusal, mut faults) = faults(refused)?;
    let mut read = revision(&form);
    if is_overtaken {
        faults = vec![FieldError::new("form", OVERTAKEN)];
        read = Some(kept.revision);
    }
    let page = EditPage::new(&shared, &visitor, (known, read), form.refused(faults)).await?;
    Ok(refusal.page(page))
}

async fn changed(
    shared: &Shared,
    visitor: &Visitor,
    known: &Monitor,
    form: &Filled,
) -> Result<(), Refused> {
    let spec = spec::spec(form, known).map_err(Refused::Fields)?;
    let ids = form.all("channels").map(str::parse);
    let ids = ids.collect::<Result<Vec<ChannelId>, _>>();
    let channels = ids.map_err(|_| FieldError::new("form", "names a channel that there is not"))?;
    let read = (known.id, revision(form));
    monitors::change_read(&shared.app, &visitor.actor, read, spec, &channels).await?;
    Ok(())
}
