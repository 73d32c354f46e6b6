//! Channels that say it in words of their own.

use lifesign::domain::channel::{Channel, Kind, Words};
use lifesign::domain::notification::{Event, Notification};
use lifesign::notify::Message;

use super::samples::{NOW, hook, mail_to, notification, of_channel, of_monitor};
use super::services::{accept, at, host, services};
use super::webhook::notifier;
use crate::support::webhook::WebhookReceiver;

const PUBLIC_URL: &str = "https://lifesign.example";
const SUBJECT: &str = "prod {status} {monitor} ({code})";
const BODY: &str = "{reason}\nSince {since} from {location}, <{layer}>.\n{changed}\n\
                    Runbook https://wiki.example/{code}\n{hint}";

/// Words of every place that they have room for.
fn words(kind: Kind) -> Words {
    let body = if kind.takes_body() { BODY } else { "" };
    Words::read(kind, SUBJECT, body).unwrap()
}

fn message(words: &Words, notification: &Notification) -> Message {
    Message::of(notification, PUBLIC_URL).in_words(words, notification)
}

fn written(subject: &str, notification: &Notification) -> String {
    let words = Words::read(Kind::Email, subject, "").unwrap();
    message(&words, notification).subject
}

#[test]
fn a_mail_is_written_in_the_words_of_its_channel() {
    let mut message = message(&words(Kind::Email), &notification(9, Event::Opened));
    assert_eq!(
        message.subject,
        "prod DOWN search.example.com (tls_expired)"
    );
    message.acknowledge = Some("https://lifesign.example/a/1".to_owned());
    insta::assert_snapshot!("own_words_text", message.text().unwrap());
    insta::assert_snapshot!("own_words_html", message.html().unwrap());
}

#[test]
fn every_place_holds_what_the_event_knows() {
    let (opened, resolved) = (
        notification(9, Event::Opened),
        notification(9, Event::Resolved),
    );
    let (certificate, tools) = (
        of_monitor(9, Event::CertificateExpiring),
        of_monitor(9, Event::ToolsChanged),
    );
    for (written_as, sample, expected) in [
        ("{status} {event}", &opened, "DOWN opened"),
        ("{layer} {code}", &opened, "tls tls_expired"),
        ("{since}/{until}", &opened, "2026-11-22 06:40:00 UTC/"),
        (
            "{duration} to {until}",
            &resolved,
            "4 minutes to 2026-11-22 06:44:00 UTC",
        ),
        ("{status} {event}", &resolved, "UP resolved"),
        (
            "{expires} {code}",
            &certificate,
            "2026-11-29 06:40:00 UTC tls_expiring_soon",
        ),
        ("{expires}{duration}x", &opened, "1 minutex"),
        (
            "{url} {address}",
            &opened,
            "https://search.example.com/mcp?key=… 203.0.113.9:443",
        ),
        (
            "{changed}",
            &opened,
            "address: 203.0.113.7:443 → 203.0.113.9:443",
        ),
        ("{code}", &tools, "tools_changed"),
        (
            "[prod] {subject}",
            &opened,
            "[prod] DOWN search.example.com: certificate expired 3 days ago",
        ),
        (
            "{link}",
            &opened,
            "https://lifesign.example/incidents/00000000-0000-0000-0000-000000000003",
        ),
    ] {
        assert_eq!(written(written_as, sample), expected, "{written_as}");
    }
    let whole = Words::read(Kind::Email, "", "{text}").unwrap();
    let built_in = Message::of(&opened, PUBLIC_URL);
    assert_eq!(message(&whole, &opened).lines(), built_in.lines());
    assert_eq!(message(&whole, &opened).subject, built_in.subject);
}

#[test]
fn a_test_is_written_in_them_and_a_failing_channel_is_not() {
    let channel = mail_to("me@example.com");
    let words = words(Kind::Email);
    let test = message(&words, &of_channel(9, Event::Test, &channel));
    assert_eq!(test.subject, "prod TEST Ops ()");
    assert!(test.text().unwrap().contains("This channel works"));
    let failing = of_channel(9, Event::ChannelFailing, &channel);
    assert_eq!(message(&words, &failing), Message::of(&failing, PUBLIC_URL));
}

#[test]
fn what_a_server_says_cannot_break_out_of_them() {
    let mut sample = notification(9, Event::Opened);
    let incident = sample.content.incident.as_mut().unwrap();
    incident.message =
        "{hint}\r\nBcc: all@example.com \u{202e}\u{1b}[31m<script>alert(1)</script>".to_owned();
    let words = Words::read(Kind::Email, "{reason}", "{reason}\nend").unwrap();
    let message = message(&words, &sample);
    let expected = "{hint} Bcc: all@example.com <script>alert(1)</script>";
    assert_eq!(message.subject, expected);
    assert_eq!(message.body.as_deref(), Some(&*format!("{expected}\nend")));
    assert!(!message.html().unwrap().contains("<script>"));
}

async fn told(receiver: &WebhookReceiver, channel: &Channel, sample: &Notification) -> String {
    notifier(None).deliver(channel, sample, NOW).await.unwrap();
    let request = receiver.received().pop().unwrap();
    if channel.kind != Kind::Webhook {
        accept(channel.kind, &request);
    }
    String::from_utf8(request.body.to_vec()).unwrap()
}

#[tokio::test]
async fn every_service_is_sent_the_words_that_it_has_room_for() {
    let receiver = WebhookReceiver::start().await;
    for kind in services() {
        let channel = Channel {
            words: words(kind),
            ..at(kind, &host(&receiver))
        };
        let body = told(&receiver, &channel, &notification(7, Event::Opened)).await;
        assert!(
            body.contains("prod DOWN search.example.com (tls"),
            "{kind:?}: {body}"
        );
        assert_eq!(
            body.contains("Runbook https://wiki"),
            kind.takes_body(),
            "{kind:?}: {body}"
        );
        if matches!(kind, Kind::Slack | Kind::GoogleChat) {
            let json: serde_json::Value = serde_json::from_str(&body).unwrap();
            insta::assert_json_snapshot!(format!("own_words_{}", kind.as_str()), json);
        }
    }
}

#[tokio::test]
async fn the_longest_words_fit_every_service() {
    let receiver = WebhookReceiver::start().await;
    for kind in services() {
        let body = "\"<&*{text}>\n".repeat(150);
        let body = if kind.takes_body() { &body } else { "" };
        let channel = Channel {
            words: Words::read(kind, &"{reason}".repeat(25), body).unwrap(),
            ..at(kind, &host(&receiver))
        };
        told(&receiver, &channel, &notification(7, Event::Opened)).await;
    }
}

#[tokio::test]
async fn what_a_webhook_gets_stays_as_it_is() {
    let receiver = WebhookReceiver::start().await;
    let plain = hook(&receiver.url(), &[]);
    let worded = Channel {
        words: words(Kind::Email),
        ..plain.clone()
    };
    let sample = notification(7, Event::Opened);
    assert_eq!(
        told(&receiver, &worded, &sample).await,
        told(&receiver, &plain, &sample).await
    );
}
