//! One life in Chromium, from the owner link to the last letter: what `tests/browser/story.mjs`
//! does as somebody with a mouse, with the keyboard alone, without JavaScript, and with a phone.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use fake_mcp::{FakeMcp, healthy};
use serde_json::{Value, json};

use crate::support::engines::{Database, Engine};
use crate::support::service::Service;
use crate::support::smtp::{Mail, Security, SmtpReceiver};

/// Seconds between two checks, as soon as there is an outage to wait for.
const INTERVAL: u64 = 10;

/// Lives it one way. The person in the browser asks for what happens in the world.
async fn live(way: &str) {
    let database = Database::new(Engine::Sqlite).await;
    let mail = SmtpReceiver::start(Security::Plain).await;
    let settings = [
        ("SMTP_URL", mail.url()),
        ("MAIL_FROM", "lifesign@example.com".to_owned()),
    ];
    let settings = settings.each_ref().map(|(name, value)| (*name, &**value));
    let service = Service::start(&database, &settings).await;
    let mut server = FakeMcp::start(healthy().tools(["search", "fetch"])).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/story.mjs");
    let owner_link = service.owner_link.as_deref().unwrap();
    let mut person = Command::new("node")
        .arg(script)
        .args([way, &service.url, owner_link, &server.url()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut answers = person.stdin.take().unwrap();
    let mut wishes = BufReader::new(person.stdout.take().unwrap());
    let said = loop {
        let mut line = String::new();
        (wishes, line) = tokio::task::spawn_blocking(move || {
            wishes.read_line(&mut line).unwrap();
            (wishes, line)
        })
        .await
        .unwrap();
        let answer = match line.trim() {
            "mails" => mail.mails().iter().map(letter).collect(),
            "break" => {
                hasten(&service).await;
                server.stop().await.unwrap();
                json!(true)
            }
            "mend" => {
                server.restart().unwrap();
                json!(true)
            }
            said => break said.to_owned(),
        };
        writeln!(answers, "{answer}").unwrap();
    };
    let ended = person.wait().unwrap();
    assert!(ended.success() && said == "done", "{way}: {said}");
    database.remove().await;
}

/// A mail as the story reads it.
fn letter(mail: &Mail) -> Value {
    json!({
        "to": mail.to,
        "subject": mail.header("subject"),
        "text": mail.part("text/plain"),
    })
}

/// Lets the one monitor be checked as often as somebody who waits would like.
async fn hasten(service: &Service) {
    let token = service.command(&["token", "add", "owner@example.com", "--scope", "write"]);
    let all = service.look(&token, "/monitors").await.unwrap();
    let path = format!("/monitors/{}", all["data"][0]["id"].as_str().unwrap());
    let change = json!({"interval_seconds": INTERVAL});
    let (status, made) = service.api(&token, "PATCH", &path, Some(change)).await;
    assert_eq!(status, 200, "{made}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_mouse() {
    live("mouse").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_keyboard_alone() {
    live("keyboard").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_javascript() {
    live("plain").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_phone() {
    live("phone").await;
}
