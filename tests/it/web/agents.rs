//! Agents in the dashboard: made with a token that is shown once, heard of, removed.

use axum::http::StatusCode;
use lifesign::domain::team::Role;
use lifesign::secret::hash_token;

use super::site::Site;
use crate::support::engines::engines;

engines! {
    async fn an_owner_makes_an_agent_and_removes_it(store: Store) {
        let site = Site::new(store).await;
        let owner = site.owner().await;
        assert!(owner.get("/settings").await.text().contains("/agents"));
        assert!(owner.get("/agents").await.text().contains("None yet"));

        let made = owner.post("/agents", &[("name", "Office"), ("location", "office")]).await;
        assert_eq!(made.status, StatusCode::OK);
        let command = made.one(".secret");
        let token = command.strip_prefix("LIFESIGN_AGENT_TOKEN=").unwrap();
        let (token, rest) = token.split_once(' ').unwrap();
        assert!(rest.starts_with("lifesign agent --server http"), "{rest}");
        let hash = hash_token(token);
        let agent = site.app.store.agent_with(&hash).await.unwrap().unwrap();

        let page = owner.get("/agents").await;
        assert!(page.one(".list li").contains("never heard of yet"));
        assert!(!page.text().contains(token), "it is shown once");
        site.app.store.beat_agent(&agent, Some("0.1.0"), site.app.clock.now()).await.unwrap();
        let page = owner.get("/agents").await;
        assert!(page.one(".list li").contains("last heard of"), "{}", page.one(".list li"));

        let path = format!("/agents/{}/delete", agent.id);
        assert!(owner.get(&path).await.text().contains("Office"));
        assert_eq!(owner.post(&path, &[]).await.location(), "/agents?done=deleted");
        assert!(site.app.store.agent_with(&hash).await.unwrap().is_none());
        assert_eq!(owner.get(&path).await.status, StatusCode::NOT_FOUND);
    }

    async fn what_is_wrong_with_an_agent_is_said_and_kept(store: Store) {
        let site = Site::new(store).await;
        let owner = site.owner().await;
        let refused = owner.post("/agents", &[("name", "Office"), ("location", "two words")]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text().contains("must be a short word"));
        assert!(refused.text().contains("two words"), "what was typed is kept");
        let editor = site.colleague(Role::Editor).await;
        assert!(editor.get("/agents").await.all("main form").is_empty());
        let denied = editor.post("/agents", &[("name", "x"), ("location", "x")]).await;
        assert_eq!(denied.status, StatusCode::FORBIDDEN);
    }
}
