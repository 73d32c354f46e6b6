//! The way to a login, walked as a client would: from the challenge to the metadata of the
//! resource, from there to the metadata of its authorization servers — and no further. Nothing is
//! registered, no authorization is begun.

use std::time::Duration;

use url::Url;

use super::documents::{
    MAX_ADDRESS, address, insecure, is_secure, issuer_address, issuer_addresses, legacy_address,
    read_issuer, read_resource, resource_addresses,
};
use super::errand::{Errand, Fetched};
use crate::domain::at::{At, HOUR_MS};
use crate::domain::login::{LoginChain, LoginFault};
use crate::domain::observation::{Outcome, StepName};
use crate::domain::untrusted::{MAX_QUOTE, line};
use crate::probe::visit::Visit;

/// For all documents together.
const BUDGET: Duration = Duration::from_secs(10);
/// How long a conclusion is kept.
const KEPT_MS: i64 = HOUR_MS;
/// How long one is kept that says that nobody can log in, so that the end of it is not noticed an
/// hour late.
const KEPT_BROKEN_MS: i64 = HOUR_MS / 6;
/// How often such a conclusion has to be drawn before it is kept: as often as a change of status
/// has to be seen before it is told.
const CONFIRMED: u8 = 3;

/// What a challenge says of the way.
#[derive(Clone, Debug, Default)]
pub(super) struct Signpost {
    /// Where the metadata of the resource is.
    pub(super) advertised: Option<String>,
    /// The scope that is wanted.
    pub(super) scope: Option<String>,
}

/// Whether what was found last still stands for what would be found now.
pub(super) fn is_kept(chain: &LoginChain, advertised: Option<&str>, now: At) -> bool {
    let kept = match chain.is_broken() {
        false => KEPT_MS,
        true if chain.confirmed < CONFIRMED => 0,
        true => KEPT_BROKEN_MS,
    };
    chain.advertised.as_deref() == advertised && (0..kept).contains(&now.ms_since(chain.checked_at))
}

/// Walks the way. `None` when we could not look.
pub(super) async fn walk(
    visit: &mut Visit<'_>,
    endpoint: &Url,
    signpost: Signpost,
    before: Option<&LoginChain>,
) -> Option<LoginChain> {
    let step = visit.notes.at;
    visit.notes.begin(StepName::Authorization);
    let mut chain = LoginChain::begun(visit.now(), signpost.advertised);
    chain.wanted_scope = signpost.scope;
    let mut errand = Errand::new(visit, BUDGET);
    let walked = follow(&mut errand, endpoint, &mut chain).await;
    errand.end().await;
    if let Some(before) = before
        && before.faults == chain.faults
    {
        chain.confirmed = before.confirmed.saturating_add(1);
    }
    let outcome = if walked.is_none() || chain.is_broken() {
        Outcome::Failed
    } else {
        Outcome::Ok
    };
    visit.notes.end(outcome, Some(told(&chain)));
    visit.notes.at = step;
    walked.map(|()| chain)
}

async fn follow(errand: &mut Errand<'_, '_>, endpoint: &Url, chain: &mut LoginChain) -> Option<()> {
    let issuers = match resource(errand, endpoint, chain).await? {
        Found::Issuers(issuers) => issuers,
        Found::Nobody => return Some(()),
        Found::Nothing => return legacy(errand, endpoint, chain).await,
    };
    let mut ways = Vec::with_capacity(issuers.len());
    for named in &issuers {
        let mut way = chain.clone();
        way.faults.clear();
        way.issuer = Some(line(named, MAX_ADDRESS));
        let is_seen = match issuer_address(named, endpoint) {
            Ok(url) => issuer(errand, &url, endpoint, &mut way).await.is_some(),
            Err(fault) => {
                way.faults.push(fault);
                true
            }
        };
        ways.extend(is_seen.then_some(way));
    }
    let is_sound = |way: &LoginChain| !way.is_broken();
    let is_read = |way: &LoginChain| is_sound(way) && way.issuer_metadata.is_some();
    let best = ways.iter().position(is_read);
    let best = best.or_else(|| ways.iter().position(is_sound));
    // Nobody can say that none of them is of use who has not seen them all.
    if best.is_none() && ways.len() < issuers.len() {
        return None;
    }
    let before = std::mem::take(&mut chain.faults);
    *chain = ways.remove(best.unwrap_or_default());
    chain.faults.splice(..0, before);
    if best.is_some() {
        let spare = ways.iter().filter_map(|way| {
            let fault = way.faults.iter().find(|fault| fault.is_serious())?;
            Some(LoginFault::SpareIssuer {
                issuer: way.issuer.clone().unwrap_or_default(),
                why: fault.of_issuer(),
            })
        });
        chain.faults.extend(spare);
    }
    Some(())
}

