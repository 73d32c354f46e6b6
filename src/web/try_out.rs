//! Trying an address before it is watched: the handshake is shown step by step as it happens.
//!
//! The page is sent in pieces, each step when it is done, so that it is live with JavaScript and
//! without it. What was typed travels on in the page sealed: *keep watching* needs no second
//! typing, and no secret stands in the page.

use std::convert::Infallible;

use askama::Template;
use askama_web::WebTemplate;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::HeaderName;
use axum::response::{Html, IntoResponse, Redirect, Response};
use futures_util::stream::{self, Stream, StreamExt as _};

use super::Shared;
use super::error::{WebError, faults, refused_page};
use super::filters;
use super::first_channel;
use super::form::Filled;
use super::frame::Frame;
use super::monitors::spec;
use super::session::Visitor;
use crate::app::monitors;
use crate::app::refused::Refused;
use crate::app::trial::{self, Trial};
use crate::domain::at::At;
use crate::domain::id::MonitorId;
use crate::domain::monitor::{Expectations, FieldError, MonitorSpec};
use crate::domain::observation::Step;
use crate::domain::report::CheckReport;

/// Where the page is cut in two: the steps go between.
pub(crate) const SEAM: &str = "<!-- steps -->";

#[derive(Template, WebTemplate)]
#[template(path = "try/first.html")]
pub(super) struct AddressPage {
    frame: Frame,
    form: Filled,
    is_first: bool,
}

/// The page that asks for an address.
pub(super) fn first(visitor: &Visitor, is_first: bool) -> AddressPage {
    AddressPage {
        frame: visitor.frame(),
        form: Filled::default(),
        is_first,
    }
}

/// `GET /monitors/new`
pub(super) async fn new(visitor: Visitor) -> Result<impl IntoResponse, WebError> {
    visitor.must_edit()?;
    Ok(first(&visitor, false))
}

#[derive(Template)]
#[template(path = "try/shown.html")]
struct Shown {
    frame: Frame,
    authority: String,
    url: String,
}

/// `POST /try`
pub(super) async fn try_out(
    State(shared): State<Shared>,
    visitor: Visitor,
    form: Filled,
) -> Result<Response, WebError> {
    visitor.must_edit()?;
    let endpoint = match spec::endpoint(&form) {
        Ok(endpoint) => endpoint,
        Err(faults) => return Ok(refused_page(asked(&visitor, form.refused(faults)))),
    };
    let trial = trial::begin(&shared.app, endpoint.clone(), Expectations::default(), None);
    let trial = match trial {
        Ok(trial) => trial,
        Err(refused) => {
            let (refusal, faults) = faults(refused)?;
            return Ok(refusal.page(asked(&visitor, form.refused(faults))));
        }
    };
    let twins = shared
        .app
        .store
        .same_endpoint(visitor.actor.team, &endpoint, None)
        .await?;
    let shell = Shown {
        frame: visitor.frame(),
        authority: endpoint.url.authority(),
        url: endpoint.url.redacted(),
    };
    let shell = shell
        .render()
        .map_err(|error| WebError::Internal(error.into()))?;
    let (head, foot) = shell.split_once(SEAM).unwrap_or((&shell, ""));
    let pieces = Pieces {
        trial,
        sealed: trial::seal(&shared.app, &visitor.actor, &endpoint),
        twin: twins.into_iter().next(),
        foot: foot.to_owned(),
        shared,
    };
    let body = Body::from_stream(pieces.stream(head.to_owned()));
    // Told to proxies, too: a page that is held back is not live.
    let headers = [(HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((headers, Html(body)).into_response())
}

/// The page that asks for an address, with what was typed.
fn asked(visitor: &Visitor, form: Filled) -> AddressPage {
    AddressPage {
        frame: visitor.frame(),
        form,
        is_first: false,
    }
}

/// What the rest of the page is made of.
struct Pieces {
    trial: Trial,
    sealed: String,
    twin: Option<(MonitorId, String)>,
    foot: String,
    shared: Shared,
}

#[derive(Template)]
#[template(path = "try/step.html")]
struct StepLine<'a> {
    step: &'a Step,
}

#[derive(Template)]
#[template(path = "try/outcome.html")]
struct Outcome<'a> {
    report: &'a CheckReport,
    sealed: &'a str,
    twin: Option<&'a (MonitorId, String)>,
    now: At,
}

enum Next {
    Head(String, Box<Pieces>),
    Steps(Box<Pieces>),
    End,
}

impl Pieces {
    fn stream(self, head: String) -> impl Stream<Item = Result<String, Infallible>> {
        let begin = Next::Head(head, Box::new(self));
        stream::unfold(begin, |next| async {
            match next {
                Next::Head(head, pieces) => Some((Ok(head), Next::Steps(pieces))),
                Next::Steps(mut pieces) => Some(match pieces.trial.steps.recv().await {
                    Some(step) => (Ok(line(&step)), Next::Steps(pieces)),
                    None => (Ok(pieces.end().await), Next::End),
                }),
                Next::End => None,
            }
        })
        // Compression asks once more after the end.
        .fuse()
    }

    async fn end(self) -> String {
        // The trial always reports, unless the process is ending.
        let Ok(report) = self.trial.report.await else {
            return self.foot;
        };
        let outcome = Outcome {
            report: &report,
            sealed: &self.sealed,
            twin: self.twin.as_ref(),
            now: self.shared.app.clock.now(),
        };
        outcome.render().unwrap_or_default() + &self.foot
    }
}

fn line(step: &Step) -> String {
    StepLine { step }.render().unwrap_or_default()
}

/// `POST /monitors`: *keep watching* what was just tried.
pub(super) async fn keep(
    State(shared): State<Shared>,
    visitor: Visitor,
    form: Filled,
) -> Result<Response, WebError> {
    let app = &shared.app;
    let Some(endpoint) = trial::open(app, &visitor.actor, form.value("sealed")) else {
        let fault = FieldError::new(
            "form",
            "That page was too old; please paste the address again.",
        );
        let form = Filled::default().refused(vec![fault]);
        return Ok(refused_page(asked(&visitor, form)));
    };
    let spec = MonitorSpec::of(endpoint);
    match monitors::create(app, &visitor.actor, spec, &[]).await {
        Ok(made) => {
            let then = format!("/monitors/{}?done=made", made.id);
            let to = first_channel::before(&shared, &visitor, &then).await?;
            Ok(Redirect::to(&to).into_response())
        }
        Err(Refused::Fields(faults)) => {
            let form = Filled::default().refused(faults);
            Ok(refused_page(asked(&visitor, form)))
        }
        Err(other) => Err(other.into()),
    }
}
