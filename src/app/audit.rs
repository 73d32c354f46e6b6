//! Writes who did what, in the transaction of the deed: there is no deed without its entry, and no
//! entry of what was rolled back.

use uuid::Uuid;

use crate::clock::Ids;
use crate::domain::at::At;
use crate::domain::audit::{AuditEntry, By, Deed, shown_name};
use crate::domain::id::{AuditId, TeamId};
use crate::domain::team::Actor;
use crate::store::{StoreError, Tx};

use super::App;

/// What a deed was done to: its id, where it has one, and what it is called.
pub(super) type Thing<'a> = (Option<Uuid>, &'a str);

/// Notes what somebody did.
pub(super) async fn note(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    deed: Deed,
    thing: Thing<'_>,
) -> Result<(), StoreError> {
    note_fields(app, tx, actor, (deed, &[]), thing).await
}

/// The same of a change, with the names of the fields that it changed; nothing when there are none.
pub(super) async fn note_change(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    (deed, fields): (Deed, &[&str]),
    thing: Thing<'_>,
) -> Result<(), StoreError> {
    if fields.is_empty() {
        return Ok(());
    }
    note_fields(app, tx, actor, (deed, fields), thing).await
}

async fn note_fields(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    what: (Deed, &[&str]),
    thing: Thing<'_>,
) -> Result<(), StoreError> {
    let whose = (actor.team, By::of(actor));
    write(tx, whose, what, thing, (&app.ids, app.clock.now())).await
}

/// Notes what was done in a team by whomever: also from the console or by a link, where there is no
/// actor.
pub(super) async fn write(
    tx: &mut Tx,
    (team, by): (TeamId, By),
    (deed, fields): (Deed, &[&str]),
    (thing, name): Thing<'_>,
    (ids, at): (&Ids, At),
) -> Result<(), StoreError> {
    let entry = AuditEntry {
        id: AuditId(ids.next()),
        team,
        at,
        by,
        deed: deed.as_str().to_owned(),
        kind: deed.kind().to_owned(),
        thing,
        name: shown_name(name),
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
    };
    tx.add_audit_entry(&entry).await
}
