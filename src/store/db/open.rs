//! Opening a database: what each engine is told at the door, and what the operator is told when
//! it stays shut.

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection as _, PgConnection};
use url::Url;

use crate::secret::{private_file, private_folder};
use crate::store::error::StoreError;

/// How long SQLite waits for another process that holds the lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// What PostgreSQL is told of our patience, and what it need not have: how long a statement may take, how
/// long a transaction may wait for us (a process that is stopped, or cut off, holds rows that others
/// need), and when a silent connection is that of nobody any more: two minutes.
pub(super) const BOUNDS: [(&str, &str); 6] = [
    ("statement_timeout", "30s"),
    ("idle_in_transaction_session_timeout", "10s"),
    ("tcp_keepalives_idle", "60s"),
    ("tcp_keepalives_interval", "10s"),
    ("tcp_keepalives_count", "6"),
    ("tcp_user_timeout", "60s"),
];
/// How long to wait for a free connection, and for a server to answer at start.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections that read from SQLite, and connections to PostgreSQL.
const CONNECTIONS: u32 = 8;
/// Transactions on PostgreSQL at once: whoever has one and reads beside it always finds a connection.
pub(super) const WRITERS: usize = CONNECTIONS as usize - 2;
/// Prepared statements that a connection keeps: all of ours, in all their row counts.
const STATEMENTS: usize = 512;

/// Memory in which SQLite's writer keeps pages of the file, in KiB (hence the sign). A batch of checks
/// touches pages all over it; with the usual 2 MiB most of them are read anew each time.
const WRITER_CACHE: &str = "-65536";
/// Pages of the log after which SQLite copies them into the file: 16 MiB. Pages that each batch
/// touches are so copied once for several batches.
const CHECKPOINT_AFTER: &str = "4000";

/// Opens the file of a `sqlite:` URL: one connection that writes, others that cannot.
pub(super) async fn sqlite(url: &str) -> Result<(SqlitePool, SqlitePool), String> {
    let options = SqliteConnectOptions::from_str(url).map_err(|error| error.to_string())?;
    let file = options.get_filename().to_owned();
    if url.contains(":memory:") || url.contains("mode=memory") {
        return Err("it must name a file; a database in memory would forget everything".to_owned());
    }
    let folder = file.parent().filter(|folder| *folder != Path::new(""));
    if let Some(folder) = folder {
        private_folder(folder)
            .map_err(|error| format!("cannot make the folder {}: {error}", folder.display()))?;
    }
    // SQLite would let everybody read a file that it makes; its log takes after it.
    match private_file(&file) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(format!("cannot make {}: {error}", file.display()));
        }
        _ => {}
    }
    let options = options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .statement_cache_capacity(STATEMENTS);
    let pool = |connections| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
    };
    let shown = file.display();
    let writer = pool(1)
        // Where a statement finds the disk full, SQLite ends the transaction by itself. sqlx does not learn
        // of it and would begin no other one on that connection.
        .before_acquire(|connection, _| {
            let is_fresh = !connection.is_in_transaction();
            Box::pin(async move { Ok(is_fresh) })
        })
        .connect_with(
            options
                .clone()
                .pragma("cache_size", WRITER_CACHE)
                .pragma("wal_autocheckpoint", CHECKPOINT_AFTER)
                // What a statement may have to undo; a batch has more of it than SQLite keeps in memory.
                .pragma("temp_store", "MEMORY"),
        )
        .await
        .map_err(|error| format!("cannot open {shown}: {error}"))?;
    let reader = pool(CONNECTIONS)
        .connect_with(options.pragma("query_only", "ON"))
        .await
        .map_err(|error| format!("cannot open {shown}: {error}"))?;
    Ok((writer, reader))
}

/// Refuses a `sqlite:` URL whose file is not there.
pub(in crate::store) fn must_exist(url: &str) -> Result<(), StoreError> {
    let file = sqlite_file(url);
    match file.filter(|file| !file.exists()) {
        Some(file) => Err(StoreError::Unusable(format!(
            "there is no database {}",
            file.display()
        ))),
        None => Ok(()),
    }
}

/// The folder of the file of a `sqlite:` URL; `None` for other URLs.
pub(super) fn sqlite_folder(url: &str) -> Option<PathBuf> {
    sqlite_file(url)?.parent().map(Path::to_owned)
}

fn sqlite_file(url: &str) -> Option<PathBuf> {
    if !url.starts_with("sqlite:") {
        return None;
    }
    let options = SqliteConnectOptions::from_str(url).ok()?;
    Some(options.get_filename().to_owned())
}

/// Reaches a PostgreSQL server.
pub(super) async fn postgres(url: &str) -> Result<(PgPool, PgConnectOptions), String> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| error.to_string())?
        .application_name("lifesign")
        .statement_cache_capacity(STATEMENTS);
    // The first one by itself: a pool would try in silence for as long as it may.
    let first = tokio::time::timeout(ACQUIRE_TIMEOUT, PgConnection::connect_with(&options));
    match first.await {
        Ok(Ok(connection)) => connection
            .close()
            .await
            .map_err(|error| error.to_string())?,
        Ok(Err(error)) => return Err(error.to_string()),
        Err(_) => return Err("it does not answer".to_owned()),
    }
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_lazy_with(options.clone().options(BOUNDS));
    Ok((pool, options))
}

/// A database URL as it may be shown: with neither the password nor the query, which may hold one.
pub(super) fn without_password(url: &str) -> String {
    match Url::parse(url) {
        Ok(mut url) if url.has_host() => {
            if url.password().is_some() {
                // Fails only for URLs that cannot have one.
                let _ = url.set_password(Some("***"));
            }
            url.set_query(None);
            url.to_string()
        }
        Ok(_) if url.starts_with("sqlite:") => url.to_owned(),
        // Whatever it is, it may hold a password anywhere.
        _ => url.split(':').next().unwrap_or_default().to_owned() + ":…",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_file_is_known() {
        for (url, folder) in [
            ("sqlite://data/lifesign.db", Some("data")),
            (
                "sqlite:///var/lib/a%20b/x.db?mode=rwc",
                Some("/var/lib/a b"),
            ),
            ("sqlite:x.db", Some("")),
            ("postgres://db/life", None),
        ] {
            assert_eq!(sqlite_folder(url), folder.map(PathBuf::from), "{url}");
        }
    }

    #[test]
    fn a_password_does_not_show() {
        for (url, shown) in [
            (
                "postgres://me:hunter2@db/life?password=hunter2",
                "postgres://me:***@db/life",
            ),
            ("postgres://me@db/life", "postgres://me@db/life"),
            ("sqlite://data/lifesign.db", "sqlite://data/lifesign.db"),
            ("postgres://me:hunter2@db:x/life", "postgres:…"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }
}
