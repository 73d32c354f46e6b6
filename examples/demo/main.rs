//! `make demo`: the service with scripted servers and thirty days of history, so that every page
//! has something to show. Starts from nothing each time, in a temporary folder.

mod history;
mod servers;

use std::io::Write as _;

use anyhow::Context as _;
use lifesign::app::channels::{self, ChannelSpec};
use lifesign::app::maintenance::{self, WindowSpec};
use lifesign::app::status_pages::PageSpec;
use lifesign::app::{App, accounts, claims, listings, members, status_pages};
use lifesign::cli::{open, serve};
use lifesign::clock::{Clock, Ids};
use lifesign::config::Settings;
use lifesign::domain::channel::{Kind, Route, Words};
use lifesign::domain::maintenance::{Cron, Schedule, Scope};
use lifesign::domain::sensitive::Sensitive;
use lifesign::domain::status_page::Component;
use lifesign::domain::team::Actor;
use lifesign::domain::zone::Zone;

/// Whom the demo belongs to.
const EMAIL: &str = "demo@example.com";
/// The password of the demo, which listens on loopback only.
const PASSWORD: &str = "demo-demo-demo";
/// The status page.
const PAGE: &str = "demo";

fn main() -> anyhow::Result<()> {
    tokio::runtime::Runtime::new()?.block_on(run())
}

async fn run() -> anyhow::Result<()> {
    lifesign::net::install_crypto_provider();
    let folder = tempfile::tempdir()?;
    let servers = servers::start().await?;
    let settings = Settings::of(&[
        (
            "database_url",
            &format!("sqlite://{}/demo.db", folder.path().display()),
        ),
        ("secret_key", &"5a".repeat(32)),
        ("allow_targets", "loopback"),
        ("log", "warn"),
    ])?;
    lifesign::telemetry::start(&settings.log)?;

    say("Writing thirty days of history …")?;
    let now = Clock::system().now();
    let store = open::store(&settings).await?;
    let clock = Clock::manual(now - history::LENGTH);
    let app = App::new(settings.clone(), store, clock, Ids::random())?;
    let actor = become_owner(&app).await?;
    let watched = servers.watch(&app, &actor).await?;
    history::write(&app, &watched, now).await?;
    servers.quicken(&app, &actor, &watched).await?;
    let components = watched.iter().map(|watched| Component::of(watched.monitor));
    let page = PageSpec::public(PAGE, "Demo", components);
    status_pages::create(&app, &actor, page).await?;
    fill_directory(&app, &actor, &watched).await?;
    fill_team(&app, &actor).await?;
    let backup = WindowSpec {
        name: "Nightly backup".to_owned(),
        schedule: Schedule::Cron {
            cron: Cron::parse("30 2 * * *")?,
            minutes: 45,
        },
        zone: Zone::parse("Europe/Berlin").context("the zone is known")?,
        scope: Scope::All,
        is_excluded: true,
    };
    maintenance::create(&app, &actor, backup).await?;
    let receiver = servers::receiver().await?;
    let channel = ChannelSpec {
        name: "Ops",
        settings: &|name| (name == "url").then_some(receiver.as_str()),
        is_default: true,
        route: Route::default(),
        words: Words::default(),
        digest: None,
    };
    channels::create(&app, &actor, Kind::Webhook, &channel).await?;
    drop(app);

    say(&format!(
        "Log in as {EMAIL} with {PASSWORD}; the status page is /status/{PAGE}"
    ))?;
    tokio::select! {
        ended = serve::run(settings) => ended,
        () = servers.play() => Ok(()),
    }
}

/// Lists every server, and lets the first one have an owner.
async fn fill_directory(
    app: &App,
    actor: &Actor,
    watched: &[history::Watched],
) -> anyhow::Result<()> {
    for one in watched {
        listings::list(app, actor, one.monitor).await?;
    }
    let first = watched.first().context("nothing is watched")?;
    let listed = app.store.listing(actor.team, first.monitor).await?;
    let host = listed.context("it is not listed")?.listing.host;
    let id = claims::create(app, actor, &host).await?;
    let words = "Finds anything in the documents of the demo.";
    claims::say(app, actor, id, (words, "https://example.com/search")).await?;
    let claim = app.store.claim(actor.team, id).await?;
    let claim = claim.context("it is not claimed")?;
    let mut tx = app.store.begin().await?;
    let proved = claim.proved(Clock::system().now());
    tx.save_claim_check(&claim, &proved).await?;
    tx.commit().await?;
    Ok(())
}

/// Lets a colleague in, and invites another.
async fn fill_team(app: &App, actor: &Actor) -> anyhow::Result<()> {
    let invited = members::invite(app, actor, ("colleague@example.com", "editor")).await?;
    let link = invited.link.expose();
    let token = Sensitive::new(link.rsplit('/').next().unwrap_or_default());
    accounts::use_link(app, &token, "", &Sensitive::new(PASSWORD), None).await?;
    members::invite(app, actor, ("guest@example.com", "viewer")).await?;
    Ok(())
}

fn say(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")
}

/// Uses the owner link as a person would.
async fn become_owner(app: &App) -> anyhow::Result<Actor> {
    let link = accounts::first_owner_link(app)
        .await?
        .context("the database is not fresh")?;
    let token = Sensitive::new(link.rsplit('/').next().unwrap_or_default());
    let password = Sensitive::new(PASSWORD);
    let cookie = accounts::use_link(app, &token, EMAIL, &password, None).await?;
    accounts::visitor(app, &cookie)
        .await?
        .context("the owner is not logged in")
}
