//! The page of the team: who may do what there, and what a refused deed says.

use axum::http::StatusCode;
use lifesign::domain::team::Role;

use super::site::Site;
use crate::support::engines::engines;

engines! {
    async fn an_owner_invites_and_takes_back_on_the_team_page(store: Store) {
        let site = Site::new(store).await;
        let owner = site.owner().await;
        let wrong = owner.post("/team/invitations", &[("email", "x"), ("role", "editor")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(wrong.attribute("#email", "value").as_deref(), Some("x"));
        assert!(wrong.one("#email-error").contains("mail address"));
        let form = [("email", "new@example.com"), ("role", "editor")];
        let made = owner.post("/team/invitations", &form).await;
        let link = made.one("code.secret");
        assert!(link.contains("/setup/"), "{link}");
        let page = owner.get("/team").await;
        assert!(!page.text().contains(&link), "it is shown once");
        assert!(page.text().contains("new@example.com"));
        let path = link.split_once("/setup/").map(|(_, token)| format!("/setup/{token}")).unwrap();
        assert_eq!(site.stranger().get(&path).await.status, StatusCode::OK);
        let taken = owner.post("/team/invitations/withdraw", &form[..1]).await;
        assert_eq!(taken.location(), "/team?done=withdrawn");
        assert_eq!(site.stranger().get(&path).await.status, StatusCode::NOT_FOUND);
        let again = owner.post("/team/invitations/withdraw", &form[..1]).await;
        assert_eq!(again.status, StatusCode::NOT_FOUND);
    }

    async fn the_last_owner_stays_and_the_page_says_why(store: Store) {
        let site = Site::new(store).await;
        let owner = site.owner().await;
        let me = site.owner.user;
        for path in [format!("/team/members/{me}/role"), "/team/leave".to_owned()] {
            let refused = owner.post(&path, &[("role", "viewer")]).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
            let said = refused.one(&format!("[id='role-{me}-error']"));
            assert!(said.starts_with("role: ") && said.contains("last owner"), "{said}");
        }
        let page = owner.get("/team").await;
        assert!(page.all("main .list li").len() == 1);
    }

    /// Removing asks on a page; who was removed is out at once.
    async fn a_member_is_given_another_role_and_removed(store: Store) {
        let site = Site::new(store).await;
        let owner = site.owner().await;
        let editor = site.colleague(Role::Editor).await;
        let members = site.app.store.members(site.owner.team, 9, None).await.unwrap().rows;
        let id = members.iter().find(|one| one.role == Role::Editor).unwrap().user;
        let path = format!("/team/members/{id}");
        let done = owner.post(&format!("{path}/role"), &[("role", "viewer")]).await;
        assert_eq!(done.location(), "/team?done=saved");
        assert_eq!(editor.get("/audit-log").await.status, StatusCode::FORBIDDEN);
        let asked = owner.get(&format!("{path}/delete")).await;
        assert!(asked.one("h1").contains("editor@example.com"));
        assert_eq!(editor.get("/team").await.status, StatusCode::OK);
        let gone = owner.post(&format!("{path}/delete"), &[]).await;
        assert_eq!(gone.location(), "/team?done=removed");
        assert!(editor.get("/team").await.location().starts_with("/login"));
        let again = owner.post(&format!("{path}/delete"), &[]).await;
        assert_eq!(again.status, StatusCode::NOT_FOUND);
    }

    async fn a_viewer_sees_the_members_of_the_team_and_nothing_else(store: Store) {
        let site = Site::new(store).await;
        site.owner().await.post("/team/invitations", &[("email", "n@example.com"), ("role", "viewer")]).await;
        let viewer = site.colleague(Role::Viewer).await;
        let page = viewer.get("/team").await;
        assert_eq!(page.all("main .list li").len(), 2);
        assert!(page.all("main button").is_empty() && page.all("main select").is_empty());
        assert!(!page.text().contains("n@example.com"));
        let owner = site.owner.user;
        for (path, form) in [
            ("/team/invitations".to_owned(), vec![("email", "a@example.com"), ("role", "viewer")]),
            ("/team/invitations/withdraw".to_owned(), vec![("email", "n@example.com")]),
            (format!("/team/members/{owner}/role"), vec![("role", "viewer")]),
            (format!("/team/members/{owner}/delete"), vec![]),
        ] {
            assert_eq!(viewer.post(&path, &form).await.status, StatusCode::FORBIDDEN, "{path}");
        }
        let asked = viewer.get(&format!("/team/members/{owner}/delete")).await;
        assert_eq!(asked.status, StatusCode::FORBIDDEN);
        assert_eq!(viewer.post("/team/leave", &[]).await.location(), "/login?done=left");
        assert!(viewer.get("/team").await.location().starts_with("/login"));
    }

    /// A stranger finds no member of another team, and cannot look at it.
    async fn a_stranger_finds_nothing_of_another_team(store: Store) {
        let site = Site::new(store).await;
        let (rival, _) = site.rival().await;
        let theirs = format!("/team/members/{}", site.owner.user);
        let nobody = format!("/team/members/{}", site.app.ids.next());
        for deed in ["role", "delete"] {
            let of_others = rival.post(&format!("{theirs}/{deed}"), &[("role", "viewer")]).await;
            let of_nobody = rival.post(&format!("{nobody}/{deed}"), &[("role", "viewer")]).await;
            assert_eq!(of_others.status, StatusCode::NOT_FOUND, "{deed}");
            assert_eq!(of_others.body, of_nobody.body, "{deed}");
        }
        assert_eq!(rival.get(&format!("{theirs}/delete")).await.status, StatusCode::NOT_FOUND);
        let team = site.owner.team.to_string();
        let switched = rival.post("/team/switch", &[("team", &team)]).await;
        assert_eq!(switched.status, StatusCode::NOT_FOUND);
        assert!(!rival.get("/team").await.text().contains("owner@example.com"));
    }

    async fn whoever_is_in_several_teams_switches(store: Store) {
        let site = Site::new(store).await;
        let (rival, actor) = site.rival().await;
        let mut tx = site.app.store.begin().await.unwrap();
        tx.join_team(site.owner.team, actor.user, Role::Viewer, site.app.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        let page = rival.get("/team").await;
        assert_eq!(page.one("h1"), "Rivals");
        let team = page.attribute("form[action='/team/switch'] input", "value").unwrap();
        assert_eq!(rival.post("/team/switch", &[("team", &team)]).await.location(), "/?done=switched");
        assert_eq!(rival.get("/team").await.one("h1"), "Team");
    }

    async fn signing_up_is_not_there_while_it_is_closed(store: Store) {
        let site = Site::new(store).await;
        let stranger = site.stranger();
        assert_eq!(stranger.get("/signup").await.status, StatusCode::NOT_FOUND);
        let form = [("email", "a@example.com"), ("team", "A"), ("password", "correct horse battery")];
        assert_eq!(stranger.post("/signup", &form).await.status, StatusCode::NOT_FOUND);
        assert!(!stranger.get("/login").await.text().contains("/signup"));
    }
}
