//! Telling that a certificate or a credential ends soon. Part of the transaction that records the
//! check: what is remembered and what is told come about together.

use crate::domain::at::At;
use crate::domain::expiry::Expires;
use crate::domain::notification::{Content, Event};
use crate::store::{StoreError, Tx};

use super::App;
use super::check::Checked;
use super::consequence::queue;

/// Queues what a check found to end soon, unless it was told before from elsewhere; says whether
/// there was anything.
pub(super) async fn tell(
    app: &App,
    tx: &mut Tx,
    checked: &Checked,
    now: At,
) -> Result<bool, StoreError> {
    let (watch, report) = (&checked.result.watch, &checked.result.report);
    let whose = (watch.team, watch.monitor);
    let mut has_news = false;
    for expiring in &checked.expiring {
        if !tx.note_expiring(whose, expiring, now).await? {
            continue;
        }
        let Some(kept) = tx.monitor(watch.team, watch.monitor).await? else {
            continue;
        };
        let event = match expiring.what {
            Expires::Certificate => Event::CertificateExpiring,
            Expires::Credential => Event::CredentialExpiring,
        };
        let content = Content::of_check(&kept.monitor, report, now);
        has_news |= queue(app, tx, &kept.monitor, event, &content).await?;
    }
    Ok(has_news)
}
