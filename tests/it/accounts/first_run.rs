//! The first start of the service, as the person who starts it meets it in a browser.

use super::{EMAIL, PASSWORD};
use crate::support::engines::{Database, Engine};
use crate::support::service::Service;

/// A browser that follows nowhere by itself.
struct Browser(reqwest::Client);

impl Browser {
    #[expect(clippy::disallowed_methods, reason = "a client of the test")]
    fn new() -> Self {
        lifesign::net::install_crypto_provider();
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        Self(client.build().unwrap())
    }

    async fn get(&self, url: &str, cookie: &str) -> (u16, String) {
        let answer = self
            .0
            .get(url)
            .header("cookie", cookie)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Sends the form of a page; gives the status and the cookie that was set.
    async fn post(&self, url: &str, body: &'static str) -> (u16, Option<String>) {
        let (origin, _) = url.split_at(url.rfind("/setup").or(url.rfind("/login")).unwrap());
        let request = self.0.post(url).header("origin", origin);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(body).send().await.unwrap();
        let cookie = answer.headers().get("set-cookie").map(|value| {
            let text = value.to_str().unwrap();
            text.split(';').next().unwrap().to_owned()
        });
        (answer.status().as_u16(), cookie)
    }
}

async fn the_first_link_makes_the_owner_once(engine: Engine) {
    let database = Database::new(engine).await;
    let service = Service::start(&database, &[]).await;
    let browser = Browser::new();
    let link = service.owner_link.clone().unwrap();

    let probing = Service::start_again(&database, &[("ROLES", "probe,alert")]).await;
    assert_eq!(
        browser.get(&format!("{}/login", probing.url), "").await.0,
        404
    );
    let (status, page) = browser.get(&link, "").await;
    assert_eq!(status, 200);
    assert!(page.contains("password"));
    let (status, cookie) = browser
        .post(&link, "email=me%40example.com&password=short")
        .await;
    assert_eq!((status, cookie), (422, None));
    let body = "email=me%40example.com&password=correct+horse";
    let (status, cookie) = browser.post(&link, body).await;
    assert_eq!(status, 303);
    let cookie = cookie.unwrap();
    let (status, page) = browser.get(&service.url, &cookie).await;
    assert_eq!(status, 200);
    assert!(!page.contains(PASSWORD));
    let (status, page) = browser
        .get(&format!("{}/settings", service.url), &cookie)
        .await;
    assert!(status == 200 && page.contains(EMAIL));

    // Neither the next person nor the next start can use it again; the session goes on.
    assert_eq!(browser.post(&link, body).await, (404, None));
    assert_eq!(browser.get(&link, "").await.0, 404);
    service.kill();
    service.restart().await;
    assert_eq!(browser.post(&link, body).await, (404, None));
    assert_eq!(browser.get(&service.url, &cookie).await.0, 200);
    let login = format!("{}/login", service.url);
    assert_eq!(
        browser
            .post(&login, "email=me%40example.com&password=wrong")
            .await,
        (422, None)
    );
    let (status, cookie) = browser.post(&login, body).await;
    assert!(status == 303 && cookie.is_some());
    drop(service);
    database.remove().await;
}

#[tokio::test]
async fn the_first_link_makes_the_owner_once_on_sqlite() {
    the_first_link_makes_the_owner_once(Engine::Sqlite).await;
}

#[tokio::test]
async fn the_first_link_makes_the_owner_once_on_postgres() {
    the_first_link_makes_the_owner_once(Engine::Postgres).await;
}
