//! The way into a status page with a password: what somebody gets who has shown it.
//!
//! A pass is sealed for its page and names the hash of the password, so that it ends when the
//! password is changed. It is no session of a person and opens nothing else.

use std::net::IpAddr;
use std::time::Duration;

use super::App;
use super::public_kept::{self, Seen};
use super::refused::Refused;
use crate::domain::at::At;
use crate::domain::monitor::FieldError;
use crate::domain::sensitive::Sensitive;
use crate::domain::status_page::{MAX_PASSWORD, StatusPage};
use crate::secret::{Place, hash_token};

/// How long a pass opens its page.
pub const PASS_LIFE: Duration = Duration::from_hours(30 * 24);

fn place(page: &StatusPage) -> Place {
    Place {
        table: "status_page",
        field: "pass",
        row: page.id.0,
    }
}

/// The name of the cookie that holds the pass of a page.
pub fn cookie(slug: &str) -> String {
    format!("lifesign_page_{slug}")
}

/// Gives a pass for the right password. Refused like a log-in that was tried too often, and with
/// the field when it is the wrong one; a page that takes no password is not there.
pub async fn unlock(
    app: &App,
    slug: &str,
    password: &Sensitive,
    address: Option<IpAddr>,
) -> Result<Sensitive, Refused> {
    let Seen::Locked(status) = public_kept::seen(app, slug, None).await? else {
        return Err(Refused::NotFound);
    };
    let (page, now) = (&status.page, app.clock.now());
    let hash = page.password_hash.as_ref();
    let is_sane = password.expose().chars().count() <= MAX_PASSWORD;
    let who = (page.id, address);
    if !is_sane || !app.logins.opens_page(who, password, hash, now).await? {
        return Err(FieldError::new("password", "is not the one of this page").into());
    }
    let until = (now + PASS_LIFE).0;
    let plain = format!("{until} {}", bound_to(page));
    Ok(Sensitive::new(app.store.seal(&place(page), &plain)))
}

/// Whether a pass opens a page now.
pub(super) fn opens(app: &App, page: &StatusPage, pass: &str) -> bool {
    let Some(plain) = app.store.open(&place(page), pass) else {
        return false;
    };
    let Some((until, bound)) = plain.expose().split_once(' ') else {
        return false;
    };
    let is_in_time = until.parse().is_ok_and(|until| app.clock.now() < At(until));
    is_in_time && bound == bound_to(page)
}

/// What changes with the password of a page.
fn bound_to(page: &StatusPage) -> String {
    let hash = page.password_hash.as_ref();
    hash.map_or_else(String::new, |hash| hash_token(hash.expose()))
}
