//! Who asks for a status page and how it is handed out: the page behind a slug for this person, at
//! this address, and an answer that may be kept.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum_extra::extract::cookie::CookieJar;
use sha2::{Digest as _, Sha256};

use crate::app::App;
use crate::app::public_kept::{self, Seen};
use crate::app::public_status::PublicStatus;
use crate::app::status_pass;
use crate::domain::at::At;
use crate::domain::status_page::Visibility;
use crate::web::Shared;
use crate::web::error::WebError;
use crate::web::front::OwnDomain;

/// What caches may do with a page that everybody may see.
const CACHE: &str = "public, max-age=30, stale-while-revalidate=300";
/// What they may do with one that takes a password.
const PRIVATE: &str = "private, no-cache";
/// Most faces that are kept.
const MOST_FACES: usize = 400;

/// Where a page is looked at, for its links.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// What the paths of its parts begin with: `/status/{slug}`, or nothing on its own host name.
    pub(crate) base: String,
    /// Where the page itself is.
    pub(crate) home: String,
    /// Whether it is looked at on its own host name.
    pub(crate) is_own: bool,
}

/// A request for something of a status page.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The slug.
    pub(crate) slug: String,
    /// Where it is looked at.
    pub(crate) place: Place,
    /// What else the request says.
    pub(crate) headers: HeaderMap,
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, WebError> {
        // The first parameter of every path of a page is its slug.
        let Path(params) = Path::<Vec<(String, String)>>::from_request_parts(parts, state)
            .await
            .map_err(|_| WebError::NotFound)?;
        let (_, slug) = params.into_iter().next().ok_or(WebError::NotFound)?;
        let is_own = parts.extensions.get::<OwnDomain>().is_some();
        let base = if is_own {
            String::new()
        } else {
            format!("/status/{slug}")
        };
        let home = if is_own { "/".to_owned() } else { base.clone() };
        Ok(Self {
            slug,
            place: Place { base, home, is_own },
            headers: parts.headers.clone(),
        })
    }
}

impl Asked {
    /// What there is for this person.
    pub(crate) async fn look(&self, app: &App) -> Result<Seen, WebError> {
        Ok(public_kept::seen(app, &self.slug, pass(&self.headers, &self.slug).as_deref()).await?)
    }

    /// The page; one that this person may not see is not there.
    pub(crate) async fn status(&self, app: &App) -> Result<Arc<PublicStatus>, WebError> {
        of_slug(app, &self.slug, &self.headers).await
    }
}

/// The page, where everybody may see it.
pub(crate) async fn open_to_all(app: &App, asked: &Asked) -> Result<Arc<PublicStatus>, WebError> {
    let found = public_kept::at(app, &asked.slug).await?;
    found.ok_or(WebError::NotFound)
}

/// The page at a slug, for requests whose path is another one.
pub(crate) async fn of_slug(
    app: &App,
    slug: &str,
    headers: &HeaderMap,
) -> Result<Arc<PublicStatus>, WebError> {
    match public_kept::seen(app, slug, pass(headers, slug).as_deref()).await? {
        Seen::Shown(status) => Ok(status),
        Seen::Locked(_) | Seen::Nothing => Err(WebError::NotFound),
    }
}

/// What somebody got for the password of a page.
fn pass(headers: &HeaderMap, slug: &str) -> Option<String> {
    let jar = CookieJar::from_headers(headers);
    jar.get(&status_pass::cookie(slug))
        .map(|cookie| cookie.value().to_owned())
}

/// The time that a page tells ages by: when it was made, so that it is the same for all who ask.
pub(crate) fn now(app: &App, status: &PublicStatus) -> At {
    if status.is_last_known {
        app.clock.now()
    } else {
        status.made_at
    }
}

/// Something that is handed out.
#[derive(Clone, Debug)]
pub(crate) struct Face {
    kind: &'static str,
    etag: String,
    body: Bytes,
}

impl Face {
    /// Of a media type.
    pub(crate) fn new(kind: &'static str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let mut digest = String::new();
        for byte in Sha256::digest(&body).iter().take(12) {
            let _ = write!(digest, "{byte:02x}");
        }
        Self::tagged(kind, &digest, body)
    }

