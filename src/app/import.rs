//! Watches what a client configuration or a registry listing names.

use crate::clock::Ids;
use crate::domain::at::At;
use crate::domain::id::{MonitorId, TeamId};
use crate::domain::monitor::{FieldError, Monitor, MonitorSpec};
use crate::net::Guard;
use crate::store::{Store, StoreError};

use super::refused::Refused;

/// What became of one server of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Imported {
    /// It is watched from now on.
    Added,
    /// A monitor of this name watches it already.
    There(String),
    /// Its address must not be connected to.
    Refused(String),
}

/// Adds a monitor for each spec whose endpoint the team does not watch yet, all or none; says what
/// became of each. `is_trial` writes nothing.
pub async fn import(
    (store, guard): (&Store, &Guard),
    team: TeamId,
    specs: &[MonitorSpec],
    is_trial: bool,
    (ids, now): (&Ids, At),
) -> Result<Vec<Imported>, StoreError> {
    let mut outcomes = Vec::with_capacity(specs.len());
    let mut tx = store.begin().await?;
    for spec in specs {
        let twins = store.same_endpoint(team, &spec.endpoint, None).await?;
        let outcome = if let Err(refused) = guard.check_literal(spec.endpoint.url.url()) {
            Imported::Refused(refused.to_string())
        } else if let Some((_, name)) = twins.into_iter().next() {
            Imported::There(name)
        } else {
            Imported::Added
        };
        if outcome == Imported::Added && !is_trial {
            let monitor = Monitor {
                id: MonitorId(ids.next()),
                team,
                spec: spec.clone(),
                paused: false,
            };
            tx.add_monitor(&monitor, now).await?;
        }
        outcomes.push(outcome);
    }
    tx.commit().await?;
    Ok(outcomes)
}

/// The team of that name, or the only one when none is named.
pub async fn team(store: &Store, name: Option<&str>) -> Result<TeamId, Refused> {
    let teams = store.teams().await?;
    let refuse = |message: String| Err(FieldError::new("team", message).into());
    let known = || {
        let names: Vec<String> = teams
            .iter()
            .map(|team| format!("'{}'", team.name))
            .collect();
        names.join(", ")
    };
    let is_it = |wanted: &str| teams.iter().find(|team| team.name == wanted.trim());
    match (name, &teams[..]) {
        (_, []) => {
            refuse("there is none yet; open the owner link or `lifesign user add`".to_owned())
        }
        (Some(wanted), _) => match is_it(wanted) {
            Some(team) => Ok(team.id),
            None => refuse(format!("must be one of {}", known())),
        },
        (None, [only]) => Ok(only.id),
        (None, _) => refuse(format!("is needed, as there are several: {}", known())),
    }
}
