//! The services between us and people: each is sent what it documents, and refuses what it would.
//!
//! A receiver stands in for the world: it takes the request apart by the published schema of its
//! service; what it takes is held by a snapshot.

use std::collections::BTreeMap;

use lifesign::domain::budget::Burn;
use lifesign::domain::channel::{Channel, Kind};
use lifesign::domain::id::IncidentId;
use lifesign::domain::notification::{Content, Event, Notification, SummaryFacts, SummaryLine};
use serde_json::{Value, json};
use uuid::Uuid;

use super::samples::{NOW, channel, notification, of_budget, of_channel, of_monitor, of_node};
use super::webhook::notifier;
use crate::support::webhook::{Answer, Received, WebhookReceiver};

/// A token of every service.
const TOKEN: &str = "tok-3n-4711";

/// A channel of `kind` whose service is at `url`.
pub(super) fn at(kind: Kind, url: &str) -> Channel {
    let hook = format!("{url}/hook/{TOKEN}");
    let settings: &[(&str, &str)] = match kind {
        Kind::Email => &[("to", "me@example.com")],
        Kind::Webhook
        | Kind::Slack
        | Kind::Discord
        | Kind::Teams
        | Kind::GoogleChat
        | Kind::Mattermost => &[("url", &hook)],
        Kind::Telegram => &[("chat", "-100123"), ("token", TOKEN), ("server", url)],
        Kind::Matrix => &[
            ("room", "!abc:example.com"),
            ("token", TOKEN),
            ("server", url),
        ],
        Kind::Ntfy => &[("topic", "ops"), ("token", TOKEN), ("server", url)],
        Kind::Gotify => &[("token", TOKEN), ("server", url)],
        Kind::Pushover => &[("user", "u-1"), ("token", TOKEN), ("server", url)],
        Kind::PagerDuty => &[("routing_key", TOKEN), ("server", url)],
        Kind::Opsgenie => &[("api_key", TOKEN), ("server", url)],
    };
    channel(kind, settings)
}

/// Those that are told over HTTP in a form of their own.
pub(super) fn services() -> impl Iterator<Item = Kind> {
    let own = |kind: &Kind| !matches!(kind, Kind::Email | Kind::Webhook);
    Kind::ALL.iter().copied().filter(own)
}

pub(super) fn host(receiver: &WebhookReceiver) -> String {
    let url: url::Url = receiver.url().parse().unwrap();
    url.origin().ascii_serialization()
}

async fn told(receiver: &WebhookReceiver, kind: Kind, sample: &Notification) -> Vec<Received> {
    let before = receiver.received().len();
    let channel = at(kind, &host(receiver));
    notifier(None).deliver(&channel, sample, NOW).await.unwrap();
    receiver.received().split_off(before)
}

/// A request, taken apart; panics with what its service would refuse.
struct Seen<'a> {
    kind: Kind,
    request: &'a Received,
    body: Value,
}

impl Seen<'_> {
    fn text(&self, pointer: &str, most: usize) -> String {
        let (kind, body) = (self.kind, &self.body);
        let found = body.pointer(pointer).and_then(Value::as_str);
        let text = found.unwrap_or_else(|| panic!("{kind:?} wants {pointer}: {body:#}"));
        let length = text.chars().count();
        assert!(
            (1..=most).contains(&length),
            "{kind:?} {pointer} has {length} characters"
        );
        text.to_owned()
    }

    fn one_of(&self, pointer: &str, words: &[&str]) {
        let word = self.text(pointer, 100);
        assert!(
            words.contains(&&*word),
            "{:?} {pointer} is {word}",
            self.kind
        );
    }

    fn path_is(&self, path: &str) {
        assert_eq!(self.request.path, path, "{:?}", self.kind);
    }
}

