//! What is said, to the letter.

use lifesign::domain::budget::Burn;
use lifesign::domain::failure::Code;
use lifesign::domain::incident::Severity;
use lifesign::domain::notification::Event;
use lifesign::domain::team::Email;
use lifesign::domain::tools::SurfaceDiff;
use lifesign::domain::verdict::Failure;
use lifesign::notify::{Message, Tone};
use serde_json::json;

use super::samples::{mail_to, notification, of_budget, of_channel, of_monitor, of_node};

const PUBLIC_URL: &str = "https://lifesign.example";

fn subject(event: Event) -> String {
    Message::of(&notification(9, event), PUBLIC_URL).subject
}

#[test]
fn the_subject_says_status_server_and_reason() {
    for (event, expected) in [
        (
            Event::Opened,
            "DOWN search.example.com: certificate expired 3 days ago",
        ),
        (
            Event::Worsened,
            "DOWN search.example.com: certificate expired 3 days ago",
        ),
        (
            Event::Flapping,
            "FLAPPING search.example.com: it comes and goes; certificate expired 3 days ago",
        ),
        (
            Event::Settled,
            "DOWN search.example.com: it stays so after 5 changes; certificate expired 3 days ago",
        ),
        (
            Event::Reminder,
            "DOWN search.example.com: unacknowledged after 1 minute; certificate expired 3 days ago",
        ),
        (
            Event::Acknowledged,
            "DOWN search.example.com: acknowledged by ops@example.com",
        ),
        (
            Event::Resolved,
            "UP search.example.com: back after 4 minutes",
        ),
    ] {
        assert_eq!(subject(event), expected);
    }
}

#[test]
fn what_is_told_without_an_incident_says_as_much() {
    let message = |event| Message::of(&of_monitor(9, event), PUBLIC_URL);
    let certificate = message(Event::CertificateExpiring);
    assert_eq!(
        certificate.subject,
        "EXPIRING search.example.com: certificate expires in 7 days"
    );
    insta::assert_snapshot!("certificate_expiring_text", certificate.text().unwrap());
    let credential = message(Event::CredentialExpiring);
    assert_eq!(
        credential.subject,
        "EXPIRING search.example.com: configured token expires in 3 days"
    );
    let tools = message(Event::ToolsChanged);
    assert_eq!(
        tools.subject,
        "TOOLS CHANGED search.example.com: breaking, description rewritten: \
         removed fetch; added list; changed search"
    );
    insta::assert_snapshot!("tools_changed_text", tools.text().unwrap());
}

#[test]
fn who_is_let_in_is_told_in_the_same_order() {
    let message = |event| Message::of(&of_monitor(9, event), PUBLIC_URL);
    for (event, tone, subject) in [
        (
            Event::AuthorizationOpened,
            Tone::Warning,
            "OPEN search.example.com: anybody can use it now: it answers without a login, which it \
             wanted before",
        ),
        (
            Event::AuthorizationRequired,
            Tone::Warning,
            "GATED search.example.com: it wants a login now: whoever used it without one cannot any \
             more",
        ),
        (
            Event::AuthorizationBroken,
            Tone::Warning,
            "LOGIN BROKEN search.example.com: nobody new can log in",
        ),
        (
            Event::AuthorizationRestored,
            Tone::Good,
            "LOGIN WORKS search.example.com: people can log in again: the documents that lead to \
             the login are sound",
        ),
    ] {
        let message = message(event);
        assert_eq!((&*message.subject, message.tone), (subject, tone));
    }
    let opened = message(Event::AuthorizationOpened);
    insta::assert_snapshot!("authorization_opened_text", opened.text().unwrap());
    let mut sample = of_monitor(9, Event::AuthorizationBroken);
    let check = sample.content.check.as_mut().unwrap();
    check.failure = Some(Failure {
        code: Code::AuthAsUnreachable,
        layer: Code::AuthAsUnreachable.layer(),
        message: "Nobody new can log in: https://as.example/x answers 503.".to_owned(),
        hint: String::new(),
    });
    let broken = Message::of(&sample, PUBLIC_URL);
    assert_eq!(
        broken.subject,
        "LOGIN BROKEN search.example.com: nobody new can log in: https://as.example/x answers 503"
    );
    assert_eq!(broken.hint.as_deref(), Some(Code::AuthAsUnreachable.hint()));
}

#[test]
fn a_budget_is_told_with_what_is_left_of_it() {
    let message = |burning| Message::of(&of_budget(9, burning), PUBLIC_URL);
    for (burning, tone, subject) in [
        (
            Burn::Fast,
            Tone::Bad,
            "BUDGET search.example.com: error budget burns 16.7 times too fast, 51 % of it left",
        ),
        (
            Burn::Slow,
            Tone::Warning,
            "BUDGET search.example.com: error budget burns 6.3 times too fast over six hours, 51 % \
             of it left",
        ),
        (
            Burn::Exhausted,
            Tone::Warning,
            "BUDGET search.example.com: error budget is used up",
        ),
    ] {
        let message = message(burning);
        assert_eq!((&*message.subject, message.tone), (subject, tone));
    }
    insta::assert_snapshot!("budget_burning_text", message(Burn::Fast).text().unwrap());
}

