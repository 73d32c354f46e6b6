//! Who may see and do what: strangers, other teams, people who may only look, foreign pages.

use axum::http::StatusCode;
use lifesign::domain::team::Role;
use uuid::Uuid;

use super::pages::furnish;
use super::site::Site;
use crate::support::engines::engines;

/// What can be done to a thing, beside its own pages.
const DEEDS: [&str; 10] = [
    "check",
    "pause",
    "resume",
    "delete",
    "edit",
    "end",
    "test",
    "enable",
    "acknowledge",
    "logo",
];

engines! {
    /// A thing of another team answers, to the byte, like one that does not exist.
    async fn another_teams_thing_does_not_exist(store: Store) {
        let site = Site::new(store).await;
        let furnished = furnish(&site, "Search").await;
        let (rival, _) = site.rival().await;
        let nobody = Uuid::from_u128(7).to_string();
        for path in furnished.paths() {
            let theirs = rival.get(&path).await;
            let absent: String = path
                .split('/')
                .map(|part| if part.parse::<Uuid>().is_ok() { &*nobody } else { part })
                .collect::<Vec<_>>()
                .join("/");
            let absent = rival.get(&absent).await;
            assert_eq!(theirs.status, StatusCode::NOT_FOUND, "{path}");
            assert_eq!(theirs.body, absent.body, "{path}");
            for deed in DEEDS {
                let base = path.trim_end_matches("/edit").trim_end_matches("/delete");
                let done = rival.post(&format!("{base}/{deed}"), &[("name", "x")]).await;
                let is_refused = matches!(done.status.as_u16(), 404 | 405);
                assert!(is_refused, "{base}/{deed}: {}", done.status);
            }
        }
        assert!(rival.get("/").await.text().contains("Watch your first"));
        let still = site.owner().await.get(&format!("/monitors/{}", furnished.monitor)).await;
        assert_eq!(still.status, StatusCode::OK);
    }

    async fn somebody_who_has_not_logged_in_is_asked_to(store: Store) {
        let site = Site::new(store).await;
        let furnished = furnish(&site, "Search").await;
        let stranger = site.stranger();
        for path in furnished.paths() {
            let asked = stranger.get(&path).await;
            assert!(asked.location().starts_with("/login?to="), "{path}: {}", asked.location());
        }
        let path = format!("/monitors/{}/delete", furnished.monitor);
        assert_eq!(stranger.post(&path, &[]).await.location(), "/login");
    }

    async fn who_may_only_look_changes_nothing(store: Store) {
        let site = Site::new(store).await;
        let furnished = furnish(&site, "Search").await;
        let viewer = site.colleague(Role::Viewer).await;
        let path = format!("/monitors/{}", furnished.monitor);
        let page = viewer.get(&path).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.all("main button").is_empty(), "a button that would be refused");
        for path in [
            format!("{path}/pause"),
            format!("{path}/delete"),
            format!("/channels/{}/test", furnished.channel),
            format!("/channels/{}/secret", furnished.channel),
            format!("/status-pages/{}/delete", furnished.page),
            format!("/status-pages/{}/announcements", furnished.page),
            format!(
                "/status-pages/{}/announcements/{}/end",
                furnished.page, furnished.announcement
            ),
            format!(
                "/status-pages/{}/announcements/{}/delete",
                furnished.page, furnished.announcement
            ),
            format!("/status-pages/{}/edit", furnished.page),
            format!("/maintenance/{}/end", furnished.window),
            format!("/maintenance/{}/edit", furnished.window),
            format!("/claims/{}/check", furnished.claim),
            format!("/claims/{}/delete", furnished.claim),
            format!("{path}/list"),
            "/claims".to_owned(),
            "/maintenance".to_owned(),
            "/try".to_owned(),
            "/channels/first".to_owned(),
            "/monitors/import".to_owned(),
            "/monitors/import/watch".to_owned(),
            "/monitors/bulk".to_owned(),
            "/monitors/bulk/delete".to_owned(),
            "/settings/tokens".to_owned(),
            "/agents".to_owned(),
        ] {
            let form = [
                ("url", "https://x.example/mcp"), ("name", "x"), ("scope", "read"),
                ("title", "x"), ("text", "x"),
            ];
            assert_eq!(viewer.post(&path, &form).await.status, StatusCode::FORBIDDEN, "{path}");
        }
        let editor = site.colleague(Role::Editor).await;
        let refused = editor.post("/settings/team", &[("team", "Mine")]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        editor.post(&format!("{path}/pause"), &[]).await.location();
    }

    /// A page of somebody else cannot send a form in the name of a visitor.
    async fn a_foreign_page_changes_nothing(store: Store) {
        let site = Site::new(store).await;
        let furnished = furnish(&site, "Search").await;
        let owner = site.owner().await;
        let path = format!("/monitors/{}/pause", furnished.monitor);
        for headers in [
            [("origin", "https://evil.example")],
            [("origin", "null")],
            [("origin", "http://ls.test.evil.example")],
            [("sec-fetch-site", "cross-site")],
            [("sec-fetch-site", "same-site")],
        ] {
            let refused = owner.post_from(&path, &[], &headers).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{headers:?}");
        }
        assert_eq!(owner.get("/").await.one("li.row .st"), "pending");
        owner.post_from(&path, &[], &[("origin", "http://ls.test")]).await.location();
        assert_eq!(owner.get("/").await.one("li.row .st"), "paused");
    }
}
