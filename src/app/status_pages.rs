//! Making, changing and deleting status pages.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::domain::accent::Accent;
use crate::domain::audit::{self, Deed};
use crate::domain::id::StatusPageId;
use crate::domain::logo::Logo;
use crate::domain::monitor::FieldError;
use crate::domain::sensitive::Sensitive;
use crate::domain::status_page::{Component, StatusPage, Visibility, check_password};
use crate::domain::team::Actor;
use crate::store::StoreError;

use super::App;
use super::audit::{note, note_change};
use super::refused::Refused;
use super::status_domains;

/// What people say of a status page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageSpec {
    /// Its place: `/status/{slug}`.
    pub slug: String,
    /// Its heading.
    pub title: String,
    /// Who may see it.
    pub visibility: Visibility,
    /// A new password; `None` keeps the one that it has.
    pub password: Option<Sensitive>,
    /// The host name that shows it, too.
    pub domain: Option<String>,
    /// Its colour, like `#3a49c4`.
    pub accent: Option<String>,
    /// Its lines, from the top.
    pub components: Vec<Component>,
}

impl PageSpec {
    /// A page that everybody may see.
    pub fn public(
        slug: &str,
        title: &str,
        components: impl IntoIterator<Item = Component>,
    ) -> Self {
        Self {
            slug: slug.to_owned(),
            title: title.to_owned(),
            visibility: Visibility::Public,
            components: components.into_iter().collect(),
            ..Self::default()
        }
    }

    /// The page that comes of it; `known` is what it was. Every fault at once.
    async fn page(
        self,
        app: &App,
        actor: &Actor,
        id: StatusPageId,
        known: Option<StatusPage>,
    ) -> Result<StatusPage, Refused> {
        let said = |text: Option<String>| {
            let text = text.map(|text| text.trim().to_owned());
            text.filter(|text| !text.is_empty())
        };
        let line = |line: Component| Component {
            name: said(line.name),
            group: said(line.group),
            ..line
        };
        let mut faults = Vec::new();
        let password = self
            .password
            .filter(|_| self.visibility == Visibility::Password);
        let checked = password.as_ref().map(|new| check_password(new.expose()));
        let is_refused = checked
            .and_then(Result::err)
            .map(|fault| faults.push(fault))
            .is_some();
        let accent = match said(self.accent).map(|text| Accent::parse(&text)) {
            Some(Err(fault)) => {
                faults.push(fault);
                None
            }
            Some(Ok(accent)) => Some(accent),
            None => None,
        };
        let (old, logo) = known.map_or((None, None), |known| (known.password_hash, known.logo));
        let password_hash = match (self.visibility, password) {
            (Visibility::Password, Some(_)) if is_refused => Some(Sensitive::new("")),
            (Visibility::Password, Some(new)) => Some(app.logins.hash(&new).await),
            (Visibility::Password, None) => old,
            _ => None,
        };
        let page = StatusPage {
            id,
            team: actor.team,
            slug: self.slug.trim().to_owned(),
            title: self.title.trim().to_owned(),
            visibility: self.visibility,
            password_hash,
            domain: said(self.domain).map(|name| name.to_ascii_lowercase()),
            accent,
            logo,
            components: self.components.into_iter().map(line).collect(),
        };
        faults.extend(page.faults());
        if let Some(domain) = &page.domain {
            let is_own = status_domains::is_ours(&app.settings.public_url, domain);
            if is_own || app.store.is_status_domain_taken(domain, id).await? {
                let message = "is taken; a host name shows one page";
                faults.push(FieldError::new("domain", message));
            }
        }
        if faults.is_empty() {
            Ok(page)
        } else {
            Err(Refused::Fields(faults))
        }
    }
}

/// Makes a status page.
pub async fn create(app: &App, actor: &Actor, spec: PageSpec) -> Result<StatusPage, Refused> {
    must_edit(actor)?;
    let page = spec
        .page(app, actor, StatusPageId(app.ids.next()), None)
        .await?;
    let mut tx = app.store.begin().await?;
    let added = tx.add_status_page(&page, app.clock.now()).await;
    if !added.map_err(taken)? {
        return Err(not_ours());
    }
    let thing = (Some(page.id.0), &*page.title);
    note(app, &mut tx, actor, Deed::StatusPageCreated, thing).await?;
    tx.commit().await?;
    app.forget_public();
    Ok(page)
}

/// Changes a status page.
pub async fn change(
    app: &App,
    actor: &Actor,
    id: StatusPageId,
    spec: PageSpec,
) -> Result<StatusPage, Refused> {
    must_edit(actor)?;
    let known = app.store.status_page(actor.team, id).await?;
    let known = known.ok_or(Refused::NotFound)?;
    let page = spec.page(app, actor, id, Some(known.clone())).await?;
    let mut tx = app.store.begin().await?;
    if !tx.save_status_page(&page).await.map_err(taken)? {
        return Err(not_ours());
    }
    let changed = audit::status_page(&known, &page);
    let what = (Deed::StatusPageChanged, &*changed);
    let thing = (Some(id.0), &*page.title);
    note_change(app, &mut tx, actor, what, thing).await?;
    tx.commit().await?;
    app.forget_public();
    Ok(page)
}

/// Gives a status page its logo, or takes it away.
pub async fn set_logo(
    app: &App,
    actor: &Actor,
    id: StatusPageId,
    bytes: Option<Vec<u8>>,
) -> Result<(), Refused> {
    must_edit(actor)?;
    let logo = bytes.map(Logo::read).transpose()?;
    let digest = logo.as_ref().map(|logo| digest(&logo.bytes));
    let known = app.store.status_page(actor.team, id).await?;
    let known = known.ok_or(Refused::NotFound)?;
    let mut tx = app.store.begin().await?;
    let given = logo.as_ref().zip(digest.as_deref());
    if !tx.set_status_logo((actor.team, id), given).await? {
        return Err(Refused::NotFound);
    }
    let what = (Deed::StatusPageChanged, &["logo"][..]);
    let thing = (Some(id.0), &*known.title);
    note_change(app, &mut tx, actor, what, thing).await?;
    tx.commit().await?;
    app.forget_public();
    Ok(())
}

/// Deletes a status page; its monitors stay.
pub async fn delete(app: &App, actor: &Actor, id: StatusPageId) -> Result<(), Refused> {
    must_edit(actor)?;
    let known = app.store.status_page(actor.team, id).await?;
    let known = known.ok_or(Refused::NotFound)?;
    let mut tx = app.store.begin().await?;
    if !tx.delete_status_page(actor.team, id).await? {
        return Err(Refused::NotFound);
    }
    let thing = (Some(id.0), &*known.title);
    note(app, &mut tx, actor, Deed::StatusPageDeleted, thing).await?;
    tx.commit().await?;
    app.forget_public();
    Ok(())
}

impl App {
    /// What the public was told of status pages holds no longer.
    fn forget_public(&self) {
        self.public.forget();
        self.domains.forget();
    }
}

/// A name for the content of a logo.
pub(crate) fn digest(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(bytes)[..9])
}

fn must_edit(actor: &Actor) -> Result<(), Refused> {
    if actor.may_edit() {
        Ok(())
    } else {
        Err(Refused::Forbidden("editor"))
    }
}

fn taken(error: StoreError) -> Refused {
    match error {
        StoreError::Conflict => FieldError::new(
            "slug",
            "is taken by another status page; choose another word",
        )
        .into(),
        other => other.into(),
    }
}

fn not_ours() -> Refused {
    FieldError::new("components", "names a monitor that there is not").into()
}
