//! The commands on the console, as a person or a script runs them.

use std::path::Path;
use std::process::{Command, Output};

use lifesign::domain::team::{Actor, Email, Role, Scope};
use lifesign::secret::hash_token;
use lifesign::store::Store;

use super::{EMAIL, PASSWORD, fresh, token_of, use_link, who};
use crate::support::engines::{Database, Engine, SECRET_KEY};
use crate::support::service::lifesign;

/// A console on a database of its own.
struct Console {
    folder: tempfile::TempDir,
    settings: Vec<(String, String)>,
}

impl Console {
    fn on(settings: &[(&str, &str)]) -> Self {
        let named =
            |(name, value): &(&str, &str)| (format!("LIFESIGN_{name}"), (*value).to_owned());
        Self {
            folder: tempfile::tempdir().unwrap(),
            settings: settings.iter().map(named).collect(),
        }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = lifesign(self.folder.path(), &self.settings);
        command.args(arguments).output().unwrap()
    }

    /// What a command that succeeds prints for a script.
    fn printed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            errors(&output)
        );
        let text = String::from_utf8(output.stdout).unwrap();
        let line = text.strip_suffix('\n').unwrap_or(&text).to_owned();
        assert!(
            !line.contains(char::is_whitespace),
            "more than one word: {text}"
        );
        line
    }

    /// What a command that fails says.
    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        errors(&output)
    }
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

async fn accounts_are_made_on_the_console(engine: Engine) {
    let database = Database::new(engine).await;
    let console = Console::on(&[("DATABASE_URL", &database.url), ("SECRET_KEY", SECRET_KEY)]);
    let add = [
        "user",
        "add",
        "Me@Example.com",
        "--team",
        "Ours",
        "--role",
        "owner",
    ];
    let link = console.printed(&add);
    let token = console.printed(&["token", "add", EMAIL, "--scope", "write"]);

    let app = fresh(database.store().await);
    let bearer = async |token: &str| {
        app.store
            .bearer(&hash_token(token), app.clock.now())
            .await
            .unwrap()
    };
    let (actor, scope) = bearer(&token).await.unwrap();
    assert_eq!((actor.role, scope), (Role::Owner, Scope::Write));
    let teams = app.store.teams_of(actor.user).await.unwrap();
    assert_eq!(teams[0].0.name, "Ours");

    let user = app
        .store
        .user(&Email::parse(EMAIL).unwrap())
        .await
        .unwrap()
        .unwrap();
    assert!(user.password_hash.is_none());
    let session = use_link(&app, &token_of(&link), PASSWORD).await.unwrap();
    let by_page = Actor {
        token: None,
        ..actor.clone()
    };
    assert_eq!(who(&app, &session).await, Some(by_page));

    let reset = console.printed(&["user", "reset-password", EMAIL]);
    use_link(&app, &token_of(&reset), "battery staple")
        .await
        .unwrap();

    let id = app.store.tokens(actor.team, 1, None).await.unwrap().rows[0]
        .id
        .to_string();
    console.printed(&["token", "revoke", &id]);
    assert_eq!(bearer(&token).await, None);
    let message = console.refused(&["token", "revoke", &id]);
    assert!(message.contains("id:"), "{message}");

    // The same team again, and another: then a token has to say which.
    console.printed(&[
        "user",
        "add",
        "you@example.com",
        "--team",
        "Ours",
        "--role",
        "viewer",
    ]);
    assert_eq!(
        app.store
            .members(actor.team, 9, None)
            .await
            .unwrap()
            .rows
            .len(),
        2
    );
    console.printed(&["user", "add", EMAIL, "--team", "Theirs", "--role", "viewer"]);
    let message = console.refused(&["token", "add", EMAIL, "--scope", "read"]);
    assert!(
        message.contains("team:") && message.contains("'Theirs'"),
        "{message}"
    );
    let named = ["token", "add", EMAIL, "--scope", "read", "--team", "Theirs"];
    let token = console.printed(&named);
    assert_ne!(bearer(&token).await.unwrap().0.team, actor.team);
    app.store.close().await;
    database.remove().await;
}

#[tokio::test]
async fn accounts_are_made_on_the_console_on_sqlite() {
    accounts_are_made_on_the_console(Engine::Sqlite).await;
}

#[tokio::test]
async fn accounts_are_made_on_the_console_on_postgres() {
    accounts_are_made_on_the_console(Engine::Postgres).await;
}

