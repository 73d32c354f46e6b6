//! The link in a mail: its reader acknowledges without logging in, and nothing else.

use axum::http::StatusCode;
use lifesign::app::incidents::acknowledge_link;
use lifesign::domain::channel::{Channel, Health, Kind, Settings, Words};
use lifesign::domain::id::{ChannelId, IncidentId, NotificationId};
use lifesign::domain::notification::{Content, Event, IncidentFacts, Notification};
use lifesign::store::IncidentFilter;

use super::site::Site;
use crate::support::app::TestApp;
use crate::support::engines::engines;

/// The link that a mail about the open incident carries, as a path.
async fn link(test: &TestApp, event: Event, kind: Kind) -> Option<String> {
    let app = &test.app;
    let filter = IncidentFilter::default();
    let team = test.actor.team;
    let found = app.store.incidents(team, &filter, None, 1).await.unwrap();
    let (incident, now) = (&found.rows[0], app.clock.now());
    let find = |name: &str| match name {
        "to" => Some("ops@example.com"),
        "url" => Some("https://hooks.example.com/x"),
        _ => None,
    };
    let channel = Channel {
        id: ChannelId(app.ids.next()),
        team,
        name: "Ops".to_owned(),
        kind,
        settings: Settings::read(kind, find, None).unwrap(),
        is_default: true,
        route: lifesign::domain::channel::Route::default(),
        words: Words::default(),
        digest: None,
        health: Health::default(),
    };
    let notification = Notification {
        id: NotificationId(app.ids.next()),
        team,
        channel: channel.id,
        event,
        turn: 1,
        content: Content {
            incident: Some(IncidentFacts::of(incident, now)),
            channel: None,
            tools: None,
            node: None,
            digest: None,
            ..Content::of_channel(&channel, now)
        },
        created_at: now,
    };
    acknowledge_link(&app.store, "", &channel, &notification)
}

engines! {
    async fn the_reader_of_a_mail_acknowledges_without_logging_in(store: Store) {
        let test = TestApp::new(store).await;
        let site = Site::around(&test);
        let server = fake_mcp::FakeMcp::start(fake_mcp::healthy()).unwrap();
        test.watch(&server.url()).await;
        test.round().await;
        drop(server);
        test.rounds(8, 15).await;

        let path = link(&test, Event::Opened, Kind::Email).await.unwrap();
        assert!(!path.contains("ops@"), "the address is sealed: {path}");
        assert_eq!(link(&test, Event::Resolved, Kind::Email).await, None);
        assert_eq!(link(&test, Event::Opened, Kind::Slack).await, None, "anybody may read a chat");

        // Programs that read mail follow links: looking changes nothing.
        let stranger = site.stranger();
        assert_eq!(stranger.get(&path).await.one("main button"), "Acknowledge");
        assert!(test.incidents().await[0].acknowledged_at().is_none());

        let done = stranger.post(&path, &[]).await;
        assert!(stranger.get(done.location()).await.text().contains("Acknowledged."));
        let incident = test.incidents().await.remove(0);
        assert!(incident.acknowledged_at().is_some());
        let by = incident.timeline.iter().rev().find_map(|entry| entry.by.as_ref());
        assert_eq!(by.unwrap().as_str(), "ops@example.com");
        stranger.post(&path, &[]).await.location();

        for other in [
            path.replace("key=", "key=A"),
            path.split('?').next().unwrap().to_owned(),
            path.replace(&incident.id.to_string(), &IncidentId(test.app.ids.next()).to_string()),
        ] {
            assert_eq!(stranger.get(&other).await.status, StatusCode::NOT_FOUND, "{other}");
            assert_eq!(stranger.post(&other, &[]).await.status, StatusCode::NOT_FOUND, "{other}");
        }
    }
}
