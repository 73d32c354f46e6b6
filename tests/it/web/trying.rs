//! The first screen: an address is tried, its handshake shown, and kept.

use axum::http::StatusCode;
use fake_mcp::{FakeMcp, healthy};

use super::site::Site;
use crate::support::engines::engines;
use crate::support::webhook::{Answer, WebhookReceiver};

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
        let asked = owner.get(kept.location()).await;
        assert!(asked.one("h1").contains("Where shall we tell you?"), "nobody is told yet");
        let page = owner.get(&asked.attribute(".actions a", "href").unwrap()).await;
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

    /// From the first screen to a test alert that arrived: four forms, each with one field or none.
    async fn the_first_run_ends_with_a_test_alert(store: Store) {
        let site = Site::new(store).await;
        let owner = site.owner().await;
        let server = FakeMcp::start(healthy()).unwrap();
        let shown = owner.post("/try", &[("url", &server.url())]).await;
        let sealed = shown.attribute("input[name=sealed]", "value").unwrap();
        let kept = owner.post("/monitors", &[("sealed", &sealed)]).await;
        let asked = owner.get(kept.location()).await;
        let then = asked.attribute("input[name=then]", "value").unwrap();
        assert_eq!(asked.attribute("input[name=kind]", "value").as_deref(), Some("webhook"), "mail is not set up");
        assert!(asked.all(".pills a").len() > 10);

        let hooks = WebhookReceiver::start().await;
        hooks.answer([Answer::status(500).body("not today"), Answer::status(204)]);
        let url = hooks.url();
        let mut form = vec![("kind", "webhook"), ("then", &*then), ("url", &*url)];
        let nonsense = owner.post("/channels/first", &[form[0], form[1], ("url", "hooks")]).await;
        assert_eq!(nonsense.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(nonsense.attribute("#url", "value").as_deref(), Some("hooks"));
        let failed = owner.post("/channels/first", &form).await;
        assert!(failed.one(".hero").contains("The test did not arrive") && failed.one(".hero").contains("500"));
        assert_eq!(failed.attribute("#url", "value").as_deref(), Some(&*url));
        let channel = failed.attribute("input[name=channel]", "value").unwrap();
        form.push(("channel", &channel));
        let told = owner.post("/channels/first", &form).await;
        assert!(told.one(".hero").contains("The test arrived"), "{}", told.text());
        assert_eq!(told.attribute(".actions a.main", "href"), Some(then.clone()));
        assert!(owner.get(&then).await.text().contains("The first check is on its way"));
        let channels = site.app.store.channels(site.owner.team).await.unwrap();
        assert_eq!(channels.len(), 1, "trying again changes the same channel");
        assert!(channels[0].is_default);
        assert_eq!(hooks.received().len(), 2);

        let other = [("kind", "discord"), ("then", &*then), ("channel", &*channel), ("url", &*url)];
        let replaced = owner.post("/channels/first", &other).await;
        assert!(replaced.one(".hero").contains("The test arrived"), "{}", replaced.text());
        let channels = site.app.store.channels(site.owner.team).await.unwrap();
        assert_eq!(channels.iter().map(|c| c.kind.as_str()).collect::<Vec<_>>(), ["discord"]);
        let again = owner.post("/try", &[("url", &server.url())]).await;
        let sealed = again.attribute("input[name=sealed]", "value").unwrap();
        let kept = owner.post("/monitors", &[("sealed", &sealed)]).await;
        assert!(kept.location().starts_with("/monitors/"), "somebody is told now");
    }
}
