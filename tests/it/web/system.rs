//! Our own trouble is said on every page, and the system page is for whoever runs it.

use std::time::Duration;

use axum::http::StatusCode;
use lifesign::app::nodes;
use lifesign::domain::at::At;
use lifesign::domain::id::{MonitorId, NotificationId};
use lifesign::domain::node::{Node, NodeKey};
use lifesign::domain::notification::{Content, Event, Notification};
use lifesign::store::Store;

use super::pages::furnish;
use super::site::{Answer, Site};
use crate::support::engines::engines;

/// What every page says when there is trouble of our own.
const BANNER: &str = "main > p.note.warn";

/// Another node, as it said of itself; its network has trouble or not.
fn node(seen_at: At, troubled_since: Option<At>) -> Node {
    Node {
        key: NodeKey {
            name: "fra-1".to_owned(),
            location: "fra".to_owned(),
            roles: "probe".to_owned(),
        },
        version: "0.1.0".to_owned(),
        started_at: seen_at,
        seen_at,
        lag_ms: Some(40),
        in_flight: 3,
        troubled_since,
        silent_since: None,
        told_trouble: None,
    }
}

async fn site_in_trouble(store: Store) -> (Site, MonitorId) {
    let site = Site::new(store).await;
    let furnished = furnish(&site, "Search").await;
    let now = site.app.clock.now();
    site.app.store.beat(&node(now, Some(now))).await.unwrap();
    nodes::beat(&site.app).await.unwrap();
    (site, furnished.monitor)
}

engines! {
    async fn trouble_of_our_own_is_said_on_every_page(store: Store) {
        let (site, monitor) = site_in_trouble(store).await;
        let owner = site.owner().await;
        for path in ["/", "/incidents", "/channels", "/settings", &format!("/monitors/{monitor}")] {
            let said = owner.get(path).await.one(BANNER);
            let expected = "The network of node fra-1 has trouble: servers that it cannot reach are \
                            unknown. Since 22 Nov 2026, 12:00 UTC. More";
            assert_eq!(said, expected, "{path}");
        }
        let (rival, _) = site.rival().await;
        let said = rival.get("/").await.one(BANNER);
        assert!(said.starts_with("Our own monitoring has trouble"), "{said}");
        assert!(!said.contains("fra-1"), "{said}");
        let public = site.stranger().get("/status/acme").await.one("main > p.note.warn");
        let expected = "Our own monitoring has trouble since 22 Nov 2026, 12:00 UTC: what is shown \
                        may be old.";
        assert_eq!(public, expected);

        let now = site.app.clock.now();
        site.app.store.beat(&node(now, None)).await.unwrap();
        nodes::beat(&site.app).await.unwrap();
        assert!(owner.get("/").await.all(BANNER).is_empty());
        assert!(site.stranger().get("/status/acme").await.all(BANNER).is_empty());
    }

    async fn late_checks_are_said(store: Store) {
        let site = Site::new(store).await;
        site.monitor("Search").await;
        site.app.clock.advance(Duration::from_secs(31));
        nodes::beat(&site.app).await.unwrap();
        let said = site.owner().await.get("/").await.one(BANNER);
        assert!(said.contains("are late by 31 s"), "{said}");
    }

    async fn a_message_that_waits_is_said_to_its_team_alone(store: Store) {
        let site = Site::new(store).await;
        let furnished = furnish(&site, "Search").await;
        let (team, now) = (site.owner.team, site.app.clock.now());
        let channel = site.app.store.channel(team, furnished.channel).await.unwrap().unwrap();
        let waiting = Notification {
            id: NotificationId(site.app.ids.next()),
            team,
            channel: channel.id,
            event: Event::ChannelFailing,
            turn: 0,
            content: Content::of_channel(&channel, now),
            created_at: now,
        };
        let mut tx = site.app.store.begin().await.unwrap();
        tx.enqueue(&[waiting]).await.unwrap();
        tx.commit().await.unwrap();
        site.app.clock.advance(Duration::from_secs(301));
        nodes::beat(&site.app).await.unwrap();
        let wait = "A message to one of your channels could not be sent yet.";
        let said = |answer: Answer| answer.all(BANNER).iter().any(|line| line.starts_with(wait));
        assert!(said(site.owner().await.get("/").await));
        let (rival, _) = site.rival().await;
        assert!(!said(rival.get("/").await));
    }

    async fn the_system_page_is_for_whoever_runs_the_installation(store: Store) {
        let (site, _) = site_in_trouble(store).await;
        let owner = site.owner().await;
        assert!(owner.get("/settings").await.all("a").contains(&"System".to_owned()));
        let page = owner.get("/system").await;
        assert_eq!(page.status, StatusCode::OK);
        let text = page.text();
        for part in ["fra-1", "Scheduler lag", "1 watch<", "Oldest unsent", "Database", "trouble since"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let (rival, _) = site.rival().await;
        assert_eq!(rival.get("/system").await.status, StatusCode::NOT_FOUND);
        assert!(!rival.get("/settings").await.all("a").contains(&"System".to_owned()));
    }
}
