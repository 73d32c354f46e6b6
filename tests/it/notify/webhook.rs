//! Webhooks, verified by somebody else's implementation of the standard.

use axum::http::HeaderMap;
use lifesign::domain::at::At;
use lifesign::domain::budget::Burn;
use lifesign::domain::notification::Event;
use lifesign::domain::sensitive::Sensitive;
use lifesign::net::{self, Guard, Names, Trust, delivery_client};
use lifesign::notify::{Mailer, Notifier};
use lifesign::secret::webhook_secret;
use standardwebhooks::Webhook;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::samples::{
    NOW, hook, mail_to, notification, of_budget, of_channel, of_monitor, of_node,
};
use crate::support::webhook::{Answer, WebhookReceiver};

pub(super) fn notifier(mailer: Option<Mailer>) -> Notifier {
    guarded(mailer, &Guard::parse("loopback").unwrap())
}

fn guarded(mailer: Option<Mailer>, guard: &Guard) -> Notifier {
    net::install_crypto_provider();
    let trust = Trust::new(None).unwrap();
    let deliveries = delivery_client(guard, &Names::system(), &trust, "Lifesign/test").unwrap();
    let url = "https://lifesign.example".to_owned();
    Notifier::new(url, mailer, deliveries, Box::new(|_, _| None))
}

/// The receiver's side: the library reads `webhook-…` headers and refuses old timestamps, hence
/// the real time in these tests.
fn verified(secret: &Sensitive, body: &[u8], headers: &HeaderMap) -> bool {
    Webhook::new(secret.expose())
        .unwrap()
        .verify(body, headers)
        .is_ok()
}

fn real_now() -> At {
    lifesign::clock::Clock::system().now()
}

#[tokio::test]
async fn a_webhook_is_signed_with_every_valid_secret() {
    let receiver = WebhookReceiver::start().await;
    let (fresh, old, foreign) = (webhook_secret(), webhook_secret(), webhook_secret());
    let channel = hook(&receiver.url(), &[&fresh, &old]);
    let sample = notification(7, Event::Opened);
    let delivered = notifier(None)
        .deliver(&channel, &sample, real_now())
        .await
        .unwrap();
    assert_eq!(delivered.detail, "answered 204 No Content");
    let request = &receiver.received()[0];
    assert_eq!(request.method, "POST");
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(
        request.header("webhook-id"),
        Some(sample.id.to_string().as_str())
    );
    for (secret, expected) in [(&fresh, true), (&old, true), (&foreign, false)] {
        assert_eq!(verified(secret, &request.body, &request.headers), expected);
    }
    let mut forged = request.body.to_vec();
    forged[10] ^= 1;
    assert!(!verified(&fresh, &forged, &request.headers));
    insta::assert_json_snapshot!("webhook_opened", request.json());
}

#[tokio::test]
async fn every_event_has_its_type() {
    let receiver = WebhookReceiver::start().await;
    let channel = hook(&receiver.url(), &[&webhook_secret()]);
    let notifier = notifier(None);
    let other = mail_to("gone@example.com");
    let samples = vec![
        (notification(7, Event::Worsened), "incident.opened"),
        (
            notification(7, Event::Acknowledged),
            "incident.acknowledged",
        ),
        (notification(7, Event::Resolved), "incident.resolved"),
        (of_channel(7, Event::Test, &channel), "channel.test"),
        (
            of_channel(7, Event::ChannelFailing, &other),
            "channel.failing",
        ),
        (
            of_monitor(7, Event::CertificateExpiring),
            "certificate.expiring",
        ),
        (
            of_monitor(7, Event::CredentialExpiring),
            "credential.expiring",
        ),
        (of_monitor(7, Event::ToolsChanged), "tools.changed"),
        (
            of_monitor(7, Event::AuthorizationOpened),
            "authorization.opened",
        ),
        (
            of_monitor(7, Event::AuthorizationRequired),
            "authorization.required",
        ),
        (
            of_monitor(7, Event::AuthorizationBroken),
            "authorization.broken",
        ),
        (
            of_monitor(7, Event::AuthorizationRestored),
            "authorization.restored",
        ),
        (of_node(7, Event::NodeSilent, false), "node.silent"),
        (of_node(7, Event::NodeBack, false), "node.back"),
        (of_node(7, Event::NodeTroubled, true), "node.troubled"),
        (of_budget(7, Burn::Slow), "budget.burning"),
    ];
    for (sample, _) in &samples {
        notifier.deliver(&channel, sample, NOW).await.unwrap();
    }
    let requests = receiver.received();
    for ((_, expected), request) in samples.iter().zip(&requests) {
        assert_eq!(request.json()["type"], *expected);
        let text = String::from_utf8(request.body.to_vec()).unwrap();
        assert!(
            !text.contains("whsec_") && !text.contains("hunter2"),
            "{text}"
        );
    }
    assert_eq!(
        requests[2].json()["data"]["incident"]["duration_seconds"],
        240
    );
    insta::assert_json_snapshot!("webhook_test", requests[3].json());
    insta::assert_json_snapshot!("webhook_tools_changed", requests[7].json());
    insta::assert_json_snapshot!("webhook_authorization_opened", requests[8].json());
    insta::assert_json_snapshot!("webhook_node_silent", requests[12].json());
    insta::assert_json_snapshot!("webhook_budget_burning", requests[15].json());
}

