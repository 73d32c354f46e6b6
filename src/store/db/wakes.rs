//! Calls from node to node, by `NOTIFY` and `LISTEN` of PostgreSQL: the embedded engine has one process,
//! which has nobody to call.
//!
//! A call is only a hint: it may be lost, and nothing may depend on it. It is a statement of its own,
//! never part of a transaction: those that call are committed one after the other, of all nodes.

use std::io;
use std::time::Duration;

use sqlx::Executor as _;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::time::timeout;

use super::held::Held;
use super::{Db, Pools, open, params};
use crate::store::error::StoreError;

/// Silence after which the line is tried: it may be dead for long already.
const SILENCE: Duration = Duration::from_secs(30);
/// Longest wait for an answer on it.
const ANSWER: Duration = Duration::from_secs(10);
/// The name by which calls are sent and heard.
const CHANNEL: &str = "lifesign";
const CALL: &str = "SELECT pg_notify('lifesign', $1)";

/// A connection of its own that hears the calls of all nodes, those of this one among them.
#[derive(Debug)]
pub(in crate::store) struct Ears(PgListener);

impl Db {
    /// Whether other nodes may work on it.
    pub(in crate::store) fn is_shared(&self) -> bool {
        matches!(self.pools, Pools::Postgres { .. })
    }

    /// Calls to all nodes; PostgreSQL takes fewer than 8,000 bytes.
    pub(in crate::store) async fn call(&self, text: &str) -> Result<(), StoreError> {
        if let Pools::Postgres { pool, .. } = &self.pools {
            let args = params::postgres([(text,)])?;
            Held::of(pool).await?.run(CALL, args).await?;
        }
        Ok(())
    }

    /// Hears calls from now on; `None` where there is nobody to call.
    pub(in crate::store) async fn listen(&self) -> Result<Option<Ears>, StoreError> {
        let Pools::Postgres { options, .. } = &self.pools else {
            return Ok(None);
        };
        // The driver wants a pool. One of its own keeps the others for those who work.
        let line = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ANSWER)
            .connect_lazy_with(options.as_ref().clone().options(open::BOUNDS));
        let listening = async {
            let mut listener = PgListener::connect_with(&line).await?;
            listener.eager_reconnect(false);
            listener.listen(CHANNEL).await?;
            Ok(Ears(listener))
        };
        let listening: sqlx::Result<Ears> = timeout(ANSWER, listening).await.map_err(no_answer)?;
        Ok(Some(listening?))
    }
}

impl Ears {
    /// The text of the next call. An error when the line is dead: listen again, and take it that calls
    /// were lost.
    pub(in crate::store) async fn next(&mut self) -> Result<String, StoreError> {
        loop {
            match timeout(SILENCE, self.0.try_recv()).await {
                Ok(Ok(Some(call))) => return Ok(call.payload().to_owned()),
                Ok(Ok(None)) => return Err(no_answer(()).into()),
                Ok(Err(error)) => return Err(error.into()),
                Err(_) => {
                    let alive = timeout(ANSWER, self.0.execute("SELECT 1")).await;
                    alive.map_err(no_answer)??;
                }
            }
        }
    }
}

fn no_answer<T>(_: T) -> sqlx::Error {
    sqlx::Error::Io(io::ErrorKind::ConnectionAborted.into())
}
