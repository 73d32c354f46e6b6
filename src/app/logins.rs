//! How often a password may be tried, and how many are hashed at once.
//!
//! Counted per account or status page and per network address, in a table of bounded size. Who was right is not
//! counted. Hashing runs beside the requests, one password at a time: that is enough, and a flood
//! of them costs one core and one piece of memory.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::at::At;
use crate::domain::id::StatusPageId;
use crate::domain::sensitive::Sensitive;
use crate::domain::team::Email;
use crate::secret::{Workspace, hash_password, verify_password};

use super::allowance::{Allowance, Spent, one_of_many};
use super::refused::Refused;

/// Wrong passwords of one account at once, and the time that gives one of them back.
const PER_ACCOUNT: Allowance = Allowance {
    burst: 10,
    each: Duration::from_secs(30),
};
/// Wrong passwords from one address at once, and the time that gives one of them back.
const PER_ADDRESS: Allowance = Allowance {
    burst: 30,
    each: Duration::from_secs(10),
};
/// Wrong passwords of one status page at once, and the time that gives one of them back: many share it,
/// and one who guesses is not to keep them out.
const PER_PAGE: Allowance = Allowance {
    burst: 300,
    each: Duration::from_secs(1),
};
/// Accounts that people make by themselves at once, from wherever, and the time that gives one of them
/// back.
const ALL_SIGN_UPS: Allowance = Allowance {
    burst: 100,
    each: Duration::from_secs(30),
};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Account(Email),
    Page(StatusPageId),
    /// A page whose visitors cannot be told apart.
    PageOfAll(StatusPageId),
    Address(IpAddr),
    SignUps,
}

impl Key {
    fn allowance(&self) -> Allowance {
        match self {
            Self::Account(_) => PER_ACCOUNT,
            Self::SignUps => ALL_SIGN_UPS,
            Self::Page(_) => PER_PAGE,
            Self::PageOfAll(_) | Self::Address(_) => PER_ADDRESS,
        }
    }
}

/// Watches over passwords being tried.
#[derive(Debug, Default)]
pub struct Logins {
    spent_until: Spent<Key>,
    hashing: Arc<tokio::sync::Mutex<Workspace>>,
}

impl Logins {
    /// Whether a password is the one that was hashed, as slow without a hash as with one. Refuses
    /// without looking when account or address have tried too often.
    pub(super) async fn is_right(
        &self,
        who: (&Email, Option<IpAddr>),
        password: &Sensitive,
        hash: Option<&Sensitive>,
        now: At,
    ) -> Result<bool, Refused> {
        let keys = keys(Key::Account(who.0.clone()), who.1);
        self.is_right_for(&keys, password, hash, now).await
    }

    /// The same for the password of a status page.
    pub(super) async fn opens_page(
        &self,
        who: (StatusPageId, Option<IpAddr>),
        password: &Sensitive,
        hash: Option<&Sensitive>,
        now: At,
    ) -> Result<bool, Refused> {
        let page = match who.1.and_then(one_of_many) {
            Some(_) => Key::Page(who.0),
            None => Key::PageOfAll(who.0),
        };
        let keys = keys(page, who.1);
        self.is_right_for(&keys, password, hash, now).await
    }

    async fn is_right_for(
        &self,
        keys: &[Key],
        password: &Sensitive,
        hash: Option<&Sensitive>,
        now: At,
    ) -> Result<bool, Refused> {
        self.spend(keys, now)?;
        let (password, hash) = (password.clone(), hash.cloned());
        let verify = move |space: &mut Workspace| {
            let hash = hash.as_ref().map(Sensitive::expose);
            verify_password(password.expose(), hash, space)
        };
        let is_right = self.beside(verify).await;
        if is_right {
            self.give_back(keys);
        }
        Ok(is_right)
    }

    /// Counts an account that somebody makes by themselves; refuses when too many were made.
    pub(super) fn sign_up(&self, address: Option<IpAddr>, now: At) -> Result<(), Refused> {
        self.spend(&keys(Key::SignUps, address), now)
    }

    /// What is stored of a password.
    pub(super) async fn hash(&self, password: &Sensitive) -> Sensitive {
        let password = password.clone();
        self.beside(move |space| Sensitive::new(hash_password(password.expose(), space)))
            .await
    }

