//! A host that is busy delays its own monitors and nobody else.

use std::sync::Arc;
use std::time::Duration;

use lifesign::app::hosts::Hosts;
use lifesign::app::{recorder, scheduler};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::*;

/// Far longer than any check takes.
const PATIENCE: Duration = Duration::from_secs(15);

engines! {
    async fn a_busy_host_delays_only_its_own_monitors(store: Store) {
        let mut test = TestApp::new(store).await;
        Arc::get_mut(&mut test.app).unwrap().hosts = Hosts::new().pacing_own();
        let server = FakeMcp::start(healthy()).unwrap();
        let port = server.address().port();
        let busy = test.watch(&server.url()).await;
        let other = test.watch(&format!("http://localhost:{port}/mcp")).await;
        test.advance(60);

        let held = test.app.hosts.turn(&Url::parse(&server.url()).unwrap()).await;
        let (results, mut made) = recorder::queue();
        let stop = CancellationToken::new();
        let running = scheduler::run(Arc::clone(&test.app), results, stop.clone());
        let looking = async {
            let first = made.recv().await.unwrap();
            assert_eq!(first.checked.result.watch.monitor, other);
            assert_eq!(test.app.hosts.waiting(), 1);
            drop(held);
            let second = made.recv().await.unwrap();
            assert_eq!(second.checked.result.watch.monitor, busy);
            stop.cancel();
        };
        let both = async { tokio::join!(running, looking) };
        tokio::time::timeout(PATIENCE, both).await.unwrap();
    }
}
