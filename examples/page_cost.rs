//! What pages cost with thousands of monitors and 90 days of history: time of the server from the
//! request to the last byte of the page, without a socket.
//!
//! Fills an empty database with monitors and the rollups of 90 days, then asks for pages of the list,
//! for the page of a monitor that has every hour of them, and for the JSON of its status page, over
//! and over. Prints one line of JSON for each page. Not a test: figures of one machine and one
//! build; only those of a release build say something about a service.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use clap::Parser;
use lifesign::app::App;
use lifesign::app::status_pages::{self, PageSpec};
use lifesign::cli::open;
use lifesign::clock::{Clock, Ids};
use lifesign::config::Settings;
use lifesign::domain::at::{At, DAY_MS, HOUR_MS};
use lifesign::domain::id::{MonitorId, TeamId, UserId};
use lifesign::domain::monitor::{Endpoint, EndpointUrl, Monitor, MonitorSpec, TransportChoice};
use lifesign::domain::status_page::Component;
use lifesign::domain::team::{Actor, Email, Role, User};
use lifesign::domain::uptime::{Bucket, Dated, Spent};
use lifesign::secret::hash_token;
use lifesign::store::{Addition, Store, WHOLE};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// Days of rollups.
const DAYS: i64 = 90;
/// Hours of rollups of most; older ones lie between the days and are asked for by their key.
const HOURS: i64 = 24;
/// Most components of the status page.
const COMPONENTS: usize = 20;
/// Monitors that are written in one transaction.
const BATCH: usize = 50;
/// The session that asks.
const SESSION: &str = "session";
/// Most bytes of a page.
const LIMIT: usize = 4 << 20;

#[derive(Parser)]
struct Arguments {
    /// How many monitors
    #[arg(short, long, default_value = "5000")]
    monitors: usize,
    /// One monitor in so many has every hour of its days
    #[arg(short, long, default_value = "100")]
    whole_each: usize,
    /// How often each page is asked for
    #[arg(short, long, default_value = "200")]
    times: usize,
    /// An empty database; SQLite in a temporary folder without it
    #[arg(long)]
    database_url: Option<String>,
}

fn main() -> anyhow::Result<()> {
    tokio::runtime::Runtime::new()?.block_on(measure(&Arguments::parse()))
}

async fn measure(arguments: &Arguments) -> anyhow::Result<()> {
    lifesign::net::install_crypto_provider();
    let folder = tempfile::tempdir()?;
    let own = format!("sqlite://{}/list.db", folder.path().display());
    let url = arguments.database_url.as_deref().unwrap_or(&own);
    let secret = "5a".repeat(32);
    let settings = Settings::of(&[("database_url", url), ("secret_key", &secret)])?;
    let store = open::store(&settings).await?;
    let (ids, now) = (Ids::random(), Clock::system().now());
    let owner = somebody(&store, &ids, now).await?;
    let begun = Instant::now();
    let mut whole = Vec::new();
    for first in (0..arguments.monitors).step_by(BATCH) {
        let last = (first + BATCH).min(arguments.monitors);
        whole.extend(
            fill(
                &store,
                (&ids, owner.team),
                first..last,
                arguments.whole_each,
                now,
            )
            .await?,
        );
    }
    say(&serde_json::json!({ "filled_s": begun.elapsed().as_secs() }))?;
    let app = Arc::new(App::new(settings, store, Clock::system(), ids)?);
    let shown = whole.iter().take(COMPONENTS).copied().map(Component::of);
    let page = PageSpec::public("acme", "Acme", shown);
    status_pages::create(&app, &owner, page).await?;
    let one = whole.first().map(|id| format!("/monitors/{id}"));
    let pages = lifesign::cli::serve::router(&app, CancellationToken::new());
    for path in [
        "/",
        "/?q=4242",
        "/?tag=tag-7",
        "/?group=tag",
        "/monitors/summary",
        "/status/acme",
        "/api/v1/status/acme",
    ]
    .into_iter()
    .chain(one.as_deref())
    {
        let (mut times, mut bytes) = (Vec::new(), 0);
        for _ in 0..=arguments.times {
            let request = Request::get(path)
                .header(header::COOKIE, format!("lifesign_session={SESSION}"))
                .body(Body::empty())?;
            let begun = Instant::now();
            let page = pages.clone().oneshot(request).await?;
            ensure!(page.status().is_success(), "{path}: {}", page.status());
            bytes = to_bytes(page.into_body(), LIMIT).await?.len();
            times.push(begun.elapsed());
        }
        // The first one prepares the statements.
        times.remove(0);
        times.sort_unstable();
        let ms = |share: usize| {
            let at = (times.len() * share / 100).min(times.len() - 1);
            times.get(at).map(Duration::as_secs_f64).unwrap_or_default() * 1e3
        };
        let line = serde_json::json!({
            "path": path, "monitors": arguments.monitors, "bytes": bytes,
            "median_ms": ms(50), "p99_ms": ms(99),
        });
        say(&line)?;
    }
    Ok(())
}

