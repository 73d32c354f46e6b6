//! People let in and out: by the first link, by password, by token, from the console.

mod console;
mod first_run;
mod links;
mod members;
mod passwords;
mod status_pages;
mod tokens;

use std::net::IpAddr;
use std::sync::Arc;

use lifesign::app::App;
use lifesign::app::accounts::{self, visitor};
use lifesign::app::refused::Refused;
use lifesign::clock::{Clock, Ids};
use lifesign::config::Settings;
use lifesign::domain::at::At;
use lifesign::domain::sensitive::Sensitive;
use lifesign::domain::team::Actor;
use lifesign::store::Store;

use crate::support::engines::SECRET_KEY;

const EMAIL: &str = "me@example.com";
const PASSWORD: &str = "correct horse";

/// An application where there is nobody yet.
fn fresh(store: Store) -> Arc<App> {
    lifesign::net::install_crypto_provider();
    let settings = Settings::of(&[("secret_key", SECRET_KEY)]).unwrap();
    let clock = Clock::manual(At(1_795_327_200_000));
    Arc::new(App::new(settings, store, clock, Ids::random()).unwrap())
}

fn secret(text: &str) -> Sensitive {
    Sensitive::new(text)
}

/// The token in a link.
fn token_of(link: &str) -> Sensitive {
    let path = link.strip_prefix("http://127.0.0.1:8080/setup/");
    Sensitive::new(path.expect("a link to the page that sets up"))
}

/// Uses a one-time link.
async fn use_link(app: &App, token: &Sensitive, password: &str) -> Result<Sensitive, Refused> {
    accounts::use_link(app, token, EMAIL, &secret(password), None).await
}

/// Becomes the owner; gives the session.
async fn owner(app: &App) -> Sensitive {
    let link = accounts::first_owner_link(app).await.unwrap().unwrap();
    use_link(app, &token_of(&link), PASSWORD).await.unwrap()
}

async fn log_in(app: &App, email: &str, password: &str) -> Result<Sensitive, Refused> {
    accounts::log_in(app, email, &secret(password), None).await
}

async fn log_in_from(app: &App, address: IpAddr, email: &str) -> Result<Sensitive, Refused> {
    accounts::log_in(app, email, &secret("wrong password"), Some(address)).await
}

/// Who comes with a session.
async fn who(app: &App, session: &Sensitive) -> Option<Actor> {
    visitor(app, session).await.unwrap()
}

/// The fields that were refused.
fn fields<T: std::fmt::Debug>(outcome: Result<T, Refused>) -> Vec<&'static str> {
    match outcome {
        Err(Refused::Fields(faults)) => faults.iter().map(|fault| fault.field).collect(),
        other => panic!("{other:?}"),
    }
}
