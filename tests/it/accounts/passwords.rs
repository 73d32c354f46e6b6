//! Logging in and out, changing a password, and trying too often.

use std::time::{Duration, Instant};

use lifesign::app::accounts::{self, SESSION_LIFE, change_password};
use lifesign::app::refused::Refused;
use lifesign::store::Store;

use super::{EMAIL, PASSWORD, fields, fresh, log_in, log_in_from, owner, secret, who};
use crate::support::engines::engines;

engines! {
    async fn a_session_lasts_until_log_out_or_a_month(store: Store) {
        let app = fresh(store);
        owner(&app).await;
        let session = log_in(&app, " ME@example.com", PASSWORD).await.unwrap();
        let other = log_in(&app, EMAIL, PASSWORD).await.unwrap();
        assert!(who(&app, &session).await.is_some());
        accounts::log_out(&app, &session).await.unwrap();
        assert!(who(&app, &session).await.is_none());
        app.clock.advance(SESSION_LIFE / 2);
        assert!(who(&app, &other).await.is_some());
        app.clock.advance(SESSION_LIFE / 2);
        assert!(who(&app, &other).await.is_none());
        assert!(who(&app, &secret("ls_guess")).await.is_none());
    }

    async fn a_changed_password_ends_all_other_sessions(store: Store) {
        let app = fresh(store);
        let here = owner(&app).await;
        let elsewhere = log_in(&app, EMAIL, PASSWORD).await.unwrap();
        let actor = who(&app, &here).await.unwrap();
        let change = async |current: &str, new: &str| {
            change_password(&app, &actor, &here, &secret(current), &secret(new)).await
        };
        assert_eq!(fields(change("not this one", "battery staple").await), ["current"]);
        assert_eq!(fields(change(PASSWORD, "short").await), ["password"]);
        assert!(who(&app, &elsewhere).await.is_some());
        change(PASSWORD, "battery staple").await.unwrap();
        assert!(who(&app, &here).await.is_some());
        assert!(who(&app, &elsewhere).await.is_none());
        assert_eq!(fields(log_in(&app, EMAIL, PASSWORD).await), ["password"]);
        log_in(&app, EMAIL, "battery staple").await.unwrap();
    }

    async fn who_does_not_exist_is_refused_in_the_same_words(store: Store) {
        let app = fresh(store);
        owner(&app).await;
        let answer = async |email: &str| {
            log_in(&app, email, "wrong password").await.unwrap_err().to_string()
        };
        assert_eq!(answer(EMAIL).await, answer("nobody@example.com").await);
        assert_eq!(fields(log_in(&app, "nobody", PASSWORD).await), ["email"]);
        let endless = "x".repeat(1_000_000);
        assert_eq!(fields(log_in(&app, EMAIL, &endless).await), ["password"]);
    }

    async fn wrong_passwords_of_an_account_are_few(store: Store) {
        let app = fresh(store);
        owner(&app).await;
        for _ in 0..10 {
            assert_eq!(fields(log_in(&app, EMAIL, "wrong password").await), ["password"]);
        }
        // The right one is not even looked at, or it could be found by trying on.
        assert!(matches!(log_in(&app, EMAIL, PASSWORD).await, Err(Refused::TooMany(30))));
        app.clock.advance(Duration::from_secs(30));
        log_in(&app, EMAIL, PASSWORD).await.unwrap();
        log_in(&app, EMAIL, PASSWORD).await.unwrap();
    }
}

#[tokio::test]
async fn wrong_passwords_from_one_address_are_few() {
    use crate::support::engines::{Engine, with_store};

    with_store(Engine::Sqlite, async |store: Store| {
        let app = fresh(store);
        let address = "192.0.2.7".parse().unwrap();
        for n in 0..30 {
            let outcome = log_in_from(&app, address, &format!("user{n}@example.com")).await;
            assert_eq!(fields(outcome), ["password"]);
        }
        let outcome = log_in_from(&app, address, "user30@example.com").await;
        assert!(matches!(outcome, Err(Refused::TooMany(10))));
        let another = "192.0.2.8".parse().unwrap();
        assert_eq!(
            fields(log_in_from(&app, another, "user30@example.com").await),
            ["password"]
        );
    })
    .await;
}

#[tokio::test]
async fn who_does_not_exist_costs_as_much_time() {
    use crate::support::engines::{Engine, with_store};

    with_store(Engine::Sqlite, async |store: Store| {
        let app = fresh(store);
        owner(&app).await;
        let fastest = async |email: &str| {
            let mut fastest = Duration::MAX;
            for _ in 0..5 {
                let start = Instant::now();
                assert_eq!(
                    fields(log_in(&app, email, "wrong password").await),
                    ["password"]
                );
                fastest = fastest.min(start.elapsed());
            }
            fastest
        };
        let (known, unknown) = (fastest(EMAIL).await, fastest("nobody@example.com").await);
        assert!(
            unknown * 2 > known,
            "{unknown:?} for nobody, {known:?} for somebody"
        );
    })
    .await;
}