    async fn beside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Workspace) -> T + Send + 'static,
    ) -> T {
        let mut space = Arc::clone(&self.hashing).lock_owned().await;
        match tokio::task::spawn_blocking(move || work(&mut space)).await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime ends, and this with it.
                Err(_) => std::future::pending().await,
            },
        }
    }

    /// Counts a try, before it is known whether it is right: tries at the same time count, too.
    fn spend(&self, keys: &[Key], now: At) -> Result<(), Refused> {
        let keys = keys.iter().map(|key| (key.clone(), key.allowance()));
        self.spent_until.spend(&keys.collect::<Vec<_>>(), now)
    }

    fn give_back(&self, keys: &[Key]) {
        for key in keys {
            match key {
                Key::Account(_) => self.spent_until.forget(key),
                // What was made is not given back.
                Key::SignUps => {}
                // Others may try from there with less right.
                Key::Page(_) | Key::PageOfAll(_) | Key::Address(_) => {
                    self.spent_until.give_back(key, key.allowance());
                }
            }
        }
    }
}

fn keys(what: Key, address: Option<IpAddr>) -> Vec<Key> {
    address
        .and_then(one_of_many)
        .map(Key::Address)
        .into_iter()
        .chain([what])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::allowance::REMEMBERED;
    use super::*;

    const NOW: At = At(1_000_000_000);

    fn account(name: &str) -> Key {
        Key::Account(Email::parse(&format!("{name}@example.com")).unwrap())
    }

    fn seconds(refused: Result<(), Refused>) -> Option<u64> {
        match refused {
            Ok(()) => None,
            Err(Refused::TooMany(seconds)) => Some(seconds),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn an_account_is_tried_ten_times_and_then_twice_a_minute() {
        let logins = Logins::default();
        let keys = keys(account("me"), None);
        for _ in 0..10 {
            assert_eq!(seconds(logins.spend(&keys, NOW)), None);
        }
        assert_eq!(seconds(logins.spend(&keys, NOW)), Some(30));
        let later = NOW + Duration::from_secs(29);
        assert_eq!(seconds(logins.spend(&keys, later)), Some(1));
        let later = NOW + Duration::from_secs(30);
        assert_eq!(seconds(logins.spend(&keys, later)), None);
        assert_eq!(seconds(logins.spend(&keys, later)), Some(30));
        let other = super::keys(account("other"), None);
        assert_eq!(seconds(logins.spend(&other, later)), None);
    }

    #[test]
    fn one_address_cannot_try_all_accounts() {
        let logins = Logins::default();
        let from = |n: usize, address: &str| {
            keys(account(&format!("user{n}")), Some(address.parse().unwrap()))
        };
        for n in 0..30 {
            let address = format!("2001:db8::{n:x}");
            assert_eq!(seconds(logins.spend(&from(n, &address), NOW)), None, "{n}");
        }
        assert_eq!(
            seconds(logins.spend(&from(30, "2001:db8::ffff"), NOW)),
            Some(10)
        );
        assert_eq!(seconds(logins.spend(&from(30, "2001:db8:1::1"), NOW)), None);
        for n in 31..100 {
            assert_eq!(
                seconds(logins.spend(&from(n, "127.0.0.1"), NOW)),
                None,
                "a proxy"
            );
            assert_eq!(
                seconds(logins.spend(&from(n, "::ffff:127.0.0.1"), NOW)),
                None
            );
        }
    }

    #[test]
    fn one_who_guesses_keeps_nobody_else_out_of_a_page() {
        let logins = Logins::default();
        let page = Key::Page(StatusPageId(uuid::Uuid::from_u128(1)));
        let from = |address: &str| keys(page.clone(), Some(address.parse().unwrap()));
        for _ in 0..30 {
            assert_eq!(seconds(logins.spend(&from("192.0.2.1"), NOW)), None);
        }
        assert_eq!(seconds(logins.spend(&from("192.0.2.1"), NOW)), Some(10));
        assert_eq!(seconds(logins.spend(&from("192.0.2.2"), NOW)), None);
    }

    #[test]
    fn who_is_right_is_not_counted() {
        let logins = Logins::default();
        let keys = keys(account("me"), Some("192.0.2.1".parse().unwrap()));
        for _ in 0..100 {
            assert_eq!(seconds(logins.spend(&keys, NOW)), None);
            logins.give_back(&keys);
        }
    }

    #[test]
    fn the_table_stays_small_and_keeps_the_worst() {
        let logins = Logins::default();
        let worst = keys(account("worst"), None);
        for _ in 0..10 {
            assert_eq!(seconds(logins.spend(&worst, NOW)), None);
        }
        for n in 0..REMEMBERED + 100 {
            let keys = keys(account(&format!("user{n}")), None);
            assert_eq!(seconds(logins.spend(&keys, NOW)), None);
        }
        assert_eq!(logins.spent_until.len(), REMEMBERED);
        assert!(seconds(logins.spend(&worst, NOW)).is_some());
    }
}
