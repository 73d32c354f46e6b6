//! An `mcp.json` is pasted, its servers chosen and watched.

use axum::http::StatusCode;
use lifesign::domain::team::Role;

use super::site::Site;
use crate::support::engines::engines;

const PASTED: &str = r#"{
  // every client has its own shape
  "mcpServers": {
    "<i>search</i>": { "url": "https://search.example/mcp?key=url-secret", "headers": { "X-Api-Key": "header-secret" } },
    "old": { "type": "sse", "url": "https://old.example/sse" },
    "inside": { "url": "http://10.0.0.1/mcp" },
    "files": { "command": "npx", "args": ["server-files"], "env": { "TOKEN": "env-secret" } }
  }
}"#;

engines! {
    async fn servers_of_a_configuration_are_chosen_and_watched(store: Store) {
        let site = Site::new(store).await;
        let owner = site.owner().await;
        assert!(owner.get("/").await.attribute("a[href='/monitors/import']", "href").is_some());
        let shown = owner.post("/monitors/import", &[("config", PASTED)]).await;
        assert_eq!(shown.status, StatusCode::OK, "{}", shown.text());
        let lines = shown.all(".choices li");
        assert_eq!(lines.len(), 3);
        assert!(lines[0].contains("<i>search</i>") && lines[0].contains("sends X-Api-Key"), "{}", lines[0]);
        assert!(lines[2].contains("HTTP+SSE"), "{}", lines[2]);
        assert!(lines[1].contains("LIFESIGN_ALLOW_TARGETS"), "{}", lines[1]);
        assert_eq!(shown.all("input[name=choose][disabled]").len(), 1);
        assert_eq!(shown.all("input[name=choose][checked]").len(), 2);
        assert!(shown.one(".card.gap").contains("files is started by a command"), "{}", shown.one(".card.gap"));
        for secret in ["url-secret", "header-secret", "env-secret"] {
            assert!(!shown.text().contains(secret), "{secret}");
        }
        assert!(site.app.store.monitor_names(site.owner.team).await.unwrap().is_empty());

        let sealed = shown.attribute("input[name=sealed]", "value").unwrap();
        let none = owner.post("/monitors/import/watch", &[("sealed", &*sealed)]).await;
        assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(none.one(".note.bad:not(#away)").contains("Tick at least one"));
        let (rival, _) = site.rival().await;
        let stolen = rival.post("/monitors/import/watch", &[("sealed", &sealed), ("choose", "0")]).await;
        assert_eq!(stolen.status, StatusCode::UNPROCESSABLE_ENTITY, "it opens for one person only");

        let form = [("sealed", &*sealed), ("choose", "0"), ("choose", "1")];
        let done = owner.post("/monitors/import/watch", &form).await;
        assert!(done.location().starts_with("/channels/first?"), "{}", done.location());
        let list = owner.get("/?done=imported&n=1").await;
        assert_eq!(list.all("li.row .name"), ["<i>search</i>"], "what is refused stays out");
        assert!(list.one(".note.good").contains("1 monitor added"));
        let page = owner.get(&list.attribute("li.row .name", "href").unwrap()).await;
        assert!(page.text().contains("X-Api-Key") && !page.text().contains("header-secret"));

        let again = owner.post("/monitors/import", &[("config", PASTED)]).await;
        assert!(again.all(".choices li")[0].contains("You watch it already"));
    }

    async fn what_names_no_server_comes_back_filled_in(store: Store) {
        let site = Site::new(store).await;
        let owner = site.owner().await;
        let long = "x".repeat(129 * 1_024);
        for (text, part) in [
            ("", "is empty"),
            ("{\"mcpServers\": ", "not JSON"),
            ("{\"a\": 1}", "names no servers"),
            (r#"{"mcpServers": {"files": {"command": "npx"}}}"#, "no server that can be watched"),
            (&long, "more than 128 kB"),
        ] {
            let refused = owner.post("/monitors/import", &[("config", text)]).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{part}");
            assert!(refused.one("#config-error").contains(part), "{}", refused.one("#config-error"));
            assert_eq!(refused.one("#config").trim(), text.trim());
        }
        let old = owner.post("/monitors/import/watch", &[("sealed", "nonsense")]).await;
        assert!(old.one(".note.bad:not(#away)").contains("paste the text again"));
        let viewer = site.colleague(Role::Viewer).await;
        for path in ["/monitors/import", "/monitors/import/watch"] {
            assert_eq!(viewer.post(path, &[("config", PASTED)]).await.status, StatusCode::FORBIDDEN);
        }
    }

    /// A file goes before what stands in the field.
    async fn a_file_is_read_as_well(store: Store) {
        let site = Site::new(store).await;
        let owner = site.owner().await;
        let body = format!(
            "--sEaM\r\nContent-Disposition: form-data; name=\"config\"\r\n\r\n\r\n--sEaM\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"mcp.json\"\r\n\
             Content-Type: application/json\r\n\r\n{PASTED}\r\n--sEaM--\r\n"
        );
        let kind = [("content-type", "multipart/form-data; boundary=sEaM")];
        let shown = owner.post_body("/monitors/import", &kind, body).await;
        assert_eq!(shown.one("h1"), "3 servers found", "{}", shown.text());
    }
}
