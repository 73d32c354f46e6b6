//! The audit log of the team: who did what, newest first.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::IntoResponse;

use super::Shared;
use super::error::WebError;
use super::filters;
use super::frame::Frame;
use super::path::Query;
use super::session::Visitor;
use crate::domain::at::At;
use crate::domain::audit::{AuditEntry, KINDS};

/// Entries on one page.
const PAGE: usize = 50;
/// Where it is.
const PATH: &str = "/audit-log";

#[derive(Template, WebTemplate)]
#[template(path = "audit_log.html")]
struct AuditLog {
    frame: Frame,
    entries: Vec<AuditEntry>,
    kind: &'static str,
    next: Option<String>,
    now: At,
}

/// `GET /audit-log`
pub(super) async fn list(
    State(shared): State<Shared>,
    visitor: Visitor,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    visitor.must_edit()?;
    let kind = query.one_of("kind", &KINDS);
    let store = &shared.app.store;
    let page = store
        .audit_log(visitor.actor.team, kind, PAGE, query.get("cursor"))
        .await?;
    Ok(AuditLog {
        frame: visitor.frame(),
        entries: page.rows,
        kind: kind.unwrap_or_default(),
        next: page.next.map(|next| query.with(PATH, "cursor", &next)),
        now: visitor.now,
    })
}