#[tokio::test]
async fn a_team_keeps_its_last_owner_and_a_name_of_several_is_refused() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let database = Database::new(engine).await;
        let console = Console::on(&[("DATABASE_URL", &database.url), ("SECRET_KEY", SECRET_KEY)]);
        let add = |email, team, role| ["user", "add", email, "--team", team, "--role", role];
        console.printed(&add(EMAIL, "Ours", "owner"));
        let demote = add(EMAIL, "Ours", "viewer");
        let message = console.refused(&demote);
        assert!(message.contains("role: must stay owner"), "{message}");
        console.printed(&add(EMAIL, "Ours", "owner"));
        console.printed(&add("you@example.com", "Ours", "owner"));
        console.printed(&demote);
        let store = database.store().await;
        let ours = store.teams().await.unwrap()[0].id;
        let members = store.members(ours, 9, None).await.unwrap().rows;
        let roles: Vec<Role> = members.iter().map(|member| member.role).collect();
        assert_eq!(roles, [Role::Viewer, Role::Owner]);

        console.printed(&add(EMAIL, "Theirs", "owner"));
        let theirs = store.teams().await.unwrap()[1].id;
        let mut tx = store.begin().await.unwrap();
        assert!(tx.rename_team(theirs, "Ours").await.unwrap());
        tx.commit().await.unwrap();
        let file = console.folder.path().join("mcp.json");
        let text = r#"{"mcpServers": {"Search": {"url": "https://search.example.com/mcp"}}}"#;
        std::fs::write(file, text).unwrap();
        for arguments in [
            &add("they@example.com", "Ours", "owner")[..],
            &["import", "mcp.json", "--team", "Ours"],
            &["token", "add", EMAIL, "--scope", "read", "--team", "Ours"],
        ] {
            let message = console.refused(arguments);
            assert!(
                message.contains("team: is the name of several"),
                "{message}"
            );
        }
        store.close().await;
        database.remove().await;
    }
}

#[test]
fn the_first_command_makes_the_database_and_its_key() {
    let console = Console::on(&[]);
    console.printed(&["migrate"]);
    let exists = |path: &str| console.folder.path().join(path).exists();
    assert!(exists("data/lifesign.db") && exists("data/secret.key"));

    let elsewhere = Console::on(&[("DATABASE_URL", "sqlite://deep/down/x.db")]);
    elsewhere.printed(&["migrate"]);
    elsewhere.printed(&["migrate"]);
    let folder = elsewhere.folder.path().join("deep/down");
    assert!(Path::exists(&folder.join("x.db")) && Path::exists(&folder.join("secret.key")));
    std::fs::remove_file(folder.join("secret.key")).unwrap();
    let message = elsewhere.refused(&["migrate"]);
    assert!(message.contains("LIFESIGN_SECRET_KEY"), "{message}");
}

