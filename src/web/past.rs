//! Past incidents by the day on which they began. What befell a component again and again on one day
//! is one entry, or a server that flaps would bury all others.

use crate::app::public_incident::PublicIncident;
use crate::domain::at::At;

/// A day on which incidents began.
#[derive(Debug)]
pub(super) struct PastDay<'a> {
    /// Its beginning, in UTC.
    pub start: At,
    /// What happened, the latest first.
    pub entries: Vec<Repeated<'a>>,
}

/// The same thing that befell a component, once or several times.
#[derive(Debug)]
pub(super) struct Repeated<'a> {
    /// The last time.
    pub latest: &'a PublicIncident,
    /// The times before, the latest first.
    pub earlier: Vec<&'a PublicIncident>,
}

impl<'a> Repeated<'a> {
    /// All of its times, the latest first.
    pub(super) fn all(&self) -> impl Iterator<Item = &'a PublicIncident> {
        std::iter::once(self.latest).chain(self.earlier.iter().copied())
    }

    /// How often it happened.
    pub(super) fn times(&self) -> usize {
        1 + self.earlier.len()
    }

    /// How long it lasted, all together, in milliseconds.
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "what a template hands over"
    )]
    pub(super) fn lasted_ms(&self, now: &At) -> i64 {
        self.all().map(|one| one.duration_ms(*now)).sum()
    }

    /// Whether `other` is the same thing again. What somebody wrote about stands alone.
    fn has_same(&self, other: &PublicIncident) -> bool {
        let known = self.latest;
        known.monitor == other.monitor
            && known.severity == other.severity
            && known.code == other.code
            && !is_told(known)
            && !is_told(other)
    }
}

fn is_told(incident: &PublicIncident) -> bool {
    incident.postmortem.is_some() || !incident.written().is_empty()
}

/// Days with their incidents, which come the latest first.
pub(super) fn by_day<'a>(
    incidents: impl IntoIterator<Item = &'a PublicIncident>,
) -> Vec<PastDay<'a>> {
    let mut days: Vec<PastDay<'a>> = Vec::new();
    for incident in incidents {
        let start = incident.started_at.day();
        if days.last().is_none_or(|day| day.start != start) {
            days.push(PastDay {
                start,
                entries: Vec::new(),
            });
        }
        let Some(day) = days.last_mut() else { continue };
        match day
            .entries
            .iter_mut()
            .find(|known| known.has_same(incident))
        {
            Some(known) => known.earlier.push(incident),
            None => day.entries.push(Repeated {
                latest: incident,
                earlier: Vec::new(),
            }),
        }
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::public_incident::PublicPostmortem;
    use crate::domain::failure::Code;
    use crate::domain::id::{IncidentId, MonitorId};
    use crate::domain::incident::Severity;
    use uuid::Uuid;

    fn at(text: &str) -> At {
        At::parse(text).unwrap()
    }

    /// An incident of ten minutes.
    fn incident(monitor: u128, code: Code, started: &str) -> PublicIncident {
        PublicIncident {
            id: IncidentId(Uuid::nil()),
            monitor: MonitorId(Uuid::from_u128(monitor)),
            component: monitor.to_string(),
            severity: Severity::Down,
            code,
            started_at: at(started),
            acknowledged_at: None,
            resolved_at: Some(At(at(started).0 + 600_000)),
            updates: vec![],
            postmortem: None,
        }
    }

    #[test]
    fn what_came_again_on_a_day_is_one_entry() {
        let refused = Code::TcpRefused;
        let told = PublicIncident {
            postmortem: Some(PublicPostmortem {
                text: "A cable".to_owned(),
                updated_at: at("2026-11-21T00:00:00Z"),
            }),
            ..incident(1, refused, "2026-11-20T09:00:00Z")
        };
        let all = [
            incident(1, refused, "2026-11-21T00:00:00Z"),
            incident(1, refused, "2026-11-20T23:00:00Z"),
            incident(2, refused, "2026-11-20T22:00:00Z"),
            incident(1, Code::TlsExpired, "2026-11-20T21:00:00Z"),
            incident(1, refused, "2026-11-20T20:00:00Z"),
            told,
        ];
        let now = at("2026-11-22T00:00:00Z");
        let days: Vec<Vec<_>> = by_day(&all)
            .iter()
            .map(|day| {
                let entries = day.entries.iter();
                entries
                    .map(|entry| {
                        (
                            &*entry.latest.component,
                            entry.times(),
                            entry.lasted_ms(&now),
                        )
                    })
                    .collect()
            })
            .collect();
        let once = |name| (name, 1, 600_000);
        assert_eq!(
            days,
            [
                vec![once("1")],
                vec![("1", 2, 1_200_000), once("2"), once("1"), once("1")]
            ]
        );
    }
}
