//! The tool surface of a monitor over time: what changed since the last check, kept with the check
//! that saw it, and accepted by people.

use serde_json::Value;

use crate::domain::at::At;
use crate::domain::audit::Deed;
use crate::domain::check::Watch;
use crate::domain::id::MonitorId;
use crate::domain::notification::{Content, Event, ToolsFacts};
use crate::domain::observation::{Era, Observation};
use crate::domain::team::Actor;
use crate::domain::tools::{SurfaceDiff, ToolsMemory};
use crate::store::{SeenTools, StoreError, ToolsChange, Tx};

use super::App;
use super::audit::note;
use super::check::Checked;
use super::consequence::queue;
use super::events::Changed;
use super::monitors::may_edit;
use super::refused::Refused;

/// Most tools of a change that a message describes; the page describes them all.
const MAX_TOLD: usize = 10;

/// The tools that a check saw, when they are others than those that the check before saw from the
/// same place, or when nobody was told yet that they are.
pub(super) fn news(watch: &Watch, before: &ToolsMemory, seen: &Observation) -> Option<SeenTools> {
    let surface = seen.all_tools()?;
    let (era, known) = (seen.server.era, before.hash.as_ref());
    if before.era == era && known == Some(&surface.hash) && !before.is_untold {
        return None;
    }
    Some(SeenTools {
        team: watch.team,
        monitor: watch.monitor,
        era: word(era),
        location: watch.location.clone(),
        at: seen.started_at,
        hash: surface.hash.clone(),
        tools: Value::Array(surface.kept()).to_string(),
    })
}

/// Whether tools are others than those that were last seen from the same place, or were not told yet.
pub(super) fn are_news(before: &ToolsMemory, seen: &SeenTools) -> bool {
    before.is_untold || before.hash.as_ref() != Some(&seen.hash) || word(before.era) != seen.era
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
    SurfaceDiff::between(&current.tools, &news.read().ok()?)
}

/// Keeps the surfaces that checks saw, and the changes where there was another before; says whether
/// something was queued to be told. With each check whether maintenance keeps that for later. Part of
/// the transaction.
pub(super) async fn keep(
    app: &App,
    tx: &mut Tx,
    noticed: &[(&Checked, bool)],
    now: At,
) -> Result<bool, StoreError> {
    let seen = noticed
        .iter()
        .filter_map(|(checked, is_held)| Some((*checked, checked.tools.as_ref()?, *is_held)));
    let seen: Vec<_> = seen.collect();
    let all: Vec<&SeenTools> = seen.iter().map(|(_, news, _)| *news).collect();
    let mut known = tx.shown_before(&all).await?;
    let (first, others): (Vec<_>, Vec<_>) = seen
        .into_iter()
        .partition(|(_, news, _)| known.insert((news.monitor, news.era.clone())));
    let first: Vec<&SeenTools> = first.into_iter().map(|(_, news, _)| news).collect();
    tx.show_tools(&first).await?;
    let mut has_news = false;
    for other in others {
        has_news |= Box::pin(keep_other(app, tx, other, now)).await?;
    }
    Ok(has_news)
}

/// Keeps a surface where there was one before.
async fn keep_other(
    app: &App,
    tx: &mut Tx,
    (checked, news, is_held): (&Checked, &SeenTools, bool),
    now: At,
) -> Result<bool, StoreError> {
    let before = tx.shown_tools(news.monitor, &news.era).await?;
    let (before, tools) = match before {
        Some((hash, _)) if hash == news.hash => {
            return if checked.are_tools_untold && !is_held {
                tell_held(app, tx, checked, news, now).await
            } else {
                Ok(false)
            };
        }
        Some(before) => before,
        None => {
            tx.show_tools(&[news]).await?;
            return Ok(false);
        }
    };
    tx.show_tools(&[news]).await?;
    let Some(diff) = SurfaceDiff::between(&tools, &news.read()?) else {
        return Ok(false);
    };
    let change = ToolsChange {
        at: news.at,
        era: news.era.clone(),
        location: news.location.clone(),
        before,
        after: news.hash.clone(),
        diff,
    };
    tx.add_tools_change(news.team, news.monitor, &change)
        .await?;
    if is_held {
        return Ok(false);
    }
    tell(app, tx, checked, &change, now).await
}

/// Tells a change once, as long as its tools are not the accepted ones: what was taken back needs
/// nobody. Lists that come and go are told by their incident, and here when they have settled.
async fn tell(
    app: &App,
    tx: &mut Tx,
    checked: &Checked,
    change: &ToolsChange,
    now: At,
) -> Result<bool, StoreError> {
    let watch = &checked.result.watch;
    if checked.result.memory.tools.is_restless() {
        return Ok(false);
    }
    let accepted = tx.accepted_tools(watch.monitor, &change.era).await?;
    if accepted.is_none_or(|(hash, _)| hash == change.after) {
        return Ok(false);
    }
    let Some(kept) = tx.monitor(watch.team, watch.monitor).await? else {
        return Ok(false);
    };
    let mut content = Content::of_check(&kept.monitor, &checked.result.report, now);
    content.tools = Some(ToolsFacts {
        era: change.era.clone(),
        before: change.before.clone(),
        after: change.after.clone(),
        diff: change.diff.first(MAX_TOLD),
    });
    queue(app, tx, &kept.monitor, Event::ToolsChanged, &content).await
}

/// Tells what was held back: how the tools differ from the accepted ones.
async fn tell_held(
    app: &App,
    tx: &mut Tx,
    checked: &Checked,
    news: &SeenTools,
    now: At,
) -> Result<bool, StoreError> {
    let accepted = tx.accepted_tools(news.monitor, &news.era).await?;
    let Some((before, tools)) = accepted else {
        return Ok(false);
    };
    let Some(diff) = SurfaceDiff::between(&tools, &news.read()?) else {
        return Ok(false);
    };
    let change = ToolsChange {
        at: news.at,
        era: news.era.clone(),
        location: news.location.clone(),
        before,
        after: news.hash.clone(),
        diff,
    };
    tell(app, tx, checked, &change, now).await
}

/// Takes the tools that a monitor shows now as the ones to compare with.
pub async fn accept(app: &App, actor: &Actor, monitor: MonitorId) -> Result<(), Refused> {
    may_edit(actor)?;
    let mut tx = app.store.begin().await?;
    let known = tx.monitor(actor.team, monitor).await?;
    let known = known.ok_or(Refused::NotFound)?;
    let now = app.clock.now();
    tx.accept_tools(actor.team, monitor, now).await?;
    let thing = (Some(monitor.0), &*known.monitor.spec.name);
    note(app, &mut tx, actor, Deed::MonitorToolsAccepted, thing).await?;
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
