//! Claims: which team says that a host is theirs, and which of them the host itself names. At most one
//! team holds a host; whoever proves it last does.

use std::time::Duration;

use super::codec::row;
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::claim::{Claim, EVICTED, OwnerWords};
use crate::domain::id::{ClaimId, TeamId};

row! {
    struct ClaimRow {
        id: ClaimId,
        team_id: TeamId,
        host: String,
        token: String,
        made_at: At,
        proved_at: Option<At>,
        checked_at: Option<At>,
        outcome: Option<String>,
        failures: i64,
        next_check: Option<At>,
        words: Option<String>,
        link: Option<String>,
    }
}

impl From<ClaimRow> for Claim {
    fn from(row: ClaimRow) -> Self {
        Self {
            id: row.id,
            team: row.team_id,
            host: row.host,
            token: row.token,
            made_at: row.made_at,
            proved_at: row.proved_at,
            checked_at: row.checked_at,
            outcome: row.outcome,
            failures: row.failures,
            next_check: row.next_check,
            said: OwnerWords {
                words: row.words,
                link: row.link,
            },
        }
    }
}

impl Store {
    /// The claims of a team by host, at most `limit`.
    pub async fn claims(&self, team: TeamId, limit: usize) -> Result<Vec<Claim>, StoreError> {
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<ClaimRow> = self.db.all(CLAIMS, (team, most)).await?;
        Ok(rows.into_iter().map(Claim::from).collect())
    }

    /// A claim of a team.
    pub async fn claim(&self, team: TeamId, id: ClaimId) -> Result<Option<Claim>, StoreError> {
        let row: Option<ClaimRow> = self.db.optional(CLAIM, (team, id)).await?;
        Ok(row.map(Claim::from))
    }

    /// The claims of every team whose daily check is due, at most `limit`: for the worker, which belongs
    /// to none.
    pub async fn claims_due(&self, now: At, limit: u32) -> Result<Vec<Claim>, StoreError> {
        let rows: Vec<ClaimRow> = self.db.all(DUE, (now, i64::from(limit))).await?;
        Ok(rows.into_iter().map(Claim::from).collect())
    }

    /// Takes the turn to check a claim at `now`. False when it is gone, or was checked less than `pause`
    /// ago.
    pub async fn take_claim_check(
        &self,
        team: TeamId,
        id: ClaimId,
        now: At,
        pause: Duration,
    ) -> Result<bool, StoreError> {
        Ok(self.db.run(TAKE, (team, id, now, now - pause)).await? > 0)
    }
}

impl Tx {
    /// Adds a claim. [`StoreError::Conflict`] when the team claims that host already.
    pub async fn add_claim(&mut self, claim: &Claim) -> Result<(), StoreError> {
        let row = (
            claim.id,
            claim.team,
            &*claim.host,
            &*claim.token,
            claim.made_at,
            claim.failures,
        );
        self.db.run(ADD, row).await?;
        Ok(())
    }

    /// Keeps what a check has found: `checked` is what `read` has become. Where it proves a host, every
    /// other team loses it. False, and nothing may be committed, when it is gone or another check was
    /// first.
    pub async fn save_claim_check(
        &mut self,
        read: &Claim,
        checked: &Claim,
    ) -> Result<bool, StoreError> {
        if checked.proved_at.is_some() {
            let others = (&*checked.host, checked.id, EVICTED);
            self.db.run(EVICT, others).await?;
        }
        let row = (
            checked.team,
            checked.id,
            checked.proved_at,
            checked.checked_at,
            checked.outcome.as_deref(),
            checked.failures,
            checked.next_check,
            read.proved_at.unwrap_or(NEVER),
            read.next_check.unwrap_or(NEVER),
        );
        Ok(self.db.run(SAVE_CHECK, row).await? > 0)
    }

    /// Keeps what an owner says to the public. False when the claim is gone.
    pub async fn save_owner_words(
        &mut self,
        team: TeamId,
        id: ClaimId,
        said: &OwnerWords,
    ) -> Result<bool, StoreError> {
        let row = (team, id, said.words.as_deref(), said.link.as_deref());
        Ok(self.db.run(SAVE_WORDS, row).await? > 0)
    }

    /// Deletes a claim, and whom it kept from listing its host. False when it is gone already.
    pub async fn delete_claim(&mut self, team: TeamId, id: ClaimId) -> Result<bool, StoreError> {
        Ok(self.db.run(DELETE, (team, id)).await? > 0)
    }
}

/// What stands for an instant that there is not, where two are compared.
const NEVER: At = At(-1);

/// The columns of a claim.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, team_id, host, token, made_at, proved_at, checked_at, outcome, failures,
                    next_check, words, link
               FROM claim ",
            $rest
        )
    };
}

const CLAIMS: &str = select!("WHERE team_id = $1 ORDER BY host LIMIT $2");
const CLAIM: &str = select!("WHERE team_id = $1 AND id = $2");
const DUE: &str = select!("WHERE next_check <= $1 ORDER BY next_check, id LIMIT $2");
const TAKE: &str = "
    UPDATE claim SET checked_at = $3
     WHERE team_id = $1 AND id = $2 AND (checked_at IS NULL OR checked_at <= $4)";
const ADD: &str = "
    INSERT INTO claim (id, team_id, host, token, made_at, failures) VALUES ($1, $2, $3, $4, $5, $6)";
const EVICT: &str = "
    UPDATE claim SET proved_at = NULL, next_check = NULL, failures = 0, outcome = $3
     WHERE host = $1 AND id <> $2 AND proved_at IS NOT NULL";
const SAVE_CHECK: &str = "
    UPDATE claim SET proved_at = $3, checked_at = $4, outcome = $5, failures = $6, next_check = $7
     WHERE team_id = $1 AND id = $2
       AND COALESCE(proved_at, -1) = $8 AND COALESCE(next_check, -1) = $9";
const SAVE_WORDS: &str = "UPDATE claim SET words = $3, link = $4 WHERE team_id = $1 AND id = $2";
const DELETE: &str = "DELETE FROM claim WHERE team_id = $1 AND id = $2";
