//! What is done to several monitors at once, and the list in groups: forms and links only.

use axum::http::StatusCode;
use lifesign::domain::id::MonitorId;
use lifesign::domain::team::Role;

use super::site::{Person, Site};
use crate::support::engines::engines;

/// Sends the form of the list.
async fn bulk(
    person: &Person,
    monitors: &[MonitorId],
    deed: &str,
    tag: &str,
) -> super::site::Answer {
    let ids: Vec<String> = monitors.iter().map(ToString::to_string).collect();
    let mut form: Vec<(&str, &str)> = ids.iter().map(|id| ("monitor", id.as_str())).collect();
    form.extend([("deed", deed), ("new_tag", tag), ("back", "/?q=server")]);
    person.post("/monitors/bulk", &form).await
}

engines! {
    async fn ticked_monitors_are_paused_resumed_and_tagged(store: Store) {
        let site = Site::new(store).await;
        let owner = site.owner().await;
        let (a, b) = (site.monitor("Server A").await, site.monitor("Server B").await);
        let c = site.monitor("Server C").await;
        let list = owner.get("/?q=server").await;
        assert_eq!(list.all("li.row .pick input[form=bulk]").len(), 3);

        let done = bulk(&owner, &[a, b], "pause", "").await;
        assert_eq!(done.location(), "/?q=server&done=paused&n=2");
        let list = owner.get(done.location()).await;
        assert_eq!(list.one(".note[role=status]"), "2 monitors paused. None of them is checked until you resume it.");
        assert!(list.one("title").starts_with("2 monitors paused."), "a screen reader reads the title");
        assert_eq!(list.all("li.row .st"), ["pending", "paused", "paused"]);
        let again = bulk(&owner, &[a], "pause", "").await;
        assert!(owner.get(again.location()).await.one(".note[role=status]").contains("No monitor had"));
        bulk(&owner, &[a, b, c], "resume", "").await.location();
        assert_eq!(owner.get("/?status=pending").await.all("li.row").len(), 3);

        let done = bulk(&owner, &[a, b], "tag", " prod ").await;
        assert!(done.location().ends_with("done=tagged&n=2"), "{}", done.location());
        assert_eq!(owner.get("/?tag=prod&status=pending").await.all("li.row .name"), ["Server A", "Server B"]);
        let grouped = owner.get("/?group=tag").await;
        assert_eq!(grouped.all("h2.group"), ["prod", "Without a tag"]);
        assert_eq!(grouped.all("li.row .name"), ["Server A", "Server B", "Server C"]);
        bulk(&owner, &[b, c], "untag", "prod").await.location();
        assert_eq!(owner.get("/?tag=prod").await.all("li.row .name"), ["Server A"]);
    }

    async fn what_makes_no_sense_comes_back_with_the_ticks(store: Store) {
        let site = Site::new(store).await;
        let owner = site.owner().await;
        let (a, _) = (site.monitor("Server A").await, site.monitor("Server B").await);
        let none = bulk(&owner, &[], "pause", "").await;
        assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(none.one(".note.bad:not(#away)"), "No monitor was chosen. Tick some first.");
        let long = "x".repeat(129);
        for (tag, part) in [("", "is empty"), ("a, b", "without a comma"), (&long, "128 characters")] {
            let refused = bulk(&owner, &[a], "tag", tag).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{tag}");
            assert!(refused.one("#new_tag-error").contains(part), "{}", refused.one("#new_tag-error"));
            assert_eq!(refused.attribute("#new_tag", "value").as_deref(), Some(tag));
            assert_eq!(refused.all(".pick input[checked]").len(), 1, "a tick was lost");
            assert!(!refused.text().contains("http-equiv"), "it would be loaded again by GET");
        }
        assert_eq!(bulk(&owner, &[a], "dance", "").await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let foreign = owner.post("/monitors/bulk", &[("monitor", &a.to_string()), ("deed", "pause"), ("back", "//evil.example")]).await;
        assert_eq!(foreign.location(), "/?done=paused&n=1");
    }

    /// Deleting asks first, and names what goes.
    async fn many_are_deleted_after_they_were_named(store: Store) {
        let site = Site::new(store).await;
        let owner = site.owner().await;
        let (a, b) = (site.monitor("Server A").await, site.monitor("<b>Server B").await);
        site.monitor("Server C").await;
        let asked = bulk(&owner, &[a, b], "delete", "").await;
        assert_eq!(asked.status, StatusCode::OK);
        assert_eq!(asked.one("h1"), "Delete 2 monitors?");
        assert_eq!(asked.all(".columns li"), ["<b>Server B", "Server A"]);
        assert_eq!(owner.get("/").await.all("li.row").len(), 3, "nothing is gone yet");
        let form = [("monitor", a.to_string()), ("monitor", b.to_string()), ("back", "/".to_owned())];
        let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
        let done = owner.post("/monitors/bulk/delete", &form).await;
        assert_eq!(done.location(), "/?done=deleted&n=2");
        assert_eq!(owner.get("/").await.all("li.row .name"), ["Server C"]);

        for n in 0..55 {
            site.monitor(&format!("Many {n}")).await;
        }
        let all = [("all", "yes"), ("deed", "delete"), ("back", "/?q=many")];
        let asked = owner.post("/monitors/bulk", &all).await;
        assert_eq!(asked.one("h1"), "Delete 55 monitors?");
        assert!(asked.text().contains("and 5 more"));
        assert_eq!(asked.all("input[name=monitor]").len(), 55);
    }

    /// Neither another team nor somebody who may only look changes anything.
    async fn only_editors_of_the_team_change_many(store: Store) {
        let site = Site::new(store).await;
        let a = site.monitor("Server A").await;
        let (rival, _) = site.rival().await;
        let done = bulk(&rival, &[a], "pause", "").await;
        assert_eq!(done.location(), "/?q=server&done=paused&n=0");
        assert_eq!(bulk(&rival, &[a], "delete", "").await.all(".columns li").len(), 0);
        let form = [("monitor", a.to_string())];
        let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert!(rival.post("/monitors/bulk/delete", &form).await.location().ends_with("n=0"));
        let viewer = site.colleague(Role::Viewer).await;
        assert_eq!(bulk(&viewer, &[a], "pause", "").await.status, StatusCode::FORBIDDEN);
        assert_eq!(viewer.post("/monitors/bulk/delete", &form).await.status, StatusCode::FORBIDDEN);
        let list = viewer.get("/").await;
        assert_eq!((list.one("li.row .st"), list.all(".pick").len()), ("pending".to_owned(), 0));
    }
}
