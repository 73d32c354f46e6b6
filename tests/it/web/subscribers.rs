//! People who subscribe to a status page: asked, confirmed, told in public words, gone by one click.

use std::net::SocketAddr;

use axum::http::StatusCode;
use fake_mcp::FakeMcp;
use lifesign::app::maintenance::{self, WindowSpec};
use lifesign::app::{letters, news, retention, status_pages};
use lifesign::domain::at::{At, DAY_MS, HOUR_MS};
use lifesign::domain::id::MonitorId;
use lifesign::domain::maintenance::{Schedule, Scope};
use lifesign::domain::status_page::{Component, StatusPage, Visibility};
use lifesign::domain::zone::Zone;
use lifesign::store::Store;

use super::site::{Answer, Person, Site};
use crate::support::app::TestApp;
use crate::support::engines::engines;
use crate::support::smtp::{Mail, Security, SmtpReceiver};
use crate::support::webhook::{Answer as Says, WebhookReceiver};

const READER: &str = "reader@example.org";
/// What somebody might call a component to do harm.
const HOSTILE: &str = "Search \"><script>alert(1)</script>";

struct Story {
    test: TestApp,
    site: Site,
    host: SmtpReceiver,
    server: Option<FakeMcp>,
    monitor: MonitorId,
    page: StatusPage,
}

impl Story {
    async fn begin(store: Store) -> Self {
        let host = SmtpReceiver::start(Security::Plain).await;
        let url = host.url();
        let mail = [("smtp_url", &*url), ("mail_from", "status@acme.example")];
        let test = TestApp::with(store, &mail).await;
        let site = Site::around(&test);
        let server = FakeMcp::start(fake_mcp::healthy()).unwrap();
        let monitor = test.watch(&server.url()).await;
        let other = test.watch(&server.url()).await;
        let component = |monitor, name: &str| Component {
            name: Some(name.to_owned()),
            ..Component::of(monitor)
        };
        let components = [component(monitor, HOSTILE), component(other, "Other")];
        let spec = status_pages::PageSpec::public("acme", "Acme", components);
        let page = status_pages::create(&site.app, &site.owner, spec)
            .await
            .unwrap();
        test.round().await;
        Self {
            test,
            site,
            host,
            server: Some(server),
            monitor,
            page,
        }
    }

    /// What is to be told is found, addressed and brought.
    async fn tell(&self) {
        while news::step(&self.site.app).await.unwrap().1 {}
        while letters::step(&self.site.app).await.unwrap() > 0 {}
    }

    async fn ask(&self, form: &[(&str, &str)]) -> Answer {
        self.site
            .stranger()
            .post("/status/acme/subscribe", form)
            .await
    }

    /// The mails to a reader, oldest first.
    fn mails(&self, to: &str) -> Vec<Mail> {
        let mails = self.host.mails().into_iter();
        mails.filter(|mail| mail.to == [to]).collect()
    }

    async fn subscribed(&self, to: &str, components: &[(&str, &str)]) -> Person {
        let mut form = vec![("to", to)];
        form.extend(components);
        self.ask(&form).await.location();
        self.tell().await;
        let link = link(self.mails(to).last().unwrap(), "Confirm: ");
        let stranger = self.site.stranger();
        stranger.post(&link, &[]).await.location();
        stranger
    }

    /// The server breaks, and what follows is told.
    async fn breaks(&mut self) {
        self.server = None;
        self.test.rounds(8, 15).await;
        self.tell().await;
    }
}

/// The path of the link that stands behind a word in the text of a mail.
fn link(mail: &Mail, before: &str) -> String {
    let text = mail.part("text/plain").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(before));
    let url = line.unwrap_or_else(|| panic!("no {before} in {text}"));
    path(url)
}

fn path(url: &str) -> String {
    let (_, rest) = url.split_once("://").unwrap();
    rest[rest.find('/').unwrap()..].to_owned()
}