/// What the documentation of the service asks for.
pub(super) fn accept(kind: Kind, request: &Received) {
    assert_eq!(
        request.header("content-type"),
        Some("application/json"),
        "{kind:?}"
    );
    assert!(
        request.body.len() < 28_000,
        "{kind:?}: {} bytes",
        request.body.len()
    );
    let is_put = kind == Kind::Matrix;
    assert_eq!(
        request.method,
        if is_put { "PUT" } else { "POST" },
        "{kind:?}"
    );
    let seen = Seen {
        kind,
        request,
        body: request.json(),
    };
    match kind {
        Kind::Slack | Kind::Discord | Kind::Teams | Kind::GoogleChat | Kind::Mattermost => {
            accept_hook(&seen);
        }
        Kind::Telegram | Kind::Matrix | Kind::Ntfy | Kind::Gotify | Kind::Pushover => {
            accept_message(&seen);
        }
        Kind::PagerDuty | Kind::Opsgenie => accept_alert(&seen),
        Kind::Email | Kind::Webhook => unreachable!("told elsewhere"),
    }
}

/// Chats that give out an address to post to.
fn accept_hook(seen: &Seen<'_>) {
    let body = &seen.body;
    match seen.kind {
        Kind::Slack => {
            seen.text("/text", 40_000);
            let blocks = body
                .pointer("/attachments/0/blocks")
                .and_then(Value::as_array);
            for block in blocks.unwrap() {
                assert_eq!(block["type"], "section");
                assert_eq!(block["text"]["type"], "mrkdwn");
                assert!(block["text"]["text"].as_str().unwrap().chars().count() <= 3_000);
            }
        }
        Kind::Discord => {
            seen.text("/embeds/0/title", 256);
            seen.text("/embeds/0/description", 4_096);
            assert!(body["embeds"][0]["color"].as_u64().unwrap() <= 0x00ff_ffff);
            let fields = body["embeds"][0]["fields"].as_array().unwrap();
            assert!(fields.len() <= 25);
            let length = |text: &Value| text.as_str().unwrap().chars().count();
            let embed = &body["embeds"][0];
            let mut whole = length(&embed["title"]) + length(&embed["description"]);
            for field in fields {
                let (name, value) = (length(&field["name"]), length(&field["value"]));
                assert!((1..=256).contains(&name) && (1..=1_024).contains(&value));
                whole += name + value;
            }
            assert!(whole <= 6_000, "{whole} characters of an embed");
        }
        Kind::Teams => {
            seen.one_of("/type", &["message"]);
            let card = "application/vnd.microsoft.card.adaptive";
            seen.one_of("/attachments/0/contentType", &[card]);
            seen.one_of("/attachments/0/content/type", &["AdaptiveCard"]);
        }
        Kind::GoogleChat => {
            seen.text("/cardsV2/0/card/header/title", 4_000);
            assert!(
                body.pointer("/cardsV2/0/card/sections/0/widgets/0")
                    .is_some()
            );
        }
        Kind::Mattermost => {
            seen.text("/attachments/0/fallback", 4_000);
            seen.text("/attachments/0/text", 16_383);
        }
        other => unreachable!("{other:?} is told otherwise"),
    }
}

/// Services that take a token.
fn accept_message(seen: &Seen<'_>) {
    let (request, body) = (seen.request, &seen.body);
    match seen.kind {
        Kind::Telegram => {
            seen.path_is(&format!("/bot{TOKEN}/sendMessage"));
            seen.text("/chat_id", 100);
            seen.text("/text", 4_096);
            seen.one_of("/parse_mode", &["HTML"]);
        }
        Kind::Matrix => {
            let room = "/_matrix/client/v3/rooms/!abc:example.com/send/m.room.message/";
            assert!(request.path.starts_with(room), "{}", request.path);
            assert_eq!(request.header("authorization"), Some("Bearer tok-3n-4711"));
            seen.one_of("/msgtype", &["m.text"]);
            seen.text("/body", 20_000);
            seen.text("/formatted_body", 20_000);
        }
        Kind::Ntfy => {
            seen.path_is("/");
            seen.text("/topic", 64);
            assert!(seen.text("/message", 4_096).len() <= 4_096);
            assert!((1..=5).contains(&body["priority"].as_u64().unwrap()));
        }
        Kind::Gotify => {
            seen.path_is("/message");
            assert_eq!(request.header("x-gotify-key"), Some(TOKEN));
            seen.text("/message", 20_000);
        }
        Kind::Pushover => {
            seen.path_is("/1/messages.json");
            seen.text("/message", 1_024);
            seen.text("/title", 250);
            seen.text("/url", 512);
            // Two would have to say how often to repeat.
            assert!((-2..=1).contains(&body["priority"].as_i64().unwrap()));
        }
        other => unreachable!("{other:?} is told otherwise"),
    }
}

