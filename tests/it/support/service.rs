//! The real binary as a process of its own: started, asked by API, killed, started again.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

use super::engines::{Database, SECRET_KEY};

/// Longest that a test waits for something that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
/// Wait between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// Looks again and again until there is an answer; panics with `what` when patience ends.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, look: impl Fn() -> F) -> T {
    let looking = async {
        loop {
            if let Some(answer) = look().await {
                return answer;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    match tokio::time::timeout(PATIENCE, looking).await {
        Ok(answer) => answer,
        Err(_) => panic!("{what} did not happen within {PATIENCE:?}"),
    }
}

/// A service with a folder and a database of its own.
pub(crate) struct Service {
    folder: tempfile::TempDir,
    settings: Vec<(String, String)>,
    child: Mutex<Child>,
    /// Where it listens.
    pub(crate) url: String,
    /// The link that makes the owner, if this start printed one.
    pub(crate) owner_link: Option<String>,
    client: reqwest::Client,
}

/// The command with nothing of this machine's settings.
pub(crate) fn lifesign(folder: &Path, settings: &[(String, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lifesign"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("LIFESIGN_")) {
        command.env_remove(name);
    }
    command.current_dir(folder).envs(settings.iter().cloned()).kill_on_drop(true);
    command
}

impl Service {
    /// Starts it on `database` with further settings, by their names in the environment.
    pub(crate) async fn start(database: &Database, more: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let own = |(name, value): (&str, &str)| (format!("LIFESIGN_{name}"), value.to_owned());
        let mut settings = vec![
            own(("LISTEN", "127.0.0.1:0")),
            own(("ALLOW_TARGETS", "loopback")),
            own(("SECRET_KEY", SECRET_KEY)),
            own(("LOG", "warn")),
        ];
        settings.push(own(("DATABASE_URL", &database.url)));
        settings.extend(more.iter().copied().map(own));
        let (child, url, owner_link) = launch(folder.path(), &settings, true).await;
        let client = client();
        settings.retain(|(name, _)| name != "LIFESIGN_LISTEN");
        settings.push(own(("LISTEN", url.trim_start_matches("http://"))));
        Self { folder, settings, child: Mutex::new(child), url, owner_link, client }
    }

    /// Kills it without a word, as `kill -9` does.
    pub(crate) async fn kill(&self) {
        self.child.lock().await.kill().await.unwrap();
    }

    /// Starts it again on the same folder, database and port.
    pub(crate) async fn restart(&self) {
        let (child, _, _) = launch(self.folder.path(), &self.settings, false).await;
        *self.child.lock().await = child;
    }

    /// Runs another command of the binary on the same database; gives its standard output.
    pub(crate) async fn command(&self, arguments: &[&str]) -> String {
        let output =
            lifesign(self.folder.path(), &self.settings).args(arguments).output().await.unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// A token for scripts, made on the console together with its user and team.
    pub(crate) async fn token(&self) -> String {
        self.command(&["user", "add", "me@example.com", "--team", "Team", "--role", "owner"]).await;
        self.command(&["token", "add", "me@example.com", "--scope", "write"]).await
    }

    /// Asks the API; gives status and body.
    pub(crate) async fn api(&self, token: &str, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let method = method.parse::<reqwest::Method>().unwrap();
        let mut request =
            self.client.request(method, format!("{}/api/v1{path}", self.url)).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    /// What the API says at `path`, or nothing while the service is away or says no.
    pub(crate) async fn look(&self, token: &str, path: &str) -> Option<Value> {
        let request = self.client.get(format!("{}/api/v1{path}", self.url)).bearer_auth(token);
        let answer = request.send().await.ok()?.error_for_status().ok()?;
        answer.json().await.ok()
    }
}

async fn launch(
    folder: &Path,
    settings: &[(String, String)],
    is_first: bool,
) -> (Child, String, Option<String>) {
    let mut child =
        lifesign(folder, settings).arg("serve").stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next_url = async || {
        loop {
            let line = lines.next_line().await.unwrap().expect("the service ended at its start");
            if let Some(url) = line.split_whitespace().find(|word| word.starts_with("http://")) {
                return url.trim_end_matches('/').to_owned();
            }
        }
    };
    let reading = async {
        let url = next_url().await;
        let owner_link = if is_first { Some(next_url().await) } else { None };
        (url, owner_link)
    };
    let (url, owner_link) =
        tokio::time::timeout(PATIENCE, reading).await.expect("it says where it listens");
    (child, url, owner_link)
}

#[expect(clippy::disallowed_methods, reason = "a client of the test, not of the product")]
fn client() -> reqwest::Client {
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap()
}
