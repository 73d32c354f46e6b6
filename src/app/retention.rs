//! Deletes what is older than it has to be kept, in small bites, on one node at a time.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::App;

/// The lease that says who cleans.
const LEASE: &str = "retention";
/// How long the lease is held.
const HELD: Duration = Duration::from_mins(5);
/// Most rows that one bite deletes.
const BITE: usize = 5_000;
/// Wait after a bite that was full.
const BREATH: Duration = Duration::from_millis(200);
/// Wait when there is nothing to delete.
const REST: Duration = Duration::from_mins(10);
