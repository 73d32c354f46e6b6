//! Getting past a wall, and looking at the way past it where we cannot.
//!
//! Around a conversation: with the credentials of a machine, a token is put into its hands before,
//! or got when the server asks for one. Where a wall remains, the documents on the way to a login
//! are looked at, at most hourly while they are sound (mcp.md §5). All of it is outside the
//! measured time of the check.
//!
//! Plain http is for loopback: an address in the chain must be https, unless it and the endpoint
//! both are on the machine that the probe runs on, which happens only where the operator lets
//! loopback be probed.

mod assertion;
mod chain;
mod documents;
mod errand;
mod expiry;
mod token;

use tokio::time::Instant;

use crate::domain::challenge::Challenge;
use crate::domain::client_credentials::{ClientCredentials, ClientKey};
use crate::domain::login::{LoginChain, TokenTrouble};
use crate::domain::observation::Observation;
use crate::domain::trouble::{StatusSeen, Trouble};
use crate::net::Guard;

use self::assertion::AssertionKey;
use self::chain::Signpost;
pub(super) use self::token::Tokens;
use super::visit::Visit;
use super::{Target, conversation};

/// Checks in a row that have to be refused before that is a wall, and its end an opening.
const A_WALL: u8 = 3;

/// Why the key of a client cannot be used, if it cannot.
pub fn client_key_fault(client: &ClientCredentials) -> Option<String> {
    match &client.key {
        ClientKey::Secret(_) => None,
        ClientKey::PrivateKey(pem) => AssertionKey::read(pem.expose()).err(),
    }
}

/// Holds the conversation with `target`, with whatever it takes to be let in. What that takes is
/// not taken from the time of the conversation: it has budgets of its own.
pub(super) async fn converse(visit: &mut Visit<'_>, target: &Target, offer: Option<&str>) {
    let endpoint = &target.endpoint;
    let mut end = visit.deadline;
    visit.notes.seen.credential_expires_at = expiry::of(endpoint);
    let mut has_fresh = false;
    if let Some(client) = &endpoint.oauth {
        let since = Instant::now();
        has_fresh = before(visit, target, client).await;
        end += since.elapsed();
        visit.deadline = end;
        visit.notes.start_over();
    }
    conversation::hold(visit, endpoint.transport, offer).await;
    if let Some(signpost) = wall(&visit.notes.seen) {
        let since = Instant::now();
        let had_trouble = visit.notes.seen.token.is_some();
        look(visit, target, signpost).await;
        if let Some(client) = &endpoint.oauth
            && !has_fresh
            && !had_trouble
            && log_in(visit, target, client).await
        {
            visit.deadline = end + since.elapsed();
            visit.notes.start_over();
            conversation::hold(visit, endpoint.transport, offer).await;
        }
    }
    remember(visit, endpoint.has_credentials());
    let seen = &mut visit.notes.seen;
    seen.is_plain_public = visit.url.scheme() == "http"
        && seen
            .address
            .is_some_and(|address| Guard::public().check(address.ip()).is_ok());
}

/// Takes the token that we have; gets a new one where we know the way. Says whether it is new.
async fn before(visit: &mut Visit<'_>, target: &Target, client: &ClientCredentials) -> bool {
    let endpoint = &target.endpoint;
    if let Some(token) = visit.parts.tokens.get(endpoint, visit.now()) {
        visit.carry(token.expose());
        return false;
    }
    let Some(known) = visit.notes.seen.memory.access.chain.clone() else {
        return false;
    };
    let signpost = Signpost {
        advertised: known.advertised,
        scope: known.wanted_scope,
    };
    look(visit, target, signpost).await;
    log_in(visit, target, client).await
}

/// Gets a token and takes it along; says whether there is one.
async fn log_in(visit: &mut Visit<'_>, target: &Target, client: &ClientCredentials) -> bool {
    let endpoint = &target.endpoint;
    visit.parts.tokens.drop(endpoint);
    let got = match visit.notes.seen.login.clone() {
        Some(chain) => token::get(visit, endpoint, client, &chain).await,
        None => Err(TokenTrouble::NoWay {
            why: "the way to the authorization server could not be looked at".to_owned(),
        }),
    };
    match got {
        Ok(token) => {
            visit.carry(token.expose());
            true
        }
        Err(trouble) => {
            visit.notes.seen.token = Some(trouble);
            false
        }
    }
}

/// Looks at the way to a login, or recalls what was found last.
async fn look(visit: &mut Visit<'_>, target: &Target, signpost: Signpost) {
    let now = visit.now();
    let is_looked_at = |chain: &LoginChain| chain.advertised == signpost.advertised;
    if visit.notes.seen.login.as_ref().is_some_and(is_looked_at) {
        return;
    }
    let known = visit.notes.seen.memory.access.chain.clone();
    if let Some(known) = &known
        && chain::is_kept(known, signpost.advertised.as_deref(), now)
    {
        visit.notes.seen.login = Some(known.clone());
        return;
    }
    let endpoint = target.endpoint.url.url();
    let found = chain::walk(visit, endpoint, signpost, known.as_ref()).await;
    // Where we could not look, what was known is as good as ever.
    visit.notes.seen.login = found.or(known);
    let seen = &mut visit.notes.seen;
    seen.memory.access.chain.clone_from(&seen.login);
}

/// What a wall that we stand before says of the way; `None` where there is none, or one that is
/// not of OAuth.
fn wall(seen: &Observation) -> Option<Signpost> {
    let status = refusal(seen)?;
    let has_oauth = status.challenges.iter().any(Challenge::is_oauth);
    let is_wall = match status.status {
        401 => has_oauth || status.challenges.is_empty(),
        400 | 403 => has_oauth,
        _ => false,
    };
    is_wall.then(|| {
        let named = |name: &str| {
            let mut all = status.challenges.iter().filter(|c| c.is_oauth());
            all.find_map(|challenge| challenge.parameter(name))
                .map(str::to_owned)
        };
        Signpost {
            advertised: named("resource_metadata"),
            scope: named("scope"),
        }
    })
}

fn refusal(seen: &Observation) -> Option<&StatusSeen> {
    match &seen.stopped.as_ref()?.trouble {
        Trouble::Status(status) => Some(status),
        _ => None,
    }
}

/// What the next check should know of who was let in.
fn remember(visit: &mut Visit<'_>, has_credentials: bool) {
    let now = visit.now();
    let seen = &mut visit.notes.seen;
    let is_in = seen.stopped.is_none();
    let is_refused = refusal(seen).is_some_and(|refusal| match refusal.status {
        401 => true,
        403 => !refusal.challenges.is_empty(),
        _ => false,
    });
    let access = &mut seen.memory.access;
    if has_credentials {
        access.accepted |= is_in;
    } else if is_refused {
        access.walled = access.walled.saturating_add(1);
        access.opened_at = None;
    } else if is_in {
        if access.walled >= A_WALL {
            access.opened_at = Some(now);
        }
        access.walled = 0;
        access.chain = None;
    }
}