    /// Of a media type, where something else tells one version from another.
    pub(crate) fn tagged(kind: &'static str, version: &str, body: impl Into<Bytes>) -> Self {
        let (etag, body) = (format!("\"{version}\""), body.into());
        Self { kind, etag, body }
    }

    /// Whether the asker has this version already (RFC 9110 §13.1.2).
    pub(crate) fn is_known(&self, headers: &HeaderMap) -> bool {
        let known = headers
            .get(header::IF_NONE_MATCH)
            .and_then(|value| value.to_str().ok());
        known.is_some_and(|known| {
            let mut tags = known.split(',').map(str::trim);
            tags.any(|tag| tag == "*" || tag.trim_start_matches("W/") == self.etag)
        })
    }
}

/// Faces that were made of what the public is told now: made once for all who ask.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faces(Arc<Mutex<FacesByKey>>);

/// What each was made of, and what it is.
type FacesByKey = HashMap<FaceKey, (Arc<PublicStatus>, Face)>;

/// The slug, which face, and whether for its own host name.
type FaceKey = (String, &'static str, bool);

impl Faces {
    /// The face of a page that was made for the same `status`, or the one that `make` makes.
    pub(crate) fn of(
        &self,
        (asked, status): (&Asked, &Arc<PublicStatus>),
        name: &'static str,
        make: impl FnOnce() -> Result<Face, WebError>,
    ) -> Result<Face, WebError> {
        if let Some(face) = self.known(asked, name, |of| std::ptr::eq(of, Arc::as_ptr(status))) {
            return Ok(face);
        }
        let face = make()?;
        self.keep(asked, name, (status, face.clone()));
        Ok(face)
    }

    /// A face that was made of something that is the same.
    pub(crate) fn known(
        &self,
        asked: &Asked,
        name: &'static str,
        is_same: impl FnOnce(&PublicStatus) -> bool,
    ) -> Option<Face> {
        let faces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (of, face) = faces.get(&key(asked, name))?;
        is_same(of).then(|| face.clone())
    }

    /// Keeps a face for others who ask.
    pub(crate) fn keep(
        &self,
        asked: &Asked,
        name: &'static str,
        (status, face): (&Arc<PublicStatus>, Face),
    ) {
        let mut faces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if faces.len() >= MOST_FACES {
            faces.clear();
        }
        faces.insert(key(asked, name), (Arc::clone(status), face));
    }
}

fn key(asked: &Asked, name: &'static str) -> FaceKey {
    (asked.slug.clone(), name, asked.place.is_own)
}

/// A face that is made once for all who ask, as an answer.
pub(crate) fn shared_answer(
    shared: &Shared,
    (asked, status): (&Asked, &Arc<PublicStatus>),
    name: &'static str,
    make: impl FnOnce() -> Result<Face, WebError>,
) -> Result<Response, WebError> {
    let face = shared.faces.of((asked, status), name, make)?;
    answer(&asked.headers, status, face)
}

/// An answer that may be kept; `304` for whoever has it.
pub(crate) fn answer(
    headers: &HeaderMap,
    status: &PublicStatus,
    face: Face,
) -> Result<Response, WebError> {
    hand_out(headers, face, status.page.visibility)
}

/// The same of what everybody may see and find.
pub(crate) fn open_answer(headers: &HeaderMap, face: Face) -> Result<Response, WebError> {
    hand_out(headers, face, Visibility::Public)
}

fn hand_out(headers: &HeaderMap, face: Face, visibility: Visibility) -> Result<Response, WebError> {
    let mut response = Response::builder().header(header::ETAG, &face.etag);
    response = if visibility.is_open() {
        response
            .header(header::CACHE_CONTROL, CACHE)
            .header(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")
    } else {
        response.header(header::CACHE_CONTROL, PRIVATE)
    };
    if visibility != Visibility::Public {
        response = response.header("x-robots-tag", "noindex");
    }
    let response = if face.is_known(headers) {
        response
            .status(StatusCode::NOT_MODIFIED)
            .body(Body::empty())
    } else {
        response
            .header(header::CONTENT_TYPE, face.kind)
            .body(Body::from(face.body))
    };
    response.map_err(|error| WebError::Internal(error.into()))
}
