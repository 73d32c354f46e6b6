//! Nodes: their signs of life, and what was told of them. They belong to no team; what is noticed of
//! one is decided by its row, so that two who notice it tell it once.

use super::codec::row;
use super::db::Dialects;
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::node::{Node, NodeKey, NodeNews};

row! {
    struct NodeRow {
        name: String,
        location: String,
        roles: String,
        version: String,
        started_at: At,
        seen_at: At,
        lag_ms: Option<i64>,
        in_flight: i64,
        troubled_since: Option<At>,
        silent_since: Option<At>,
        told_trouble: Option<At>,
    }
}

impl From<NodeRow> for Node {
    fn from(row: NodeRow) -> Self {
        Self {
            key: NodeKey {
                name: row.name,
                location: row.location,
                roles: row.roles,
            },
            version: row.version,
            started_at: row.started_at,
            seen_at: row.seen_at,
            lag_ms: row.lag_ms,
            in_flight: u32::try_from(row.in_flight).unwrap_or_default(),
            troubled_since: row.troubled_since,
            silent_since: row.silent_since,
            told_trouble: row.told_trouble,
        }
    }
}

impl Store {
    /// A sign of life: what a node says of itself. What was told of it stays.
    pub async fn beat(&self, node: &Node) -> Result<(), StoreError> {
        let NodeKey {
            name,
            location,
            roles,
        } = &node.key;
        let row = (
            &**name,
            &**location,
            &**roles,
            &*node.version,
            node.started_at,
            node.seen_at,
            node.lag_ms,
            i64::from(node.in_flight),
            node.troubled_since,
        );
        self.db.run(BEAT, row).await?;
        Ok(())
    }

    /// The nodes, by name; at most `limit`.
    pub async fn nodes(&self, limit: u32) -> Result<Vec<Node>, StoreError> {
        let rows: Vec<NodeRow> = self.db.all(NODES, (i64::from(limit),)).await?;
        Ok(rows.into_iter().map(Node::from).collect())
    }

    /// Forgets a node that says goodbye.
    pub async fn drop_node(&self, key: &NodeKey) -> Result<(), StoreError> {
        let key = (&*key.name, &*key.location, &*key.roles);
        self.db.run(DROP, key).await?;
        Ok(())
    }

    /// Forgets nodes that were last heard of before `before`; says how many.
    pub async fn drop_silent_nodes(&self, before: At) -> Result<u64, StoreError> {
        self.db.run(DROP_SILENT, (before,)).await
    }

    /// Whether any monitor is to be checked from a location.
    pub async fn is_checked_from(&self, location: &str) -> Result<bool, StoreError> {
        let one: Option<(i64,)> = self.db.optional(CHECKED_FROM, (location,)).await?;
        Ok(one.is_some())
    }

    /// How large the database is, in bytes.
    pub async fn size(&self) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let sql = tx.db.pick(SIZE);
        let (bytes,): (i64,) = tx.db.one(sql, ()).await?;
        Ok(bytes.unsigned_abs())
    }

    /// How many watches are planned, and how many checks were made for slots from `since` on.
    pub async fn work_since(&self, since: At) -> Result<(u64, u64), StoreError> {
        let (planned,): (i64,) = self.db.one(PLANNED, ()).await?;
        let (done,): (i64,) = self.db.one(DONE, (since,)).await?;
        Ok((planned.unsigned_abs(), done.unsigned_abs()))
    }
}

impl Tx {
    /// Takes note of what is about to be told of a node as it was read. False when another has told
    /// it, or it is no longer so.
    pub async fn note_of_node(&mut self, node: &Node, news: NodeNews) -> Result<bool, StoreError> {
        let NodeKey {
            name,
            location,
            roles,
        } = &node.key;
        let sql = match news {
            NodeNews::Silent => NOTE_SILENT,
            NodeNews::Back => NOTE_BACK,
            NodeNews::Troubled => NOTE_TROUBLED,
            NodeNews::Calm => NOTE_CALM,
        };
        let row = (&**name, &**location, &**roles, node.seen_at);
        Ok(self.db.run(sql, row).await? > 0)
    }
}

const BEAT: &str = "
    INSERT INTO node (name, location, roles, version, started_at, seen_at, lag_ms, in_flight,
                      troubled_since)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (name, location, roles) DO UPDATE
       SET version = excluded.version, started_at = excluded.started_at,
           seen_at = excluded.seen_at, lag_ms = excluded.lag_ms,
           in_flight = excluded.in_flight, troubled_since = excluded.troubled_since";
const NODES: &str = "
    SELECT name, location, roles, version, started_at, seen_at, lag_ms, in_flight,
           troubled_since, silent_since, told_trouble
      FROM node ORDER BY name, location, roles LIMIT $1";
const DROP: &str = "DELETE FROM node WHERE name = $1 AND location = $2 AND roles = $3";
const DROP_SILENT: &str = "DELETE FROM node WHERE seen_at < $1";
const NOTE_SILENT: &str = "
    UPDATE node SET silent_since = seen_at
     WHERE name = $1 AND location = $2 AND roles = $3 AND seen_at = $4 AND silent_since IS NULL";
const NOTE_BACK: &str = "
    UPDATE node SET silent_since = NULL
     WHERE name = $1 AND location = $2 AND roles = $3 AND seen_at >= $4
       AND silent_since IS NOT NULL";
const NOTE_TROUBLED: &str = "
    UPDATE node SET told_trouble = troubled_since
     WHERE name = $1 AND location = $2 AND roles = $3 AND seen_at >= $4
       AND told_trouble IS NULL AND troubled_since IS NOT NULL";
const NOTE_CALM: &str = "
    UPDATE node SET told_trouble = NULL
     WHERE name = $1 AND location = $2 AND roles = $3 AND seen_at >= $4
       AND told_trouble IS NOT NULL AND troubled_since IS NULL";
/// Each engine keeps the book of its own size.
const SIZE: Dialects = Dialects {
    sqlite: "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    postgres: "SELECT pg_database_size(current_database())",
};
const CHECKED_FROM: &str = "
    SELECT CAST(1 AS BIGINT) FROM watch WHERE location = $1 AND next_due IS NOT NULL LIMIT 1";
const PLANNED: &str = "SELECT COUNT(*) FROM watch WHERE next_due IS NOT NULL";
const DONE: &str = "SELECT COUNT(*) FROM check_result WHERE slot >= $1";
