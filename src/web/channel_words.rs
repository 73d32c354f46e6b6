//! The words of a channel in its form, and how they would read: shown again with the form, without
//! saving anything.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::Shared;
use super::channels::{FormPage, faults, known};
use super::error::{WebError, refused_page};
use super::form::Filled;
use super::path::Id;
use super::session::Visitor;
use crate::app::channels;
use crate::app::refused::Refused;
use crate::domain::channel::{Channel, Kind, Words};
use crate::domain::id::ChannelId;
use crate::domain::monitor::FieldError;

/// What was typed.
pub(super) fn typed(kind: Kind, form: &Filled) -> Result<Words, Vec<FieldError>> {
    Words::read(kind, form.value("subject"), form.value("body"))
}

/// What a form shows of them.
pub(super) fn shown(words: &Words) -> [(&'static str, String); 2] {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    [
        ("subject", text(words.subject())),
        ("body", text(words.body())),
    ]
}

/// `POST /channels/preview`
pub(super) async fn preview_new(
    State(shared): State<Shared>,
    visitor: Visitor,
    form: Filled,
) -> Result<Response, WebError> {
    match Kind::parse(form.value("kind")) {
        Some(kind) => preview(&shared, &visitor, (kind, None), form).await,
        None => Ok(Redirect::to("/channels/new").into_response()),
    }
}

/// `POST /channels/{id}/preview`
pub(super) async fn preview_known(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<ChannelId>,
    form: Filled,
) -> Result<Response, WebError> {
    let known = known(&shared, &visitor, id).await?;
    preview(&shared, &visitor, (known.kind, Some(known)), form).await
}

async fn preview(
    shared: &Shared,
    visitor: &Visitor,
    (kind, known): (Kind, Option<Channel>),
    form: Filled,
) -> Result<Response, WebError> {
    let words = typed(kind, &form).map_err(Refused::Fields);
    let read = words.and_then(|words| channels::preview(&shared.app, &visitor.actor, &words));
    let (previews, form) = match read {
        Ok(previews) => (previews, form),
        Err(refused) => (Vec::new(), form.refused(faults(refused)?)),
    };
    let is_refused = form.is_refused();
    let page = FormPage::new(shared, visitor, kind, form).await?;
    let page = match known {
        Some(known) => page.changing(known),
        None => page,
    };
    Ok(if is_refused {
        refused_page(page)
    } else {
        page.reading(previews).into_response()
    })
}