/// Services that keep an alert open.
fn accept_alert(seen: &Seen<'_>) {
    let request = seen.request;
    match seen.kind {
        Kind::PagerDuty => {
            seen.path_is("/v2/enqueue");
            seen.text("/routing_key", 32);
            seen.one_of("/event_action", &["trigger", "acknowledge", "resolve"]);
            seen.text("/dedup_key", 255);
            seen.text("/payload/summary", 1_024);
            seen.text("/payload/source", 1_000);
            seen.one_of(
                "/payload/severity",
                &["critical", "error", "warning", "info"],
            );
        }
        Kind::Opsgenie => {
            assert_eq!(
                request.header("authorization"),
                Some("GenieKey tok-3n-4711")
            );
            if request.path.starts_with("/v2/alerts/") {
                assert!(
                    request.path.contains("?identifierType=alias"),
                    "{}",
                    request.path
                );
                return;
            }
            seen.text("/message", 130);
            seen.text("/alias", 512);
            seen.text("/description", 15_000);
            seen.one_of("/priority", &["P1", "P2", "P3", "P4", "P5"]);
        }
        other => unreachable!("{other:?} is told otherwise"),
    }
}

#[tokio::test]
async fn every_service_is_sent_what_it_documents() {
    let receiver = WebhookReceiver::start().await;
    for kind in services() {
        let of_itself = at(kind, "https://service.example");
        let samples = vec![
            notification(7, Event::Opened),
            notification(8, Event::Acknowledged),
            notification(9, Event::Resolved),
            of_monitor(12, Event::CertificateExpiring),
            of_monitor(13, Event::CredentialExpiring),
            of_monitor(14, Event::ToolsChanged),
            of_monitor(15, Event::AuthorizationOpened),
            of_budget(19, Burn::Fast),
            of_node(18, Event::NodeSilent, false),
            of_node(16, Event::NodeBack, false),
            of_node(17, Event::NodeTroubled, true),
            of_channel(10, Event::Test, &of_itself),
            of_channel(11, Event::ChannelFailing, &of_itself),
        ];
        let mut sent = BTreeMap::new();
        for sample in &samples {
            let requests = told(&receiver, kind, sample).await;
            for request in &requests {
                accept(kind, request);
            }
            let shown = |request: &Received| json!({"path": request.path, "body": request.json()});
            let shown: Vec<Value> = requests.iter().map(shown).collect();
            sent.insert(sample.event.as_str(), shown);
        }
        insta::assert_json_snapshot!(kind.as_str(), sent);
    }
}

/// What happened outside of hours, all in one minute.
fn summary(kind: Kind, subjects: &[String]) -> Notification {
    let channel = at(kind, "https://service.example");
    let line = |subject: &String| SummaryLine {
        at: NOW,
        subject: subject.clone(),
    };
    let facts = SummaryFacts {
        lines: subjects.iter().map(line).collect(),
        more: 0,
    };
    Notification {
        event: Event::Summary,
        content: Content::of_summary(&channel, facts, NOW),
        ..of_channel(20, Event::Test, &channel)
    }
}

