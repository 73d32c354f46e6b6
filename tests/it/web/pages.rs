//! Every page: whole, small, and with nothing in it that runs or looks by itself.

use axum::http::StatusCode;
use lifesign::app::maintenance::{self, WindowSpec};
use lifesign::app::{announcements, channels, claims, monitors, status_pages};
use lifesign::domain::at::{At, DAY_MS, HOUR_MS};
use lifesign::domain::channel::{Kind, Words};
use lifesign::domain::directory::Listing;
use lifesign::domain::id::{
    AnnouncementId, ChannelId, ClaimId, IncidentId, MonitorId, StatusPageId, WindowId,
};
use lifesign::domain::maintenance::{Schedule, Scope};
use lifesign::domain::status_page::Component;
use lifesign::domain::zone::Zone;

use super::site::{Site, endpoint};
use crate::support::app::TestApp;
use crate::support::engines::engines;

/// Most bytes of a page with everything that it fetches, compressed.
const LIMIT: usize = 50_000;
/// What a hostile owner of a server, or a hostile colleague, would write.
const HOSTILE: &str = "\"><script>alert(1)</script><img src=x onerror=alert(1)>";

/// A site with something of everything in it.
pub(super) struct Furnished {
    pub(super) monitor: MonitorId,
    pub(super) channel: ChannelId,
    pub(super) page: StatusPageId,
    pub(super) announcement: AnnouncementId,
    pub(super) window: WindowId,
    pub(super) claim: ClaimId,
    pub(super) incident: Option<IncidentId>,
}

pub(super) async fn furnish(site: &Site, name: &str) -> Furnished {
    let monitor = site.monitor(name).await;
    let spec = channels::ChannelSpec {
        name,
        settings: &|name| (name == "to").then_some("ops@example.com"),
        is_default: true,
        route: lifesign::domain::channel::Route::default(),
        words: Words::default(),
        digest: None,
    };
    let channel = channels::create(&site.app, &site.owner, Kind::Email, &spec)
        .await
        .unwrap()
        .channel
        .id;
    let spec = status_pages::PageSpec::public("acme", name, [Component::of(monitor)]);
    let page = status_pages::create(&site.app, &site.owner, spec)
        .await
        .unwrap()
        .id;
    let said = announcements::AnnouncementSpec {
        title: name.to_owned(),
        text: name.to_owned(),
        ends_at: None,
    };
    let announcement = announcements::create(&site.app, &site.owner, page, said)
        .await
        .unwrap()
        .id;
    let tomorrow = site.app.clock.now().0 + DAY_MS;
    let spec = WindowSpec {
        name: name.to_owned(),
        schedule: Schedule::Once {
            starts_at: At(tomorrow),
            ends_at: At(tomorrow + HOUR_MS),
        },
        zone: Zone::parse("Europe/Berlin").unwrap(),
        scope: Scope::All,
        is_excluded: true,
    };
    let window = maintenance::create(&site.app, &site.owner, spec)
        .await
        .unwrap()
        .id;
    let host = "mcp.example.com";
    let claim = claims::create(&site.app, &site.owner, host).await.unwrap();
    let listing = Listing {
        monitor,
        team: site.owner.team,
        host: host.to_owned(),
        listed_at: site.app.clock.now(),
    };
    let mut tx = site.app.store.begin().await.unwrap();
    tx.add_listing(&listing).await.unwrap();
    tx.commit().await.unwrap();
    Furnished {
        monitor,
        channel,
        page,
        announcement,
        window,
        claim,
        incident: None,
    }
}

impl Furnished {
    /// The paths of everything that belongs to a team.
    pub(super) fn paths(&self) -> Vec<String> {
        let (m, c, p, w) = (self.monitor, self.channel, self.page, self.window);
        let said = format!("/status-pages/{p}/announcements/{}", self.announcement);
        let mut paths = vec![
            format!("/monitors/{m}"),
            format!("/monitors/{m}/row"),
            format!("/monitors/{m}/head"),
            format!("/monitors/{m}/recent"),
            format!("/monitors/{m}/checks"),
            format!("/monitors/{m}/checks.csv"),
            format!("/monitors/{m}/checks.json"),
            format!("/monitors/{m}/edit"),
            format!("/monitors/{m}/delete"),
            format!("/channels/{c}"),
            format!("/channels/{c}/edit"),
            format!("/channels/{c}/delete"),
            format!("/status-pages/{p}/edit"),
            format!("/status-pages/{p}/delete"),
            format!("/status-pages/{p}/subscribers"),
            format!("/status-pages/{p}/announcements"),
            format!("{said}/edit"),
            format!("{said}/delete"),
            format!("/maintenance/{w}/edit"),
            format!("/maintenance/{w}/delete"),
            format!("/claims/{}", self.claim),
            format!("/claims/{}/delete", self.claim),
        ];
        paths.extend(self.incident.map(|id| format!("/incidents/{id}")));
        paths
    }
}

