//! What people do with an incident on its page, and what the public sees of it.

use axum::http::StatusCode;
use fake_mcp::{FakeMcp, healthy};
use lifesign::app::status_pages::{self, PageSpec};
use lifesign::domain::status_page::Component;
use lifesign::domain::team::Role;
use lifesign::store::Store;
use uuid::Uuid;

use super::site::{Answer, Person, Site};
use crate::support::app::TestApp;
use crate::support::engines::engines;

/// What can be done to an incident.
const DEEDS: [&str; 7] = [
    "acknowledge",
    "mute",
    "unmute",
    "severity",
    "notes",
    "postmortem",
    "resolve",
];
/// What a hostile colleague would write.
const HOSTILE: &str = "</p><script>alert(1)</script>\n\n]]><b>&amp;\u{202e}";

/// A server that has gone down, on a public status page.
struct Outage {
    test: TestApp,
    site: Site,
    owner: Person,
    path: String,
}

impl Outage {
    async fn new(store: Store) -> Self {
        let test = TestApp::new(store).await;
        let site = Site::around(&test);
        let server = FakeMcp::start(healthy()).unwrap();
        let monitor = test.watch(&server.url()).await;
        let search = Component {
            name: Some("Search".to_owned()),
            ..Component::of(monitor)
        };
        let spec = PageSpec::public("acme", "Acme", [search]);
        status_pages::create(&site.app, &site.owner, spec)
            .await
            .unwrap();
        test.round().await;
        drop(server);
        test.rounds(8, 15).await;
        let incident = test.incidents().await.remove(0).id;
        let owner = site.owner().await;
        Self {
            path: format!("/incidents/{incident}"),
            test,
            site,
            owner,
        }
    }

    /// Does something, and gives the page afterwards.
    async fn does(&self, deed: &str, form: &[(&str, &str)]) -> Answer {
        let done = self
            .owner
            .post(&format!("{}/{deed}", self.path), form)
            .await;
        let place = done.location().to_owned();
        assert!(place.starts_with(&self.path), "{place}");
        self.owner.get(&place).await
    }

    async fn public(&self, path: &str) -> Answer {
        self.site.stranger().get(path).await
    }
}