#[tokio::test]
async fn a_table_that_is_too_long_for_discord_says_how_much_is_left_out() {
    let receiver = WebhookReceiver::start().await;
    for (count, length, more) in [
        (25, 10, None),
        (50, 10, Some("26 more")),
        (20, 500, Some("9 more")),
    ] {
        let sample = summary(Kind::Discord, &vec!["x".repeat(length); count]);
        let request = told(&receiver, Kind::Discord, &sample).await.remove(0);
        accept(Kind::Discord, &request);
        let body = request.json();
        let last = body["embeds"][0]["fields"]
            .as_array()
            .unwrap()
            .last()
            .unwrap();
        let said = last["value"].as_str().filter(|_| last["name"] == "And");
        assert_eq!(said, more, "{count} of {length}");
    }
}

#[tokio::test]
async fn an_alert_keeps_what_is_said_under_one_name() {
    let receiver = WebhookReceiver::start().await;
    let subjects = ["DOWN one", "DOWN two"].map(str::to_owned);
    for (kind, name, place) in [
        (
            Kind::PagerDuty,
            "2026-11-22 06:41:00 utc",
            "/payload/custom_details",
        ),
        (Kind::Opsgenie, "2026-11-22 06:41:00 UTC", "/details"),
    ] {
        let requests = told(&receiver, kind, &summary(kind, &subjects)).await;
        let body = requests[0].json();
        let details = body.pointer(place).unwrap();
        assert_eq!(details[name], "DOWN one\nDOWN two", "{kind:?}: {details}");
    }
}

#[tokio::test]
async fn outages_that_are_told_as_one_stand_in_one_thread_of_google_chat() {
    let receiver = WebhookReceiver::start().await;
    let opened = notification(7, Event::Opened);
    let mut resolved = notification(8, Event::Resolved);
    let facts = resolved.content.incident.as_mut().unwrap();
    facts.told_as = Some(facts.id);
    facts.id = IncidentId(Uuid::from_u128(77));
    let mut threads = Vec::new();
    for sample in [&opened, &resolved] {
        let request = told(&receiver, Kind::GoogleChat, sample).await.remove(0);
        threads.push(request.json()["thread"]["threadKey"].clone());
    }
    assert_eq!(threads[0], threads[1]);
}

#[tokio::test]
async fn a_login_that_works_again_ends_the_alert_that_it_was_broken() {
    let receiver = WebhookReceiver::start().await;
    let broken = of_monitor(7, Event::AuthorizationBroken);
    let restored = of_monitor(8, Event::AuthorizationRestored);
    for kind in [Kind::PagerDuty, Kind::Opsgenie] {
        let first = told(&receiver, kind, &broken).await.remove(0);
        let last = told(&receiver, kind, &restored).await.remove(0);
        if kind == Kind::PagerDuty {
            let (first, last) = (first.json(), last.json());
            assert_eq!(first["dedup_key"], last["dedup_key"]);
            assert_eq!(
                (&first["event_action"], &last["event_action"]),
                (&json!("trigger"), &json!("resolve"))
            );
        } else {
            let alias = first.json()["alias"].as_str().unwrap().to_owned();
            assert!(
                last.path.contains(&format!("/{alias}/close")),
                "{}",
                last.path
            );
        }
    }
}