/// Pages that every team has.
pub(super) const OTHERS: [&str; 38] = [
    "/",
    "/system",
    "/?q=a&status=up&tag=b",
    "/?group=tag",
    "/monitors/import",
    "/monitors/new",
    "/monitors/rows",
    "/monitors/summary",
    "/incidents",
    "/incidents?status=open",
    "/channels",
    "/channels/first",
    "/channels/first?kind=telegram&then=/",
    "/channels/first?kind=email",
    "/channels/new",
    "/channels/new?kind=telegram",
    "/channels/new?kind=email",
    "/channels/new?kind=webhook",
    "/maintenance",
    "/maintenance/new",
    "/status-pages",
    "/status-pages/new",
    "/reports/2026-10",
    "/reports/2026-11",
    "/settings",
    "/audit-log",
    "/team",
    "/team/leave",
    "/audit-log?kind=monitor",
    "/bot",
    "/login",
    "/status/acme",
    "/status/acme/history",
    "/status/acme/subscribe",
    "/status/acme/history?month=2026-11",
    "/claims",
    "/explore",
    "/explore?q=nothing-like-this",
];

engines! {
    /// Every page answers, allows nothing but files of ours, and contains nothing that the policy
    /// would have to stop; with its style sheet and script it stays small.
    async fn every_page_is_whole(store: Store) {
        let site = Site::new(store).await;
        let furnished = furnish(&site, HOSTILE).await;
        let owner = site.owner().await;
        let mut files = 0;
        for name in ["app.css", "live.js", "chart.js", "keys.js", "icon.svg"] {
            let path = lifesign::web::assets::href(name);
            let file = owner.get_with(path, &[("accept-encoding", "gzip")]).await;
            assert!(file.header("cache-control").contains("immutable"), "{path}");
            files += file.body.len();
        }
        let others = OTHERS.map(str::to_owned);
        let public = [format!("/explore/{}", furnished.monitor)];
        for path in others.into_iter().chain(furnished.paths()).chain(public) {
            let page = owner.get(&path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text());
            let policy = page.header("content-security-policy");
            assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{path}: {policy}");
            assert!(!policy.contains("unsafe"), "{path}");
            let text = page.text();
            for bad in ["<script>", " style=", "<style", " onerror=alert", "javascript:"] {
                let is_text = bad == " onerror=alert" && !text.contains("<img src=x");
                assert!(is_text || !text.contains(bad), "{path} contains {bad}");
            }
            assert!(page.all("script:not([src])").is_empty(), "{path}");
            let zipped = owner.get_with(&path, &[("accept-encoding", "gzip")]).await;
            assert!(zipped.body.len() + files < LIMIT, "{path}: {}", zipped.body.len() + files);
        }
    }

    /// A list with every monitor that fits on it is still small.
    async fn a_full_list_is_small(store: Store) {
        let site = Site::new(store).await;
        for n in 0..60 {
            site.monitor(&format!("Server number {n}")).await;
        }
        let owner = site.owner().await;
        let page = owner.get("/").await;
        assert_eq!(page.all("li.row").len(), 50);
        let next = page.attribute(".pager a", "href").unwrap();
        assert_eq!(owner.get(&next).await.all("li.row").len(), 10);
        let zipped = owner.get_with("/", &[("accept-encoding", "gzip")]).await;
        assert!(zipped.body.len() < 30_000, "{}", zipped.body.len());
        let found = owner.get("/?q=number+59").await;
        assert_eq!(found.all("li.row .name"), ["Server number 59"]);
    }

    /// An outage reads the same in the list, on the page of the monitor and of the incident; what
    /// people do with it shows.
    async fn an_outage_is_told_on_every_page(store: Store) {
        let test = TestApp::new(store).await;
        let site = Site::around(&test);
        let server = fake_mcp::FakeMcp::start(fake_mcp::healthy()).unwrap();
        let id = test.watch(&server.url()).await;
        test.round().await;
        let owner = site.owner().await;
        let path = format!("/monitors/{id}");
        assert!(owner.get(&path).await.one(".hero h2").starts_with("Up for"));
        assert!(owner.get("/").await.one("h1").contains("All servers are up"));

        drop(server);
        test.rounds(8, 15).await;
        let list = owner.get("/").await;
        assert_eq!(list.one("h1"), "1 server is down");
        assert_eq!(list.one("li.row .st"), "down");
        assert!(list.one("li.row .why").contains("refused"), "{}", list.one("li.row .why"));
        let page = owner.get(&path).await;
        assert!(page.one(".hero h2").starts_with("Down for"));
        assert!(!page.all(".steps .failed").is_empty());
        assert!(page.text().contains("curl "));

        let href = owner.get("/incidents").await.attribute("main .list a", "href").unwrap();
        let done = owner.post(&format!("{href}/acknowledge"), &[]).await;
        assert_eq!(done.location(), format!("{href}?done=acknowledged"));
        let refused = owner.post(&format!("{href}/notes"), &[("text", " ")]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(!refused.all(".field .error").is_empty());
        owner.post(&format!("{href}/notes"), &[("text", HOSTILE)]).await.location();
        let page = owner.get(&href).await;
        assert!(page.all(".line li").iter().any(|line| line.contains(HOSTILE)));
        assert!(!page.text().contains("<script>alert"));
        owner.post(&format!("{href}/resolve"), &[]).await.location();
        let again = owner.post(&format!("{href}/resolve"), &[]).await;
        assert_eq!(again.status, StatusCode::CONFLICT);
        assert!(again.text().contains("resolved already"));
        test.round().await;
    }

    /// A server that nobody can log in to is not well, though it answers as it should.
    async fn the_way_to_a_login_is_told_on_the_page(store: Store) {
        let test = TestApp::new(store).await;
        let site = Site::around(&test);
        let server = fake_mcp::FakeMcp::start(fake_mcp::needs_auth()).unwrap();
        let id = test.watch(&server.url()).await;
        test.round().await;
        let owner = site.owner().await;
        let path = format!("/monitors/{id}");
        let page = owner.get(&path).await;
        assert!(page.one("#login").contains("Waysound"), "{}", page.one("#login"));
        assert!(page.one("#login").contains(&server.url_of("")));
        let login = fake_mcp::Login::good().issuer("token_endpoint", serde_json::Value::Null);
        server.set(fake_mcp::needs_auth().login(login));
        test.rounds(70, 60).await;
        let page = owner.get(&path).await;
        assert!(page.one(".hero").contains("Nobody new can log in"), "{}", page.one(".hero"));
        assert!(page.one("#login").contains("broken"), "{}", page.one("#login"));
    }

    /// Pause, resume and delete, from pages; a paused one cannot be checked.
    async fn a_monitor_is_paused_resumed_and_deleted(store: Store) {
        let site = Site::new(store).await;
        let id = site.monitor("Search").await;
        let owner = site.owner().await;
        let path = format!("/monitors/{id}");
        owner.post(&format!("{path}/pause"), &[]).await.location();
        assert_eq!(owner.get("/").await.one("li.row .st"), "paused");
        assert_eq!(owner.get(&path).await.one(".hero h2"), "Paused: not checked");
        let refused = owner.post(&format!("{path}/check"), &[]).await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        owner.post(&format!("{path}/resume"), &[]).await.location();
        assert_eq!(owner.get("/").await.one("li.row .st"), "pending");
        assert!(owner.get(&format!("{path}/delete")).await.text().contains("Search"));
        assert_eq!(owner.post(&format!("{path}/delete"), &[]).await.location(), "/?done=deleted");
        assert_eq!(owner.get(&path).await.status, StatusCode::NOT_FOUND);
        assert!(owner.get("/").await.text().contains("Watch your first MCP server"));
    }

    /// A page that is open hears the name of what changed, and only of its own team.
    async fn an_open_page_hears_what_changed(store: Store) {
        let site = Site::new(store).await;
        let id = site.monitor("Search").await;
        let (_, rival) = site.rival().await;
        let hearing = site.owner().await.first_piece("/live").await;
        let spec = lifesign::domain::monitor::MonitorSpec::of(endpoint("https://rival.example/mcp"));
        let theirs = monitors::create(&site.app, &rival, spec, &[]).await.unwrap().id;
        monitors::pause(&site.app, &site.owner, id).await.unwrap();
        site.app.events.tell();
        let heard = hearing.await;
        assert!(heard.contains(&format!("monitor:{id}")), "{heard}");
        assert!(!heard.contains(&theirs.to_string()), "{heard}");
    }
}
