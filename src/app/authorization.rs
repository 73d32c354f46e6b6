//! Telling that a server is open to everybody now or wants a login, that its login is broken or
//! works again. Part of the transaction that records the check: what is noted and what is told come
//! about together.

use crate::domain::at::At;
use crate::domain::gate::{Gate, is_of_login};
use crate::domain::notification::{Content, Event};
use crate::store::{StoreError, Tx};

use super::App;
use super::check::Checked;
use super::consequence::queue;

/// Queues what a check noticed, unless it was told before from elsewhere; says whether there was
/// anything. Call it when the incident that the check may open is written.
pub(super) async fn tell(
    app: &App,
    tx: &mut Tx,
    checked: &Checked,
    now: At,
) -> Result<bool, StoreError> {
    let (watch, report) = (&checked.result.watch, &checked.result.report);
    let whose = (watch.team, watch.monitor);
    let mut has_news = false;
    for gate in &checked.gate {
        let before = tx.gate(watch.monitor, gate.matter()).await?;
        if before == Some(*gate) {
            continue;
        }
        let is_news = gate.is_news_after(before);
        if is_news && *gate == Gate::Broken {
            // An incident that says so is the one message about it, and its end the other.
            let open = tx.open_incident_of(watch.monitor).await?;
            if open.is_some_and(|incident| is_of_login(incident.code)) {
                continue;
            }
        }
        tx.note_gate(whose, *gate, now).await?;
        if !is_news {
            continue;
        }
        let Some(kept) = tx.monitor(watch.team, watch.monitor).await? else {
            continue;
        };
        let event = match gate {
            Gate::Open => Event::AuthorizationOpened,
            Gate::Gated => Event::AuthorizationRequired,
            Gate::Broken => Event::AuthorizationBroken,
            Gate::Sound => Event::AuthorizationRestored,
        };
        let content = Content::of_check(&kept.monitor, report, now);
        has_news |= queue(app, tx, &kept.monitor, event, &content).await?;
    }
    Ok(has_news)
}
