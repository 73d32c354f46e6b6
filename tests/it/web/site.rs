//! The router of the pages without a socket, and people who look at it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use lifesign::app::App;
use lifesign::app::monitors;
use lifesign::domain::at::At;
use lifesign::domain::id::{MonitorId, TeamId, UserId};
use lifesign::domain::monitor::{Endpoint, EndpointUrl, MonitorSpec, TransportChoice};
use lifesign::domain::team::{Actor, Email, Role, User};
use lifesign::secret::hash_token;
use lifesign::store::Store;
use scraper::{Html, Selector};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use url::form_urlencoded;

use crate::support::app::TestApp;
use crate::support::world;

/// When it all happens.
pub(crate) const NOON: At = At(1_795_348_800_000);
/// Most bytes of an answer that a test reads.
const LIMIT: usize = 4 << 20;

/// The pages of a fresh installation with one owner.
pub(crate) struct Site {
    pub(crate) app: Arc<App>,
    pub(crate) owner: Actor,
    router: Router,
}

/// Somebody who looks, with their cookie if they have one.
#[derive(Clone)]
pub(crate) struct Person {
    router: Router,
    cookie: Option<String>,
    address: Option<SocketAddr>,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Site {
    /// On `store`.
    pub(crate) async fn new(store: Store) -> Self {
        let (app, owner) = world::app(store, NOON).await;
        let router = lifesign::cli::serve::router(&app, CancellationToken::new());
        Self { app, owner, router }
    }

    /// Over an application that a test moves by hand.
    pub(crate) fn around(test: &TestApp) -> Self {
        let (app, owner) = (Arc::clone(&test.app), test.actor.clone());
        let router = lifesign::cli::serve::router(&app, CancellationToken::new());
        Self { app, owner, router }
    }

    /// The owner, logged in.
    pub(crate) async fn owner(&self) -> Person {
        self.person(&self.owner, "owner").await
    }

    /// Somebody of the owner's team with another role.
    pub(crate) async fn colleague(&self, role: Role) -> Person {
        let actor = self.add(self.owner.team, role.as_str(), role).await;
        self.person(&actor, role.as_str()).await
    }

    /// The owner of another team.
    pub(crate) async fn rival(&self) -> (Person, Actor) {
        let team = TeamId(self.app.ids.next());
        let mut tx = self.app.store.begin().await.unwrap();
        tx.add_team(team, "Rivals", NOON).await.unwrap();
        tx.commit().await.unwrap();
        let actor = self.add(team, "rival", Role::Owner).await;
        (self.person(&actor, "rival").await, actor)
    }

    /// Somebody whom we do not know.
    pub(crate) fn stranger(&self) -> Person {
        Person {
            router: self.router.clone(),
            cookie: None,
            address: None,
        }
    }

    async fn add(&self, team: TeamId, name: &str, role: Role) -> Actor {
        let user = UserId(self.app.ids.next());
        let email = Email::parse(&format!("{name}@example.com")).unwrap();
        let known = User {
            id: user,
            email: email.clone(),
            password_hash: None,
        };
        let mut tx = self.app.store.begin().await.unwrap();
        tx.add_user(&known, NOON).await.unwrap();
        tx.put_member(team, user, role, NOON).await.unwrap();
        tx.commit().await.unwrap();
        Actor {
            team,
            user,
            email,
            role,
            token: None,
        }
    }

    async fn person(&self, actor: &Actor, cookie: &str) -> Person {
        let now = self.app.clock.now();
        let (whose, until) = ((actor.team, actor.user), now + Duration::from_hours(9));
        let mut tx = self.app.store.begin().await.unwrap();
        tx.add_session(&hash_token(cookie), whose, now, until)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        Person {
            router: self.router.clone(),
            cookie: Some(cookie.to_owned()),
            address: None,
        }
    }

    /// A monitor of the owner's team.
    pub(crate) async fn monitor(&self, name: &str) -> MonitorId {
        let spec = MonitorSpec {
            name: name.to_owned(),
            ..MonitorSpec::of(endpoint("https://mcp.example.com/mcp"))
        };
        monitors::create(&self.app, &self.owner, spec, &[])
            .await
            .unwrap()
            .id
    }
}

/// An endpoint without credentials.
pub(crate) fn endpoint(url: &str) -> Endpoint {
    Endpoint {
        url: EndpointUrl::parse(url).unwrap(),
        transport: TransportChoice::Auto,
        headers: vec![],
        bearer: None,
        oauth: None,
    }
}

impl Person {
    /// The same person with the cookie that an answer has set.
    pub(crate) fn with_cookie(&self, set_cookie: &str) -> Self {
        let value = set_cookie
            .split(';')
            .next()
            .and_then(|pair| pair.split_once('='));
        Self {
            cookie: value.map(|(_, value)| value.to_owned()),
            ..self.clone()
        }
    }

