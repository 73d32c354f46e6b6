//! The first screen: an address is tried, its handshake shown, and kept.

use axum::http::StatusCode;
use fake_mcp::{FakeMcp, healthy};

use super::site::Site;
use crate::support::engines::engines;

engines! {
    async fn an_address_is_tried_and_kept_with_its_token(store: Store) {
        let site = Site::new(store).await;
        let owner = site.owner().await;
        let server = FakeMcp::start(healthy().tools(["search", "<b>bold</b>"])).unwrap();
        let url = server.url();
        let typed = [("url", url.as_str()), ("bearer", "t0ken-secret"), ("headers", "X-Key: x-key-that-nobody-sees")];
        let shown = owner.post("/try", &typed).await;
        assert_eq!(shown.status, StatusCode::OK);
        assert!(shown.all(".steps li").len() >= 4, "{}", shown.text());
        assert!(shown.one("section.hero").contains("It is up"), "{}", shown.text());
        let text = shown.text();
        assert!(text.contains("&#60;b&#62;bold") || text.contains("&lt;b&gt;bold"), "escaped");
        assert!(!text.contains("t0ken-secret") && !text.contains("x-key-that-nobody-sees"));
        assert_eq!(server.sessions_opened(), server.sessions_closed());

        let sealed = shown.attribute("input[name=sealed]", "value").unwrap();
        let (rival, _) = site.rival().await;
        let stolen = rival.post("/monitors", &[("sealed", &sealed)]).await;
        assert_eq!(stolen.status, StatusCode::UNPROCESSABLE_ENTITY);
        let kept = owner.post("/monitors", &[("sealed", &sealed)]).await;
        let page = owner.get(kept.location()).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.text().contains("t0ken-secret") && !page.text().contains("x-key-that-nobody-sees"));
        assert!(page.text().contains("bearer token") && page.text().contains("X-Key"));

        let again = owner.post("/try", &typed).await;
        assert!(again.one(".note.warn").contains("already"), "a second one is a warning");
    }

    async fn what_cannot_be_reached_is_shown_with_its_reason(store: Store) {
        let site = Site::new(store).await;
        let owner = site.owner().await;
        let server = FakeMcp::start(healthy()).unwrap();
        let url = server.url();
        drop(server);
        let shown = owner.post("/try", &[("url", &url)]).await;
        assert!(shown.one("section.hero").contains("Clients cannot use it"), "{}", shown.text());
        assert!(shown.text().contains("tcp_refused"));
        assert!(!shown.all(".steps .failed").is_empty());
    }
}
