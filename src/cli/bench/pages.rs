//! What pages cost: from the request to the last byte, without a socket.

use std::sync::Arc;

use anyhow::ensure;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::measure::{Begun, Cost};
use super::stage::{SLUG, Stage};
use crate::cli::serve;

/// Most bytes of a page.
pub(super) const LIMIT: usize = 4 << 20;
/// Most requests of a page that is made anew each time.
const MOST: u32 = 200;

/// The list, the page of a monitor, and the status page as page and as JSON.
pub(super) async fn measure(stage: &Stage, n: u32) -> anyhow::Result<Vec<(&'static str, Cost)>> {
    let router = serve::router(&Arc::clone(&stage.app), CancellationToken::new());
    let pages = [
        ("list of monitors", "/".to_owned(), n.min(MOST)),
        (
            "page of a monitor",
            format!("/monitors/{}", stage.monitor),
            n.min(MOST),
        ),
        ("status page", format!("/status/{SLUG}"), n),
        ("status JSON", format!("/api/v1/status/{SLUG}"), n),
    ];
    let mut costs = Vec::new();
    for (name, path, n) in pages {
        let ask = async || -> anyhow::Result<()> {
            let cookie = format!("lifesign_session={}", stage.session);
            let request = Request::get(&path).header(header::COOKIE, cookie);
            let page = router.clone().oneshot(request.body(Body::empty())?).await?;
            ensure!(page.status().is_success(), "{path}: {}", page.status());
            to_bytes(page.into_body(), LIMIT).await?;
            Ok(())
        };
        ask().await?;
        let begun = Begun::now()?;
        for _ in 0..n {
            ask().await?;
        }
        costs.push((name, begun.cost(n)?));
    }
    Ok(costs)
}