/// The owner of a team, with a session.
async fn somebody(store: &Store, ids: &Ids, now: At) -> anyhow::Result<Actor> {
    let (team, user) = (TeamId(ids.next()), UserId(ids.next()));
    let email = Email::parse("owner@example.com").context("an address")?;
    let owner = User {
        id: user,
        email,
        password_hash: None,
    };
    let until = now + Duration::from_hours(9);
    let mut tx = store.begin().await?;
    tx.add_team(team, "Team", now).await?;
    tx.add_user(&owner, now).await?;
    tx.put_member(team, user, Role::Owner, now).await?;
    let token = hash_token(SESSION);
    tx.add_session(&token, (team, user), now, until).await?;
    tx.commit().await?;
    Ok(Actor {
        team,
        user,
        email: owner.email,
        role: Role::Owner,
        token: None,
    })
}

/// Monitors with what their checks of 90 days came to; gives those that have every hour.
async fn fill(
    store: &Store,
    (ids, team): (&Ids, TeamId),
    numbers: std::ops::Range<usize>,
    whole_each: usize,
    now: At,
) -> anyhow::Result<Vec<MonitorId>> {
    let (mut additions, mut whole, mut made) = (Vec::new(), Vec::new(), Vec::new());
    let mut tx = store.begin().await?;
    for n in numbers {
        let url = EndpointUrl::parse(&format!("https://server-{n}.example/mcp"));
        let endpoint = Endpoint {
            url: url.map_err(|fault| anyhow::anyhow!(fault.message))?,
            transport: TransportChoice::Auto,
            headers: Vec::new(),
            bearer: None,
            oauth: None,
        };
        let spec = MonitorSpec {
            name: format!("Server {n}"),
            tags: vec![format!("tag-{}", n % 20), "all".to_owned()],
            ..MonitorSpec::of(endpoint)
        };
        let monitor = MonitorId(ids.next());
        made.push(monitor);
        let watched = Monitor {
            id: monitor,
            team,
            spec,
            paused: n % 50 == 0,
        };
        tx.add_monitor(&watched, now).await?;
        let is_whole = (n + 1).is_multiple_of(whole_each);
        let hours = if is_whole { DAYS * 24 } else { HOURS };
        if is_whole {
            whole.push(monitor);
        }
        let days = (hours / 24..DAYS).map(|day| (At(now.0 - day * DAY_MS), DAY_MS));
        let hours = (0..hours).map(|hour| (At(now.0 - hour * HOUR_MS), HOUR_MS));
        additions.extend(days.chain(hours).map(|(at, length)| Addition {
            team,
            monitor,
            location: WHOLE.to_owned(),
            at,
            bucket: bucket(n, length),
        }));
    }
    tx.add_to_rollups(&additions).await?;
    let mut states = tx.states(&made).await?;
    for held in states.values_mut() {
        let (start, bucket) = (now.hour(), bucket(made.len(), HOUR_MS / 2));
        held.open_hour.add(Dated { start, bucket });
    }
    let states: Vec<_> = states.into_iter().collect();
    ensure!(tx.save_states(&states).await?, "another has moved one");
    tx.commit().await?;
    Ok(whole)
}

/// A good hour or day, with a little of everything.
fn bucket(n: usize, length: i64) -> Bucket {
    let mut bucket = Bucket {
        spent: Spent {
            up_ms: length - 300_000,
            down_ms: 240_000,
            unknown_ms: 60_000,
            ..Spent::default()
        },
        checks: length / 60_000,
        failures: 4,
        ..Bucket::default()
    };
    let phases = BTreeMap::from([
        ("tcp", 1.5),
        ("tls", 4.0),
        ("initialize", 22.0),
        ("total", 60.0),
    ]);
    for (phase, ms) in phases {
        for step in 0..8_u8 {
            let spread = 1.0 + f64::from(step) * 0.2 + f64::from(u8::try_from(n % 7).unwrap_or(0));
            bucket.latency.add(phase, ms * spread);
        }
    }
    bucket
}

fn say(line: &serde_json::Value) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
