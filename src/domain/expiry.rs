//! When to tell that a certificate or a credential will end: each threshold once.
//!
//! Pure. A check decides out of its report and of what its watch remembers, so that a check with
//! nothing new costs nothing. The memory only spares the question: whether something was told of
//! this monitor before, by whatever watch, is known to the store.

use serde::{Deserialize, Serialize};

use super::at::{At, DAY_MS, HOUR_MS};
use super::failure::{Code, Layer};
use super::report::{CheckReport, TlsReport};

/// Days before the end of a certificate at which it is told, the last first.
const CERTIFICATE_DAYS: [u32; 5] = [1, 3, 7, 14, 30];
/// A certificate of a shorter life than this is told once, when this share of its life is left:
/// whoever renews every few days would hear of nothing else.
const SHORT_LIFE_MS: i64 = 10 * DAY_MS;
const SHORT_LIFE_SHARE: i64 = 5;
/// Hours before the end of a credential at which it is told.
const CREDENTIAL_HOURS: u32 = 72;
/// Most things that a watch remembers: behind one address may be several certificates.
const MAX_REMEMBERED: usize = 4;

/// What ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expires {
    /// The certificate of the server.
    Certificate,
    /// The token that the monitor is configured with.
    Credential,
}

impl Expires {
    /// The word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Credential => "credential",
        }
    }
}

/// A threshold that a check found to be passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expiring {
    /// What ends.
    pub what: Expires,
    /// Which one: the fingerprint of a certificate, the end of a credential. Nothing secret.
    pub which: String,
    /// The threshold, in hours before the end.
    pub hours: u32,
}

/// What a watch knows to be told already, the latest last.
pub type ExpiryMemory = Vec<Expiring>;

/// What is to be told after a check; `memory` takes note of it.
pub fn expiring(report: &CheckReport, memory: &mut ExpiryMemory) -> Vec<Expiring> {
    let found = [certificate(report), credential(report)];
    let mut news = Vec::new();
    for found in found.into_iter().flatten() {
        let same = |told: &Expiring| told.what == found.what && told.which == found.which;
        if memory
            .iter()
            .any(|told| same(told) && told.hours <= found.hours)
        {
            continue;
        }
        memory.retain(|told| !same(told));
        if memory.len() >= MAX_REMEMBERED {
            memory.remove(0);
        }
        memory.push(found.clone());
        news.push(found);
    }
    news
}

fn certificate(report: &CheckReport) -> Option<Expiring> {
    // A certificate that was refused is told by the incident.
    let refused = report.failure.as_ref().map(|failure| failure.code);
    if refused.is_some_and(|code| code.layer() == Layer::Tls && code != Code::TlsExpiringSoon) {
        return None;
    }
    let tls = report.tls.as_ref()?;
    let left = tls.not_after.0 - report.started_at.0;
    if left <= 0 {
        return None;
    }
    let days = days(tls, left)?;
    Some(Expiring {
        what: Expires::Certificate,
        which: tls.fingerprint.clone(),
        hours: days * 24,
    })
}

/// Whether a certificate is made for a few days only and renewed all the time.
pub fn is_short_lived(tls: &TlsReport) -> bool {
    tls.not_after.ms_since(tls.not_before) < SHORT_LIFE_MS
}

fn days(tls: &TlsReport, left: i64) -> Option<u32> {
    let life = tls.not_after.ms_since(tls.not_before);
    if is_short_lived(tls) {
        return (left < life / SHORT_LIFE_SHARE).then_some(CERTIFICATE_DAYS[0]);
    }
    let passed = |days: &u32| left <= i64::from(*days) * DAY_MS;
    CERTIFICATE_DAYS.into_iter().find(passed)
}

fn credential(report: &CheckReport) -> Option<Expiring> {
    let end = report.credential_expires_at?;
    let left = end.0.saturating_sub(report.started_at.0);
    (0 < left && left <= i64::from(CREDENTIAL_HOURS) * HOUR_MS).then(|| Expiring {
        what: Expires::Credential,
        which: end.rfc3339(),
        hours: CREDENTIAL_HOURS,
    })
}

