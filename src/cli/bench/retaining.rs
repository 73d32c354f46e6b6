//! What deleting old checks costs those who work meanwhile: how long a small write and a page wait.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::measure::{Begun, Cost};
use super::pages::LIMIT;
use super::stage::Stage;
use crate::app::retention;
use crate::cli::serve;

/// Time between two looks at how long something waits.
const LOOK: Duration = Duration::from_millis(20);
/// How far the clock is moved beyond what is kept: whole days are over then.
const BEYOND: Duration = Duration::from_hours(48);

/// What came of it.
pub(super) struct Retained {
    /// What deleting one row cost, the looks included.
    pub(super) cost: Cost,
    /// How long small writes took meanwhile, in milliseconds, in order.
    pub(super) writes: Vec<f64>,
    /// How long the page of a monitor took meanwhile.
    pub(super) pages: Vec<f64>,
}

/// Moves the clock until every check is old, and deletes them as a node does.
pub(super) async fn measure(stage: &Stage) -> anyhow::Result<Retained> {
    let app = &stage.app;
    app.clock.advance(app.settings.retention_checks + BEYOND);
    let (mut writes, mut pages) = (Vec::new(), Vec::new());
    let begun = Begun::now()?;
    let deleting = async {
        let mut gone = 0;
        loop {
            let rows = retention::step(app).await?;
            gone += u32::try_from(rows)?;
            if rows < u64::from(retention::BITE) {
                return anyhow::Ok(gone);
            }
            tokio::time::sleep(retention::BREATH).await;
        }
    };
    let looking = async {
        let router = serve::router(&Arc::clone(app), CancellationToken::new());
        loop {
            let asked = Instant::now();
            let now = app.clock.now();
            app.store.hold_lease("bench", "bench", now, now).await?;
            writes.push(asked.elapsed().as_secs_f64() * 1e3);
            let asked = Instant::now();
            let cookie = format!("lifesign_session={}", stage.session);
            let request = Request::get(format!("/monitors/{}", stage.monitor));
            let request = request.header(header::COOKIE, cookie).body(Body::empty())?;
            let page = router.clone().oneshot(request).await?;
            ensure!(
                page.status().is_success(),
                "the page of a monitor: {}",
                page.status()
            );
            to_bytes(page.into_body(), LIMIT).await?;
            pages.push(asked.elapsed().as_secs_f64() * 1e3);
            tokio::time::sleep(LOOK).await;
        }
    };
    let gone: anyhow::Result<u32> = tokio::select! {
        gone = deleting => gone,
        failed = looking => failed,
    };
    let cost = begun.cost(gone?)?;
    writes.sort_by(f64::total_cmp);
    pages.sort_by(f64::total_cmp);
    Ok(Retained {
        cost,
        writes,
        pages,
    })
}