engines! {
    async fn somebody_says_how_bad_it_is(store: Store) {
        let outage = Outage::new(store).await;
        assert!(outage.owner.get(&outage.path).await.one("h1").contains("is down"));
        let page = outage.does("severity", &[("severity", "degraded")]).await;
        assert!(page.one("h1").contains("is degraded"), "{}", page.one("h1"));
        assert!(page.one(".hero").contains("severity set by hand"));
        assert_eq!(page.one("#severity option[selected]"), "degraded");
        let last = page.all(".line li").pop().unwrap();
        assert!(last.contains("Set to degraded by hand. owner@example.com"), "{last}");
        let path = format!("{}/severity", outage.path);
        let refused = outage.owner.post(&path, &[("severity", "bad")]).await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        assert!(refused.text().contains("severity: must be down or degraded"), "{}", refused.text());
        let told = outage.public("/status/acme").await;
        assert!(told.one("main section:nth-of-type(2) h2").starts_with("degraded Search"));
    }

    async fn somebody_mutes_and_unmutes(store: Store) {
        let outage = Outage::new(store).await;
        let page = outage.does("mute", &[]).await;
        assert!(page.one(".note.warn").starts_with("Muted since"));
        assert!(page.all(".actions button").contains(&"Unmute".to_owned()));
        assert!(outage.owner.get("/incidents").await.all(".chip").contains(&"muted".to_owned()));
        let page = outage.does("unmute", &[]).await;
        assert!(page.all(".note.warn").is_empty());
        assert!(page.all(".actions button").contains(&"Mute".to_owned()));
    }

    /// What is written for the public stands on the page and in the feed at once, and is text.
    async fn the_public_reads_what_is_written_for_it(store: Store) {
        let outage = Outage::new(store).await;
        let before = outage.public("/status/acme").await.header("etag").to_owned();
        outage.does("notes", &[("text", "the pod in rack 7"), ("readers", "team")]).await;
        let update = [("text", HOSTILE), ("readers", "identified")];
        let page = outage.does("notes", &update).await;
        assert_eq!(page.all(".line .chip"), ["public: identified"]);
        let stranger = outage.site.stranger();
        let told = stranger.get_with("/status/acme", &[("if-none-match", &before)]).await;
        assert_eq!(told.status, StatusCode::OK, "not what it was");
        let last = told.all(".line li").pop().unwrap();
        assert!(last.contains("identified </p><script>alert(1)</script> ]]><b>&amp;"), "{last}");
        assert_eq!(told.one("main section:nth-of-type(2) .chip"), "identified");
        let feed = outage.public("/status/acme/feed.atom").await.text();
        assert!(feed.contains("identified: "), "{feed}");
        let json = outage.public("/status/acme/history").await.text();
        for shown in [told.text(), feed, json] {
            assert!(shown.contains("alert(1)") && !shown.contains("<script>alert"));
            assert!(!shown.contains("rack 7") && !shown.contains("owner@example.com"));
            assert!(!shown.contains('\u{202e}'));
        }
        let path = format!("{}/notes", outage.path);
        for (form, field) in [
            ([("text", " "), ("readers", "monitoring")], "text"),
            ([("text", "Kept."), ("readers", "fixed")], "readers"),
        ] {
            let refused = outage.owner.post(&path, &form).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(!refused.all(&format!("#{field}-error")).is_empty(), "{field}");
            assert_eq!(refused.one("#text"), form[0].1.trim());
        }
    }

    async fn what_was_learnt_is_written_when_it_is_over(store: Store) {
        let outage = Outage::new(store).await;
        assert!(outage.owner.get(&outage.path).await.all("#postmortem").is_empty());
        let path = format!("{}/postmortem", outage.path);
        let text = [("postmortem.text", "It expired.\r\n\r\nNow we look at it daily.")];
        assert_eq!(outage.owner.post(&path, &text).await.status, StatusCode::CONFLICT);
        outage.does("resolve", &[]).await;
        let page = outage.does("postmortem", &text).await;
        assert!(page.one("#postmortem").contains("your team only"));
        assert_eq!(page.one("#postmortem .prose"), "It expired. Now we look at it daily.");
        for path in ["/status/acme", "/status/acme/history", "/status/acme/feed.atom"] {
            assert!(!outage.public(path).await.text().contains("It expired"), "{path}");
        }
        let public = [text[0], ("postmortem.public", "yes")];
        let page = outage.does("postmortem", &public).await;
        assert_eq!(page.one("#postmortem textarea"), "It expired. Now we look at it daily.");
        assert!(page.attribute("#postmortem [type=checkbox]", "checked").is_some());
        let history = outage.public("/status/acme/history").await;
        assert!(history.one("details").starts_with("Postmortem"), "{}", history.text());
        assert!(outage.public("/status/acme/feed.atom").await.text().contains("It expired"));
        let shown = outage.public("/status/acme").await;
        assert!(shown.one("details").starts_with("Postmortem"), "{}", shown.text());
        let feed = outage.public("/status/acme/feed.atom").await.text();
        let id = feed.split("history#i-").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(history.all(&format!("[id='i-{id}']")).len(), 1, "where the feed leads");

        let long = "x".repeat(10_001);
        let refused = outage.owner.post(&path, &[("postmortem.text", &*long)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.one("[id='postmortem.text-error']").contains("1 to 10000"));
        assert_eq!(refused.one("#postmortem textarea"), long, "what was typed is kept");
        outage.does("postmortem", &[("postmortem.text", "")]).await;
        assert!(outage.public("/status/acme/history").await.all("details").is_empty());
    }

    /// What is different since the last good check stands before what happened since.
    async fn what_is_different_is_shown_first(store: Store) {
        let outage = Outage::new(store).await;
        let mut tx = outage.test.app.store.begin().await.unwrap();
        let (team, now) = (outage.test.actor.team, outage.test.app.clock.now());
        let known = outage.test.incidents().await.remove(0);
        let mut good = known.evidence.clone();
        good.address = Some("192.0.2.7:443".to_owned());
        let mut bad = known.evidence.clone();
        bad.address = Some("192.0.2.8:443".to_owned());
        let mut over = known.clone();
        over.resolve(now, "Over.", None).unwrap();
        tx.save_incident(&over).await.unwrap();
        let transition = lifesign::domain::status::Transition {
            from: lifesign::domain::status::MonitorStatus::Up,
            to: lifesign::domain::status::MonitorStatus::Down,
            since: now,
        };
        let id = lifesign::domain::id::IncidentId(outage.test.app.ids.next());
        let whose = (team, known.monitor);
        let next = lifesign::domain::incident::Incident::open(id, whose, &transition, bad, Some(&good));
        tx.open_incident(&next.unwrap()).await.unwrap();
        tx.commit().await.unwrap();
        let page = outage.owner.get(&format!("/incidents/{id}")).await;
        let headings = page.all("section.card h2");
        assert_eq!(headings[..2], ["Different since the last good check", "Timeline"]);
    }

    /// An incident of another team answers, to the byte, like one that does not exist, whatever is
    /// done to it; who may only look changes nothing.
    async fn only_editors_of_the_team_do_anything(store: Store) {
        let outage = Outage::new(store).await;
        let (rival, _) = outage.site.rival().await;
        let viewer = outage.site.colleague(Role::Viewer).await;
        let form = [
            ("severity", "degraded"),
            ("text", "x"),
            ("readers", "public"),
            ("postmortem.text", "x"),
        ];
        let before = outage.test.incidents().await;
        for deed in DEEDS {
            let theirs = rival.post(&format!("{}/{deed}", outage.path), &form).await;
            let nobody = Uuid::from_u128(7);
            let absent = rival.post(&format!("/incidents/{nobody}/{deed}"), &form).await;
            assert_eq!(theirs.status, StatusCode::NOT_FOUND, "{deed}");
            assert_eq!(theirs.body, absent.body, "{deed}");
            let looked = viewer.post(&format!("{}/{deed}", outage.path), &form).await;
            assert_eq!(looked.status, StatusCode::FORBIDDEN, "{deed}");
        }
        assert_eq!(outage.test.incidents().await, before);
        let page = viewer.get(&outage.path).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.all("main button").is_empty(), "a button that would be refused");
    }
}