#[tokio::test]
async fn the_answer_decides_whether_it_is_tried_again() {
    let receiver = WebhookReceiver::start().await;
    let channel = hook(&receiver.url(), &[&webhook_secret()]);
    let notifier = notifier(None);
    for (answer, permanent, words) in [
        (Answer::status(404), true, "answered 404 Not Found"),
        (
            Answer::status(410).body("moved away"),
            true,
            "answered 410 Gone: moved away",
        ),
        (Answer::status(400), false, "answered 400"),
        (
            Answer::status(503).body("busy\u{1b}[31m\nnow"),
            false,
            "503 Service Unavailable: busy now",
        ),
        (
            Answer::status(301).header("location", "https://new.example/"),
            false,
            "redirects are not followed; is the new address at https://new.example?",
        ),
    ] {
        receiver.answer([answer]);
        let sample = notification(7, Event::Opened);
        let error = notifier.deliver(&channel, &sample, NOW).await.unwrap_err();
        assert_eq!(error.permanent, permanent, "{}", error.detail);
        assert!(error.detail.contains(words), "{}", error.detail);
    }
    assert_eq!(receiver.received().len(), 5);
}

#[tokio::test]
async fn an_endless_answer_is_cut() {
    let receiver = WebhookReceiver::start().await;
    receiver.answer([Answer::status(200).body(&"x".repeat(900_000))]);
    let channel = hook(&receiver.url(), &[&webhook_secret()]);
    let delivered = notifier(None)
        .deliver(&channel, &notification(7, Event::Opened), NOW)
        .await;
    assert!(delivered.unwrap().detail.len() < 400);
}

#[tokio::test]
async fn an_answer_that_never_ends_has_arrived_all_the_same() {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", socket.local_addr().unwrap());
    let channel = hook(&url, &[&webhook_secret()]);
    let answering = async {
        let (mut stream, _) = socket.accept().await.unwrap();
        assert!(stream.read(&mut [0; 1_024]).await.unwrap() > 0);
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nthanks";
        stream.write_all(head).await.unwrap();
        std::future::pending::<()>().await;
    };
    let (sample, notifier) = (notification(7, Event::Opened), notifier(None));
    let delivered = tokio::select! {
        delivered = notifier.deliver(&channel, &sample, NOW) => delivered,
        () = answering => unreachable!("it answers for ever"),
    };
    assert_eq!(delivered.unwrap().detail, "answered 200 OK: thanks");
}

#[tokio::test]
async fn a_receiver_that_is_not_there_is_tried_again() {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook?key=hunter2", socket.local_addr().unwrap());
    drop(socket);
    let channel = hook(&url, &[&webhook_secret()]);
    let error = notifier(None)
        .deliver(&channel, &notification(7, Event::Opened), NOW)
        .await;
    let error = error.unwrap_err();
    assert!(!error.permanent);
    assert!(
        error.detail.contains("cannot connect") && error.detail.contains("refused"),
        "{error}"
    );
    assert!(!error.detail.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn nothing_is_sent_to_an_address_that_is_not_open() {
    let receiver = WebhookReceiver::start().await;
    let notifier = guarded(None, &Guard::public());
    let by_name = receiver.url().replace("127.0.0.1", "localhost");
    for url in [receiver.url(), by_name] {
        let channel = hook(&url, &[&webhook_secret()]);
        let sample = notification(7, Event::Opened);
        let error = notifier.deliver(&channel, &sample, NOW).await.unwrap_err();
        assert!(error.detail.contains("LIFESIGN_ALLOW_TARGETS"), "{error}");
    }
    assert!(receiver.received().is_empty());
}
