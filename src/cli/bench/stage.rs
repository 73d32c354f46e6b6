//! An installation of its own to measure on: an empty database, a team with its owner and monitors.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use super::BenchArguments;
use super::target::{AUTHORITY, Target};
use crate::app::App;
use crate::app::status_pages::{self, PageSpec};
use crate::cli::open;
use crate::clock::{Clock, Ids};
use crate::config::Settings;
use crate::domain::at::At;
use crate::domain::id::{MonitorId, TeamId, UserId};
use crate::domain::monitor::{Endpoint, EndpointUrl, Monitor, MonitorSpec, TransportChoice};
use crate::domain::status_page::Component;
use crate::domain::team::{Actor, Email, Role, User};
use crate::secret::{hash_token, random_token};

/// Monitors that are made in one transaction.
const BATCH: usize = 500;
/// Components of the status page.
const COMPONENTS: usize = 20;
/// Where that is.
pub(super) const SLUG: &str = "bench";

/// The installation.
pub(super) struct Stage {
    pub(super) app: Arc<App>,
    /// The cookie of the owner.
    pub(super) session: String,
    /// One of the monitors.
    pub(super) monitor: MonitorId,
}

impl Stage {
    /// Makes it in `folder`, or in the database that was named, with a clock that is moved by hand and
    /// monitors that nobody will ask.
    pub(super) async fn set(folder: &Path, arguments: &BenchArguments) -> anyhow::Result<Self> {
        // The full hour: the first minutes of a measure do not cross into another one.
        let clock = Clock::manual(Clock::system().now().hour());
        let url = |number| format!("https://server-{number}.example/mcp");
        Self::with(folder, arguments, clock, &url).await
    }

    /// Makes it on the clock of the machine, with monitors that all watch `server`.
    pub(super) async fn at_work(
        folder: &Path,
        arguments: &BenchArguments,
        server: &Target,
    ) -> anyhow::Result<Self> {
        let url = |number| format!("{}?{number}", server.url);
        Self::with(folder, arguments, Clock::system(), &url).await
    }

    async fn with(
        folder: &Path,
        arguments: &BenchArguments,
        clock: Clock,
        server: &(dyn Fn(u32) -> String + Sync),
    ) -> anyhow::Result<Self> {
        let authority = folder.join(AUTHORITY);
        let own = format!("sqlite://{}/bench.db", folder.display());
        let url = arguments.database_url.as_deref().unwrap_or(&own);
        let key = "5a".repeat(32);
        let settings = Settings::of(&[
            ("database_url", url),
            ("secret_key", &key),
            ("allow_targets", "loopback"),
            ("ca_file", authority.to_str().context("an odd folder")?),
        ])?;
        let store = open::store(&settings).await?;
        let now = clock.now();
        let app = App::new(settings, store, clock, Ids::random())?;
        let (owner, session) = owner(&app, now).await?;
        let monitors = monitors(&app, owner.team, (arguments.monitors, server), now).await?;
        let shown = monitors.iter().take(COMPONENTS).copied();
        let page = PageSpec::public(SLUG, "Bench", shown.map(Component::of));
        status_pages::create(&app, &owner, page).await?;
        Ok(Self {
            app: Arc::new(app),
            session,
            monitor: *monitors.first().context("no monitor")?,
        })
    }
}

async fn owner(app: &App, now: At) -> anyhow::Result<(Actor, String)> {
    let (team, user) = (TeamId(app.ids.next()), UserId(app.ids.next()));
    let email = Email::parse("owner@example.com").context("an address")?;
    let person = User {
        id: user,
        email: email.clone(),
        password_hash: None,
    };
    let session = random_token().expose().to_owned();
    let until = now + Duration::from_hours(24 * 365);
    let mut tx = app.store.begin().await?;
    tx.add_team(team, "Bench", now).await?;
    tx.add_user(&person, now).await?;
    tx.put_member(team, user, Role::Owner, now).await?;
    tx.add_session(&hash_token(&session), (team, user), now, until)
        .await?;
    tx.commit().await?;
    let owner = Actor {
        team,
        user,
        email,
        role: Role::Owner,
        token: None,
    };
    Ok((owner, session))
}

async fn monitors(
    app: &App,
    team: TeamId,
    (n, server): (u32, &(dyn Fn(u32) -> String + Sync)),
    now: At,
) -> anyhow::Result<Vec<MonitorId>> {
    let numbers: Vec<u32> = (0..n).collect();
    let mut made = Vec::new();
    for numbers in numbers.chunks(BATCH) {
        let mut tx = app.store.begin().await?;
        for number in numbers {
            let url = EndpointUrl::parse(&server(*number));
            let endpoint = Endpoint {
                url: url.map_err(|fault| anyhow::anyhow!(fault.message))?,
                transport: TransportChoice::Auto,
                headers: Vec::new(),
                bearer: None,
                oauth: None,
            };
            let monitor = Monitor {
                id: MonitorId(app.ids.next()),
                team,
                spec: MonitorSpec {
                    name: format!("Server {number}"),
                    ..MonitorSpec::of(endpoint)
                },
                paused: false,
            };
            tx.add_monitor(&monitor, now).await?;
            made.push(monitor.id);
        }
        tx.commit().await?;
    }
    Ok(made)
}
