//! Refused forms come back filled in, with the message beside the field, and without secrets.

use axum::http::StatusCode;
use lifesign::domain::team::Role;

use super::pages::furnish;
use super::site::{Answer, Person, Site};
use crate::support::engines::engines;

/// What is typed, which field is refused, and what the message must say.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);

/// Sends a form that must be refused, and checks that nothing typed is lost but the secrets.
async fn refused(person: &Person, path: &str, (typed, field, part): Case<'_>) -> Answer {
    let answer = person.post(path, typed).await;
    let about = format!("{path} with {typed:?}: {}", answer.text());
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{about}");
    let message = answer.one(&format!("[id='{field}-error']"));
    assert!(message.contains(part), "{message} for {about}");
    let invalid = answer.attribute(&format!("[id='{field}']"), "aria-invalid");
    assert!(
        matches!(field, "components" | "visibility") || invalid.is_some(),
        "{about}"
    );
    for (name, value) in typed.iter().filter(|(_, value)| !value.is_empty()) {
        let kind = answer.attribute(&format!("input[name='{name}']"), "type");
        match kind.as_deref() {
            Some("password") => assert!(!answer.text().contains(value), "{name} in {about}"),
            Some("text" | "email" | "url" | "number") => {
                let shown = answer.attribute(&format!("input[name='{name}']"), "value");
                assert_eq!(shown.as_deref(), Some(*value), "{name} in {about}");
            }
            _ => {}
        }
    }
    answer
}

