//! The audit log: written beside the deed, read a page at a time, newest first.

use uuid::Uuid;

use super::codec::{Origin, Page, document, place, row};
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::audit::{AuditEntry, By};
use crate::domain::id::{AuditId, TeamId};
use crate::domain::team::Email;

row! {
    struct EntryRow {
        id: AuditId,
        team_id: TeamId,
        done_at: At,
        way: String,
        email: Option<String>,
        token_name: Option<String>,
        deed: String,
        kind: String,
        thing_id: Option<Uuid>,
        thing_name: String,
        fields: String,
    }
}

impl TryFrom<EntryRow> for AuditEntry {
    type Error = StoreError;

    fn try_from(row: EntryRow) -> Result<Self, StoreError> {
        let at = Origin {
            table: "audit_entry",
            id: row.id,
        };
        let email = row.email.and_then(|email| Email::parse(&email).ok());
        let by = match (row.way.as_str(), email, row.token_name) {
            ("page", Some(email), _) => By::Page(email),
            ("token", Some(email), Some(name)) => By::Token { name, email },
            ("link", Some(email), _) => By::Link(email),
            ("console", ..) => By::Console,
            _ => return Err(at.corrupt("way")),
        };
        Ok(Self {
            id: row.id,
            team: row.team_id,
            at: row.done_at,
            by,
            deed: row.deed,
            kind: row.kind,
            thing: row.thing_id,
            name: row.thing_name,
            fields: at.document("fields", &row.fields)?,
        })
    }
}

impl Store {
    /// The audit log of a team, newest first; only what was done to things of a kind, if it is given.
    pub async fn audit_log(
        &self,
        team: TeamId,
        kind: Option<&str>,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Page<AuditEntry>, StoreError> {
        let before: Option<AuditId> = place(cursor)?;
        let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
        let rows: Vec<EntryRow> = match kind {
            Some(kind) => self.db.all(OF_KIND, (team, kind, before, most)).await?,
            None => self.db.all(ALL, (team, before, most)).await?,
        };
        let entries = rows.into_iter().map(AuditEntry::try_from);
        let entries = entries.collect::<Result<_, _>>()?;
        Page::cut(entries, limit, |entry: &AuditEntry| entry.id)
    }

    /// Deletes entries from before `before`, at most `limit` of them; says how many.
    pub async fn drop_audit_entries(&self, before: At, limit: u32) -> Result<u64, StoreError> {
        self.db.run(DROP_OLD, (before, i64::from(limit))).await
    }
}

impl Tx {
    /// Adds an entry.
    pub async fn add_audit_entry(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        let row = (
            entry.id,
            entry.team,
            entry.at,
            entry.by.way(),
            entry.by.email().map(Email::as_str),
            entry.by.token(),
            &*entry.deed,
            &*entry.kind,
            entry.thing,
            &*entry.name,
            document(&entry.fields)?,
        );
        self.db.run(ADD, row).await?;
        Ok(())
    }
}

const ALL: &str = "
    SELECT id, team_id, done_at, way, email, token_name, deed, kind, thing_id, thing_name, fields
      FROM audit_entry
     WHERE team_id = $1 AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3";
const OF_KIND: &str = "
    SELECT id, team_id, done_at, way, email, token_name, deed, kind, thing_id, thing_name, fields
      FROM audit_entry
     WHERE team_id = $1 AND kind = $2 AND ($3 IS NULL OR id < $3) ORDER BY id DESC LIMIT $4";
const ADD: &str = "
    INSERT INTO audit_entry (id, team_id, done_at, way, email, token_name, deed, kind, thing_id,
                             thing_name, fields)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const DROP_OLD: &str = "
    WITH old AS MATERIALIZED (
        SELECT id FROM audit_entry WHERE done_at < $1 ORDER BY done_at LIMIT $2)
    DELETE FROM audit_entry WHERE id IN (SELECT id FROM old)";
