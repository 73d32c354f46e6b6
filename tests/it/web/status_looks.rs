//! How a status page is made and served: groups, faces, who may see it, its own look and host name.

use axum::http::StatusCode;
use lifesign::app::maintenance::{self, WindowSpec};
use lifesign::app::status_pages::{self, PageSpec};
use lifesign::domain::at::{At, DAY_MS, HOUR_MS};
use lifesign::domain::maintenance::{Schedule, Scope};
use lifesign::domain::sensitive::Sensitive;
use lifesign::domain::status_page::{Component, StatusPage, Visibility};
use lifesign::domain::zone::Zone;
use lifesign::store::Store;

use super::site::{Answer, NOON, Site};
use crate::support::engines::engines;

/// What of a page with a password only those get who know it.
const PARTS: [&str; 8] = [
    "/status/acme/feed.atom",
    "/status/acme/calendar.ics",
    "/status/acme/widget.js",
    "/status/acme/theme.css",
    "/status/acme/og.png",
    "/badge/acme.svg",
    "/badge/acme.json",
    "/api/v1/status/acme",
];

async fn site(store: Store, change: impl FnOnce(&mut PageSpec)) -> (Site, StatusPage) {
    let site = Site::new(store).await;
    let mut components = Vec::new();
    for (name, group) in [
        ("Search", Some("Europe")),
        ("Docs", None),
        ("Mail", Some("Europe")),
    ] {
        components.push(Component {
            group: group.map(str::to_owned),
            ..Component::of(site.monitor(name).await)
        });
    }
    let mut spec = PageSpec::public("acme", "Acme", components);
    change(&mut spec);
    let page = status_pages::create(&site.app, &site.owner, spec)
        .await
        .unwrap();
    (site, page)
}

fn is_page(answer: &Answer) -> bool {
    answer.status == StatusCode::OK && !answer.all(".comp").is_empty()
}

