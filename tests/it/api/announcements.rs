//! Announcements on a status page, and the listing of a monitor.

use super::*;

#[tokio::test]
async fn announcements_are_written_changed_ended_and_deleted() {
    let world = World::new().await;
    let page = json!({"slug": "acme", "title": "Acme"});
    let page = world.post("/status-pages", page).await.is(201);
    let list = format!(
        "/status-pages/{}/announcements",
        page["id"].as_str().unwrap()
    );
    assert_eq!(world.get(&list).await.is(200)["data"], json!([]));
    let wrong = world
        .post(&list, json!({"title": ""}))
        .await
        .refused_fields();
    let fields: Vec<_> = wrong.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["title", "text"]);
    let body = json!({"title": "We move", "text": "On Sunday.", "ends_at": after(3_600)});
    let made = world.post(&list, body).await.is(201);
    assert_eq!(
        (&made["shown"], &made["ends_at"]),
        (&json!(true), &json!(after(3_600)))
    );
    let one = format!("{list}/{}", made["id"].as_str().unwrap());
    let changed = world
        .patch(&one, json!({"title": "We moved"}))
        .await
        .is(200);
    assert_eq!(
        (&changed["title"], &changed["text"]),
        (&json!("We moved"), &json!("On Sunday."))
    );
    assert_eq!(changed["ends_at"], after(3_600));
    let open = world.patch(&one, json!({"ends_at": null})).await.is(200);
    assert_eq!(open["ends_at"], Value::Null);
    let ended = world
        .patch(&one, json!({"ends_at": after(-1)}))
        .await
        .is(200);
    assert_eq!(ended["shown"], false);
    assert_eq!(world.get(&one).await.is(200)["title"], "We moved");
    world.delete(&one).await.is(204);
    world.get(&one).await.is(404);
}

#[tokio::test]
async fn a_monitor_is_listed_in_the_public_directory_and_taken_off() {
    let world = World::new().await;
    let monitor = world.watch("http://127.0.0.1:9/mcp").await;
    let path = format!("/monitors/{monitor}/listing");
    assert_eq!(world.get(&path).await.is(200)["listed"], false);
    let listed = world.post(&path, json!({})).await.is(200);
    assert_eq!(
        (&listed["listed"], &listed["verified"]),
        (&json!(true), &json!(false))
    );
    assert!(
        listed["url"]
            .as_str()
            .unwrap()
            .ends_with(&format!("/explore/{monitor}"))
    );
    world.delete(&path).await.is(204);
    world.delete(&path).await.is(204);
    assert_eq!(world.get(&path).await.is(200)["listed"], false);
}
