//! What the lints find, on the page of a monitor: asked for in its form, told until it is looked at
//! again.

use fake_mcp::{FakeMcp, healthy};

use super::site::Site;
use crate::support::app::TestApp;
use crate::support::engines::engines;

engines! {
    async fn what_the_extra_requests_found_stays_on_the_page(store: Store) {
        let test = TestApp::new(store).await;
        let site = Site::around(&test);
        let server = FakeMcp::start(healthy().any_origin()).unwrap();
        let id = test.watch(&server.url()).await;
        test.round().await;
        let owner = site.owner().await;
        let path = format!("/monitors/{id}");
        let edit = format!("{path}/edit");
        let page = owner.get(&path).await;
        assert!(!page.text().contains("origin_403"), "nobody asked");
        assert_eq!(owner.get(&edit).await.attribute("input[name=lint]", "checked"), None);

        test.advance(7);
        let url = server.url();
        let typed = [("url", url.as_str()), ("transport", "auto"), ("interval_seconds", "60")];
        let mut wanted = typed.to_vec();
        wanted.push(("lint", "yes"));
        owner.post(&edit, &wanted).await.location();
        assert!(owner.get(&edit).await.attribute("input[name=lint]", "checked").is_some());
        for rounds in [2, 5] {
            test.rounds(rounds, 60).await;
            let page = owner.get(&path).await;
            let told = page.all("main .list li");
            let told = told.iter().find(|line| line.contains("origin_403")).unwrap();
            assert!(told.contains("A foreign Origin is refused"), "{told}");
            assert!(told.contains("MUST, 2025-11-25 basic/transports"), "{told}");
        }
        let foreign = server.requests().into_iter().filter(|r| r.header("origin").is_some());
        assert_eq!(foreign.count(), 1, "once a week");

        owner.post(&edit, &typed).await.location();
        test.rounds(2, 60).await;
        assert!(!owner.get(&path).await.text().contains("origin_403"));
    }
}
