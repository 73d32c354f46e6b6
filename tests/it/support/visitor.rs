//! Somebody in front of the pages of a running service: a cookie and nothing else.

use scraper::{Html, Selector};
use url::form_urlencoded;

use super::service::{Service, client};

/// A person who has set a password and is logged in.
pub(crate) struct Visitor {
    url: String,
    client: reqwest::Client,
    cookie: String,
}

impl Visitor {
    /// A new member of `team`, let in on the console, who follows the link of the invitation.
    pub(crate) async fn invited(service: &Service, email: &str, team: &str) -> Self {
        let link = service.command(&["user", "add", email, "--team", team, "--role", "editor"]);
        let mut visitor = Self {
            url: service.url.clone(),
            client: client(),
            cookie: String::new(),
        };
        let path = link.strip_prefix(&service.url).unwrap();
        let form = [("email", email), ("password", "a few words will do")];
        let answer = visitor.post(path, &form).await;
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        cookie
            .split(';')
            .next()
            .unwrap()
            .clone_into(&mut visitor.cookie);
        visitor
    }

    /// Sends a form of a page; it has to be accepted, which is a redirect.
    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> reqwest::Response {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = self.client.post(format!("{}{path}", self.url));
        let answer = request
            .header("cookie", &self.cookie)
            .header("origin", &self.url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .unwrap();
        assert!(
            answer.status().is_redirection(),
            "{path}: {}",
            answer.status()
        );
        answer
    }

    /// The page at `path`.
    pub(crate) async fn page(&self, path: &str) -> Html {
        let request = self.client.get(format!("{}{path}", self.url));
        let answer = request.header("cookie", &self.cookie).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        Html::parse_document(&answer.text().await.unwrap())
    }
}

/// The texts of what `selector` finds, each in one line.
pub(crate) fn texts(page: &Html, selector: &str) -> Vec<String> {
    let selector = Selector::parse(selector).unwrap();
    let words = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let found = page.select(&selector);
    found
        .map(|element| words(element.text().collect()))
        .collect()
}

/// The attribute `name` of what `selector` finds.
pub(crate) fn attributes(page: &Html, selector: &str, name: &str) -> Vec<String> {
    let selector = Selector::parse(selector).unwrap();
    let found = page.select(&selector);
    found
        .filter_map(|element| element.attr(name).map(str::to_owned))
        .collect()
}
