//! How a page looks and shows elsewhere: its colour, its logo, and a widget for other pages.

use std::fmt::Write as _;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::picture::draw;
use super::render;
use super::seen::{Asked, Face, answer, shared_answer};
use crate::app::public_status::PublicStatus;
use crate::app::status_pages;
use crate::domain::accent::Shades;
use crate::web::Shared;
use crate::web::error::WebError;

/// The face that is a picture.
const PICTURE: &str = "picture";

/// `GET /status/{slug}/theme.css`
pub(in crate::web) async fn theme(
    State(shared): State<Shared>,
    asked: Asked,
) -> Result<Response, WebError> {
    let status = asked.status(&shared.app).await?;
    let accent = status.page.accent.ok_or(WebError::NotFound)?;
    let mut css = String::new();
    let rules = |css: &mut String, shades: Shades| {
        let Shades {
            accent,
            soft,
            on_accent,
        } = shades;
        let (accent, soft, on_accent) = (accent.hex(), soft.hex(), on_accent.hex());
        let _ = write!(
            css,
            ":root{{--accent:{accent};--accent-soft:{soft};--on-accent:{on_accent}}}"
        );
    };
    rules(&mut css, accent.light());
    css.push_str("@media (prefers-color-scheme:dark){");
    rules(&mut css, accent.dark());
    css.push('}');
    answer(
        &asked.headers,
        &status,
        Face::new("text/css; charset=utf-8", css),
    )
}

/// `GET /status/{slug}/logo`
pub(in crate::web) async fn logo(
    State(shared): State<Shared>,
    asked: Asked,
) -> Result<Response, WebError> {
    let status = asked.status(&shared.app).await?;
    let page = &status.page;
    let digest = page.logo.as_ref().ok_or(WebError::NotFound)?;
    let known = Face::tagged("", digest, "");
    if known.is_known(&asked.headers) {
        return answer(&asked.headers, &status, known);
    }
    let logo = shared.app.store.status_logo(page.team, page.id).await?;
    let logo = logo.ok_or(WebError::NotFound)?;
    let digest = status_pages::digest(&logo.bytes);
    let face = Face::tagged(logo.kind.media_type(), &digest, logo.bytes);
    answer(&asked.headers, &status, face)
}

/// `GET /status/{slug}/og.png`: title and state as a picture. Drawn again only when they change.
pub(in crate::web) async fn picture(
    State(shared): State<Shared>,
    asked: Asked,
) -> Result<Response, WebError> {
    let status = asked.status(&shared.app).await?;
    let is_same = |old: &PublicStatus| {
        old.page.title == status.page.title
            && old.sentence == status.sentence
            && old.shown_as() == status.shown_as()
    };
    if let Some(face) = shared.faces.known(&asked, PICTURE, is_same) {
        return answer(&asked.headers, &status, face);
    }
    let told = Arc::clone(&status);
    let drawn = tokio::task::spawn_blocking(move || {
        draw(&told.page.title, &told.sentence, told.shown_as())
    });
    let drawn = drawn
        .await
        .map_err(|error| WebError::Internal(error.into()))?;
    let face = Face::new("image/png", drawn.map_err(WebError::Internal)?);
    shared.faces.keep(&asked, PICTURE, (&status, face.clone()));
    answer(&asked.headers, &status, face)
}

#[derive(Template)]
#[template(path = "status/widget.js", escape = "none")]
struct Widget {
    /// The address of the page, as JSON.
    page: String,
    /// The address of its badge, as JSON.
    badge: String,
}

/// `GET /status/{slug}/widget.js`: a script for other pages.
pub(in crate::web) async fn widget(
    State(shared): State<Shared>,
    asked: Asked,
) -> Result<Response, WebError> {
    let status = asked.status(&shared.app).await?;
    shared_answer(&shared, (&asked, &status), "widget", || {
        let (base, slug) = (&shared.app.settings.public_url, &status.page.slug);
        let text = |url: String| {
            serde_json::to_string(&url).map_err(|error| WebError::Internal(error.into()))
        };
        let widget = Widget {
            page: text(format!("{base}/status/{slug}"))?,
            badge: text(format!("{base}/badge/{slug}.json"))?,
        };
        Ok(Face::new(
            "text/javascript; charset=utf-8",
            render(&widget)?,
        ))
    })
}
