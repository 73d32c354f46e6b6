//! Invented things to tell: what people see the words of a channel with before anything happens.

use uuid::Uuid;

use super::at::{At, DAY_MS};
use super::failure::Code;
use super::id::{ChannelId, IncidentId, MonitorId, NotificationId, TeamId};
use super::incident::Incident;
use super::notification::{Content, Event, IncidentFacts, MonitorFacts, Notification};
use super::observation::Cost;
use super::report::{CheckReport, Timings, TlsReport};
use super::status::{MonitorStatus, Transition};
use super::verdict::{CheckStatus, Failure};

/// The server that all of them are about.
const HOST: &str = "search.example.com";
const URL: &str = "https://search.example.com/mcp";
/// From the first bad check to the one that confirms it.
const CONFIRMED_MS: i64 = 15_000;
/// From the first bad check to the recovery.
const LASTED_MS: i64 = 260_000;
/// Until the certificate ends: a moment less than the seven days at which it is told.
const LEFT_MS: i64 = 7 * DAY_MS - 60_000;
/// How long the certificate is valid.
const LIFE_MS: i64 = 90 * DAY_MS;

/// Something invented.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Its word in the API.
    pub word: &'static str,
    /// What it is, for people.
    pub title: &'static str,
    /// What a channel would hear of it.
    pub notification: Notification,
}

/// An outage, its end, and a certificate that expires, as they would be told at `now`.
pub fn samples(now: At) -> Vec<Sample> {
    let opened = At(now.0 - LASTED_MS + CONFIRMED_MS);
    let sample = |word, title, event, content: Option<Content>| {
        content.map(|content| Sample {
            word,
            title,
            notification: notification(event, content),
        })
    };
    let samples = [
        sample("outage", "An outage", Event::Opened, incident(opened, None)),
        sample(
            "recovery",
            "A recovery",
            Event::Resolved,
            incident(opened, Some(now)),
        ),
        sample(
            "expiring_certificate",
            "A certificate that ends soon",
            Event::CertificateExpiring,
            Some(content(&report(now, true), now)),
        ),
    ];
    samples.into_iter().flatten().collect()
}

fn notification(event: Event, content: Content) -> Notification {
    Notification {
        id: NotificationId(Uuid::nil()),
        team: TeamId(Uuid::nil()),
        channel: ChannelId(Uuid::nil()),
        event,
        turn: 1,
        created_at: content.at,
        content,
    }
}

fn incident(opened: At, resolved: Option<At>) -> Option<Content> {
    let transition = Transition {
        from: MonitorStatus::Up,
        to: MonitorStatus::Down,
        since: At(opened.0 - CONFIRMED_MS),
    };
    let whose = (TeamId(Uuid::nil()), MonitorId(Uuid::nil()));
    let (good, bad) = (
        report(At(opened.0 - CONFIRMED_MS), true),
        report(opened, false),
    );
    let id = IncidentId(Uuid::nil());
    let mut incident = Incident::open(id, whose, &transition, bad.clone(), Some(&good))?;
    let told = match resolved {
        None => content(&bad, opened),
        Some(at) => {
            incident
                .resolve(at, "The server answers again.", None)
                .ok()?;
            content(&report(at, true), at)
        }
    };
    Some(Content {
        incident: Some(IncidentFacts::of(&incident, told.at)),
        changed: incident.changed.clone(),
        ..told
    })
}

fn content(check: &CheckReport, at: At) -> Content {
    Content {
        monitor: Some(MonitorFacts {
            id: MonitorId(Uuid::nil()),
            name: HOST.to_owned(),
            url: URL.to_owned(),
        }),
        check: Some(check.clone()),
        ..Content::nothing(at)
    }
}

fn report(at: At, is_good: bool) -> CheckReport {
    let code = Code::TcpRefused;
    let failure = Failure {
        code,
        layer: code.layer(),
        message: format!("{}.", code.words()),
        hint: code.hint().to_owned(),
    };
    let not_after = At(at.0 + LEFT_MS);
    let tls = TlsReport {
        version: Some("TLSv1.3".to_owned()),
        subject: format!("CN={HOST}"),
        issuer: "CN=Example CA".to_owned(),
        names: vec![HOST.to_owned()],
        not_before: At(not_after.0 - LIFE_MS),
        not_after,
        fingerprint: format!("sha256:{}", "0b".repeat(32)),
        chain: Vec::new(),
    };
    CheckReport {
        url: URL.to_owned(),
        started_at: at,
        location: "local".to_owned(),
        status: if is_good {
            CheckStatus::Up
        } else {
            CheckStatus::Down
        },
        gated: false,
        failure: (!is_good).then_some(failure),
        findings: Vec::new(),
        protocol: None,
        tools: None,
        tls: is_good.then_some(tls),
        address: Some(
            if is_good {
                "203.0.113.7:443"
            } else {
                "203.0.113.9:443"
            }
            .to_owned(),
        ),
        addresses: Vec::new(),
        timings_ms: Timings::default(),
        cost: Cost::default(),
        steps: Vec::new(),
        retry_after_seconds: None,
        login: None,
        credential_expires_at: None,
        transcript: Vec::new(),
        curl: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_of_each() {
        let now = At(1_795_329_660_000);
        let samples = samples(now);
        let words: Vec<&str> = samples.iter().map(|sample| sample.word).collect();
        assert_eq!(words, ["outage", "recovery", "expiring_certificate"]);
        let outage = samples[0].notification.content.incident.as_ref().unwrap();
        assert_eq!(
            (outage.status.as_str(), outage.code),
            ("open", Code::TcpRefused)
        );
        let recovery = samples[1].notification.content.incident.as_ref().unwrap();
        assert_eq!(
            (recovery.status.as_str(), recovery.duration_seconds),
            ("resolved", 260)
        );
        assert_eq!(samples[0].notification.content.changed[0].what, "address");
    }
}