#[test]
fn a_change_of_tools_is_called_by_its_class() {
    let tool = |text: &str| json!({"name": "a", "description": text});
    let other = json!({"name": "b"});
    let more = [tool("x"), other.clone()];
    for (old, new, tone, expected) in [
        (
            &more[..],
            &[tool("x")][..],
            Tone::Warning,
            "breaking: removed b",
        ),
        (&[tool("x")], &more, Tone::Neutral, "additive: added b"),
        (
            &[tool("x")],
            &[tool("y")],
            Tone::Warning,
            "description rewritten of a",
        ),
    ] {
        let mut sample = of_monitor(9, Event::ToolsChanged);
        let facts = sample.content.tools.as_mut().unwrap();
        facts.diff = SurfaceDiff::between(old, new).unwrap();
        let message = Message::of(&sample, PUBLIC_URL);
        let subject = format!("TOOLS CHANGED search.example.com: {expected}");
        assert_eq!((message.subject, message.tone), (subject, tone));
    }
}

#[test]
fn a_long_change_of_tools_is_cut() {
    let name = |n: usize| json!({"name": format!("tool-{n}-{}", "x".repeat(200))});
    let old: Vec<_> = (0..300).map(name).collect();
    let mut sample = of_monitor(9, Event::ToolsChanged);
    let diff = SurfaceDiff::between(&old, &[]).unwrap().first(10);
    sample.content.tools.as_mut().unwrap().diff = diff;
    let message = Message::of(&sample, PUBLIC_URL);
    let shown = message.facts.iter().filter(|fact| fact.label == "Breaking");
    assert_eq!(shown.count(), 8);
    assert!(message.facts.iter().any(|fact| fact.value == "292 more"));
    assert!(message.text().unwrap().len() < 6_000);
}

#[test]
fn a_degraded_server_is_not_called_down() {
    let mut sample = notification(9, Event::Opened);
    let incident = sample.content.incident.as_mut().unwrap();
    incident.severity = Severity::Degraded;
    incident.message = "Slow: 4.2 s, the threshold is 2 s".to_owned();
    let subject = Message::of(&sample, PUBLIC_URL).subject;
    assert_eq!(
        subject,
        "DEGRADED search.example.com: slow: 4.2 s, the threshold is 2 s"
    );
}

#[test]
fn an_incident_that_a_person_closed_is_not_called_up() {
    let mut sample = notification(9, Event::Resolved);
    let incident = sample.content.incident.as_mut().unwrap();
    incident.timeline.last_mut().unwrap().by = Some(Email::parse("ops@example.com").unwrap());
    let subject = Message::of(&sample, PUBLIC_URL).subject;
    assert_eq!(
        subject,
        "RESOLVED search.example.com: closed by ops@example.com after 4 minutes"
    );
}

#[test]
fn the_text_of_an_outage_says_everything() {
    let message = Message::of(&notification(9, Event::Opened), PUBLIC_URL);
    insta::assert_snapshot!("opened_text", message.text().unwrap());
    insta::assert_snapshot!("opened_html", message.html().unwrap());
}

#[test]
fn the_text_of_a_recovery_says_how_long_it_took() {
    let message = Message::of(&notification(9, Event::Resolved), PUBLIC_URL);
    insta::assert_snapshot!("resolved_text", message.text().unwrap());
}

#[test]
fn channels_are_told_of_in_words() {
    let mut other = mail_to("gone@example.com");
    let test = Message::of(&of_channel(9, Event::Test, &other), PUBLIC_URL);
    assert_eq!(test.subject, "TEST Ops: this channel works");
    other.health.disabled =
        Some("the mail host mx:25 answered 550 5.1.1 no such mailbox".to_owned());
    let failing = Message::of(&of_channel(9, Event::ChannelFailing, &other), PUBLIC_URL);
    assert_eq!(
        failing.subject,
        "CHANNEL OFF Ops: the mail host mx:25 answered 550 5.1.1 no such mailbox"
    );
    insta::assert_snapshot!("channel_failing_text", failing.text().unwrap());
}

#[test]
fn nodes_are_told_of_in_words() {
    for (event, is_network, subject) in [
        (
            Event::NodeSilent,
            false,
            "NODE SILENT fra-1: not heard of for 2 minutes 5 seconds; what only fra checks is unknown",
        ),
        (
            Event::NodeBack,
            false,
            "NODE BACK fra-1: it is heard of again, after 2 minutes 5 seconds",
        ),
        (
            Event::NodeTroubled,
            true,
            "NODE TROUBLED fra-1: its own network has trouble: it cannot reach hosts that answered before",
        ),
        (
            Event::NodeBack,
            true,
            "NODE BACK fra-1: its own network works again, after 2 minutes 5 seconds",
        ),
    ] {
        let message = Message::of(&of_node(9, event, is_network), PUBLIC_URL);
        assert_eq!(message.subject, subject);
        assert_eq!(message.link, "https://lifesign.example/system");
    }
    let silent = Message::of(&of_node(9, Event::NodeSilent, false), PUBLIC_URL);
    insta::assert_snapshot!("node_silent_text", silent.text().unwrap());
}

#[test]
fn what_a_server_says_cannot_break_out_of_a_message() {
    let mut sample = notification(9, Event::Opened);
    let incident = sample.content.incident.as_mut().unwrap();
    incident.message = "x\r\nBcc: all@example.com \u{202e}<script>alert(1)</script>".to_owned();
    let message = Message::of(&sample, PUBLIC_URL);
    assert!(!message.subject.contains(['\r', '\n', '\u{202e}']));
    let html = message.html().unwrap();
    assert!(!html.contains("<script>"), "{html}");
    let quiet = mail_to("me@example.com");
    assert!(
        Message::of(&of_channel(9, Event::Test, &quiet), PUBLIC_URL)
            .hint
            .is_none()
    );
}
