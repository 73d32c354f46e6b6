//! Who is let in and whether people find a login, as it was last told of a monitor: once, whoever
//! saw it change and from wherever.

use super::codec::Origin;
use super::{StoreError, Tx};
use crate::domain::at::At;
use crate::domain::gate::{Gate, Matter};
use crate::domain::id::{MonitorId, TeamId};

impl Tx {
    /// What was last noted of a monitor, as long as it is asked at the same address and with the
    /// same credentials.
    pub async fn gate(
        &mut self,
        monitor: MonitorId,
        matter: Matter,
    ) -> Result<Option<Gate>, StoreError> {
        let row: Option<(String,)> = self.db.optional(GATE, (monitor, matter.as_str())).await?;
        let at = Origin {
            table: "gate_told",
            id: monitor,
        };
        row.map(|(word,)| at.parsed("state", Gate::parse(&word)))
            .transpose()
    }

    /// Notes how it is now. A monitor that is gone is left out.
    pub async fn note_gate(
        &mut self,
        (team, monitor): (TeamId, MonitorId),
        gate: Gate,
        now: At,
    ) -> Result<(), StoreError> {
        let row = (monitor, gate.matter().as_str(), team, gate.as_str(), now);
        self.db.run(NOTE, row).await?;
        Ok(())
    }
}

const GATE: &str = "
    SELECT g.state FROM gate_told g JOIN monitor m ON m.id = g.monitor_id AND m.fingerprint = g.endpoint
     WHERE g.monitor_id = $1 AND g.matter = $2";
const NOTE: &str = "
    INSERT INTO gate_told (monitor_id, matter, team_id, endpoint, state, told_at)
    SELECT m.id, $2, $3, m.fingerprint, $4, $5 FROM monitor m WHERE m.id = $1
    ON CONFLICT (monitor_id, matter) DO UPDATE
       SET endpoint = excluded.endpoint, state = excluded.state, told_at = excluded.told_at";
