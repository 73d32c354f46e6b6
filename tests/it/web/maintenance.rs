//! Maintenance as people plan it: typed in a zone, shown with what comes, ended, refused in place.

use axum::http::StatusCode;

use super::site::Site;
use crate::support::engines::engines;

engines! {
    async fn a_window_is_planned_shown_and_ended(store: Store) {
        let site = Site::new(store).await;
        let owner = site.owner().await;
        let (search, other) = (site.monitor("Search").await, site.monitor("Other").await);
        assert!(owner.get("/maintenance").await.text().contains("Nothing is planned"));
        let id = search.to_string();
        let new = owner.get(&format!("/maintenance/new?monitor={id}")).await;
        assert!(new.attribute(&format!("input[value='{id}']"), "checked").is_some());
        assert_eq!(new.attribute("#zone", "value").as_deref(), Some("UTC"));
        // Noon in UTC is one o'clock in Berlin: it runs.
        let form = [
            ("name", "Move"), ("kind", "once"), ("zone", "Europe/Berlin"),
            ("starts_at", "2026-11-22T12:30"), ("ends_at", "2026-11-22T13:30"),
            ("scope", "some"), ("monitors", &*id), ("excluded", "yes"),
        ];
        owner.post("/maintenance", &form).await.location();
        let list = owner.get("/maintenance").await;
        assert_eq!(list.one("main .chip"), "running until 22 Nov, 13:30 CET");
        assert_eq!(list.one("ol time"), "Sun 22 Nov 2026, 12:30–13:30 CET");
        let head = owner.get(&format!("/monitors/{search}")).await;
        assert!(head.one(".note.warn").contains("Move, Sun 22 Nov 2026"), "{}", head.text());
        assert!(owner.get(&format!("/monitors/{other}")).await.all(".note.warn").is_empty());
        assert_eq!(owner.get("/").await.all("li.row .chip.wait"), ["maintenance"]);

        let edit = list.attribute("main li a[href$='/edit']", "href").unwrap();
        let form = owner.get(&edit).await;
        assert_eq!(form.attribute("#starts_at", "value").as_deref(), Some("2026-11-22T12:30"));
        assert_eq!(form.attribute("#zone", "value").as_deref(), Some("Europe/Berlin"));
        let end = edit.replace("/edit", "/end");
        assert_eq!(owner.post(&end, &[]).await.location(), "/maintenance?done=ended");
        let list = owner.get("/maintenance").await;
        assert!(list.text().contains("ended early") && list.all("main .chip").is_empty());
        assert!(owner.get("/").await.all("li.row .chip.wait").is_empty());
        assert_eq!(owner.post(&end, &[]).await.location(), "/maintenance?done=ended", "pressed twice");
    }

    async fn five_times_are_shown_on_the_clock_of_the_zone(store: Store) {
        let site = Site::new(store).await;
        let owner = site.owner().await;
        let form = [
            ("name", "Backup"), ("kind", "weekly"), ("zone", "Australia/Lord_Howe"), ("days", "mon"),
            ("days", "thu"), ("at", "23:30"), ("minutes", "60"), ("scope", "all"),
        ];
        owner.post("/maintenance", &form).await.location();
        let list = owner.get("/maintenance").await;
        let times = list.all("ol time");
        assert_eq!(times.len(), 5);
        assert_eq!(times[0], "Mon 23 Nov 2026, 23:30 – Tue 24 Nov 2026, 00:30 +11");
        assert!(list.text().contains("every Monday, Thursday at 23:30 for 60 min"));
        assert!(list.text().contains("counts in the uptime"));
        let edit = list.attribute("main li a[href$='/edit']", "href").unwrap();
        let form = [
            ("name", "Backup"), ("kind", "cron"), ("zone", "Europe/Berlin"), ("cron", "30 2 * * 0"),
            ("minutes", "90"), ("scope", "all"), ("excluded", "yes"),
        ];
        owner.post(&edit, &form).await.location();
        let list = owner.get("/maintenance").await;
        assert_eq!(list.all("ol time")[0], "Sun 29 Nov 2026, 02:30–04:00 CET");
        let delete = edit.replace("/edit", "/delete");
        owner.post(&delete, &[]).await.location();
        assert!(owner.get("/maintenance").await.text().contains("Nothing is planned"));
    }

    async fn what_makes_no_sense_is_refused_beside_its_field(store: Store) {
        let site = Site::new(store).await;
        let owner = site.owner().await;
        let good = [
            ("name", "Move"), ("kind", "once"), ("zone", "Europe/Berlin"), ("scope", "all"),
            ("starts_at", "2026-11-29T02:30"), ("ends_at", "2026-11-29T03:30"), ("cron", "30 2 * * 0"),
            ("at", "02:30"), ("minutes", "60"), ("days", "sun"),
        ];
        for (changed, field, part) in [
            (&[("name", "")][..], "name", "1 to 120"),
            (&[("zone", "Berlin")], "zone", "Europe/Berlin"),
            (&[("starts_at", "soon")], "starts_at", "a day and a time"),
            (&[("ends_at", "2026-11-29T02:30")], "ends_at", "later than the start"),
            (&[("starts_at", "2026-11-20T02:30"), ("ends_at", "2026-11-20T03:30")], "ends_at", "in the future"),
            (&[("kind", "weekly"), ("days", "")], "days", "at least one day"),
            (&[("kind", "weekly"), ("at", "late")], "at", "time of day"),
            (&[("kind", "weekly"), ("minutes", "20000")], "minutes", "10080"),
            (&[("kind", "cron"), ("cron", "0 30 2 * * 0")], "cron", "five fields"),
            (&[("scope", "some")], "monitors", "monitors or tags"),
        ] {
            let typed = good.map(|(name, value)| {
                let other = changed.iter().find(|(changed, _)| *changed == name);
                other.copied().unwrap_or((name, value))
            });
            let answer = owner.post("/maintenance", &typed).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{changed:?}");
            let message = answer.one(&format!("[id='{field}-error']"));
            assert!(message.contains(part), "{message} for {changed:?}");
            let kept = answer.attribute("#cron", "value");
            let typed = typed.iter().find(|(name, _)| *name == "cron").map(|(_, value)| (*value).to_owned());
            assert_eq!(kept, typed, "nothing is lost");
        }
    }

    async fn the_public_sees_what_is_planned_and_what_runs(store: Store) {
        let site = Site::new(store).await;
        let owner = site.owner().await;
        let furnished = super::pages::furnish(&site, "Search").await;
        let form = [
            ("name", "Move"), ("kind", "once"), ("zone", "UTC"), ("scope", "some"),
            ("starts_at", "2026-11-22T11:30"), ("ends_at", "2026-11-22T12:30"),
            ("monitors", &*furnished.monitor.to_string()),
        ];
        owner.post("/maintenance", &form).await.location();
        let page = site.stranger().get("/status/acme").await;
        assert_eq!(page.one(".hero h2"), "The only server is in maintenance");
        assert_eq!(page.all("section li .strong"), ["Move", "Search"], "{}", page.text());
        assert_eq!(page.all("section li .chip"), ["running", "planned"]);
        assert_eq!(page.one(".comp .chip"), "in maintenance");
    }
}
