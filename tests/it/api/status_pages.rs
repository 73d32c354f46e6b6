//! Status pages made, changed and deleted by scripts.

use super::*;

#[tokio::test]
async fn a_page_is_made_changed_and_deleted() {
    let world = World::new().await;
    let monitor = world.watch("https://search.example.com/mcp").await;
    let body = json!({
        "slug": "acme", "title": "Acme", "visibility": "unlisted", "accent": "3A49C4",
        "domain": "Status.Example.com",
        "components": [{"monitor": monitor, "name": "Search", "group": "Europe"}],
    });
    let made = world.post("/status-pages", body).await.is(201);
    let path = format!("/status-pages/{}", made["id"].as_str().unwrap());
    assert_eq!(world.get(&path).await.is(200), made);
    let line = json!({"monitor": monitor, "name": "Search", "group": "Europe"});
    assert_eq!(made["components"], json!([line]));
    assert_eq!(
        (&made["accent"], &made["domain"]),
        (&json!("#3a49c4"), &json!("status.example.com"))
    );
    let shown = world.get("/status/acme").await.is(200);
    assert_eq!(shown["components"][0]["group"], "Europe");

    let changed = world
        .patch(&path, json!({"title": "Other", "domain": null}))
        .await
        .is(200);
    assert_eq!(
        (&changed["title"], &changed["domain"]),
        (&json!("Other"), &Value::Null)
    );
    assert_eq!(
        (&changed["accent"], &changed["components"]),
        (&made["accent"], &made["components"])
    );
    let locked = json!({"visibility": "password", "password": "open sesame"});
    let locked = world.patch(&path, locked).await;
    assert!(!locked.text.contains("sesame") && !locked.text.contains("argon2"));
    locked.is(200);
    assert_eq!(
        world.get("/status/acme").await.text,
        world.get("/status/emca").await.text
    );
    let kept = world.patch(&path, json!({"title": "Third"})).await.is(200);
    assert_eq!(kept["visibility"], "password");

    assert_eq!(
        world.get("/status-pages").await.is(200)["data"],
        json!([kept])
    );
    world.delete(&path).await.is(204);
    world.get(&path).await.is(404);
}

#[tokio::test]
async fn what_is_wrong_with_a_page_is_named() {
    let world = World::new().await;
    for (body, field) in [
        (json!({"title": "Acme"}), "slug"),
        (json!({"slug": "acme"}), "title"),
        (
            json!({"slug": "acme", "title": "Acme", "visibility": "secret"}),
            "visibility",
        ),
        (
            json!({"slug": "acme", "title": "Acme", "visibility": "password"}),
            "password",
        ),
        (
            json!({"slug": "acme", "title": "Acme", "password": "open sesame"}),
            "password",
        ),
        (
            json!({"slug": "acme", "title": "Acme", "domain": "localhost"}),
            "domain",
        ),
        (
            json!({"slug": "acme", "title": "Acme", "accent": "red"}),
            "accent",
        ),
        (
            json!({"slug": "acme", "title": "Acme", "components": [{"monitor": "x"}]}),
            "components",
        ),
        (
            json!({"slug": "acme", "title": "Acme", "colour": "red"}),
            "colour",
        ),
    ] {
        let refused = world
            .post("/status-pages", body.clone())
            .await
            .refused_fields();
        assert_eq!(refused[0].0, field, "{body}");
    }
}
