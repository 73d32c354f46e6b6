//! Mail, in real SMTP conversations.

use std::time::Duration;

use lifesign::domain::notification::Event;
use lifesign::domain::sensitive::Sensitive;
use lifesign::domain::team::Email;
use lifesign::notify::Mailer;
use tokio::time::timeout;

use super::samples::{NOW, mail_to, notification};
use super::webhook::notifier;
use crate::support::smtp::{Security, SmtpReceiver};

const PATIENCE: Duration = Duration::from_secs(40);

fn mailer(url: &str, roots: Option<&str>) -> Mailer {
    let from = Email::parse("alerts@lifesign.example").unwrap();
    Mailer::new(&Sensitive::new(url), &from, roots.map(str::as_bytes)).unwrap()
}

#[tokio::test]
async fn an_outage_and_its_end_stand_in_one_thread() {
    let host = SmtpReceiver::start(Security::Plain).await;
    let notifier = notifier(Some(mailer(&host.url(), None)));
    let channel = mail_to("me@example.com");
    for (n, event) in [(7, Event::Opened), (8, Event::Resolved)] {
        let delivered = notifier
            .deliver(&channel, &notification(n, event), NOW)
            .await
            .unwrap();
        assert!(delivered.detail.contains("250"), "{}", delivered.detail);
    }
    let mails = timeout(PATIENCE, host.wait_for(2)).await.unwrap();
    let (down, up) = (&mails[0], &mails[1]);
    assert_eq!(down.to, ["me@example.com"]);
    assert_eq!(down.from, "alerts@lifesign.example");
    assert_eq!(
        down.header("subject").unwrap(),
        "DOWN search.example.com: certificate expired 3 days ago"
    );
    let thread = "<incident-00000000-0000-0000-0000-000000000003@lifesign.example>";
    for mail in [down, up] {
        assert_eq!(mail.header("references").unwrap(), thread);
        assert_eq!(mail.header("in-reply-to").unwrap(), thread);
        assert!(mail.part("text/plain").unwrap().contains("203.0.113."));
        assert!(
            mail.part("text/html")
                .unwrap()
                .starts_with("<!doctype html>")
        );
    }
    assert_eq!(
        down.header("message-id").unwrap(),
        "<00000000-0000-0000-0000-000000000007@lifesign.example>"
    );
    let head = down.data.split("\r\n\r\n").next().unwrap();
    insta::assert_snapshot!("mail_head", head.replace("\r\n", "\n"));
}

#[tokio::test]
async fn a_repetition_is_the_same_mail_to_the_byte() {
    let host = SmtpReceiver::start(Security::Plain).await;
    let notifier = notifier(Some(mailer(&host.url(), None)));
    let channel = mail_to("me@example.com");
    for _ in 0..2 {
        notifier
            .deliver(&channel, &notification(7, Event::Opened), NOW)
            .await
            .unwrap();
    }
    let mails = timeout(PATIENCE, host.wait_for(2)).await.unwrap();
    assert_eq!(mails[0].data, mails[1].data);
    assert_eq!(
        host.connections(),
        2,
        "no mail is taken for the one before it"
    );
}

#[tokio::test]
async fn mail_is_encrypted_in_both_ways_and_logs_in() {
    for security in [Security::StartTls, Security::Implicit] {
        let host = SmtpReceiver::start(security).await;
        let url = host.url().replace("://", "://robot:p%40ss@");
        let trusting = notifier(Some(mailer(&url, Some(host.certificate_pem()))));
        let sample = notification(7, Event::Opened);
        trusting
            .deliver(&mail_to("me@example.com"), &sample, NOW)
            .await
            .unwrap();
        let mails = timeout(PATIENCE, host.wait_for(1)).await.unwrap();
        assert!(mails[0].encrypted);
        assert_eq!(
            mails[0].login,
            Some(("robot".to_owned(), "p@ss".to_owned()))
        );

        let strict = notifier(Some(mailer(&url, None)));
        let refused = strict
            .deliver(&mail_to("me@example.com"), &sample, NOW)
            .await;
        let refused = refused.unwrap_err();
        assert!(!refused.permanent);
        assert!(
            refused.detail.contains("LIFESIGN_SMTP_CA_FILE"),
            "{}",
            refused.detail
        );
        assert!(!refused.detail.contains("p@ss"), "{}", refused.detail);
        assert_eq!(host.mails().len(), 1);
    }
}

#[tokio::test]
async fn mail_goes_over_tls_where_the_host_offers_it() {
    let host = SmtpReceiver::start(Security::StartTls).await;
    let url = host.url().replace("?tls=required", "");
    let notifier = notifier(Some(mailer(&url, Some(host.certificate_pem()))));
    let sample = notification(7, Event::Opened);
    notifier
        .deliver(&mail_to("me@example.com"), &sample, NOW)
        .await
        .unwrap();
    assert!(host.mails()[0].encrypted);
}

#[tokio::test]
async fn a_refused_recipient_is_for_good_and_a_busy_host_is_not() {
    let host = SmtpReceiver::start(Security::Plain).await;
    host.refuse("gone@example.com");
    host.postpone("later@example.com");
    let notifier = notifier(Some(mailer(&host.url(), None)));
    let sample = notification(7, Event::Opened);
    for (to, permanent, words) in [
        ("gone@example.com", true, "550 5.1.1 no such mailbox"),
        ("later@example.com", false, "451 4.3.0 come back later"),
    ] {
        let error = notifier
            .deliver(&mail_to(to), &sample, NOW)
            .await
            .unwrap_err();
        assert_eq!(error.permanent, permanent, "{}", error.detail);
        assert!(error.detail.contains(words), "{}", error.detail);
    }
    host.take("later@example.com");
    notifier
        .deliver(&mail_to("later@example.com"), &sample, NOW)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_mail_host_that_is_not_there_is_named() {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    drop(socket);
    let notifier = notifier(Some(mailer(&format!("smtp://{address}"), None)));
    let sample = notification(7, Event::Opened);
    let error = notifier
        .deliver(&mail_to("me@example.com"), &sample, NOW)
        .await
        .unwrap_err();
    assert!(!error.permanent);
    assert!(
        error.detail.contains(&address.to_string()),
        "{}",
        error.detail
    );
    assert!(error.detail.contains("refused"), "{}", error.detail);
}

#[tokio::test]
async fn a_mail_host_that_does_not_answer_is_left_in_time() {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let notifier = notifier(Some(mailer(&format!("smtp://{address}"), None)));
    let (channel, sample) = (mail_to("me@example.com"), notification(7, Event::Opened));
    let delivery = notifier.deliver(&channel, &sample, NOW);
    let error = timeout(PATIENCE, delivery).await.unwrap().unwrap_err();
    assert!(!error.permanent);
    let words = format!("the mail host {address} did not answer within 20 seconds");
    assert_eq!(error.detail, words);
}

#[tokio::test]
async fn without_a_mail_host_the_setting_is_named() {
    let sample = notification(7, Event::Opened);
    let error = notifier(None)
        .deliver(&mail_to("me@example.com"), &sample, NOW)
        .await
        .unwrap_err();
    assert_eq!(error.detail, "email is not set up: LIFESIGN_SMTP_URL");
    assert!(!error.permanent);
}