    /// The same person at a network address.
    pub(crate) fn at(&self, address: SocketAddr) -> Self {
        Self {
            address: Some(address),
            ..self.clone()
        }
    }

    /// Looks at a page.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], String::new()).await
    }

    /// Looks at a page with further headers.
    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(Method::GET, path, headers, String::new()).await
    }

    /// Sends a form from a page of ours.
    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.post_from(path, form, &[("sec-fetch-site", "same-origin")])
            .await
    }

    /// Sends a form with these headers.
    pub(crate) async fn post_from(
        &self,
        path: &str,
        form: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        self.send(Method::POST, path, headers, body).await
    }

    /// Sends a file as a form of ours does.
    pub(crate) async fn upload(&self, path: &str, field: &str, file: &[u8]) -> Answer {
        let head = format!(
            "--x\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"a\"\r\n\r\n"
        );
        let body = [head.as_bytes(), file, b"\r\n--x--\r\n"].concat();
        let headers = [
            ("content-type", "multipart/form-data; boundary=x"),
            ("sec-fetch-site", "same-origin"),
        ];
        self.send(Method::POST, path, &headers, body).await
    }

    /// Sends a body that is no plain form, from a page of ours.
    pub(crate) async fn post_body(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Answer {
        let ours = [headers, &[("sec-fetch-site", "same-origin")]].concat();
        self.send(Method::POST, path, &ours, body).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header(header::HOST, "ls.test");
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, format!("lifesign_session={cookie}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(body.into()).unwrap();
        if let Some(address) = self.address {
            request.extensions_mut().insert(ConnectInfo(address));
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: to_bytes(body, LIMIT).await.unwrap(),
        }
    }

    /// The first piece of an answer that does not end.
    pub(crate) async fn first_piece(&self, path: &str) -> impl Future<Output = String> + use<> {
        use futures_util::StreamExt as _;
        let cookie = format!(
            "lifesign_session={}",
            self.cookie.as_deref().unwrap_or_default()
        );
        let request = Request::get(path)
            .header(header::COOKIE, cookie)
            .body(Body::empty())
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let mut pieces = response.into_body().into_data_stream();
        async move {
            let piece = pieces.next().await.unwrap().unwrap();
            String::from_utf8(piece.to_vec()).unwrap()
        }
    }
}

impl Answer {
    /// The answer as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    /// A header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Where it sends the browser.
    pub(crate) fn location(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text());
        self.header("location")
    }

    /// The texts of everything that a selector finds.
    pub(crate) fn all(&self, selector: &str) -> Vec<String> {
        let page = Html::parse_document(&self.text());
        let selector = Selector::parse(selector).unwrap();
        let found = page.select(&selector);
        let text = |element: scraper::ElementRef<'_>| {
            let text: String = element.text().collect();
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        found.map(text).collect()
    }

    /// The text of the first thing that a selector finds.
    pub(crate) fn one(&self, selector: &str) -> String {
        let found = self.all(selector).into_iter().next();
        found.unwrap_or_else(|| panic!("no {selector} in {}", self.text()))
    }

    /// The value of an attribute of the first thing that a selector finds.
    pub(crate) fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        let page = Html::parse_document(&self.text());
        let element = page.select(&Selector::parse(selector).unwrap()).next()?;
        element.value().attr(name).map(str::to_owned)
    }
}
