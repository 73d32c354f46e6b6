//! What teams list in the public directory, and what the owner of a host has taken off it.

use super::codec::row;
use super::{Store, StoreError, Tx};
use crate::domain::at::At;
use crate::domain::claim::OwnerWords;
use crate::domain::directory::{Listing, MAX_LISTINGS, OnHost, PublicListing};
use crate::domain::id::{ClaimId, MonitorId, TeamId};

row! {
    struct PublicRow {
        monitor_id: MonitorId,
        team_id: TeamId,
        host: String,
        listed_at: At,
        is_verified: bool,
        words: Option<String>,
        link: Option<String>,
    }
}

row! {
    struct OnHostRow {
        monitor_id: MonitorId,
        name: String,
        url: String,
        is_own: bool,
    }
}

/// What became of the wish to list a monitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// It is listed.
    Done,
    /// There is no such monitor.
    Gone,
    /// The owner of its host has taken the team off.
    Refused,
    /// The directory is full.
    Full,
}

impl PublicRow {
    fn public(self) -> PublicListing {
        let said = OwnerWords {
            words: self.words,
            link: self.link,
        };
        PublicListing {
            listing: Listing {
                monitor: self.monitor_id,
                team: self.team_id,
                host: self.host,
                listed_at: self.listed_at,
            },
            owner: self.is_verified.then_some(said),
        }
    }
}

impl Store {
    /// The listing of a monitor of a team, as the public meets it.
    pub async fn listing(
        &self,
        team: TeamId,
        monitor: MonitorId,
    ) -> Result<Option<PublicListing>, StoreError> {
        let row: Option<PublicRow> = self.db.optional(LISTING, (team, monitor)).await?;
        Ok(row.map(PublicRow::public))
    }

    /// A listing for the public. A monitor that is not listed is not there.
    pub async fn public_listing(
        &self,
        monitor: MonitorId,
    ) -> Result<Option<PublicListing>, StoreError> {
        let row: Option<PublicRow> = self.db.optional(PUBLIC_LISTING, (monitor,)).await?;
        Ok(row.map(PublicRow::public))
    }

    /// Whether there is anything in the directory.
    pub async fn is_anything_listed(&self) -> Result<bool, StoreError> {
        let any: Option<(MonitorId,)> = self.db.optional(ANY, ()).await?;
        Ok(any.is_some())
    }

    /// What is listed of the host that a team holds, by name; nothing while it does not hold it. At most
    /// `limit`.
    pub async fn listed_on(
        &self,
        team: TeamId,
        claim: ClaimId,
        limit: usize,
    ) -> Result<Vec<OnHost>, StoreError> {
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<OnHostRow> = self.db.all(ON_HOST, (team, claim, most)).await?;
        let on_host = |row: OnHostRow| OnHost {
            monitor: row.monitor_id,
            name: row.name,
            url: row.url,
            is_own: row.is_own,
        };
        Ok(rows.into_iter().map(on_host).collect())
    }

    /// How many teams the owner of a host keeps from listing it.
    pub async fn refusals(&self, team: TeamId, claim: ClaimId) -> Result<usize, StoreError> {
        let (count,): (i64,) = self.db.one(REFUSALS, (team, claim)).await?;
        Ok(usize::try_from(count).unwrap_or_default())
    }
}

impl Tx {
    /// Lists a monitor, or keeps it listed.
    pub async fn add_listing(&mut self, listing: &Listing) -> Result<Listed, StoreError> {
        let refused: Option<(ClaimId,)> = self
            .db
            .optional(REFUSED, (&*listing.host, listing.team))
            .await?;
        if refused.is_some() {
            return Ok(Listed::Refused);
        }
        let (others,): (i64,) = self.db.one(OTHERS, (listing.monitor,)).await?;
        if usize::try_from(others).is_ok_and(|others| others >= MAX_LISTINGS) {
            return Ok(Listed::Full);
        }
        let row = (
            listing.team,
            listing.monitor,
            &*listing.host,
            listing.listed_at,
        );
        let added = self.db.run(ADD, row).await?;
        Ok(if added > 0 {
            Listed::Done
        } else {
            Listed::Gone
        })
    }