#[tokio::test]
async fn what_a_server_says_neither_formats_nor_calls_nor_grows() {
    let receiver = WebhookReceiver::start().await;
    let hostile =
        "<!channel> @everyone @channel *b* [x](http://evil.example) <script>alert(1)</script> "
            .repeat(400);
    for kind in services() {
        let mut sample = notification(7, Event::Opened);
        sample.content.incident.as_mut().unwrap().message = hostile.clone();
        sample.content.monitor.as_mut().unwrap().name = hostile.clone();
        for request in told(&receiver, kind, &sample).await {
            accept(kind, &request);
            let body = String::from_utf8_lossy(&request.body);
            match kind {
                Kind::Slack | Kind::GoogleChat | Kind::Telegram => {
                    let marked = body.contains("<script>") || body.contains("<!channel>");
                    // The fallback of a card and its title are plain text.
                    assert!(!marked || kind == Kind::GoogleChat, "{kind:?}: {body}");
                }
                Kind::Discord => {
                    assert_eq!(request.json()["allowed_mentions"], json!({"parse": []}));
                    assert!(!body.contains("[x]("), "{body}");
                }
                Kind::Mattermost => assert!(!body.contains("@channel"), "{body}"),
                Kind::Matrix => {
                    let formatted = request.json()["formatted_body"].to_string();
                    assert!(!formatted.contains("<script>"), "{formatted}");
                }
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn an_incident_is_one_alert_from_trigger_to_resolve() {
    let receiver = WebhookReceiver::start().await;
    let events = [
        Event::Opened,
        Event::Worsened,
        Event::Acknowledged,
        Event::Resolved,
    ];
    let mut keys = Vec::new();
    let mut actions = Vec::new();
    for (n, event) in (20..).zip(events) {
        let requests = told(&receiver, Kind::PagerDuty, &notification(n, event)).await;
        let body = requests[0].json();
        keys.push(body["dedup_key"].clone());
        actions.push(body["event_action"].as_str().unwrap().to_owned());
    }
    assert_eq!(actions, ["trigger", "trigger", "acknowledge", "resolve"]);
    keys.dedup();
    assert_eq!(keys.len(), 1, "one alert");
    let test = of_channel(
        30,
        Event::Test,
        &at(Kind::PagerDuty, "https://service.example"),
    );
    let requests = told(&receiver, Kind::PagerDuty, &test).await;
    let actions: Vec<Value> = requests
        .iter()
        .map(|r| r.json()["event_action"].clone())
        .collect();
    assert_eq!(
        actions,
        ["trigger", "resolve"],
        "a test leaves nothing open"
    );
}

#[tokio::test]
async fn a_wrong_token_is_for_good_and_a_busy_service_is_not() {
    for (kind, status, body, permanent) in [
        (Kind::Slack, 404, "no_service", true),
        (Kind::Slack, 429, "", false),
        (Kind::Discord, 401, "", true),
        (Kind::Discord, 429, "", false),
        (Kind::Telegram, 403, "bot was kicked", true),
        (
            Kind::Telegram,
            400,
            r#"{"description":"Bad Request: chat not found"}"#,
            true,
        ),
        (Kind::Telegram, 400, "can't parse entities", false),
        (Kind::Matrix, 401, "M_UNKNOWN_TOKEN", true),
        (Kind::Matrix, 429, "M_LIMIT_EXCEEDED", false),
        (Kind::Pushover, 400, "user identifier is invalid", true),
        (Kind::Pushover, 429, "", false),
        (Kind::PagerDuty, 400, "invalid routing key", true),
        (Kind::PagerDuty, 400, "other", false),
        (Kind::Opsgenie, 422, "", false),
        (Kind::Opsgenie, 401, "", true),
        (Kind::Mattermost, 400, "Invalid webhook", true),
        (Kind::Ntfy, 403, "", true),
        (Kind::Gotify, 401, "", true),
        (Kind::Teams, 410, "", true),
        (Kind::GoogleChat, 500, "", false),
    ] {
        let receiver = WebhookReceiver::start().await;
        receiver.answer([Answer::status(status).body(body)]);
        let channel = at(kind, &host(&receiver));
        let sample = notification(7, Event::Opened);
        let refused = notifier(None)
            .deliver(&channel, &sample, NOW)
            .await
            .unwrap_err();
        assert_eq!(refused.permanent, permanent, "{kind:?} {status} {body}");
        assert!(!refused.detail.contains(TOKEN), "{}", refused.detail);
    }
}
