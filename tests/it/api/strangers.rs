//! What belongs to another team is not there: on every route, to the letter.

use super::*;

/// Ids of everything that the first team has, by the word that the path uses before them.
async fn possessions(world: &World) -> Vec<(&'static str, String)> {
    let monitor = world.watch("https://search.example.com/mcp").await;
    let channel = json!({
        "name": "Ops", "kind": "webhook", "default": true, "settings": {"url": "http://127.0.0.1:9/"},
    });
    let channel = world.post("/channels", channel).await.is(201);
    world.checked(false).await;
    world.rounds(1, 60, true).await;
    world.rounds(2, 5, true).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let channel = text(&channel["id"]);
    let delivery = world
        .get(&format!("/channels/{channel}/deliveries"))
        .await
        .is(200);
    let incident = world.get("/incidents").await.is(200);
    let token = world.get("/tokens").await.is(200);
    let window = json!({"name": "Move", "minutes": 15, "all": true});
    let window = world.post("/maintenance-windows", window).await.is(201);
    let page = json!({"slug": "acme", "title": "Acme", "components": [{"monitor": monitor}]});
    let page = world.post("/status-pages", page).await.is(201);
    let announcements = format!("/status-pages/{}/announcements", text(&page["id"]));
    let said = json!({"title": "We move", "text": "On Sunday."});
    let announcement = world.post(&announcements, said).await.is(201);
    let agent = json!({"name": "Office", "location": "office"});
    let agent = world.post("/agents", agent).await.is(201);
    vec![
        ("agents", text(&agent["id"])),
        ("announcements", text(&announcement["id"])),
        ("members", world.actor.user.to_string()),
        ("maintenance-windows", text(&window["id"])),
        ("monitors", monitor),
        ("channels", channel),
        ("deliveries", text(&delivery["data"][0]["id"])),
        ("incidents", text(&incident["data"][0]["id"])),
        ("tokens", text(&token["data"][0]["id"])),
        ("status-pages", text(&page["id"])),
    ]
}

/// A path with an id in every place: somebody's, or one that there is not.
fn filled(path: &str, ids: &[(&str, String)]) -> String {
    let mut before = "";
    let mut words = Vec::new();
    for word in path.split('/') {
        let id = ids
            .iter()
            .find(|(kind, _)| *kind == before)
            .map(|(_, id)| id.as_str());
        words.push(if word.starts_with('{') {
            id.unwrap()
        } else {
            word
        });
        before = word;
    }
    words.join("/")
}

#[tokio::test]
async fn every_route_answers_a_stranger_as_if_there_were_nothing() {
    let world = World::new().await;
    let theirs = possessions(&world).await;
    let nobodys: Vec<_> = theirs
        .iter()
        .map(|(kind, _)| (*kind, world.app.ids.next().to_string()))
        .collect();
    let (_, stranger) = world.somebody("stranger", None, Role::Owner).await;
    let document = serde_json::to_value(lifesign::api::document()).unwrap();
    let mut walked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let is_of_nobody = path.starts_with("/status/") || path.starts_with("/reports/");
        if !path.contains('{') || is_of_nobody {
            continue;
        }
        for method in ["get", "post", "patch", "delete"] {
            if item.get(method).is_none() {
                continue;
            }
            let body = if path.ends_with("/notes") {
                json!({"text": "x"})
            } else if path.starts_with("/team/members/") {
                json!({"role": "viewer"})
            } else {
                json!({})
            };
            let ask = async |ids: &[(&str, String)]| {
                let (method, path) = (method.to_uppercase(), filled(path, ids));
                world.ask(&stranger, &method, &path, body.to_string()).await
            };
            let (of_others, of_nobody) = (ask(&theirs).await, ask(&nobodys).await);
            assert_eq!(
                of_others.status.as_u16(),
                404,
                "{method} {path}: {}",
                of_others.text
            );
            assert_eq!(of_others.text, of_nobody.text, "{method} {path}");
            walked += 1;
        }
    }
    assert!(walked >= 20, "{walked}");
    for list in ["/monitors", "/incidents", "/channels", "/status-pages"] {
        assert_eq!(
            world.ask(&stranger, "GET", list, "").await.is(200)["data"],
            json!([]),
            "{list}"
        );
    }
    let month = lifesign::domain::month::Month::of(world.app.clock.now());
    let report = world
        .ask(&stranger, "GET", &format!("/reports/{month}"), "")
        .await
        .is(200);
    assert_eq!(
        (&report["monitors"], &report["incidents"]),
        (&json!([]), &json!([]))
    );
    let of = |kind: &str| &theirs.iter().find(|(known, _)| *known == kind).unwrap().1;
    world
        .get(&format!("/monitors/{}", of("monitors")))
        .await
        .is(200);
    let theirs = json!({"url": "https://e.example/", "channels": [of("channels")]}).to_string();
    let refused = world
        .ask(&stranger, "POST", "/monitors", theirs)
        .await
        .refused_fields();
    assert_eq!(refused[0].0, "channels");
}
