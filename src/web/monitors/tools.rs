//! The tools of a monitor on its page: the list, what is different from the accepted ones, and the
//! last changes, readable.

use axum::extract::State;
use axum::response::Redirect;

use crate::app::tools;
use crate::domain::id::MonitorId;
use crate::domain::tools::{SurfaceDiff, ToolText};
use crate::store::{CurrentTools, ToolsChange};
use crate::web::Shared;
use crate::web::error::WebError;
use crate::web::path::Id;
use crate::web::session::Visitor;

/// Changes on the page of a monitor.
const CHANGES: usize = 5;

/// The tools of a monitor.
pub(super) struct ToolsCard {
    pub(super) surfaces: Vec<Surface>,
    pub(super) changes: Vec<ToolsChange>,
}

/// What is listed in one generation of the protocol.
pub(super) struct Surface {
    pub(super) current: CurrentTools,
    pub(super) tools: Vec<ToolText>,
    /// What is different from the accepted tools.
    pub(super) changed: Option<SurfaceDiff>,
}

impl ToolsCard {
    pub(super) async fn of(
        shared: &Shared,
        visitor: &Visitor,
        id: MonitorId,
    ) -> Result<Self, WebError> {
        let (store, team) = (&shared.app.store, visitor.actor.team);
        let surface = |current: CurrentTools| Surface {
            tools: current.tools.iter().map(ToolText::of).collect(),
            changed: current
                .accepted_tools
                .as_ref()
                .and_then(|old| SurfaceDiff::between(old, &current.tools)),
            current,
        };
        let current = store.current_tools(team, id).await?;
        Ok(Self {
            surfaces: current.into_iter().map(surface).collect(),
            changes: store.tools_changes(team, id, None, CHANGES).await?.rows,
        })
    }

    /// Whether there is something to accept.
    pub(super) fn is_changed(&self) -> bool {
        self.surfaces
            .iter()
            .any(|surface| surface.changed.is_some())
    }
}

/// `POST /monitors/{id}/tools/accept`
pub(crate) async fn accept_tools(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<MonitorId>,
) -> Result<Redirect, WebError> {
    tools::accept(&shared.app, &visitor.actor, id).await?;
    Ok(Redirect::to(&format!("/monitors/{id}?done=accepted#tools")))
}