#[test]
fn a_command_that_fails_names_the_argument_or_the_setting() {
    let console = Console::on(&[]);
    for (arguments, part) in [
        (
            &["user", "add", "me", "--team", "T", "--role", "owner"][..],
            "email:",
        ),
        (
            &["user", "add", EMAIL, "--team", " ", "--role", "owner"],
            "team:",
        ),
        (
            &["user", "add", EMAIL, "--team", "T", "--role", "boss"],
            "role:",
        ),
        (&["user", "reset-password", EMAIL], "email:"),
        (&["token", "add", EMAIL, "--scope", "read"], "email:"),
        (&["token", "add", EMAIL, "--scope", "all"], "scope:"),
        (&["token", "revoke", "1"], "id:"),
    ] {
        let message = console.refused(arguments);
        assert!(message.contains(part), "{arguments:?}: {message}");
    }
    for (settings, part) in [
        (
            &[("DATABASE_URL", "mysql://x")][..],
            "LIFESIGN_DATABASE_URL",
        ),
        (
            &[("DATABASE_URL", "postgres://127.0.0.1:1/x")],
            "LIFESIGN_SECRET_KEY",
        ),
        (&[("SECRET_KEY", "short")], "LIFESIGN_SECRET_KEY"),
        (&[("CONFIG", "nowhere.toml")], "nowhere.toml"),
        (
            &[
                ("DATABASE_URL", "postgres://me:hunter2@127.0.0.1:1/x"),
                ("SECRET_KEY", SECRET_KEY),
            ],
            "LIFESIGN_DATABASE_URL",
        ),
    ] {
        let message = Console::on(settings).refused(&["migrate"]);
        assert!(message.contains(part), "{settings:?}: {message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
}

async fn the_servers_of_a_configuration_are_watched(engine: Engine) {
    let database = Database::new(engine).await;
    let console = Console::on(&[("DATABASE_URL", &database.url), ("SECRET_KEY", SECRET_KEY)]);
    let file = console.folder.path().join("mcp.json");
    let text = r#"{ // mine
        "mcpServers": {
            "Search": {"url": "https://search.example.com/mcp", "headers": {"X-Key": "hunter2"}},
            "Inside": {"url": "https://192.168.0.9/mcp"},
            "Git": {"command": "uvx", "args": ["mcp-server-git"]},
        }
    }"#;
    std::fs::write(&file, text).unwrap();
    let import = |more: &[&'static str]| {
        let output = console.run(&[&["import", "mcp.json"], more].concat());
        assert!(output.status.success(), "{}", errors(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let message = console.refused(&["import", "mcp.json"]);
    assert!(message.contains("team:"), "{message}");
    console.printed(&["user", "add", EMAIL, "--team", "Ours", "--role", "owner"]);

    let store = database.store().await;
    let team = store.teams().await.unwrap()[0].id;
    let names = async || store.monitor_names(team).await.unwrap();
    let holds = |said: &str, line: &str| {
        let is_there = said.lines().any(|said| said.starts_with(line));
        assert!(is_there, "{line} in {said}");
    };
    holds(
        &import(&["--dry-run"]),
        "would add Search: https://search.example.com/mcp",
    );
    assert!(names().await.is_empty());
    let added = import(&["--team", "Ours"]);
    holds(&added, "added Search: https://search.example.com/mcp");
    holds(
        &added,
        "skipped Inside: the address 192.168.0.9 is not public",
    );
    holds(&added, "skipped Git: is started by a command");
    assert!(!added.contains("hunter2"), "{added}");
    holds(&import(&[]), "there already Search: ");
    assert_eq!(names().await.len(), 1);

    let message = console.refused(&["import", "mcp.json", "--team", "Theirs"]);
    assert!(message.contains("must be one of 'Ours'"), "{message}");
    std::fs::write(&file, "{}").unwrap();
    let message = console.refused(&["import", "mcp.json"]);
    assert!(message.contains("file: names no servers"), "{message}");
    store.close().await;
    database.remove().await;
}

#[tokio::test]
async fn the_servers_of_a_configuration_are_watched_on_sqlite() {
    the_servers_of_a_configuration_are_watched(Engine::Sqlite).await;
}

#[tokio::test]
async fn the_servers_of_a_configuration_are_watched_on_postgres() {
    the_servers_of_a_configuration_are_watched(Engine::Postgres).await;
}

#[test]
fn the_settings_are_printed_as_the_example_file_has_them() {
    let output = Console::on(&[]).run(&["config"]);
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.example.toml");
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        std::fs::read_to_string(example).unwrap()
    );
}

/// As the first process of a container it would not even be ended otherwise.
#[test]
fn a_signal_ends_a_start_that_waits_for_its_database() {
    let database = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://{}/x", database.local_addr().unwrap());
    let console = Console::on(&[
        ("DATABASE_URL", &url),
        ("SECRET_KEY", SECRET_KEY),
        ("LISTEN", "127.0.0.1:0"),
    ]);
    let mut command = lifesign(console.folder.path(), &console.settings);
    let mut service = command.arg("serve").spawn().unwrap();
    // It asks, and gets no answer.
    let _asked = database.accept().unwrap();
    let pid = service.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    assert!(sent.success());
    assert!(service.wait().unwrap().success());
}

#[tokio::test]
async fn what_is_made_on_the_console_is_not_lost_by_a_second_store() {
    // Console and service have the same database open: neither waits for the other to end.
    let database = Database::new(Engine::Sqlite).await;
    let store: Store = database.store().await;
    let console = Console::on(&[("DATABASE_URL", &database.url), ("SECRET_KEY", SECRET_KEY)]);
    let add = ["user", "add", EMAIL, "--team", "Ours", "--role", "owner"];
    console.printed(&add);
    assert!(
        store
            .user(&Email::parse(EMAIL).unwrap())
            .await
            .unwrap()
            .is_some()
    );
    store.close().await;
    database.remove().await;
}
