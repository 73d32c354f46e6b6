//! What a monitor depends on: chosen in its form, shown on both pages, refused in place; and on an
//! incident, why nobody was told.

use axum::http::StatusCode;
use fake_mcp::{FakeMcp, healthy, status};
use lifesign::app::monitors;

use super::site::Site;
use crate::support::app::TestApp;
use crate::support::engines::engines;

engines! {
    async fn a_dependency_is_chosen_shown_and_refused(store: Store) {
        let site = Site::new(store).await;
        let owner = site.owner().await;
        let (gateway, search) = (site.monitor("Gateway").await, site.monitor("Search").await);
        let (edit, back) = (format!("/monitors/{search}/edit"), format!("/monitors/{gateway}/edit"));
        let form = owner.get(&edit).await;
        let ticks = |id: &str| format!("input[name='depends_on'][value='{id}']");
        let (on, own) = (gateway.to_string(), search.to_string());
        assert_eq!(form.all("details summary").iter().filter(|text| *text == "Depends on").count(), 1);
        assert!(form.attribute(&ticks(&on), "checked").is_none());
        assert!(form.attribute(&ticks(&own), "type").is_none(), "not on itself");
        let url = ("url", "https://mcp.example.com/mcp");
        owner.post(&edit, &[url, ("name", "Search"), ("depends_on", &on)]).await.location();
        let form = owner.get(&edit).await;
        assert!(form.attribute(&ticks(&on), "checked").is_some());
        let page = owner.get(&format!("/monitors/{search}")).await;
        assert!(page.one("#depends-on").contains("Gateway"), "{}", page.text());
        let page = owner.get(&format!("/monitors/{gateway}")).await;
        assert!(page.one("#needed-by").contains("Search"), "{}", page.text());

        let typed = [url, ("name", "Renamed"), ("depends_on", &*own)];
        let refused = owner.post(&back, &typed).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let error = refused.one("[id='depends_on-error']");
        assert_eq!(error, "This names 'Search', which depends on this monitor in turn");
        assert!(refused.attribute(&ticks(&own), "checked").is_some(), "nothing typed is lost");
        assert_eq!(refused.attribute("#name", "value").as_deref(), Some("Renamed"));
        let refused = owner.post(&back, &[url, ("depends_on", "x")]).await;
        assert!(refused.one("[id='depends_on-error']").contains("a monitor that there is not"));

        owner.post(&edit, &[url, ("name", "Search")]).await.location();
        let page = owner.get(&format!("/monitors/{search}")).await;
        assert!(page.all("#depends-on").is_empty());
    }

    async fn an_incident_says_why_nobody_was_told(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let gateway = world.watch(&server.url()).await;
        let monitor = world.watch(&server.url()).await;
        let (app, actor) = (&world.app, &world.actor);
        let kept = app.store.monitor(actor.team, monitor).await.unwrap().unwrap();
        let mut spec = kept.monitor.spec;
        spec.depends_on = vec![gateway];
        monitors::change(app, actor, monitor, spec, &[]).await.unwrap();
        world.round().await;
        server.set(status(503));
        world.rounds(1, 60).await;
        world.rounds(2, 5).await;
        let site = Site::around(&world);
        let owner = site.owner().await;
        let ours = world.incidents().await.into_iter().find(|it| it.monitor == monitor).unwrap();
        let page = owner.get(&format!("/incidents/{}", ours.id)).await;
        let note = page.one("#held");
        assert!(note.starts_with("Nobody is told: it depends on") && note.contains("which is down."), "{note}");
        let head = owner.get(&format!("/monitors/{monitor}/head")).await;
        assert!(head.one(".note.warn").contains("which is down"), "{}", head.text());
        assert!(owner.get(&format!("/monitors/{gateway}/head")).await.all(".note.warn").is_empty());
        server.set(healthy());
        world.rounds(1, 60).await;
        world.rounds(2, 5).await;
        let page = owner.get(&format!("/incidents/{}", ours.id)).await;
        assert_eq!(page.one("#held"), "Nobody was told of it.");
    }
}
