//! Whose host it is: proved by a file on it, checked again every day, and what an owner may do.

use std::time::Duration;

use axum::http::StatusCode;
use lifesign::app::{claims, listings};
use lifesign::domain::id::MonitorId;
use lifesign::domain::monitor::MonitorSpec;
use lifesign::domain::team::Role;

use super::site::{Answer, Person, Site, endpoint};
use crate::support::app::TestApp;
use crate::support::engines::engines;
use crate::support::webhook::{Answer as Reply, WebhookReceiver};

/// A host on loopback that says whose it is.
struct Host {
    server: WebhookReceiver,
    name: String,
}

impl Host {
    async fn start() -> Self {
        let server = WebhookReceiver::start().await;
        let name = server.url().split('/').nth(2).unwrap().to_owned();
        Self { server, name }
    }

    fn says(&self, reply: Reply) {
        self.server.answer([reply]);
    }
}

fn text(body: &str) -> Reply {
    Reply::status(200).body(body)
}

/// Claims a host; gives the path of the claim and the line that proves it.
async fn claim(person: &Person, host: &str) -> (String, String) {
    let made = person.post("/claims", &[("host", host)]).await;
    let path = made.location().to_owned();
    let line = person.get(&path).await.one(".secret");
    assert!(
        line.starts_with("lifesign-claim=") && line.len() > 40,
        "{line}"
    );
    (path, line)
}

/// Presses the button, a while after the last time; gives the page as it is then.
async fn check(site: &Site, person: &Person, path: &str) -> Answer {
    site.app.clock.advance(Duration::from_secs(6));
    person.post(&format!("{path}/check"), &[]).await.location();
    person.get(path).await
}

async fn list(site: &Site, host: &str) -> MonitorId {
    let spec = MonitorSpec {
        name: "Search".to_owned(),
        ..MonitorSpec::of(endpoint(&format!("http://{host}/mcp")))
    };
    let id = lifesign::app::monitors::create(&site.app, &site.owner, spec, &[])
        .await
        .unwrap()
        .id;
    listings::list(&site.app, &site.owner, id).await.unwrap();
    id
}

