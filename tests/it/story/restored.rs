//! A backup of a service that runs, restored on the other engine, serves: people log in, tokens open,
//! monitors are there.

use std::process::Output;

use super::*;
use crate::support::engines::SECRET_KEY;
use crate::support::service::{client, lifesign};
use crate::support::visitor::Visitor;

/// A person of the service that is backed up.
const EMAIL: &str = "her@example.com";

/// Runs a command against a database that no service uses yet.
fn on(database: &Database, arguments: &[&str], key: Option<&str>) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let setting = |name: &str, value: &str| (format!("LIFESIGN_{name}"), value.to_owned());
    let mut settings = vec![setting("DATABASE_URL", &database.url)];
    settings.extend(key.map(|key| setting("SECRET_KEY", key)));
    lifesign(folder.path(), &settings)
        .args(arguments)
        .output()
        .unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

async fn log_in(service: &Service, password: &str) -> u16 {
    let form = [("email", EMAIL), ("password", password)];
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    let request = client().post(format!("{}/login", service.url));
    let request = request
        .header("origin", &service.url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    request.send().await.unwrap().status().as_u16()
}

/// `arguments` are given the path of the backup and the URL of the database that it is of.
async fn a_backup_is_restored_and_serves(
    (from, to): (Engine, Engine),
    arguments: impl Fn(&str, &str) -> Vec<String>,
) {
    let (source, target) = (Database::new(from).await, Database::empty(to).await);
    let (story, _server) = Story::begin(&source).await;
    let _visitor = Visitor::invited(&story.service, EMAIL, "Team").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup");
    let file = file.to_str().unwrap();
    assert_eq!(story.service.command(&["backup", file]), "");

    let arguments = arguments(file, &source.url);
    let arguments: Vec<&str> = arguments.iter().map(|word| &**word).collect();
    let without = on(&target, &arguments, None);
    assert!(
        errors(&without).contains("LIFESIGN_SECRET_KEY"),
        "{without:?}"
    );
    let wrong = on(&target, &arguments, Some(&"5a".repeat(32)));
    assert_eq!(wrong.status.code(), Some(1));
    assert!(errors(&wrong).contains("another key"), "{wrong:?}");
    let done = on(&target, &arguments, Some(SECRET_KEY));
    assert!(done.status.success(), "{done:?}");
    assert!(errors(&done).contains("rows of"), "{done:?}");
    let again = on(&target, &arguments, Some(SECRET_KEY));
    assert!(errors(&again).contains("is not empty"), "{again:?}");
    story.service.kill();

    let hook = story.hook.url();
    let service = Service::start_again(&target, &[]).await;
    let (status, channels) = service.api(&story.token, "GET", "/channels", None).await;
    assert_eq!(status, 200, "{channels}");
    assert!(channels.to_string().contains(&*hook), "{channels}");
    let path = format!("/monitors/{}", story.monitor);
    let (status, monitor) = service.api(&story.token, "GET", &path, None).await;
    assert_eq!((status, &monitor["name"]), (200, &json!("Search")));
    assert_eq!(log_in(&service, "a few words will do").await, 303);
    assert_ne!(log_in(&service, "some other words").await, 303);
    drop(service);
    source.remove().await;
    target.remove().await;
}

/// By a file.
mod a_backup_is_restored_and_serves {
    use super::Engine::{Postgres, Sqlite};

    fn by_file(file: &str, _: &str) -> Vec<String> {
        ["restore", file].map(str::to_owned).to_vec()
    }

    fn at_once(_: &str, url: &str) -> Vec<String> {
        ["restore", "--from", url].map(str::to_owned).to_vec()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn by_a_file_from_postgres_in_sqlite() {
        super::a_backup_is_restored_and_serves((Postgres, Sqlite), by_file).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn at_once_from_sqlite_in_postgres() {
        super::a_backup_is_restored_and_serves((Sqlite, Postgres), at_once).await;
    }
}
