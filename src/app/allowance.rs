//! How often something may be tried: a number at once, and one of them given back each while.
//!
//! Counted per key in a table of bounded size; the one that would be forgotten next goes first.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::domain::at::At;

use super::refused::Refused;

/// Most keys that are remembered.
pub(super) const REMEMBERED: usize = 10_000;

/// How often.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    /// Tries at once.
    pub(super) burst: u32,
    /// The time that gives one of them back.
    pub(super) each: Duration,
}

/// What was tried: until when all tries of a key will have been given back.
#[derive(Debug)]
pub(super) struct Spent<K>(Mutex<HashMap<K, At>>);

impl<K> Default for Spent<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Clone + Eq + Hash> Spent<K> {
    /// Counts a try of all these keys, or of none when one of them has tried too often.
    pub(super) fn spend(&self, keys: &[(K, Allowance)], now: At) -> Result<(), Refused> {
        let mut known = self.lock();
        for (key, Allowance { burst, each }) in keys {
            let spent_until = known.get(key).copied().unwrap_or(now);
            let wait = spent_until.ms_since(now + *each * (burst - 1));
            if wait > 0 {
                return Err(Refused::TooMany(wait.unsigned_abs().div_ceil(1_000)));
            }
        }
        for (key, allowance) in keys {
            let spent_until = known.get(key).copied().unwrap_or(now).max(now);
            known.insert(key.clone(), spent_until + allowance.each);
        }
        if known.len() > REMEMBERED {
            known.retain(|_, spent_until| *spent_until > now);
        }
        while known.len() > REMEMBERED {
            let next = known.iter().min_by_key(|(_, spent_until)| **spent_until);
            let Some(next) = next.map(|(key, _)| key.clone()) else {
                break;
            };
            known.remove(&next);
        }
        Ok(())
    }

    /// Takes back one try of a key.
    pub(super) fn give_back(&self, key: &K, allowance: Allowance) {
        if let Some(spent_until) = self.lock().get_mut(key) {
            *spent_until = *spent_until - allowance.each;
        }
    }

    /// Takes back every try of a key.
    pub(super) fn forget(&self, key: &K) {
        self.lock().remove(key);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, At>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The network address by which one of many people is counted; `None` where it is everybody's:
/// whoever comes from this machine or from a private network may well come through a proxy there. What one
/// person may choose freely is left out: the lower half of IPv6.
pub(super) fn one_of_many(address: IpAddr) -> Option<IpAddr> {
    let network = match address.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => {
            IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into())
        }
        other => other,
    };
    let is_near = match network {
        IpAddr::V4(v4) => v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
    };
    (!network.is_loopback() && !is_near).then_some(network)
}
