//! Every page in Chromium, with the real binary: what `tests/browser/pages.mjs` looks at.

use std::path::Path;
use std::process::Command;

use fake_mcp::{FakeMcp, healthy, status};

use crate::support::engines::{Database, Engine};
use crate::support::service::Service;

/// From the owner link to the status page, wide and narrow, light and dark, with JavaScript and
/// without: no axe violation, nothing over 50 kB. Screenshots stay in `tests/.cache/screenshots`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_in_chromium() {
    let database = Database::new(Engine::Sqlite).await;
    let service = Service::start(&database, &[]).await;
    let up = FakeMcp::start(healthy().tools(["search", "fetch"])).unwrap();
    let down = FakeMcp::start(status(503)).unwrap();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut looking = Command::new("node");
    looking
        .arg(tests.join("browser/pages.mjs"))
        .args([
            &service.url,
            service.owner_link.as_ref().unwrap(),
            &up.url(),
            &down.url(),
        ])
        .arg(tests.join(".cache/screenshots"));
    let output = tokio::task::spawn_blocking(move || looking.output())
        .await
        .unwrap()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{failed}");
    database.remove().await;
}
