//! A server that means harm: whatever it calls itself, its tools and its faults, no page, mail,
//! badge, feed or file does more than show it.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use fake_mcp::{FakeMcp, healthy};
use lifesign::app::listings;
use lifesign::app::status_pages::{self, PageSpec};
use lifesign::domain::status_page::Component;
use serde_json::json;

use super::pages::{Furnished, OTHERS, furnish};
use super::site::{Answer, Person, Site};
use crate::support::app::TestApp;
use crate::support::engines::engines;
use crate::support::smtp::{Security, SmtpReceiver};

/// Script, an end of an attribute and of a document, terminal sequences, a turned direction, a
/// second header, a formula.
const WICKED: &str = "=1+1\"'><script>alert(1)</script><img src=x onerror=alert(1)></title></svg>]]>\
    \u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}\u{2066}\u{200b}\0\r\nBcc: victim@example.com\r\n\r\n{{7*7}}";
/// What a hostile colleague could type.
const MARKUP: &str = "=1+1\"'><script>alert(1)</script><img src=x onerror=alert(1)>";
/// A text as long as some servers send.
const LONG: usize = 1 << 20;
/// Most bytes of anything that is shown of it, compressed and not.
const ZIPPED: usize = 40_000;
const WHOLE: usize = 400_000;

fn long() -> String {
    WICKED.repeat(LONG / WICKED.len() + 1)
}

fn wicked(count: usize) -> fake_mcp::Reply {
    let tool = |n: usize| {
        json!({
            "name": format!("{n}{WICKED}"),
            "title": WICKED,
            "description": if n == 0 { long() } else { WICKED.repeat(20) },
            "inputSchema": { "type": "object", "properties": { WICKED: { "type": "string", "description": WICKED } } },
        })
    };
    healthy()
        .name(WICKED)
        .version(WICKED)
        .tool_values((0..count).map(tool).collect::<Vec<_>>())
}

/// Nothing that a terminal, a table or a reader would obey, and not more than anybody wants.
fn assert_clean(what: &str, text: &str) {
    let is_unseen = |c: &char| {
        (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}')
    };
    assert_eq!(text.chars().find(is_unseen), None, "{what}");
    assert!(text.len() < WHOLE, "{what}: {} bytes", text.len());
}

/// Nothing that a browser would obey either.
fn assert_inert(what: &str, markup: &str) {
    assert_clean(what, markup);
    for bad in ["<script>alert", "<img src=x", "</svg>]]>"] {
        assert!(!markup.contains(bad), "{what} contains {bad}");
    }
}

async fn look(person: &Person, path: &str, headers: &[(&str, &str)]) -> Answer {
    let answer = person.get_with(path, headers).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}");
    match answer.header("content-type").split(';').next() {
        Some("application/json" | "text/plain" | "text/csv" | "text/calendar") => {
            assert_clean(path, &answer.text());
        }
        _ => assert_inert(path, &answer.text()),
    }
    let zipped = [headers, &[("accept-encoding", "gzip")]].concat();
    let zipped = person.get_with(path, &zipped).await.body.len();
    assert!(zipped < ZIPPED, "{path}: {zipped} bytes");
    answer
}

async fn look_at_all(site: &Site, owner: &Person, furnished: &Furnished) {
    let others = OTHERS.iter().map(ToString::to_string);
    for path in furnished.paths().into_iter().chain(others) {
        look(owner, &path, &[]).await;
    }
    let incidents = owner.get("/incidents").await;
    if let Some(incident) = incidents.attribute("main .list a", "href") {
        look(owner, &incident, &[]).await;
    }
    let stranger = site.stranger();
    let listed = format!("/explore/{}", furnished.monitor);
    let badge = format!("{listed}/badge.svg");
    for path in [
        "/status/evil",
        "/status/evil/history",
        "/status/evil/feed.atom",
        "/status/evil/calendar.ics",
        "/status/evil/widget.js",
        "/badge/evil.svg",
        "/badge/evil.json",
        "/api/v1/status/evil",
        "/explore",
        &listed,
        &badge,
    ] {
        look(&stranger, path, &[]).await;
    }
    for accept in ["text/plain", "application/json"] {
        look(&stranger, "/status/evil", &[("accept", accept)]).await;
    }
}

engines! {
    async fn a_wicked_server_does_nothing_anywhere(store: Store) {
        let host = SmtpReceiver::start(Security::Plain).await;
        let url = host.url();
        let test = TestApp::with(store, &[("smtp_url", &*url), ("mail_from", "status@acme.example")]).await;
        let site = Site::around(&test);
        let server = FakeMcp::start(wicked(200)).unwrap();
        let owner = site.owner().await;
        let furnished = furnish(&site, MARKUP).await;
        let monitor = test.watch(&server.url()).await;
        let page = PageSpec::public("evil", MARKUP, [Component::of(monitor)]);
        status_pages::create(&site.app, &site.owner, page).await.unwrap();
        listings::list(&site.app, &site.owner, monitor).await.unwrap();
        let furnished = Furnished { monitor, ..furnished };
        test.round().await;
        look_at_all(&site, &owner, &furnished).await;
        server.set(wicked(190));
        test.rounds(8, 60).await;
        server.set(fake_mcp::body(500, "text/html", &long()));
        test.rounds(8, 15).await;
        look_at_all(&site, &owner, &furnished).await;
        let csv = owner.get("/reports/2026-11.csv").await.text();
        assert!(csv.contains("\"'=1+1"), "a name is no formula: {csv}");

        let mails = host.mails();
        assert!(!mails.is_empty());
        for mail in &mails {
            assert_eq!(mail.to, ["ops@example.com"]);
            assert!(mail.header("bcc").is_none());
            assert_clean("mail", &mail.part("text/plain").unwrap());
            assert_inert("mail", &mail.part("text/html").unwrap());
        }
        let told: BTreeMap<_, _> = test.hook.received().iter().map(|one| (one.json()["type"].to_string(), one.body.len())).collect();
        assert!(told.len() > 1, "{told:?}");
        assert!(told.values().all(|bytes| *bytes < WHOLE), "{told:?}");
    }
}
