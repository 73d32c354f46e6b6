//! The tool surface of a monitor over time: what changed since the last check, kept with the check
//! that saw it, and accepted by people.

use crate::domain::check::Watch;
use crate::domain::id::MonitorId;
use crate::domain::observation::{Era, Observation};
use crate::domain::team::Actor;
use crate::domain::tools::{SurfaceDiff, ToolsMemory};
use crate::store::{SeenTools, StoreError, ToolsChange, Tx};

use super::App;
use super::events::Changed;
use super::monitors::may_edit;
use super::refused::Refused;

/// The tools that a check saw, when they are others than those that the check before saw from the
/// same place.
pub(super) fn news(watch: &Watch, before: &ToolsMemory, seen: &Observation) -> Option<SeenTools> {
    let surface = seen.all_tools()?;
    let (era, known) = (seen.server.era, before.hash.as_ref());
    if before.era == era && known == Some(&surface.hash) {
        return None;
    }
    Some(SeenTools {
        team: watch.team,
        monitor: watch.monitor,
        era: word(era),
        location: watch.location.clone(),
        at: seen.started_at,
        hash: surface.hash.clone(),
        tools: surface.kept(),
    })
}

/// What is different about them; nothing for the first ones, or where the old ones cannot be read
/// now: then the next change is told.
pub(super) async fn difference(
    app: &App,
    before: &ToolsMemory,
    news: &SeenTools,
) -> Option<SurfaceDiff> {
    before.hash.as_ref()?;
    let current = app.store.current_tools(news.team, news.monitor).await;
    let current = current.ok()?.into_iter().find(|it| it.era == news.era)?;
    SurfaceDiff::between(&current.tools, &news.tools)
}

/// Keeps a surface that a check saw, and the change when there was another before. Part of the
/// transaction.
pub(super) async fn keep(tx: &mut Tx, news: &SeenTools) -> Result<(), StoreError> {
    let before = tx.shown_tools(news.monitor, &news.era).await?;
    if before.as_ref().is_some_and(|(hash, _)| *hash == news.hash) {
        return Ok(());
    }
    tx.show_tools(news).await?;
    let Some((before, tools)) = before else {
        return Ok(());
    };
    let Some(diff) = SurfaceDiff::between(&tools, &news.tools) else {
        return Ok(());
    };
    let change = ToolsChange {
        at: news.at,
        era: news.era.clone(),
        location: news.location.clone(),
        before,
        after: news.hash.clone(),
        diff,
    };
    tx.add_tools_change(news.team, news.monitor, &change).await
}

/// Takes the tools that a monitor shows now as the ones to compare with.
pub async fn accept(app: &App, actor: &Actor, monitor: MonitorId) -> Result<(), Refused> {
    may_edit(actor)?;
    let mut tx = app.store.begin().await?;
    let known = tx.monitor(actor.team, monitor).await?;
    known.ok_or(Refused::NotFound)?;
    let now = app.clock.now();
    tx.accept_tools(actor.team, monitor, now).await?;
    tx.commit().await?;
    app.events.publish(Changed {
        team: actor.team,
        monitor,
    });
    Ok(())
}

/// The word of the contract for a generation; one that is not known yet counts as the first.
fn word(era: Option<Era>) -> String {
    let word = serde_json::to_value(era.unwrap_or(Era::Legacy));
    let word = word
        .ok()
        .as_ref()
        .and_then(|word| word.as_str().map(str::to_owned));
    word.unwrap_or_else(|| "legacy".to_owned())
}
