//! The whole life of an outage, with real processes: a server dies, people hear of it by
//! webhook and mail, it comes back, they hear of that; history, API and page agree.

mod agent;
mod down_and_up;
mod killed;
mod restored;

use std::time::Duration;

use fake_mcp::{FakeMcp, healthy};
use serde_json::{Value, json};

use crate::support::engines::{Database, Engine};
use crate::support::service::{Service, eventually};
use crate::support::smtp::{Mail, Security, SmtpReceiver};
use crate::support::webhook::WebhookReceiver;

/// Seconds between two checks of the story.
const INTERVAL: u64 = 10;

/// The test `$story` on each engine.
macro_rules! on_both {
    ($story:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn sqlite() {
            $story(Engine::Sqlite).await;
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn postgres() {
            $story(Engine::Postgres).await;
        }
    };
}
use on_both;

/// A service that watches a server, and two who are told.
struct Story {
    service: Service,
    mail: SmtpReceiver,
    hook: WebhookReceiver,
    token: String,
    secret: String,
    monitor: String,
}

impl Story {
    /// Everything set up by the API, and the first good check of the server done.
    async fn begin(database: &Database) -> (Self, FakeMcp) {
        let server = FakeMcp::start(healthy()).unwrap();
        let mail = SmtpReceiver::start(Security::Plain).await;
        let hook = WebhookReceiver::start().await;
        let service = Service::start(
            database,
            &[
                ("SMTP_URL", &mail.url()),
                ("MAIL_FROM", "lifesign@example.com"),
            ],
        )
        .await;
        let token = service.token();
        let webhook = json!({"name": "Ops", "kind": "webhook", "settings": {"url": hook.url()}, "default": true});
        let (status, made) = service
            .api(&token, "POST", "/channels", Some(webhook))
            .await;
        assert_eq!(status, 201, "{made}");
        let secret = made["secret"].as_str().unwrap().to_owned();
        let email = json!({"name": "Me", "kind": "email", "settings": {"to": "me@example.com"}, "default": true});
        let (status, made) = service.api(&token, "POST", "/channels", Some(email)).await;
        assert_eq!(status, 201, "{made}");
        let monitor = json!({"url": server.url(), "name": "Search", "interval_seconds": INTERVAL});
        let (status, made) = service
            .api(&token, "POST", "/monitors", Some(monitor))
            .await;
        assert_eq!(status, 201, "{made}");
        let monitor = made["id"].as_str().unwrap().to_owned();
        let story = Self {
            service,
            mail,
            hook,
            token,
            secret,
            monitor,
        };
        story.until_status("up").await;
        (story, server)
    }

    async fn until_status(&self, status: &str) {
        let path = format!("/monitors/{}", self.monitor);
        eventually(&format!("status {status}"), async || {
            let monitor = self.service.look(&self.token, &path).await?;
            (monitor["status"] == status).then_some(())
        })
        .await;
    }

    /// The webhooks of one type that have arrived.
    fn told(&self, kind: &str) -> Vec<Value> {
        let messages = self
            .hook
            .received()
            .into_iter()
            .map(|request| request.json());
        messages.filter(|message| message["type"] == kind).collect()
    }

    async fn until_told(&self, kind: &str) -> Value {
        eventually(&format!("a webhook {kind}"), async || {
            self.told(kind).into_iter().next()
        })
        .await
    }

    async fn until_mails(&self, count: usize) -> Vec<Mail> {
        eventually(&format!("{count} mails"), async || {
            let mails = self.mail.mails();
            (mails.len() >= count).then_some(mails)
        })
        .await
    }
}