    /// Takes a monitor of a team off. False when it was not listed.
    pub async fn drop_listing(
        &mut self,
        team: TeamId,
        monitor: MonitorId,
    ) -> Result<bool, StoreError> {
        Ok(self.db.run(DROP, (team, monitor)).await? > 0)
    }

    /// Takes a monitor off that is no longer on the host that it was listed for. False when it still is,
    /// or was not listed.
    pub async fn drop_listing_elsewhere(
        &mut self,
        team: TeamId,
        monitor: MonitorId,
        host: &str,
    ) -> Result<bool, StoreError> {
        Ok(self.db.run(DROP_ELSEWHERE, (team, monitor, host)).await? > 0)
    }

    /// Takes a listing off for the team that holds its host; while it does, whoever listed it lists
    /// nothing of this host. False when the team does not hold it, or it is not listed.
    pub async fn take_off(
        &mut self,
        team: TeamId,
        claim: ClaimId,
        monitor: MonitorId,
        now: At,
    ) -> Result<bool, StoreError> {
        self.db.run(REFUSE, (team, claim, monitor, now)).await?;
        Ok(self.db.run(TAKE_OFF, (team, claim, monitor)).await? > 0)
    }

    /// Lets everybody list a host again whom its owner kept from it.
    pub async fn drop_refusals(&mut self, team: TeamId, claim: ClaimId) -> Result<u64, StoreError> {
        self.db.run(DROP_REFUSALS, (team, claim)).await
    }
}

/// A listing with what the owner of its host says.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT l.monitor_id, l.team_id, l.host, l.listed_at, c.id IS NOT NULL AS is_verified,
                    c.words, c.link
               FROM listing l LEFT JOIN claim c ON c.host = l.host AND c.proved_at IS NOT NULL ",
            $rest
        )
    };
}

const LISTING: &str = select!("WHERE l.team_id = $1 AND l.monitor_id = $2");
const PUBLIC_LISTING: &str = select!("WHERE l.monitor_id = $1");
const ANY: &str = "SELECT monitor_id FROM listing LIMIT 1";
const ON_HOST: &str = "
    SELECT l.monitor_id, m.name, m.url, l.team_id = c.team_id AS is_own
      FROM claim c JOIN listing l ON l.host = c.host JOIN monitor m ON m.id = l.monitor_id
     WHERE c.team_id = $1 AND c.id = $2 AND c.proved_at IS NOT NULL
     ORDER BY LOWER(m.name), m.id LIMIT $3";
const REFUSALS: &str = "
    SELECT COUNT(*) FROM listing_refusal r JOIN claim c ON c.id = r.claim_id
     WHERE c.team_id = $1 AND c.id = $2";
const REFUSED: &str = "
    SELECT c.id FROM claim c JOIN listing_refusal r ON r.claim_id = c.id
     WHERE c.host = $1 AND c.proved_at IS NOT NULL AND r.team_id = $2";
const OTHERS: &str = "SELECT COUNT(*) FROM listing WHERE monitor_id <> $1";
const ADD: &str = "
    INSERT INTO listing (monitor_id, team_id, host, listed_at)
    SELECT id, team_id, $3, $4 FROM monitor WHERE team_id = $1 AND id = $2
        ON CONFLICT (monitor_id) DO UPDATE SET host = excluded.host";
const DROP: &str = "DELETE FROM listing WHERE team_id = $1 AND monitor_id = $2";
const DROP_ELSEWHERE: &str =
    "DELETE FROM listing WHERE team_id = $1 AND monitor_id = $2 AND host <> $3";
const REFUSE: &str = "
    INSERT INTO listing_refusal (claim_id, team_id, refused_at)
    SELECT c.id, l.team_id, $4
      FROM claim c JOIN listing l ON l.host = c.host
     WHERE c.team_id = $1 AND c.id = $2 AND c.proved_at IS NOT NULL
       AND l.monitor_id = $3 AND l.team_id <> c.team_id
        ON CONFLICT (claim_id, team_id) DO NOTHING";
const TAKE_OFF: &str = "
    DELETE FROM listing
     WHERE monitor_id = $3
       AND host IN (SELECT host FROM claim
                     WHERE team_id = $1 AND id = $2 AND proved_at IS NOT NULL)";
const DROP_REFUSALS: &str = "
    DELETE FROM listing_refusal
     WHERE claim_id IN (SELECT id FROM claim WHERE team_id = $1 AND id = $2)";
