//! A process that dies: its step is polled by hand and dropped, at any await or by a receiver.
//!
//! A dropped step leaves behind what a killed process does: what was committed, what was sent, and
//! leases; its transaction is rolled back.

use std::pin::pin;
use std::task::Poll;

use tokio::sync::Notify;

/// Runs a step to its end, unless it dies before its poll number `life` or when `strike` falls;
/// `None` then.
pub(super) async fn live<T>(
    step: impl Future<Output = T>,
    life: Option<u32>,
    strike: &Notify,
) -> Option<T> {
    let mut step = pin!(step);
    let mut struck = pin!(strike.notified());
    let mut left = life;
    std::future::poll_fn(move |cx| {
        if left == Some(0) || struck.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        left = left.map(|left| left - 1);
        step.as_mut().poll(cx).map(Some)
    })
    .await
}

#[tokio::test]
async fn a_step_dies_where_it_waits_or_when_it_is_struck() {
    let strike = Notify::new();
    let waits = async || {
        tokio::task::yield_now().await;
        7
    };
    assert_eq!(live(waits(), None, &strike).await, Some(7));
    assert_eq!(live(waits(), Some(2), &strike).await, Some(7));
    assert_eq!(live(waits(), Some(1), &strike).await, None);
    let struck = async {
        strike.notify_waiters();
        tokio::task::yield_now().await;
    };
    assert_eq!(live(struck, None, &strike).await, None);
}