engines! {
    /// Subscribed, confirmed, told of the beginning, of what was written and of the end, in one
    /// thread and in public words; gone by one click of the mail client.
    async fn a_reader_hears_an_outage_and_leaves(store: Store) {
        let mut story = Story::begin(store).await;
        let stranger = story.site.stranger();
        let answer = story.ask(&[("to", READER)]).await;
        assert_eq!(answer.location(), "/status/acme/subscribe?done=asked");
        assert!(stranger.get(answer.location()).await.one(".note").contains("on its way"));
        story.tell().await;
        let asked = story.mails(READER).remove(0);
        assert_eq!(asked.header("subject").unwrap(), "Confirm that you want to hear of Acme");
        let confirm = link(&asked, "Confirm: ");

        // A scanner that follows links confirms nothing.
        let page = stranger.get(&confirm).await;
        assert!(page.one("h1").contains("Hear of Acme?"), "{}", page.text());
        assert_eq!(story.site.app.store.subscriber_counts(story.site.owner.team).await.unwrap()[0].1, 0);
        let shown = stranger.post(&confirm, &[]).await;
        let shown = stranger.get(shown.location()).await;
        assert!(shown.one(".note").contains("Confirmed"));
        assert!(shown.text().contains(READER));

        story.breaks().await;
        let owner = story.site.owner().await;
        let incident = story.test.incidents().await.into_iter().find(|i| i.monitor == story.monitor).unwrap();
        let path = format!("/incidents/{}", incident.id);
        owner.post(&format!("{path}/notes"), &[("text", "the pod in rack 7")]).await.location();
        let update = [("text", "We know why. Back soon."), ("readers", "identified")];
        owner.post(&format!("{path}/notes"), &update).await.location();
        story.tell().await;
        owner.post(&format!("{path}/resolve"), &[]).await.location();
        story.tell().await;
        story.tell().await;

        let told: Vec<Mail> = story.mails(READER).into_iter().skip(1).collect();
        let ours = format!("incident-{}", incident.id);
        let told: Vec<&Mail> = told.iter().filter(|mail| mail.header("references").unwrap().contains(&ours)).collect();
        assert_eq!(told.len(), 3, "the beginning, what was written, the end");
        let thread = told[0].header("references").unwrap();
        let texts: Vec<String> = told.iter().map(|mail| mail.part("text/plain").unwrap()).collect();
        for (mail, text) in told.iter().zip(&texts) {
            assert_eq!(mail.header("references").unwrap(), thread);
            assert_eq!(mail.header("list-unsubscribe-post").unwrap(), "List-Unsubscribe=One-Click");
            let html = mail.part("text/html").unwrap();
            assert!(!html.contains("<script>"), "{html}");
            for internal in ["rack 7", "owner@example.com", "127.0.0.1"] {
                let body = text.split("\n-- \n").next().unwrap().replace("127.0.0.1:8080", "");
                assert!(!body.contains(internal), "{internal} in {text}");
            }
        }
        assert!(texts[0].starts_with("DOWN Search") && texts[0].contains("Nothing listens"), "{}", texts[0]);
        assert!(texts[1].contains("identified") && texts[1].contains("Back soon."), "{}", texts[1]);
        assert!(texts[2].starts_with("RESOLVED Search"), "{}", texts[2]);

        let header = told[2].header("list-unsubscribe").unwrap();
        let leave = super::subscribers::path(header.trim_matches(['<', '>']));
        assert!(stranger.get(&leave).await.one("h1").contains("Hear nothing more"));
        // As a mail client posts it: no page of ours, no cookie.
        let left = stranger.post_from(&leave, &[("List-Unsubscribe", "One-Click")], &[]).await;
        assert_eq!(left.status, StatusCode::OK, "{}", left.text());
        let again = stranger.post_from(&leave, &[("List-Unsubscribe", "One-Click")], &[]).await;
        assert_eq!(again.status, StatusCode::OK);
        let before = story.mails(READER).len();
        let said = [("title", "A move"), ("text", "On Sunday.")];
        let announcements = format!("/status-pages/{}/announcements", story.page.id);
        owner.post(&announcements, &said).await.location();
        story.tell().await;
        assert_eq!(story.mails(READER).len(), before, "nothing more");
        assert_eq!(stranger.get(&confirm).await.status, StatusCode::NOT_FOUND);
    }

    /// Known or not, the answer is the same; only the owner of the address learns more.
    async fn nobody_learns_who_subscribes(store: Store) {
        let story = Story::begin(store).await;
        story.subscribed(READER, &[]).await;
        let (known, fresh) = (story.ask(&[("to", READER)]).await, story.ask(&[("to", "new@example.org")]).await);
        assert_eq!((known.status, known.location()), (fresh.status, fresh.location()));
        story.tell().await;
        assert_eq!(story.mails(READER).len(), 1, "not again within minutes");
        story.test.advance(601);
        story.ask(&[("to", &READER.to_uppercase())]).await.location();
        story.tell().await;
        let told = story.mails(READER);
        assert!(told[1].header("subject").unwrap().contains("already"), "{told:?}");
        let refused = story.ask(&[("to", "me@@x")]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(refused.attribute("#to", "value").as_deref(), Some("me@@x"));
        for address in ["a@b.example\r\nBcc: all@example.org", "<a@b.example>,c@d.example"] {
            assert_eq!(story.ask(&[("to", address)]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        }
    }

    async fn one_network_cannot_ask_for_everybody(store: Store) {
        let story = Story::begin(store).await;
        let from: SocketAddr = "203.0.113.9:40000".parse().unwrap();
        let bot = story.site.stranger().at(from);
        for n in 0..10 {
            let to = format!("victim{n}@example.org");
            bot.post("/status/acme/subscribe", &[("to", &to)]).await.location();
        }
        let refused = bot.post("/status/acme/subscribe", &[("to", READER)]).await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(!refused.header("retry-after").is_empty());
        assert_eq!(refused.attribute("#to", "value").as_deref(), Some(READER), "nothing typed is lost");
        story.ask(&[("to", READER)]).await.location();
    }

    /// A link that confirms is good for a day; then the address is forgotten.
    async fn who_does_not_confirm_is_forgotten(store: Store) {
        let story = Story::begin(store).await;
        story.ask(&[("to", READER)]).await.location();
        story.tell().await;
        let confirm = link(&story.mails(READER)[0], "Confirm: ");
        let stranger = story.site.stranger();
        story.test.advance(24 * 3_600 + 1);
        assert_eq!(stranger.post(&confirm, &[]).await.status, StatusCode::NOT_FOUND);
        retention::step(&story.site.app).await.unwrap();
        assert!(story.site.app.store.subscriber_counts(story.site.owner.team).await.unwrap().is_empty());
        let forged = format!("{confirm}x");
        assert_eq!(stranger.get(&forged).await.status, StatusCode::NOT_FOUND);
    }

    async fn who_chose_components_hears_of_those(store: Store) {
        let mut story = Story::begin(store).await;
        let other = story.page.components[1].monitor.to_string();
        let stranger = story.subscribed(READER, &[("components", &other)]).await;
        story.breaks().await;
        let told: Vec<String> = story.mails(READER).iter().skip(1).map(|m| m.header("subject").unwrap()).collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("DOWN Other"), "{told:?}");
        let change = link(story.mails(READER).last().unwrap(), "Change what you hear: ");
        let page = stranger.get(&change).await;
        assert_eq!(page.all("input[checked]").len(), 1);
        stranger.post(&change, &[("components", &story.monitor.to_string())]).await.location();
        let page = stranger.get(&change).await;
        assert_eq!(page.attribute("input[checked]", "value"), Some(story.monitor.to_string()));
    }

    /// A mailbox that does not exist is written to once; the team sees why, and can remove it.
    async fn a_refused_address_hears_no_more(store: Store) {
        let mut story = Story::begin(store).await;
        story.subscribed(READER, &[]).await;
        story.host.refuse(READER);
        story.breaks().await;
        story.host.take(READER);
        story.test.advance(3_600);
        story.tell().await;
        assert_eq!(story.mails(READER).len(), 1, "the one that asked");
        let owner = story.site.owner().await;
        let list = format!("/status-pages/{}/subscribers", story.page.id);
        let page = owner.get(&list).await;
        assert_eq!(page.one(".list .chip"), "refused");
        assert!(page.one(".list .why").contains("550"), "{}", page.text());
        let href = page.attribute(".list a", "href").unwrap();
        assert!(owner.get(&href).await.text().contains(READER));
        owner.post(&href, &[]).await.location();
        assert!(owner.get(&list).await.text().contains("Nobody yet"));
    }

    /// The first signed request confirms a webhook by being answered.
    async fn a_webhook_confirms_by_answering(store: Store) {
        let mut story = Story::begin(store).await;
        let hook = WebhookReceiver::start().await;
        hook.answer([Says::status(503), Says::status(204)]);
        let url = hook.url();
        let form = [("kind", "webhook"), ("url", &*url)];
        let made = story.ask(&form).await;
        assert_eq!(made.status, StatusCode::OK);
        assert!(made.one("code.secret").starts_with("whsec_"));
        story.tell().await;
        let team = story.site.owner.team;
        assert_eq!(story.site.app.store.subscriber_counts(team).await.unwrap()[0].1, 0);
        story.test.advance(10);
        story.tell().await;
        assert_eq!(story.site.app.store.subscriber_counts(team).await.unwrap()[0].1, 1);
        story.breaks().await;
        let told = hook.received();
        let types: Vec<String> = told.iter().map(|r| r.json()["type"].as_str().unwrap().to_owned()).collect();
        assert_eq!(types, ["subscription.confirm", "subscription.confirm", "incident.opened", "incident.opened"]);
        assert_eq!(told[0].header("webhook-id"), told[1].header("webhook-id"), "the same");
        assert!(told[2].header("webhook-signature").unwrap().starts_with("v1,"));
        let data = &told[2].json()["data"];
        assert_eq!(data["page"]["title"], "Acme");
        assert!(data["incident"].get("message").is_none(), "public words only: {data}");
        let leave = path(data["unsubscribe_url"].as_str().unwrap());
        assert_eq!(story.site.stranger().post(&leave, &[]).await.status, StatusCode::OK);
        let inside = story.ask(&[("kind", "webhook"), ("url", "http://169.254.169.254/latest")]).await;
        assert_eq!(inside.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(inside.one(".error").contains("LIFESIGN_ALLOW_TARGETS"), "{}", inside.text());
    }

    /// An announcement stands on page, JSON and feed and is told once; it ends and is deleted.
    async fn an_announcement_is_shown_and_told_once(store: Store) {
        let story = Story::begin(store).await;
        story.subscribed(READER, &[]).await;
        let owner = story.site.owner().await;
        let list = format!("/status-pages/{}/announcements", story.page.id);
        let said = [("title", HOSTILE), ("text", "On Sunday.\n\nFor an hour."), ("ends_at", "")];
        owner.post(&list, &said).await.location();
        story.tell().await;
        story.tell().await;
        let told = story.mails(READER);
        assert_eq!(told.len(), 2);
        assert!(told[1].part("text/plain").unwrap().contains("For an hour."));
        story.test.advance(5);
        let stranger = story.site.stranger();
        let page = stranger.get("/status/acme").await;
        assert_eq!(page.one(".announced h2"), HOSTILE);
        assert!(!page.text().contains("<script>alert"));
        assert!(stranger.get("/status/acme/feed.atom").await.text().contains("For an hour."));

        let edit = owner.get(&list).await.attribute(".list a", "href").unwrap();
        assert!(owner.get(&edit).await.text().contains("On Sunday."));
        let refused = owner.post(&edit, &[("title", ""), ("text", "x"), ("ends_at", "")]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        owner.post(&edit, &[("title", "Moved"), ("text", "On Monday.")]).await.location();
        assert_eq!(stranger.get("/status/acme").await.one(".announced h2"), "Moved");
        story.tell().await;
        assert_eq!(story.mails(READER).len(), 2, "told once");
        owner.post(&edit.replace("/edit", "/end"), &[]).await.location();
        assert!(stranger.get("/status/acme").await.all(".announced").is_empty());
        owner.post(&edit.replace("/edit", "/delete"), &[]).await.location();
        assert!(owner.get(&list).await.text().contains("Nothing announced yet"));
        let late = [("title", "x"), ("text", "x"), ("ends_at", "2020-01-01T00:00")];
        assert_eq!(owner.post(&list, &late).await.status, StatusCode::UNPROCESSABLE_ENTITY);

        let hidden = status_pages::PageSpec {
            visibility: Visibility::Hidden,
            ..status_pages::PageSpec::public("acme", "Acme", story.page.components.clone())
        };
        let (app, actor) = (&story.site.app, &story.site.owner);
        status_pages::change(app, actor, story.page.id, hidden).await.unwrap();
        assert!(owner.get(&list).await.text().contains("only of public"));
        owner.post(&list, &[("title", "Inside"), ("text", "Only for us."), ("ends_at", "")]).await.location();
        story.tell().await;
        assert_eq!(story.mails(READER).len(), 2, "the page is for nobody now");
    }

    /// Maintenance is told a day before and when it begins, each once.
    async fn maintenance_is_told_before_and_when_it_begins(store: Store) {
        let story = Story::begin(store).await;
        story.subscribed(READER, &[]).await;
        let now = story.site.app.clock.now().0;
        let spec = WindowSpec {
            name: "Database move".to_owned(),
            schedule: Schedule::Once { starts_at: At(now + 2 * DAY_MS), ends_at: At(now + 2 * DAY_MS + HOUR_MS) },
            zone: Zone::UTC,
            scope: Scope::All,
            is_excluded: true,
        };
        maintenance::create(&story.site.app, &story.site.owner, spec).await.unwrap();
        for wait in [0, 24 * 3_600 + 60, 60, 24 * 3_600 - 60, 60] {
            story.test.advance(wait);
            news::look_ahead(&story.site.app).await.unwrap();
            story.tell().await;
        }
        let told: Vec<String> = story.mails(READER).iter().skip(1).map(|m| m.header("subject").unwrap()).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("planned: Database move") && told[1].contains("has begun: Database move"));
    }
}