engines! {
    async fn an_address_that_cannot_be_watched_is_refused(store: Store) {
        let site = Site::new(store).await;
        let owner = site.owner().await;
        for (typed, field, part) in [
            ("mcp.example.com/mcp", "url", "did you mean https://mcp.example.com/mcp?"),
            ("ftp://example.com/", "url", "only http and https"),
            ("https://user:pass@example.com/mcp", "url", "user name or password"),
            ("https://example.com/mcp#top", "url", "fragment"),
            ("http://10.0.0.1/mcp", "url", "LIFESIGN_ALLOW_TARGETS"),
            ("http://[::ffff:169.254.169.254]/latest", "url", "LIFESIGN_ALLOW_TARGETS"),
        ] {
            refused(&owner, "/try", (&[("url", typed), ("bearer", "t0ken-secret")], field, part)).await;
        }
        let url = ("url", "https://example.com/mcp");
        for (name, value, part) in [
            ("headers", "Host: evil", "belongs to the protocol"),
            ("headers", "no colon", "a colon and a value"),
            ("bearer", "späti", "outside ASCII"),
            ("transport", "pigeon", "not a transport"),
        ] {
            let answer = refused(&owner, "/try", (&[url, (name, value)], name, part)).await;
            assert!(!answer.text().contains("Host: evil"));
        }
        let client = [url, ("oauth.client_id", "me"), ("oauth.private_key", "nonsense-key")];
        let answer = owner.post("/try", &client).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.one("[id='oauth.private_key-error']").contains("BEGIN PRIVATE KEY"));
        assert!(!answer.text().contains("nonsense-key"));
        let plain = [("url", "http://example.com/mcp"), ("bearer", "t0ken-secret")];
        let answer = owner.post("/try", &plain).await;
        assert!(answer.one("#bearer-error").contains("plain http"), "{}", answer.text());
        assert!(owner.get("/").await.text().contains("Watch your first"), "nothing was made");
    }

    async fn a_change_that_makes_no_sense_is_refused(store: Store) {
        let site = Site::new(store).await;
        let furnished = furnish(&site, "Search").await;
        let owner = site.owner().await;
        let path = format!("/monitors/{}/edit", furnished.monitor);
        let url = ("url", "https://mcp.example.com/mcp");
        for (name, value, part) in [
            ("interval_seconds", "5", "between 10 and 86400"),
            ("timeout_seconds", "500", "between 5 and 120"),
            ("slow_ms", "soon", "whole number"),
            ("target_percent", "100", "from 50 to 99.999"),
            ("url", "https://", "not a URL"),
        ] {
            let typed: Vec<_> = [url, ("name", "Search"), ("tags", "a, b")]
                .into_iter()
                .filter(|(known, _)| *known != name)
                .chain([(name, value)])
                .collect();
            refused(&owner, &path, (&typed, name, part)).await;
        }
        let typed = [url, ("name", "Renamed"), ("tags", "a, b"), ("interval_seconds", "30")];
        let done = owner.post(&path, &typed).await;
        assert_eq!(done.location(), format!("/monitors/{}?done=saved", furnished.monitor));
        let list = owner.get("/?tag=b").await;
        assert_eq!(list.all("li.row .name"), ["Renamed"]);
    }

    /// Two people have the form open: the second is told what happened, keeps what was typed, and decides.
    async fn nobody_writes_over_a_change_that_they_have_not_seen(store: Store) {
        let site = Site::new(store).await;
        let id = site.monitor("Search").await;
        let (owner, editor) = (site.owner().await, site.colleague(Role::Editor).await);
        let path = format!("/monitors/{id}/edit");
        let read = async |person: &Person| {
            person.get(&path).await.attribute("input[name='revision']", "value").unwrap()
        };
        let (first, second) = (read(&owner).await, read(&editor).await);
        let url = ("url", "https://mcp.example.com/mcp");
        owner.post(&path, &[url, ("tags", "prod"), ("revision", &first)]).await.location();

        let typed = [url, ("name", "Renamed"), ("revision", &*second)];
        let told = editor.post(&path, &typed).await;
        assert_eq!(told.status, StatusCode::CONFLICT);
        assert!(told.one("main .note.bad:not(#away)").contains("Somebody else has changed"), "{}", told.text());
        assert_eq!(told.attribute("#name", "value").as_deref(), Some("Renamed"));
        let kept = async || site.app.store.monitor(site.owner.team, id).await.unwrap().unwrap();
        assert_eq!(kept().await.monitor.spec.tags, ["prod"]);

        let wrong = [url, ("slow_ms", "soon"), ("revision", &*second)];
        let wrong = editor.post(&path, &wrong).await;
        assert_eq!(wrong.attribute("input[name='revision']", "value"), Some(second), "as it was read");
        let now = told.attribute("input[name='revision']", "value").unwrap();
        editor.post(&path, &[url, ("name", "Renamed"), ("revision", &now)]).await.location();
        assert_eq!(kept().await.monitor.spec.name, "Renamed");
    }

    /// What the result of a canary must be is typed, refused, refilled and kept without a script.
    async fn the_assertions_of_a_canary_are_all_in_the_form(store: Store) {
        let site = Site::new(store).await;
        let furnished = furnish(&site, "Search").await;
        let owner = site.owner().await;
        let path = format!("/monitors/{}/edit", furnished.monitor);
        let fine = [
            ("url", "https://mcp.example.com/mcp"),
            ("canary.tool", "find"),
            ("canary.arguments", r#"{"q":"x"}"#),
            ("canary.interval_seconds", "900"),
            ("canary.timeout_seconds", "20"),
            ("canary.assertions.contains", "found"),
            ("canary.assertions.matches", "^[0-9]+ found$"),
            ("canary.assertions.equals.pointer", "/structuredContent/ok"),
            ("canary.assertions.equals.value", "true"),
            ("canary.assertions.max_bytes", "5000"),
            ("canary.assertions.max_ms", "800"),
            ("canary.assertions.not_empty", "yes"),
            ("canary.counts_as", "down"),
            ("canary.consent", "yes"),
        ];
        for (name, value, part) in [
            ("canary.assertions.matches", "(found", "unclosed group"),
            ("canary.assertions.matches", "(?=found)", "look-around"),
            ("canary.assertions.equals.value", "ok", "double quotes"),
            ("canary.assertions.equals.pointer", "ok", "JSON pointer"),
            ("canary.assertions.max_ms", "soon", "whole number"),
            ("canary.interval_seconds", "60", "between 300 and 86400"),
            ("canary.arguments", "[]", "JSON object"),
        ] {
            let other = fine.into_iter().filter(|(known, _)| *known != name);
            let typed: Vec<_> = other.chain([(name, value)]).collect();
            let answer = refused(&owner, &path, (&typed, name, part)).await;
            for ticked in ["canary.assertions.not_empty", "canary.counts_as", "canary.consent"] {
                let ticked = answer.attribute(&format!("input[name='{ticked}']"), "checked");
                assert!(ticked.is_some(), "a tick was lost");
            }
        }
        let typed: Vec<_> =
            fine.into_iter().filter(|(known, _)| *known != "canary.consent").collect();
        refused(&owner, &path, (&typed, "canary.consent", "may be called")).await;
        owner.post(&path, &fine).await.location();
        let shown = owner.get(&path).await;
        for (name, value) in fine.into_iter().filter(|(name, _)| *name != "canary.consent") {
            let box_ = format!("input[name='{name}']");
            assert_eq!(shown.attribute(&box_, "value").as_deref(), Some(value), "{name}");
        }
        owner.post(&path, &typed).await.location();
    }

    async fn channels_and_pages_that_make_no_sense_are_refused(store: Store) {
        let site = Site::new(store).await;
        let furnished = furnish(&site, "Search").await;
        let owner = site.owner().await;
        for (typed, field, part) in [
            (&[("kind", "email"), ("name", "Me"), ("to", "nobody")][..], "to", "not a mail address"),
            (&[("kind", "email"), ("name", ""), ("to", "a@b")][..], "name", "1 to 120"),
            (&[("kind", "webhook"), ("name", "H"), ("url", "hooks")][..], "url", "not a URL"),
            (
                &[("kind", "webhook"), ("name", "H"), ("url", "http://192.168.0.1/x")][..],
                "url",
                "LIFESIGN_ALLOW_TARGETS",
            ),
        ] {
            refused(&owner, "/channels", (typed, field, part)).await;
        }
        let monitor = furnished.monitor.to_string();
        let lines = ("components", monitor.as_str());
        let seen = ("visibility", "public");
        for (typed, field, part) in [
            (&[("title", "A"), ("slug", "Not This!"), lines, seen][..], "slug", "lower-case"),
            (&[("title", "A"), ("slug", "acme"), lines, seen][..], "slug", "taken"),
            (&[("title", ""), ("slug", "b"), lines, seen][..], "title", "1 to 120"),
            (&[("title", "A"), ("slug", "b"), lines][..], "visibility", "one of these"),
            (&[("title", "A"), ("slug", "b"), lines, ("visibility", "x")][..], "visibility", "one of these"),
        ] {
            let answer = refused(&owner, "/status-pages", (typed, field, part)).await;
            let box_ = format!("input[value='{monitor}']");
            assert!(answer.attribute(&box_, "checked").is_some(), "a tick was lost");
        }
        let kept = owner.get("/channels").await;
        assert_eq!(kept.all("main .list > li").len(), 1, "nothing half-written stays");
    }

    /// A webhook shows its secret once, hides the query of its URL, and keeps it when it is saved
    /// unchanged.
    async fn a_secret_is_shown_once(store: Store) {
        let site = Site::new(store).await;
        let owner = site.owner().await;
        let typed =
            [("kind", "webhook"), ("name", "Hooks"), ("url", "https://hooks.example/in?key=s3cret")];
        let made = owner.post("/channels", &typed).await;
        let secret = made.one("code.secret");
        assert!(secret.starts_with("whsec_"));
        let path = owner.get("/channels").await.attribute("main .list a", "href").unwrap();
        for page in [path.clone(), format!("{path}/edit"), "/channels".to_owned()] {
            let text = owner.get(&page).await.text();
            assert!(!text.contains(&secret) && !text.contains("s3cret"), "{page}");
        }
        let shown = owner.get(&format!("{path}/edit")).await;
        let url = shown.attribute("#url", "value").unwrap();
        owner.post(&format!("{path}/edit"), &[("name", "Hooks"), ("url", &url)]).await.location();
        let known = site.app.store.channels(site.owner.team).await.unwrap();
        let url = known[0].settings.get("url");
        assert_eq!(url, Some("https://hooks.example/in?key=s3cret"));

        let renewed = owner.post(&format!("{path}/secret"), &[]).await.one("code.secret");
        assert!(renewed.starts_with("whsec_") && renewed != secret);
        assert!(!owner.get(&path).await.text().contains(&renewed));
    }

    /// The words of a channel are shown as they would read, with everything that was typed and
    /// without being kept.
    async fn the_words_of_a_channel_are_tried_out_in_its_form(store: Store) {
        let site = Site::new(store).await;
        let owner = site.owner().await;
        let typed = [
            ("kind", "email"), ("name", "Me"), ("to", "me@example.com"), ("default", "yes"),
            ("subject", "[prod] {status} <{monitor}>"), ("body", "{event}\n{reason}"),
        ];
        let shown = owner.post("/channels/preview", &typed).await;
        assert_eq!(shown.status, StatusCode::OK);
        let text = shown.one("#preview");
        for part in [
            "[prod] DOWN <search.example.com>",
            "[prod] UP <search.example.com>",
            "[prod] EXPIRING <search.example.com>",
            "certificate_expiring",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        for (name, value) in [("name", "Me"), ("to", "me@example.com"), ("subject", typed[4].1)] {
            assert_eq!(shown.attribute(&format!("#{name}"), "value").as_deref(), Some(value));
        }
        assert!(shown.one("#body").contains("{event}"));
        assert!(shown.attribute("input[name='default']", "checked").is_some());
        assert!(site.app.store.channels(site.owner.team).await.unwrap().is_empty());

        let unknown = [typed[0], typed[1], typed[2], ("subject", "{monitr}"), typed[5]];
        for path in ["/channels/preview", "/channels"] {
            let refused = refused(&owner, path, (&unknown, "subject", "known are {status}")).await;
            assert!(refused.one("#body").contains("{event}"), "what was typed is still there");
        }

        let saved = owner.post("/channels", &typed).await;
        let path = saved.location().split('?').next().unwrap().to_owned();
        let edit = owner.get(&format!("{path}/edit")).await;
        assert_eq!(edit.attribute("#subject", "value").as_deref(), Some(typed[4].1));
        assert!(edit.all("#preview").is_empty());
        let shown = owner.post(&format!("{path}/preview"), &typed[..3]).await;
        assert!(shown.one("#preview").contains("DOWN search.example.com: nothing listens"));
        let long = "x".repeat(2_001);
        let long = [typed[0], typed[1], typed[2], ("body", &*long)];
        let change = format!("{path}/edit");
        refused(&owner, &change, (&long, "body", "at most 2000 characters")).await;
        owner.post(&format!("{path}/edit"), &typed[..3]).await.location();
        let kept = site.app.store.channels(site.owner.team).await.unwrap();
        assert!(kept[0].words.is_built_in());

        let webhook = owner.get("/channels/new?kind=webhook").await;
        assert!(webhook.all("#subject").is_empty());
        let pager = owner.get("/channels/new?kind=pagerduty").await;
        assert_eq!((pager.all("#subject").len(), pager.all("#body").len()), (1, 0));
        let viewer = site.colleague(Role::Viewer).await;
        assert_eq!(viewer.post("/channels/preview", &typed).await.status, StatusCode::FORBIDDEN);
    }

    /// When a digest comes is typed, refused, refilled, kept and shown.
    async fn a_digest_is_wished_in_the_form_of_a_mail_channel(store: Store) {
        let site = Site::new(store).await;
        let owner = site.owner().await;
        let typed = [
            ("kind", "email"), ("name", "Me"), ("to", "me@example.com"),
            ("digest.every", "weekly"), ("digest.hour", "7"), ("digest.zone", "Europe/Berlin"),
        ];
        for (name, value, part) in [
            ("digest.zone", "Berlin", "IANA time zone"),
            ("digest.hour", "24", "from 0 to 23"),
        ] {
            let other = typed.into_iter().filter(|(known, _)| *known != name);
            let typed: Vec<_> = other.chain([(name, value)]).collect();
            let answer = refused(&owner, "/channels", (&typed, name, part)).await;
            assert_eq!(answer.attribute("option[selected]", "value").as_deref(), Some("weekly"));
        }
        let saved = owner.post("/channels", &typed).await;
        let page = owner.get(saved.location()).await;
        assert!(page.text().contains("weekly at 7:00, Europe/Berlin"), "{}", page.text());
        let path = saved.location().split('?').next().unwrap();
        let edit = owner.get(&format!("{path}/edit")).await;
        assert_eq!(edit.attribute("option[selected]", "value").as_deref(), Some("weekly"));
        for (name, value) in &typed[4..] {
            let shown = edit.attribute(&format!("[id='{name}']"), "value");
            assert_eq!(shown.as_deref(), Some(*value));
        }
        owner.post(&format!("{path}/edit"), &typed[..3]).await.location();
        let kept = site.app.store.channels(site.owner.team).await.unwrap();
        assert_eq!(kept[0].digest, None);
        let slack = owner.get("/channels/new?kind=slack").await;
        assert!(slack.all("[id='digest.every']").is_empty());
    }
}
