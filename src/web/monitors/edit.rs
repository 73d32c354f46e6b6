//! Changing what people say of a monitor.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::spec;
use crate::app::monitors;
use crate::app::refused::Refused;
use crate::domain::channel::Channel;
use crate::domain::id::{ChannelId, MonitorId};
use crate::domain::monitor::{FieldError, Monitor};
use crate::web::Shared;
use crate::web::error::{WebError, refused_page};
use crate::web::form::Filled;
use crate::web::frame::Frame;
use crate::web::path::Id;
use crate::web::session::Visitor;

#[derive(Template, WebTemplate)]
#[template(path = "monitors/form.html")]
struct EditPage {
    frame: Frame,
    monitor: Monitor,
    form: Filled,
    channels: Vec<Channel>,
    /// The other monitors, by name.
    others: Vec<(MonitorId, String)>,
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
    Ok(EditPage {
        frame: visitor.frame(),
        form: spec::filled(&kept.monitor, &named),
        monitor: kept.monitor,
        channels: store.channels(team).await?,
        others: others(&shared, &visitor, id).await?,
    })
}

async fn others(
    shared: &Shared,
    visitor: &Visitor,
    id: MonitorId,
) -> Result<Vec<(MonitorId, String)>, WebError> {
    let mut all = shared.app.store.monitor_names(visitor.actor.team).await?;
    all.retain(|(other, _)| *other != id);
    Ok(all)
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
    let faults = match changed(&shared, &visitor, &kept.monitor, &form).await? {
        Ok(()) => return Ok(Redirect::to(&format!("/monitors/{id}?done=saved")).into_response()),
        Err(faults) => faults,
    };
    Ok(refused_page(EditPage {
        frame: visitor.frame(),
        monitor: kept.monitor,
        form: form.refused(faults),
        channels: store.channels(team).await?,
        others: others(&shared, &visitor, id).await?,
    }))
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