/// Looks at one authorization server. `None` when we could not look.
async fn issuer(
    errand: &mut Errand<'_, '_>,
    issuer: &Url,
    endpoint: &Url,
    chain: &mut LoginChain,
) -> Option<()> {
    let mut refused = None;
    for url in issuer_addresses(issuer) {
        match errand.document(&url).await {
            Fetched::Document(document) => {
                chain.issuer_metadata = Some(shown(&url));
                let meant = chain.issuer.clone();
                read_issuer(&document, meant.as_deref(), endpoint, chain);
                return Some(());
            }
            Fetched::Absent(status) => {
                refused.get_or_insert_with(|| format!("cannot be found ({status})"));
            }
            Fetched::Broken(why) => {
                refused.get_or_insert_with(|| format!("at {} {why}", shown(&url)));
            }
            Fetched::Unreachable(why) => {
                let url = shown(&url);
                chain.faults.push(LoginFault::Unreachable { url, why });
                return Some(());
            }
            Fetched::NotPublic(address) => {
                let (url, address) = (shown(&url), address.to_string());
                chain.faults.push(LoginFault::NotPublic { url, address });
                return Some(());
            }
            Fetched::Unmeasured => return None,
        }
    }
    chain.faults.push(LoginFault::IssuerDocument {
        url: shown(issuer),
        why: refused.unwrap_or_default(),
    });
    Some(())
}

/// What the metadata of the resource led to.
enum Found {
    /// Authorization servers, as they are named.
    Issuers(Vec<String>),
    /// There is metadata, and it leads nowhere.
    Nobody,
    /// There is none.
    Nothing,
}

async fn resource(
    errand: &mut Errand<'_, '_>,
    endpoint: &Url,
    chain: &mut LoginChain,
) -> Option<Found> {
    let mut places = Vec::new();
    if let Some(named) = &chain.advertised {
        match address(named) {
            Some(url) if is_secure(&url, endpoint) => places.push((url, true)),
            Some(url) => {
                let what = "the protected-resource metadata that the challenge names";
                chain.faults.push(insecure(what, &url));
            }
            None => chain.faults.push(LoginFault::ResourceDocument {
                url: line(named, MAX_QUOTE),
                why: "has no address: it is not an absolute URL".to_owned(),
            }),
        }
    }
    for url in resource_addresses(endpoint) {
        if places.iter().all(|(known, _)| *known != url) {
            places.push((url, false));
        }
    }
    for (url, is_advertised) in places {
        let why = match errand.document(&url).await {
            Fetched::Document(document) => {
                chain.resource_metadata = Some(shown(&url));
                let issuers = read_resource(&document, endpoint, chain);
                return Some(if issuers.is_empty() {
                    Found::Nobody
                } else {
                    Found::Issuers(issuers)
                });
            }
            Fetched::Absent(status) => format!("cannot be found ({status})"),
            Fetched::Broken(why) | Fetched::Unreachable(why) => why,
            Fetched::NotPublic(address) if is_advertised => {
                let (url, address) = (shown(&url), address.to_string());
                chain.faults.push(LoginFault::NotPublic { url, address });
                continue;
            }
            Fetched::NotPublic(_) => continue,
            Fetched::Unmeasured => return None,
        };
        // Where nobody said that there is a document, there need not be one.
        if is_advertised {
            let url = shown(&url);
            chain.faults.push(LoginFault::ResourceDocument { url, why });
        }
    }
    Some(Found::Nothing)
}

/// The way of 2025-03-26: the server is its own authorization server.
async fn legacy(errand: &mut Errand<'_, '_>, endpoint: &Url, chain: &mut LoginChain) -> Option<()> {
    let url = legacy_address(endpoint);
    match errand.document(&url).await {
        Fetched::Document(document) => {
            chain.issuer_metadata = Some(shown(&url));
            chain.faults.push(LoginFault::LegacyRoot);
            read_issuer(&document, None, endpoint, chain);
        }
        Fetched::Unmeasured => return None,
        _ => {}
    }
    Some(())
}

fn shown(url: &Url) -> String {
    line(url.as_str(), MAX_QUOTE)
}

/// The way in a few words.
fn told(chain: &LoginChain) -> String {
    let parts = [
        chain.resource_metadata.as_deref(),
        chain.issuer.as_deref(),
        chain.issuer_metadata.as_deref(),
    ];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        return "no metadata found".to_owned();
    }
    parts.join(" → ")
}
