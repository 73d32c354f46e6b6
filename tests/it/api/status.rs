//! A status page as JSON, for everybody.

use lifesign::app::status_pages::{self, PageSpec};
use lifesign::domain::status_page::{Component, Visibility};

use super::*;

async fn page(world: &World, slug: &str, visibility: Visibility, monitor: &str) {
    let component = Component {
        name: Some("Search".to_owned()),
        ..Component::of(monitor.parse().unwrap())
    };
    let spec = PageSpec {
        visibility,
        ..PageSpec::public(slug, "Acme", [component])
    };
    status_pages::create(&world.app, &world.actor, spec)
        .await
        .unwrap();
}

async fn look(world: &World, path: &str, tag: Option<&str>) -> Answer {
    let mut request = Request::get(format!("/api/v1{path}")).header("origin", "https://a.example");
    if let Some(tag) = tag {
        request = request.header("if-none-match", tag);
    }
    world.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn everybody_may_read_a_public_page_and_caches_may_keep_it() {
    let world = World::new().await;
    let monitor = world
        .watch("https://search.example.com/mcp?key=hunter2")
        .await;
    page(&world, "acme", Visibility::Public, &monitor).await;
    world.checked(false).await;
    world.rounds(5, 60, false).await;
    world.rounds(1, 60, true).await;
    world.rounds(2, 5, true).await;
    let told = look(&world, "/status/acme", None).await;
    assert!(!told.text.contains("hunter2") && !told.text.contains("example.com/mcp"));
    insta::assert_json_snapshot!("status", tamed(&told.is(200)));
    assert_eq!(told.header("access-control-allow-origin"), "*");
    let caching = "public, max-age=30, stale-while-revalidate=300";
    assert_eq!(told.header("cache-control"), caching);
    let tag = told.header("etag");
    assert!(tag.starts_with('"'), "strong: {tag}");
    let known = look(&world, "/status/acme", Some(tag)).await;
    assert_eq!((known.status.as_u16(), known.text.as_str()), (304, ""));
    assert_eq!(known.header("etag"), tag);
    assert_eq!(
        look(&world, "/status/acme", Some("\"other\""))
            .await
            .status
            .as_u16(),
        200
    );
}

#[tokio::test]
async fn a_page_that_is_not_public_is_like_one_that_is_not_there() {
    let world = World::new().await;
    let monitor = world.watch("https://search.example.com/mcp").await;
    page(&world, "inside", Visibility::Hidden, &monitor).await;
    let (hidden, absent) = (
        look(&world, "/status/inside", None).await,
        look(&world, "/status/nothing", None).await,
    );
    assert_eq!(hidden.is(404), absent.is(404));
    assert_eq!(hidden.headers, absent.headers);
}

#[tokio::test]
async fn what_is_written_for_the_public_is_told_at_once_and_notes_never() {
    let world = World::new().await;
    let monitor = world.watch("https://search.example.com/mcp").await;
    page(&world, "acme", Visibility::Public, &monitor).await;
    world.checked(false).await;
    world.rounds(1, 60, true).await;
    world.rounds(2, 5, true).await;
    let incidents = world.get("/incidents").await.is(200);
    let path = format!(
        "/incidents/{}",
        incidents["data"][0]["id"].as_str().unwrap()
    );
    let before = look(&world, "/status/acme", None).await;
    let tag = before.header("etag").to_owned();
    let write = async |body: Value| {
        world.post(&format!("{path}/notes"), body).await.is(200);
    };
    write(json!({"text": "Rack 7."})).await;
    let same = look(&world, "/status/acme", Some(&tag)).await;
    assert_eq!(
        same.status.as_u16(),
        304,
        "a note is nobody else's business"
    );
    write(json!({"text": "We know it.", "public": true, "stage": "identified"})).await;
    let told = look(&world, "/status/acme", Some(&tag)).await;
    assert!(!told.text.contains("Rack 7") && !told.text.contains("owner@example.com"));
    let told = told.is(200);
    let updates = told["incidents"][0]["updates"].as_array().unwrap();
    let now = world.app.clock.now().rfc3339();
    assert_eq!(
        updates.last().unwrap(),
        &json!({"at": now, "text": "We know it.", "stage": "identified"})
    );
    assert_eq!(updates[0]["stage"], Value::Null);
    assert_eq!(told["incidents"][0]["postmortem"], Value::Null);

    world
        .post(&format!("{path}/resolve"), json!({}))
        .await
        .is(200);
    let learnt = async |public: bool| {
        let body = json!({"postmortem": {"text": "It expired.", "public": public}});
        world.patch(&path, body).await.is(200);
        let told = look(&world, "/status/acme", None).await.is(200);
        told["incidents"][0]["postmortem"].clone()
    };
    assert_eq!(learnt(false).await, Value::Null);
    let now = world.app.clock.now().rfc3339();
    assert_eq!(
        learnt(true).await,
        json!({"text": "It expired.", "updated_at": now})
    );
}
