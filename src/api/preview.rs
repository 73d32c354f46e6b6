//! The words of a channel, tried out on invented events: nothing is sent, nothing kept.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::auth::Caller;
use super::channels::{kind, words};
use super::error::{ApiError, Problem};
use super::list::List;
use super::request::Body;
use crate::app::channels;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(preview))
}

/// Words to be tried out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PreviewBody {
    /// `email`, `slack` …
    kind: String,
    /// The subject with places like `{status}` and `{monitor}`; the built-in one when not given.
    subject: Option<String>,
    /// The body with places; the built-in one when not given.
    body: Option<String>,
}

/// Something invented, in these words.
#[derive(Serialize, ToSchema)]
#[schema(as = Preview)]
struct PreviewView {
    /// `outage`, `recovery` or `expiring_certificate`.
    sample: &'static str,
    /// The subject as it would read.
    subject: String,
    /// The body as it would read, several lines.
    body: String,
}

/// Shows how an outage, a recovery and a certificate that ends soon would read in these words.
#[utoipa::path(post, path = "/channels/preview", tag = "channels", request_body = PreviewBody,
    responses((status = 200, body = List<PreviewView>), (status = 422, body = Problem)))]
async fn preview(
    State(api): State<Api>,
    Caller(actor): Caller,
    Body(body): Body<PreviewBody>,
) -> Result<Json<List<PreviewView>>, ApiError> {
    let kind = kind(&body.kind)?;
    let (subject, text) = (
        body.subject.unwrap_or_default(),
        body.body.unwrap_or_default(),
    );
    let words = words(kind, &subject, &text)?;
    let previews = channels::preview(&api.app, &actor, &words)?;
    Ok(Json(List::whole(previews.into_iter().map(|preview| {
        PreviewView {
            sample: preview.sample,
            subject: preview.subject,
            body: preview.body,
        }
    }))))
}
