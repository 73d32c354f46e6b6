//! Trying out a change before it is saved: one check with the settings of the form, which comes back
//! filled in.
//!
//! Secrets that were typed travel on in the form, sealed, as those of an address that is tried: what
//! is saved in the end is what was tested.

use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::edit::{EditPage, revision};
use super::spec;
use crate::app::refused::Refused;
use crate::app::trial;
use crate::domain::id::MonitorId;
use crate::domain::monitor::{FieldError, Monitor, MonitorSpec};
use crate::domain::report::CheckReport;
use crate::domain::team::Actor;
use crate::web::Shared;
use crate::web::error::{WebError, refused_page};
use crate::web::form::Filled;
use crate::web::path::Id;
use crate::web::session::Visitor;

/// A change that was tested and not saved.
pub(super) struct Tested {
    /// How the check went.
    pub(super) report: CheckReport,
    /// The endpoint that was tested, with its secrets.
    pub(super) sealed: String,
}

/// `POST /monitors/{id}/test`
pub(crate) async fn test_change(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<MonitorId>,
    form: Filled,
) -> Result<Response, WebError> {
    visitor.must_edit()?;
    let (team, store) = (visitor.actor.team, &shared.app.store);
    let kept = store.monitor(team, id).await?.ok_or(WebError::NotFound)?;
    let known = as_tested(&shared, &visitor.actor, kept.monitor, &form);
    let read = revision(&form);
    let page = match tried(&shared, &known, &form).await? {
        Ok((spec, report)) => {
            let sealed = trial::seal(&shared.app, &visitor.actor, &spec.endpoint);
            let form = spec::refilled(&spec, &form);
            let changed = Monitor { spec, ..known };
            let page = EditPage::new(&shared, &visitor, (changed, read), form).await?;
            return Ok(page.tested(Tested { report, sealed }).into_response());
        }
        Err(faults) => {
            EditPage::new(&shared, &visitor, (known, read), form.refused(faults)).await?
        }
    };
    Ok(refused_page(page))
}

/// Checks once with the settings of a form.
async fn tried(
    shared: &Shared,
    known: &Monitor,
    form: &Filled,
) -> Result<Result<(MonitorSpec, CheckReport), Vec<FieldError>>, WebError> {
    let spec = match spec::spec(form, known) {
        Ok(spec) => spec,
        Err(faults) => return Ok(Err(faults)),
    };
    let (endpoint, expectations) = (spec.endpoint.clone(), spec.expectations.clone());
    match trial::begin(&shared.app, endpoint, expectations, Some(spec.timeout())) {
        // It always reports, unless the process is ending.
        Ok(trial) => match trial.report.await {
            Ok(report) => Ok(Ok((spec, report))),
            Err(_) => Err(WebError::Conflict(
                "The service is stopping; try again in a few seconds.".to_owned(),
            )),
        },
        Err(Refused::Fields(faults)) => Ok(Err(faults)),
        Err(other) => Err(other.into()),
    }
}

/// The monitor as the form knew it: with the endpoint that was tested, where one was.
pub(super) fn as_tested(
    shared: &Shared,
    actor: &Actor,
    mut monitor: Monitor,
    form: &Filled,
) -> Monitor {
    if let Some(endpoint) = trial::open(&shared.app, actor, form.value("sealed")) {
        monitor.spec.endpoint = endpoint;
    }
    monitor
}
