//! The real binary as a process of its own: started, asked by API, killed, started again.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;

use super::engines::{Database, SECRET_KEY};

/// Longest that a test waits for something that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
/// Wait between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// Looks again and again until there is an answer; panics with `what` when patience ends.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    look: impl Fn() -> F,
) -> T {
    let looking = async {
        loop {
            if let Some(answer) = look().await {
                return answer;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    let looked = tokio::time::timeout(PATIENCE, looking).await;
    looked.unwrap_or_else(|_| panic!("{what} did not happen within {PATIENCE:?}"))
}

/// A service with a folder and a database of its own.
pub(crate) struct Service {
    folder: tempfile::TempDir,
    settings: Vec<(String, String)>,
    running: Mutex<Running>,
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
    command.current_dir(folder).envs(settings.iter().cloned());
    command
}

/// A process that does not outlive its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Service {
    /// Starts it on `database` with further settings, by their names in the environment.
    pub(crate) async fn start(database: &Database, more: &[(&str, &str)]) -> Self {
        Self::begun(database, more, true).await
    }

    /// Starts it where no link is printed: on a database that has an owner, or without pages.
    pub(crate) async fn start_again(database: &Database, more: &[(&str, &str)]) -> Self {
        Self::begun(database, more, false).await
    }

    async fn begun(database: &Database, more: &[(&str, &str)], is_first: bool) -> Self {
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
        let (running, url, owner_link) = launch(folder.path(), &settings, is_first).await;
        settings.retain(|(name, _)| name != "LIFESIGN_LISTEN");
        settings.push(own(("LISTEN", url.trim_start_matches("http://"))));
        Self {
            folder,
            settings,
            running: Mutex::new(running),
            url,
            owner_link,
            client: client(),
        }
    }

    /// Kills it without a word, as `kill -9` does.
    pub(crate) fn kill(&self) {
        let mut running = self.running.lock().unwrap();
        running.0.kill().unwrap();
        running.0.wait().unwrap();
    }

    /// Starts it again on the same folder, database and port.
    pub(crate) async fn restart(&self) {
        let (running, ..) = launch(self.folder.path(), &self.settings, false).await;
        *self.running.lock().unwrap() = running;
    }

    /// Runs another command of the binary on the same database; gives its standard output.
    pub(crate) fn command(&self, arguments: &[&str]) -> String {
        let output = lifesign(self.folder.path(), &self.settings)
            .args(arguments)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// A token for scripts, made on the console together with its user and team.
    pub(crate) fn token(&self) -> String {
        self.command(&[
            "user",
            "add",
            "me@example.com",
            "--team",
            "Team",
            "--role",
            "owner",
        ]);
        self.command(&["token", "add", "me@example.com", "--scope", "write"])
    }

    /// Asks the API; gives status and body.
    pub(crate) async fn api(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let method = method.parse::<reqwest::Method>().unwrap();
        let mut request = self
            .client
            .request(method, format!("{}/api/v1{path}", self.url))
            .bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    /// What the API says at `path`, or nothing while the service is away or says no.
    pub(crate) async fn look(&self, token: &str, path: &str) -> Option<Value> {
        let request = self
            .client
            .get(format!("{}/api/v1{path}", self.url))
            .bearer_auth(token);
        let answer = request.send().await.ok()?.error_for_status().ok()?;
        answer.json().await.ok()
    }
}

/// `lifesign agent` with a folder of its own.
pub(crate) struct AgentProcess {
    folder: tempfile::TempDir,
    settings: Vec<(String, String)>,
    running: Mutex<Running>,
}

impl AgentProcess {
    /// Starts it for a server, by the token of the agent.
    pub(crate) fn start(server: &str, token: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let own = |(name, value): (&str, &str)| (format!("LIFESIGN_{name}"), value.to_owned());
        let settings = [
            ("AGENT_TOKEN", token),
            ("AGENT_SERVER", server),
            ("ALLOW_TARGETS", "loopback"),
            ("LOG", "warn"),
        ];
        let settings: Vec<_> = settings.into_iter().map(own).collect();
        let running = Mutex::new(Self::launch(folder.path(), &settings));
        Self {
            folder,
            settings,
            running,
        }
    }

    fn launch(folder: &Path, settings: &[(String, String)]) -> Running {
        let mut command = lifesign(folder, settings);
        Running(command.arg("agent").stdout(Stdio::null()).spawn().unwrap())
    }

    /// Kills it without a word, as `kill -9` does, and starts it again on the same folder.
    pub(crate) fn kill_and_restart(&self) {
        let mut running = self.running.lock().unwrap();
        running.0.kill().unwrap();
        running.0.wait().unwrap();
        *running = Self::launch(self.folder.path(), &self.settings);
    }

    /// How many results wait on its disk.
    pub(crate) fn waiting(&self) -> usize {
        let within = |folder: PathBuf| std::fs::read_dir(folder).into_iter().flatten().flatten();
        let folders = within(self.folder.path().join("data/agent"));
        let files = folders.flat_map(|folder| within(folder.path()));
        let texts = files.filter_map(|file| std::fs::read_to_string(file.path()).ok());
        texts.map(|text| text.lines().count()).sum()
    }

    /// What it would end with if it were started for another server, and what it says.
    pub(crate) fn refuses(&self, server: &str, token: &str) -> String {
        let output = lifesign(self.folder.path(), &[])
            .args([
                "agent", "--server", server, "--data", "other", "--token", token,
            ])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

async fn launch(
    folder: &Path,
    settings: &[(String, String)],
    is_first: bool,
) -> (Running, String, Option<String>) {
    let mut command = lifesign(folder, settings);
    let starting = tokio::task::spawn_blocking(move || {
        let child = command.arg("serve").stdout(Stdio::piped()).spawn().unwrap();
        let mut running = Running(child);
        let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
        let mut next_url = || {
            let mut words = lines.by_ref().map(Result::unwrap);
            let line = words.find(|line| line.contains("http://"));
            let line = line.expect("the service ended at its start");
            let url = line
                .split_whitespace()
                .find(|word| word.starts_with("http://"));
            url.unwrap().trim_end_matches('/').to_owned()
        };
        let url = next_url();
        let owner_link = is_first.then(next_url);
        (running, url, owner_link)
    });
    tokio::time::timeout(PATIENCE, starting)
        .await
        .expect("it says where it listens")
        .unwrap()
}

/// A client of our own answers: it follows no redirect.
#[expect(
    clippy::disallowed_methods,
    reason = "a client of the test, not of the product"
)]
pub(crate) fn client() -> reqwest::Client {
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap()
}
