//! What a channel says in its form: its words, its digest, and how the words would read, shown
//! again with the form and without saving anything.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::Shared;
use super::channels::{FormPage, known};
use super::error::{WebError, faults};
use super::form::Filled;
use super::path::Id;
use super::session::Visitor;
use crate::app::channels;
use crate::app::refused::Refused;
use crate::domain::channel::{Channel, Kind, Words};
use crate::domain::digest::Digest;
use crate::domain::id::ChannelId;
use crate::domain::monitor::FieldError;

/// What was typed; every fault at once.
pub(super) fn typed(kind: Kind, form: &Filled) -> Result<(Words, Option<Digest>), Vec<FieldError>> {
    let digest = Digest::read(
        kind,
        form.value("digest.every"),
        form.value("digest.zone"),
        form.value("digest.hour"),
    );
    match (words(kind, form), digest) {
        (Ok(words), Ok(digest)) => Ok((words, digest)),
        (words, digest) => {
            let faults = [words.err(), digest.err()];
            Err(faults.into_iter().flatten().flatten().collect())
        }
    }
}

fn words(kind: Kind, form: &Filled) -> Result<Words, Vec<FieldError>> {
    Words::read(kind, form.value("subject"), form.value("body"))
}

/// What a form shows of a channel.
pub(super) fn shown(channel: &Channel) -> Vec<(&'static str, String)> {
    let words = &channel.words;
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let mut shown = vec![
        ("subject", text(words.subject())),
        ("body", text(words.body())),
    ];
    if let Some(digest) = &channel.digest {
        shown.extend([
            ("digest.every", digest.every.as_str().to_owned()),
            ("digest.zone", digest.zone.name().to_owned()),
            ("digest.hour", digest.hour.to_string()),
        ]);
    }
    shown
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
    let words = words(kind, &form).map_err(Refused::Fields);
    let read = words.and_then(|words| channels::preview(&shared.app, &visitor.actor, &words));
    let (previews, form, refusal) = match read {
        Ok(previews) => (previews, form, None),
        Err(refused) => {
            let (refusal, faults) = faults(refused)?;
            (Vec::new(), form.refused(faults), Some(refusal))
        }
    };
    let page = FormPage::new(shared, visitor, kind, form).await?;
    let page = match known {
        Some(known) => page.changing(known),
        None => page,
    };
    Ok(match refusal {
        Some(refusal) => refusal.page(page),
        None => page.reading(previews).into_response(),
    })
}
