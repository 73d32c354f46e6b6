//! The people of the team: invited, given another role, removed.

use super::*;

#[tokio::test]
async fn members_are_invited_changed_and_removed() {
    let world = World::new().await;
    let body = json!({"email": "new@example.com", "role": "viewer"});
    let invited = world.post("/team/members", body.clone()).await.is(201);
    let link = invited["link"].as_str().unwrap();
    assert!(link.starts_with("http://127.0.0.1:8080/setup/"), "{link}");
    assert_eq!(
        (&invited["role"], &invited["mailed"]),
        (&json!("viewer"), &Value::Null)
    );
    let wrong = json!({"email": "x", "role": "king"});
    let wrong = world.post("/team/members", wrong).await.refused_fields();
    let fields: Vec<_> = wrong.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["email", "role"]);

    let team = Some(world.actor.team);
    let (editor, token) = world.somebody("editor", team, Role::Editor).await;
    let refused = world
        .ask(&token, "POST", "/team/members", body.to_string())
        .await;
    assert_eq!(refused.is(403)["code"], "forbidden");
    let path = format!("/team/members/{}", editor.user);
    let changed = world.patch(&path, json!({"role": "viewer"})).await.is(200);
    assert_eq!(changed["role"], "viewer");
    let first = world.get("/team/members?limit=1").await.is(200);
    assert_eq!(first["data"][0]["email"], "editor@example.com");
    let next = first["next_cursor"].as_str().unwrap();
    let rest = world
        .get(&format!("/team/members?cursor={next}"))
        .await
        .is(200);
    assert_eq!(rest["data"][0]["email"], "owner@example.com");
    world.delete(&path).await.is(204);
    world.delete(&path).await.is(404);
    world.ask(&token, "GET", "/monitors", "").await.is(401);

    let own = format!("/team/members/{}", world.actor.user);
    for refused in [
        world.patch(&own, json!({"role": "viewer"})).await,
        world.delete(&own).await,
    ] {
        let (field, message) = refused.refused_fields().remove(0);
        assert_eq!(field, "role");
        assert!(message.contains("last owner"), "{message}");
    }
}
