//! The design system on one page: its tokens, and every component in every state. Only in debug
//! builds, for whoever changes `static/app.css` or `templates/macros.html`.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::IntoResponse;

use super::Shared;
use super::filters;
use super::form::Filled;
use super::frame::Frame;
use crate::domain::at::At;
use crate::domain::monitor::FieldError;
use crate::domain::status::MonitorStatus;

/// The colours of `static/app.css`, by what they are for.
const COLOURS: [(&str, &[&str]); 4] = [
    ("Ground", &["bg", "surface", "sunk", "line", "strong"]),
    ("Words", &["text", "muted"]),
    ("Deeds", &["accent", "accent-soft", "on-accent"]),
    (
        "States: word, fill, ground",
        &[
            "up",
            "up-fill",
            "up-soft",
            "deg",
            "deg-fill",
            "deg-soft",
            "down",
            "down-fill",
            "down-soft",
            "unk",
            "unk-fill",
            "unk-soft",
            "wait",
            "wait-fill",
            "wait-soft",
            "off",
            "off-fill",
            "off-soft",
        ],
    ),
];

/// The shades of a day in the strip, and what they mean.
const SHADES: [(&str, &str); 8] = [
    ("", "up"),
    ("deg", "degraded"),
    ("d1", "some minutes down"),
    ("d2", "an hour down"),
    ("d3", "most of it down"),
    ("unk", "unknown"),
    ("mnt", "maintenance"),
    ("none", "not watched yet"),
];

#[derive(Template, WebTemplate)]
#[template(path = "design.html")]
struct Design {
    frame: Frame,
    form: Filled,
    now: At,
}

/// `GET /design`
pub(super) async fn show(State(shared): State<Shared>) -> impl IntoResponse {
    let now = shared.app.clock.now();
    Design {
        frame: Frame::stranger(now),
        form: Filled::of([("name", "Search"), ("url", "mcp.example.com")]).refused(vec![
            FieldError::new("url", "has no scheme; write https://mcp.example.com"),
        ]),
        now,
    }
}