engines! {
    async fn components_stand_under_their_groups_in_order(store: Store) {
        let (site, page) = site(store, |_| ()).await;
        let shown = site.stranger().get("/status/acme").await;
        assert_eq!(shown.all("section.rows .group h2"), ["Europe"]);
        assert_eq!(shown.all("section.rows .group .st"), ["unknown"]);
        assert_eq!(shown.all(".comp h2, .comp h3"), ["Docs", "Search", "Mail"]);
        assert_eq!(shown.attribute(".comp h3", "class"), None);

        let owner = site.owner().await;
        let ids = page.components.iter().map(|line| line.monitor.to_string()).collect::<Vec<_>>();
        let fields = |what: &str| ids.iter().map(|id| format!("{what}:{id}")).collect::<Vec<_>>();
        let (groups, places) = (fields("group"), fields("place"));
        let form = [
            ("title", "Acme"), ("slug", "acme"), ("visibility", "public"),
            ("components", &*ids[0]), ("components", &*ids[1]), ("components", &*ids[2]),
            (&*groups[1], " Asia "), (&*groups[2], "Asia"), (&*places[2], "1"), (&*places[1], "2"),
        ];
        let path = format!("/status-pages/{}/edit", page.id);
        owner.post(&path, &form).await.location();
        let shown = site.stranger().get("/status/acme").await;
        assert_eq!(shown.all(".group h2"), ["Asia"]);
        assert_eq!(shown.all(".comp h2, .comp h3"), ["Search", "Mail", "Docs"]);
        let edit = owner.get(&path).await;
        assert_eq!(edit.all(".parts li > label"), ["Mail", "Docs", "Search"]);
        let group = edit.attribute(&format!("[name='{}']", groups[1]), "value");
        assert_eq!(group.as_deref(), Some("Asia"));
    }

    /// Each monitor brings fields along; those that come after them count, too.
    async fn a_large_team_saves_its_page_and_it_stays_public(store: Store) {
        let (site, page) = site(store, |_| ()).await;
        for n in 0..200 {
            site.monitor(&format!("Other {n}")).await;
        }
        let owner = site.owner().await;
        let path = format!("/status-pages/{}/edit", page.id);
        let edit = owner.get(&path).await;
        assert_eq!(edit.all(".parts [name='components']").len(), 203);
        assert_eq!(edit.all(".parts [name^='name:']").len(), 200, "a form that can be sent");

        let named: Vec<String> = (0..2_000).map(|n| format!("name:{n}")).collect();
        let head = [("title", "Acme"), ("slug", "acme")];
        let ids = page.components.iter().map(|line| line.monitor.to_string()).collect::<Vec<_>>();
        let ticked = ids.iter().map(|id| ("components", id.as_str()));
        let between = named.iter().map(|name| (name.as_str(), ""));
        let form = head.into_iter().chain(ticked).chain(between);
        let form: Vec<_> = form.chain([("visibility", "public"), ("accent", "#3a49c4")]).collect();
        owner.post(&path, &form).await.location();
        let shown = site.stranger().get("/status/acme").await;
        assert!(is_page(&shown) && shown.text().contains("theme.css"));

        let many = vec![("x", ""); 6_000];
        let form: Vec<_> = many.into_iter().chain(form).collect();
        assert_eq!(owner.post(&path, &form).await.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(is_page(&site.stranger().get("/status/acme").await));
    }

    /// One address, three faces; what is answered depends on what is asked for, and says so.
    async fn one_address_answers_browsers_programs_and_terminals(store: Store) {
        let (site, _) = site(store, |_| ()).await;
        let stranger = site.stranger();
        let ask = async |accept: &str, agent: &str| {
            let headers = [("accept", accept), ("user-agent", agent)];
            stranger.get_with("/status/acme", &headers).await
        };
        let page = ask("text/html,*/*;q=0.8", "Mozilla/5.0").await;
        assert!(is_page(&page));
        let json = ask("application/json", "x").await;
        assert_eq!(json.header("content-type"), "application/json");
        assert_eq!(json.body, stranger.get("/api/v1/status/acme").await.body);
        let text = ask("*/*", "curl/8.5.0").await;
        assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
        assert!(text.text().starts_with("Acme: Nothing has been measured yet\n"), "{}", text.text());
        let rows = "\n  pending   Docs            – in 90 d         –\n\nEurope: unknown\n  pending   Search";
        assert!(text.text().contains(rows), "{}", text.text());
        for answer in [&page, &json, &text] {
            let vary = answer.headers.get_all("vary").iter().map(|value| value.to_str().unwrap());
            assert!(vary.into_iter().any(|names| names == "accept, user-agent, cookie"));
            assert!(answer.header("etag").starts_with('"'));
        }
        let absent = ask("application/json", "x").await;
        assert_eq!(absent.status, StatusCode::OK);
        let headers = [("accept", "application/json")];
        let absent = stranger.get_with("/status/emca", &headers).await;
        assert_eq!(absent.status, StatusCode::NOT_FOUND);
    }

    async fn an_unlisted_page_is_open_and_asks_not_to_be_found(store: Store) {
        let (site, _) = site(store, |spec| spec.visibility = Visibility::Unlisted).await;
        let page = site.stranger().get("/status/acme").await;
        assert!(is_page(&page));
        assert_eq!(page.header("x-robots-tag"), "noindex");
        let robots = page.attribute("meta[name='robots']", "content");
        assert_eq!(robots.as_deref(), Some("noindex"));
    }

    /// Whoever does not know the password is asked for it at the address itself, and told nothing
    /// anywhere else; a changed password ends what the old one opened.
    async fn a_password_opens_the_page_and_all_its_parts(store: Store) {
        let (site, page) = site(store, |spec| {
            spec.visibility = Visibility::Password;
            spec.password = Some(Sensitive::new("open sesame"));
            spec.accent = Some("#3a49c4".to_owned());
        })
        .await;
        let stranger = site.stranger();
        let asked = stranger.get("/status/acme").await;
        assert_eq!(asked.one("h1"), "Acme");
        assert!(asked.attribute("form input[name='password']", "type").as_deref() == Some("password"));
        assert!(!asked.text().contains("Search"));
        assert_eq!(asked.header("cache-control"), "no-store");
        for path in PARTS {
            let (locked, absent) =
                (stranger.get(path).await, stranger.get(&path.replace("acme", "emca")).await);
            assert_eq!(locked.status, StatusCode::NOT_FOUND, "{path}");
            assert_eq!((locked.body, locked.headers), (absent.body, absent.headers), "{path}");
        }
        let plain = [("accept", "application/json")];
        let locked = stranger.get_with("/status/acme", &plain).await;
        assert_eq!(locked.body, stranger.get_with("/status/emca", &plain).await.body);
        assert_eq!(stranger.get("/status/acme/history").await.location(), "/status/acme");

        let wrong = stranger.post("/status/acme/unlock", &[("password", "sesame")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.one("#password-error").contains("not the one of this page"));
        let right = stranger.post("/status/acme/unlock", &[("password", "open sesame")]).await;
        assert_eq!(right.location(), "/status/acme");
        let cookie = right.header("set-cookie").to_owned();
        assert!(cookie.contains("; HttpOnly; SameSite=Lax;"), "{cookie}");
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let known = [("cookie", &*cookie)];
        assert!(is_page(&stranger.get_with("/status/acme", &known).await));
        for path in PARTS {
            let answer = stranger.get_with(path, &known).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            assert_eq!(answer.header("cache-control"), "private, no-cache", "{path}");
            assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
        }

        let spec = PageSpec {
            visibility: Visibility::Password,
            password: Some(Sensitive::new("open barley")),
            ..PageSpec::public("acme", "Acme", page.components)
        };
        status_pages::change(&site.app, &site.owner, page.id, spec).await.unwrap();
        assert!(!is_page(&stranger.get_with("/status/acme", &known).await));
    }

    async fn a_password_is_not_guessed(store: Store) {
        let (site, _) = site(store, |spec| {
            spec.visibility = Visibility::Password;
            spec.password = Some(Sensitive::new("open sesame"));
        })
        .await;
        let stranger = site.stranger();
        let guess = [("password", "x")];
        for _ in 0..30 {
            let refused = stranger.post("/status/acme/unlock", &guess).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        }
        let refused = stranger.post("/status/acme/unlock", &guess).await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(!refused.header("retry-after").is_empty());
    }

    /// At its own host name there is the page and nothing of the rest.
    async fn a_host_name_of_its_own_shows_the_page_and_nothing_else(store: Store) {
        let (site, _) = site(store, |spec| {
            spec.domain = Some(" Status.Acme.Example ".to_owned());
            spec.accent = Some("#3a49c4".to_owned());
        })
        .await;
        let owner = site.owner().await;
        let own = [("host", "status.acme.example:8443")];
        let page = owner.get_with("/", &own).await;
        assert!(is_page(&page));
        let history = page.attribute("nav a:nth-child(2)", "href");
        assert_eq!(history.as_deref(), Some("/history"));
        let style = page.attribute("link[rel=stylesheet]", "href").unwrap();
        for path in ["/history", "/feed.atom", "/calendar.ics", "/theme.css", &*style, "/status/acme"] {
            assert_eq!(owner.get_with(path, &own).await.status, StatusCode::OK, "{path}");
        }
        for path in ["/monitors", "/login", "/settings", "/healthz", "/api/v1/status/acme", "/status/other"] {
            assert_eq!(owner.get_with(path, &own).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        let json = [own[0], ("accept", "application/json")];
        let json = owner.get_with("/", &json).await;
        assert_eq!(json.header("content-type"), "application/json");
        let asks = async |name: &str| {
            let path = format!("/internal/domain?domain={name}");
            site.stranger().get(&path).await.status
        };
        assert_eq!(asks("status.acme.example").await, StatusCode::OK);
        assert_eq!(asks("evil.example").await, StatusCode::NOT_FOUND);
        let elsewhere = owner.get_with("/", &[("host", "other.example")]).await;
        assert!(!is_page(&elsewhere), "a name of nobody");
    }

    async fn what_a_page_may_look_like_is_checked(store: Store) {
        let (site, page) = site(store, |spec| spec.domain = Some("a.example".to_owned())).await;
        let owner = site.owner().await;
        for (field, value, part) in [
            ("domain", "https://b.example", "host name"),
            ("domain", "a.example", "is taken"),
            ("accent", "red", "like #3a49c4"),
            ("password", "short", "8 to 200"),
        ] {
            let form = [("title", "B"), ("slug", "b"), ("visibility", "password"), (field, value)];
            let refused = owner.post("/status-pages", &form).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{field} {value}");
            let message = refused.one(&format!("#{field}-error"));
            assert!(message.contains(part), "{message}");
            assert!(!refused.text().contains("short\""), "a password is not written back");
        }
        let path = format!("/status-pages/{}/logo", page.id);
        let svg = owner.upload(&path, "logo", b"<svg xmlns='http://www.w3.org/2000/svg'/>").await;
        assert_eq!(svg.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(svg.one("#logo-error").contains("SVG"));
        let large = [b"\x89PNG\r\n\x1a\n".as_slice(), &vec![0; 70_000]].concat();
        let large = owner.upload(&path, "logo", &large).await;
        assert!(large.one("#logo-error").contains("64 KiB"));
        let png = b"\x89PNG\r\n\x1a\n\x00\xff\x00";
        owner.upload(&path, "logo", png).await.location();
        let shown = site.stranger().get("/status/acme").await;
        let logo = shown.attribute("h1 img", "src").unwrap();
        let logo = site.stranger().get(&logo).await;
        assert_eq!((logo.header("content-type"), &logo.body[..]), ("image/png", &png[..]));
        let known = [("if-none-match", logo.header("etag"))];
        let known = site.stranger().get_with("/status/acme/logo", &known).await;
        assert_eq!((known.status, known.header("etag")), (StatusCode::NOT_MODIFIED, logo.header("etag")));
        owner.upload(&path, "logo", b"").await.location();
        assert_eq!(site.stranger().get("/status/acme/logo").await.status, StatusCode::NOT_FOUND);
    }

    async fn a_colour_comes_as_a_style_sheet_of_ours(store: Store) {
        let (site, _) = site(store, |spec| spec.accent = Some("#ffee00".to_owned())).await;
        let page = site.stranger().get("/status/acme").await;
        assert!(page.text().contains("href=\"/status/acme/theme.css\""));
        let css = site.stranger().get("/status/acme/theme.css").await;
        assert_eq!(css.header("content-type"), "text/css; charset=utf-8");
        assert!(!css.text().contains("--accent:#ffee00;--accent-soft:#fff"), "dark enough to be read");
        assert!(css.text().contains("prefers-color-scheme:dark){:root{--accent:#ffee00"));
    }

    async fn maintenance_is_a_calendar_and_the_history_goes_by_months(store: Store) {
        let (site, _) = site(store, |_| ()).await;
        let window = WindowSpec {
            name: "Move; rack 7, all".to_owned(),
            schedule: Schedule::Once { starts_at: At(NOON.0 + 40 * DAY_MS), ends_at: At(NOON.0 + 40 * DAY_MS + HOUR_MS) },
            zone: Zone::UTC,
            scope: Scope::All,
            is_excluded: true,
        };
        let window = maintenance::create(&site.app, &site.owner, window).await.unwrap();
        let stranger = site.stranger();
        let calendar = stranger.get("/status/acme/calendar.ics").await;
        assert_eq!(calendar.header("content-type"), "text/calendar; charset=utf-8");
        let text = calendar.text();
        assert!(text.starts_with("BEGIN:VCALENDAR\r\n") && text.ends_with("END:VCALENDAR\r\n"));
        assert!(text.contains(&format!("UID:{}-", window.id)), "{text}");
        assert!(text.contains("SUMMARY:Maintenance: Move\\; rack 7\\, all\r\n"), "{text}");
        assert!(text.contains("DESCRIPTION:Search\\nDocs\\nMail\r\n"), "{text}");

        let history = stranger.get("/status/acme/history").await;
        let months = history.all("nav[aria-label='Months'] a");
        assert_eq!((months.len(), &*months[1], &*months[12]), (13, "Nov 2026", "Dec 2025"));
        let past = stranger.get("/status/acme/history?month=2026-02").await;
        assert_eq!(past.one("h2"), "No incidents in February 2026");
        for bad in ["2025-11", "2026-12", "x"] {
            let answer = stranger.get(&format!("/status/acme/history?month={bad}")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{bad}");
        }
        let picture = stranger.get("/status/acme/og.png").await;
        assert_eq!(picture.header("content-type"), "image/png");
        assert!(picture.body.starts_with(b"\x89PNG"));
        let widget = stranger.get("/status/acme/widget.js").await;
        assert_eq!(widget.header("content-type"), "text/javascript; charset=utf-8");
        assert!(widget.body.len() < 3_000, "{}", widget.body.len());
        assert!(widget.text().contains("/badge/acme.json\""));
    }
}
