//! The audit log: what is done stands in it, whoever did it, and nothing else does.

use axum::http::StatusCode;
use lifesign::app::monitors;
use lifesign::domain::id::MonitorId;
use lifesign::domain::monitor::MonitorSpec;
use lifesign::domain::sensitive::Sensitive;
use lifesign::domain::team::{Actor, Role};
use lifesign::store::Store;

use super::pages::furnish;
use super::site::{Site, endpoint};
use crate::support::engines::engines;

/// Most entries that a test reads.
const MOST: usize = 200;

/// What was done, newest first, with the names of the fields.
async fn deeds(store: &Store, actor: &Actor) -> Vec<(String, Vec<String>)> {
    let log = store.audit_log(actor.team, None, MOST, None).await.unwrap();
    log.rows
        .into_iter()
        .map(|entry| (entry.deed, entry.fields))
        .collect()
}

async fn spec(site: &Site, id: MonitorId) -> MonitorSpec {
    let known = site.app.store.monitor(site.owner.team, id).await.unwrap();
    known.unwrap().monitor.spec
}

engines! {
    async fn what_is_done_stands_in_the_audit_log_of_the_team(store: Store) {
        let site = Site::new(store).await;
        let furnished = furnish(&site, "Search").await;
        let owner = site.owner().await;
        let (monitor, channel) = (furnished.monitor, furnished.channel);
        for path in [
            format!("/monitors/{monitor}/pause"),
            format!("/monitors/{monitor}/resume"),
            format!("/monitors/{monitor}/tools/accept"),
            format!("/monitors/{monitor}/unlist"),
            format!("/status-pages/{}/announcements/{}/end", furnished.page, furnished.announcement),
            format!("/status-pages/{}/announcements/{}/delete", furnished.page, furnished.announcement),
            format!("/status-pages/{}/delete", furnished.page),
            format!("/maintenance/{}/delete", furnished.window),
            format!("/channels/{channel}/delete"),
        ] {
            owner.post(&path, &[]).await.location();
        }
        owner.post("/settings/team", &[("team", "Platform")]).await.location();
        owner.post("/settings/team", &[("team", "Platform")]).await.location();
        owner.post("/settings/tokens", &[("name", "CI"), ("scope", "read")]).await;
        let revoke = owner.get("/settings").await;
        let revoke = revoke.attribute("form[action$='/revoke']", "action").unwrap();
        owner.post(&revoke, &[]).await.location();
        let many = [("monitor", &*monitor.to_string()), ("deed", "tag"), ("new_tag", "prod")];
        owner.post("/monitors/bulk", &many).await;
        owner.post(&format!("/monitors/{monitor}/delete"), &[]).await.location();
        let words: Vec<_> =
            deeds(&site.app.store, &site.owner).await.into_iter().map(|(deed, _)| deed).collect();
        for deed in [
            "monitor.created", "monitor.paused", "monitor.resumed", "monitor.tools_accepted",
            "monitor.unlisted", "monitor.changed", "monitor.deleted", "channel.created",
            "channel.deleted", "maintenance_window.created", "maintenance_window.deleted",
            "status_page.created", "status_page.deleted", "announcement.created",
            "announcement.ended", "announcement.deleted", "team.changed", "token.added",
            "token.revoked",
        ] {
            assert_eq!(words.iter().filter(|word| *word == deed).count(), 1, "{deed}: {words:?}");
        }
        let page = owner.get("/audit-log").await;
        assert_eq!(page.all("main .list li").len(), words.len());
        assert!(page.text().contains("by owner@example.com"));
        let tokens = owner.get("/audit-log?kind=token").await;
        assert_eq!(tokens.all("main .list li").len(), 2);
        let (rival, _) = site.rival().await;
        assert!(rival.get("/audit-log").await.all("main .list li").is_empty());
    }

    /// A change is known by the names of its fields; what stands in them is not.
    async fn a_change_names_its_fields_and_no_secret(store: Store) {
        let site = Site::new(store).await;
        let id = site.monitor("Search").await;
        let mut changed = spec(&site, id).await;
        changed.endpoint.bearer = Some(Sensitive::new("swordfish"));
        changed.interval_seconds = 120;
        monitors::change(&site.app, &site.owner, id, changed.clone(), &[]).await.unwrap();
        monitors::change(&site.app, &site.owner, id, changed, &[]).await.unwrap();
        let deeds = deeds(&site.app.store, &site.owner).await;
        assert_eq!(deeds.len(), 2, "what changes nothing is no change: {deeds:?}");
        assert_eq!(deeds[0].0, "monitor.changed");
        assert_eq!(deeds[0].1, ["bearer", "interval_seconds"]);
        let page = site.owner().await.get("/audit-log").await;
        assert!(!page.text().contains("swordfish"));
        assert_eq!(page.all("main .list li:first-child code"), ["bearer", "interval_seconds"]);
    }

    /// What is refused leaves no entry: it is part of the same transaction.
    async fn what_was_refused_is_not_in_the_audit_log(store: Store) {
        let site = Site::new(store).await;
        let nowhere = MonitorId(site.app.ids.next());
        monitors::delete(&site.app, &site.owner, nowhere).await.unwrap_err();
        let spec = MonitorSpec { name: String::new(), ..MonitorSpec::of(endpoint("https://a.example/")) };
        monitors::create(&site.app, &site.owner, spec, &[]).await.unwrap_err();
        assert_eq!(deeds(&site.app.store, &site.owner).await, []);
    }

    async fn owners_and_editors_read_the_audit_log_a_page_at_a_time(store: Store) {
        let site = Site::new(store).await;
        for n in 0..60 {
            site.monitor(&format!("Server {n}")).await;
        }
        let viewer = site.colleague(Role::Viewer).await;
        assert_eq!(viewer.get("/audit-log").await.status, StatusCode::FORBIDDEN);
        assert!(!viewer.get("/settings").await.text().contains("/audit-log"));
        let editor = site.colleague(Role::Editor).await;
        let page = editor.get("/audit-log?kind=monitor").await;
        assert_eq!(page.all("main .list li").len(), 50);
        let next = page.attribute(".pager a", "href").unwrap();
        assert!(next.contains("kind=monitor"), "{next}");
        assert_eq!(editor.get(&next).await.all("main .list li").len(), 10);
    }

    /// A colleague cannot put a script, a colour of the terminal or another direction into the log.
    async fn a_hostile_name_is_harmless_in_the_audit_log(store: Store) {
        let site = Site::new(store).await;
        let mut tx = site.app.store.begin().await.unwrap();
        let hostile = "\u{202e}<script>alert(1)</script>\u{2066}x";
        tx.rename_team(site.owner.team, "Before").await.unwrap();
        tx.commit().await.unwrap();
        site.monitor(hostile).await;
        let owner = site.owner().await;
        owner.post("/settings/team", &[("team", hostile)]).await.location();
        let page = owner.get("/audit-log").await;
        assert_eq!(page.all("main .list li").len(), 2);
        for name in page.all("main .list .strong") {
            assert!(name.contains("<script>alert(1)</script>"), "{name}");
            assert!(!name.contains(['\u{202e}', '\u{2066}', '\u{1b}']), "{name:?}");
        }
        assert!(!page.text().contains("<script>alert"));
    }
}
