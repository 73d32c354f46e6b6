//! What a digest says.

use lifesign::domain::at::{At, DAY_MS, HOUR_MS};
use lifesign::domain::channel::{Kind, Words};
use lifesign::domain::digest::facts::{
    CertificateLine, DigestFacts, IncidentLine, Lines, ToolsLine, UptimeLine,
};
use lifesign::domain::digest::{Digest, Every, Period};
use lifesign::domain::id::{IncidentId, MonitorId, NotificationId};
use lifesign::domain::incident::Severity;
use lifesign::domain::notification::{Content, Event, Notification};
use lifesign::domain::tools::Class;
use lifesign::domain::zone::Zone;
use lifesign::notify::Message;
use lifesign::secret::webhook_secret;
use uuid::Uuid;

use super::samples::{NOW, hook, notification};
use super::webhook::notifier;
use crate::support::webhook::WebhookReceiver;

const PUBLIC_URL: &str = "https://lifesign.example";

fn uptime(n: u128, name: &str, uptime: Option<f64>, unknown_ms: i64) -> UptimeLine {
    UptimeLine {
        monitor_id: MonitorId(Uuid::from_u128(n)),
        name: name.to_owned(),
        uptime,
        unknown_ms,
    }
}

fn of(
    uptime: Vec<UptimeLine>,
    certificates: Vec<CertificateLine>,
    incidents: Lines<IncidentLine>,
    tools: Lines<ToolsLine>,
) -> Notification {
    let digest = Digest {
        every: Every::Daily,
        zone: Zone::parse("Europe/Berlin").unwrap(),
        hour: 8,
    };
    let period = Period {
        from: At(NOW.0 - DAY_MS),
        until: NOW,
    };
    let facts = DigestFacts::of(&digest, period, (uptime, certificates), incidents, tools);
    Notification {
        id: NotificationId(Uuid::from_u128(7)),
        event: Event::Digest,
        turn: 0,
        content: Content::of_digest(facts, NOW),
        ..notification(7, Event::Opened)
    }
}

fn eventful() -> Notification {
    let lines = vec![
        uptime(1, "search", Some(1.0), 0),
        uptime(2, "mail", Some(0.972_19), 12 * 60_000),
        uptime(3, "old", None, 0),
    ];
    let certificates = vec![CertificateLine {
        monitor_id: MonitorId(Uuid::from_u128(1)),
        name: "search".to_owned(),
        not_after: At(NOW.0 + 12 * DAY_MS),
    }];
    let incident = |n: u128, hours: i64, resolved_at| IncidentLine {
        incident_id: IncidentId(Uuid::from_u128(n)),
        name: "mail".to_owned(),
        severity: Severity::Down,
        message: "Nothing listens on the port.".to_owned(),
        started_at: At(NOW.0 - hours * HOUR_MS),
        resolved_at,
        duration_seconds: 300,
    };
    let incidents = Lines {
        first: vec![
            incident(8, 1, None),
            incident(9, 3, Some(At(NOW.0 - 3 * HOUR_MS + 300_000))),
        ],
        more: 4,
    };
    let tools = Lines::of(vec![ToolsLine {
        monitor_id: MonitorId(Uuid::from_u128(1)),
        name: "search".to_owned(),
        at: At(NOW.0 - HOUR_MS),
        class: Class::Breaking,
        message: "removed fetch".to_owned(),
    }]);
    of(lines, certificates, incidents, tools)
}

fn quiet(lines: Vec<UptimeLine>) -> Notification {
    of(lines, vec![], Lines::of(vec![]), Lines::of(vec![]))
}

#[test]
fn what_happened_is_told_the_worst_first() {
    let message = Message::of(&eventful(), PUBLIC_URL);
    assert_eq!(
        message.subject,
        "DIGEST 3 monitors: 6 incidents, 1 certificate ending soon, 1 tool change, \
         worst uptime 97.21 %"
    );
    insta::assert_snapshot!("digest_text", message.text().unwrap());
    insta::assert_snapshot!("digest_html", message.html().unwrap());
}

#[test]
fn nothing_happened_is_one_sentence() {
    let message = Message::of(&quiet(vec![uptime(1, "a", Some(1.0), 0)]), PUBLIC_URL);
    assert_eq!(message.subject, "DIGEST 1 monitor: nothing happened");
    let sentence = "Nothing happened to 1 monitor from Sat 21 Nov 2026, 07:41 to \
                    Sun 22 Nov 2026, 07:41 (Europe/Berlin).";
    assert_eq!(message.lines(), [sentence]);
    let unknown = Message::of(&quiet(vec![uptime(1, "a", Some(1.0), HOUR_MS)]), PUBLIC_URL);
    assert_eq!(
        unknown.subject,
        "DIGEST 1 monitor: no incident, some time unknown"
    );
    assert_eq!(unknown.lines()[1], "Uptime: a: 100 %, 1 hour unknown");
}

#[test]
fn it_keeps_its_form_and_what_is_in_it_stays_clean() {
    let words = Words::read(Kind::Email, "{status}", "{reason}").unwrap();
    let sample = eventful();
    let built_in = Message::of(&sample, PUBLIC_URL);
    assert_eq!(built_in.clone().in_words(&words, &sample), built_in);
    let name = "a\r\nBcc: b \u{202e}<script>".repeat(100);
    let many = (0..300).map(|n| uptime(n, &name, Some(0.5), 0)).collect();
    let message = Message::of(&quiet(many), PUBLIC_URL);
    assert!(message.facts.iter().any(|fact| fact.value == "290 more"));
    let text = message.text().unwrap();
    assert!(text.len() < 8_000 && !text.contains("\nBcc") && !text.contains('\u{202e}'));
    assert!(!message.html().unwrap().contains("<script>"));
}

#[tokio::test]
async fn a_receiver_could_read_its_figures() {
    let receiver = WebhookReceiver::start().await;
    let channel = hook(&receiver.url(), &[&webhook_secret()]);
    notifier(None)
        .deliver(&channel, &eventful(), NOW)
        .await
        .unwrap();
    insta::assert_json_snapshot!("webhook_digest", receiver.received()[0].json());
}