/// How long something still lasts, for people: `7 days`, `5 hours`, `less than an hour`. Rounded,
/// so that what is told at the threshold of seven days says seven.
pub fn left(end: At, now: At) -> String {
    let plural = |n: i64, unit: &str| format!("{n} {unit}{}", if n == 1 { "" } else { "s" });
    let ms = end.ms_since(now);
    let (days, hours) = ((ms + DAY_MS / 2) / DAY_MS, (ms + HOUR_MS / 2) / HOUR_MS);
    match (days, hours) {
        (_, 0) => "less than an hour".to_owned(),
        (_, 1..24) => plural(hours, "hour"),
        (days, _) => plural(days.max(1), "day"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::verdict::Failure;

    const START: i64 = 1_795_327_200_000;

    /// A check `at` some hours of a certificate that lives from hour 0 for `life` hours.
    pub(in crate::domain) fn report(at: i64, life: i64, fingerprint: &str) -> CheckReport {
        let hour = |n: i64| At(START + n * HOUR_MS);
        let seen = serde_json::json!({
            "url": "https://a.example/mcp", "started_at": hour(at), "location": "local",
            "status": "up", "gated": false, "failure": null, "findings": [], "protocol": null,
            "tools": null, "address": null, "timings_ms": {}, "steps": [],
            "tls": {"version": null, "subject": "", "issuer": "", "names": [],
                "not_before": hour(0), "not_after": hour(life), "fingerprint": fingerprint},
            "cost": {"requests": 0, "bytes_sent": 0, "bytes_received": 0, "sessions_opened": 0,
                "sessions_closed": 0},
            "retry_after_seconds": null, "transcript": [], "curl": null,
        });
        serde_json::from_value(seen).unwrap()
    }

    /// The thresholds in days that are told to who checks at these hours.
    fn told(life: i64, hours: impl IntoIterator<Item = i64>) -> Vec<u32> {
        let mut memory = ExpiryMemory::default();
        let checks = hours.into_iter();
        let news = checks.flat_map(|at| expiring(&report(at, life, "a"), &mut memory));
        news.map(|news| news.hours / 24).collect()
    }

    #[test]
    fn each_threshold_is_told_once_and_who_comes_late_hears_the_nearest() {
        let life = 90 * 24;
        assert_eq!(told(life, 0..life + 48), [30, 14, 7, 3, 1]);
        assert_eq!(
            told(life, 80 * 24..81 * 24),
            [14],
            "first watched at ten days"
        );
        assert_eq!(told(life, [60 * 24 - 1]), [0; 0], "thirty days and an hour");
        assert_eq!(
            told(life, [89 * 24, 80 * 24]),
            [1],
            "a late check says nothing new"
        );
        assert_eq!(
            told(life, [life, life + 1]),
            [0; 0],
            "expired is another story"
        );
    }

    #[test]
    fn a_short_life_is_told_at_its_last_fifth() {
        assert_eq!(told(6 * 24, 0..6 * 24), [1]);
        assert_eq!(told(6 * 24, 0..115), [0; 0]);
        assert_eq!(told(20 * 24, 0..20 * 24), [30, 14, 7, 3, 1]);
    }

    #[test]
    fn two_certificates_by_turns_are_told_once_each() {
        let mut memory = ExpiryMemory::default();
        let mut count = 0;
        for at in 0..40 {
            let which = if at % 2 == 0 { "a" } else { "b" };
            count += expiring(&report(at, 12 * 24, which), &mut memory).len();
        }
        assert_eq!((count, memory.len()), (2, 2));
        for n in 0..9 {
            expiring(&report(0, 12 * 24, &n.to_string()), &mut memory);
        }
        assert_eq!(memory.len(), MAX_REMEMBERED);
    }

    #[test]
    fn a_refused_certificate_is_told_by_its_incident() {
        let mut refused = report(0, 12 * 24, "a");
        for (code, expected) in [(Code::TlsHostnameMismatch, 0), (Code::TlsExpiringSoon, 1)] {
            refused.failure = Some(Failure {
                code,
                layer: code.layer(),
                message: String::new(),
                hint: String::new(),
            });
            assert_eq!(
                expiring(&refused, &mut Vec::new()).len(),
                expected,
                "{code:?}"
            );
        }
    }

    #[test]
    fn a_credential_is_told_once_in_its_last_three_days() {
        let mut memory = ExpiryMemory::default();
        let mut hours = Vec::new();
        for at in 0..100 {
            let mut report = report(at, 365 * 24, "a");
            report.credential_expires_at = Some(At(START + 90 * HOUR_MS));
            let news = expiring(&report, &mut memory);
            hours.extend(news.iter().map(|news| (at, news.what)));
        }
        assert_eq!(hours, [(18, Expires::Credential)]);
        let mut renewed = report(50, 365 * 24, "a");
        renewed.credential_expires_at = Some(At(START + 100 * HOUR_MS));
        assert_eq!(
            expiring(&renewed, &mut memory).len(),
            1,
            "another credential"
        );
    }

    #[test]
    fn what_is_left_is_said_as_people_count() {
        for (ms, expected) in [
            (7 * DAY_MS - 60_000, "7 days"),
            (7 * DAY_MS, "7 days"),
            (DAY_MS - 60_000, "1 day"),
            (DAY_MS - HOUR_MS, "23 hours"),
            (HOUR_MS, "1 hour"),
            (60_000, "less than an hour"),
            (-5, "less than an hour"),
        ] {
            assert_eq!(left(At(START + ms), At(START)), expected);
        }
    }
}