engines! {
    /// Every outcome of a check in words, and only the right line proves.
    async fn a_check_says_what_it_found(store: Store) {
        let site = Site::new(store).await;
        let host = Host::start().await;
        let owner = site.owner().await;
        let (path, line) = claim(&owner, &format!("http://{}/mcp?key=abc", host.name)).await;
        assert!(owner.get(&path).await.text().contains("Not proved"));
        for (reply, outcome) in [
            (text("lifesign-claim=00112233445566778899aabbccddeeff"), "another token"),
            (text("<p>hello</p>"), "no line that begins with lifesign-claim="),
            (text(&format!("# {line}")), "no line that begins with"),
            (Reply::status(302).header("location", "http://127.0.0.1/<b>"), "redirect"),
            (Reply::status(404), "answers 404, and not 200"),
            (Reply::status(206).body(&line), "answers 206"),
            (text(&format!("{line}\n{}", "x".repeat(5_000))), "larger than 4096 bytes"),
        ] {
            host.says(reply);
            let page = check(&site, &owner, &path).await;
            assert!(page.one("#outcome").contains(outcome), "{outcome}: {}", page.one("#outcome"));
            assert!(page.text().contains("Not proved"), "{outcome}");
        }
        let asked = host.server.received();
        assert!(asked.iter().all(|it| it.method == "GET" && it.path == "/.well-known/lifesign.txt"));

        let again = owner.post(&format!("{path}/check"), &[]).await;
        assert_eq!(again.status, StatusCode::TOO_MANY_REQUESTS, "not twice within seconds");
        host.says(text(&format!("# ours\r\n{line}\r\n")));
        let page = check(&site, &owner, &path).await;
        assert!(page.one("main .note:not(#away)").starts_with("It is yours"), "{}", page.one("main .note:not(#away)"));
        let Host { server, .. } = host;
        drop(server);
        let page = check(&site, &owner, &path).await;
        assert!(page.one("#outcome").contains("cannot be reached"), "{}", page.one("#outcome"));
        assert!(page.one("main .note:not(#away)").starts_with("It is yours"), "asking takes nothing away");
    }

    async fn the_owner_speaks_on_the_pages_of_the_host(store: Store) {
        let site = Site::new(store).await;
        let host = Host::start().await;
        let id = list(&site, &host.name).await;
        let (rival, _) = site.rival().await;
        let (path, line) = claim(&rival, &host.name).await;
        let words = [("words", "Run by us.\n<script>alert(1)</script>"), ("link", "https://example.com/docs")];
        rival.post(&format!("{path}/words"), &words).await.location();
        let public = format!("/explore/{id}");
        let page = site.stranger().get(&public).await;
        assert!(!page.text().contains("Run by us") && !page.text().contains("verified"), "not proved yet");

        host.says(text(&line));
        check(&site, &rival, &path).await;
        let page = site.stranger().get(&public).await;
        assert!(page.one("h1").contains("verified by its owner"));
        assert!(page.one("#owner").contains("Run by us."));
        assert!(!page.text().contains("<script>alert"));
        assert_eq!(page.attribute("#owner a", "href").unwrap(), "https://example.com/docs");
        assert!(site.stranger().get("/explore").await.one(".servers").contains("verified"));
        let refused = rival.post(&format!("{path}/words"), &[("words", "Kept"), ("link", "javascript:alert(1)")]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(refused.one("textarea"), "Kept", "it comes back filled in");
        assert!(!refused.all(".field .error").is_empty());
    }

    async fn what_an_owner_takes_off_stays_off(store: Store) {
        let site = Site::new(store).await;
        let host = Host::start().await;
        let id = list(&site, &host.name).await;
        let (rival, _) = site.rival().await;
        let (path, line) = claim(&rival, &host.name).await;
        let off = [("monitor", id.to_string())];
        let off: Vec<_> = off.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let early = rival.post(&format!("{path}/take-off"), &off).await;
        assert_eq!(early.status, StatusCode::NOT_FOUND, "nothing is proved yet");
        host.says(text(&line));
        assert!(check(&site, &rival, &path).await.text().contains(&format!("/explore/{id}")));
        rival.post(&format!("{path}/take-off"), &off).await.location();
        assert_eq!(site.stranger().get(&format!("/explore/{id}")).await.status, StatusCode::NOT_FOUND);
        let owner = site.owner().await;
        let refused = owner.post(&format!("/monitors/{id}/list"), &[]).await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        assert!(refused.text().contains("has taken it off"), "{}", refused.text());
        rival.post(&format!("{path}/let-again"), &[]).await.location();
        owner.post(&format!("/monitors/{id}/list"), &[]).await.location();
        rival.post(&format!("{path}/take-off"), &off).await.location();
        assert_eq!(rival.post(&format!("{path}/delete"), &[]).await.location(), "/claims?done=deleted");
        owner.post(&format!("/monitors/{id}/list"), &[]).await.location();
    }

    /// A host is checked every day, and lost with the third day without the line.
    async fn a_claim_is_checked_every_day(store: Store) {
        let test = TestApp::new(store).await;
        let site = Site::around(&test);
        let host = Host::start().await;
        let owner = site.owner().await;
        let (path, line) = claim(&owner, &host.name).await;
        assert_eq!(claims::step(&site.app).await.unwrap(), 0, "nothing is proved yet");
        host.says(text(&line));
        check(&site, &owner, &path).await;
        let id = path.rsplit('/').next().unwrap().parse().unwrap();
        let days = async |reply: Reply, count: usize| {
            host.says(reply);
            for _ in 0..count {
                test.advance(24 * 3_600);
                assert_eq!(claims::step(&site.app).await.unwrap(), 1);
                assert_eq!(claims::step(&site.app).await.unwrap(), 0, "once a day");
            }
            site.app.store.claim(site.owner.team, id).await.unwrap().unwrap()
        };
        let held = days(Reply::status(503), 2).await;
        assert_eq!((held.failures, held.proved_at.is_some()), (2, true));
        assert!(held.outcome.unwrap().contains("answers 503"));
        let held = days(text(&line), 1).await;
        assert_eq!(held.failures, 0, "one good day makes up for them");
        let lost = days(Reply::status(503), 3).await;
        assert_eq!(lost.proved_at, None);
        assert!(lost.outcome.unwrap().starts_with("Lost after 3"));
        test.advance(24 * 3_600);
        assert_eq!(claims::step(&site.app).await.unwrap(), 0);
    }

    async fn whoever_proves_a_host_last_holds_it(store: Store) {
        let site = Site::new(store).await;
        let host = Host::start().await;
        let (owner, (rival, _)) = (site.owner().await, site.rival().await);
        let (path, line) = claim(&owner, &host.name).await;
        let (theirs, other) = claim(&rival, &host.name).await;
        assert_ne!(line, other, "each team has a token of its own");
        host.says(text(&format!("{line}\n{other}")));
        check(&site, &owner, &path).await;
        assert!(check(&site, &rival, &theirs).await.text().contains("It is yours"));
        let lost = owner.get(&path).await;
        assert!(lost.text().contains("Not proved") && lost.one("#outcome").contains("Another team"));
    }

    async fn a_claim_is_made_by_editors_once_and_seen_by_its_team(store: Store) {
        let site = Site::new(store).await;
        let owner = site.owner().await;
        let (path, _) = claim(&owner, "mcp.example.com").await;
        for (host, error) in [("MCP.example.com ", "already"), ("no host\"><script>", "not a host"), ("", "is empty")] {
            let refused = owner.post("/claims", &[("host", host)]).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{host}");
            assert!(refused.one(".field .error").contains(error), "{}", refused.one(".field .error"));
            assert_eq!(refused.attribute("#host", "value").unwrap().trim(), host.trim());
        }
        let viewer = site.colleague(Role::Viewer).await;
        let (rival, _) = site.rival().await;
        for page in ["/claims", &path] {
            let seen = viewer.get(page).await;
            assert_eq!(seen.status, StatusCode::OK);
            assert!(seen.all("main button").is_empty(), "a button that would be refused");
        }
        let nobody = rival.get("/claims/00000000-0000-0000-0000-000000000007").await;
        let theirs = rival.get(&path).await;
        assert_eq!((theirs.status, &theirs.body), (StatusCode::NOT_FOUND, &nobody.body));
        for deed in ["check", "words", "take-off", "let-again", "delete"] {
            let form = [("words", "x"), ("link", ""), ("monitor", "00000000-0000-0000-0000-000000000007")];
            let deed = format!("{path}/{deed}");
            assert_eq!(viewer.post(&deed, &form).await.status, StatusCode::FORBIDDEN, "{deed}");
            assert_eq!(rival.post(&deed, &form).await.status, StatusCode::NOT_FOUND, "{deed}");
            assert!(site.stranger().post(&deed, &form).await.location().starts_with("/login"), "{deed}");
        }
    }
}
