//! Making, changing and deleting status pages.

use crate::domain::id::StatusPageId;
use crate::domain::monitor::FieldError;
use crate::domain::status_page::{Component, StatusPage};
use crate::domain::team::Actor;
use crate::store::StoreError;

use super::App;
use super::refused::Refused;

/// What people say of a status page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageSpec {
    /// Its place: `/status/{slug}`.
    pub slug: String,
    /// Its heading.
    pub title: String,
    /// Whether the public sees it.
    pub is_public: bool,
    /// Its lines, from the top.
    pub components: Vec<Component>,
}

impl PageSpec {
    fn page(self, id: StatusPageId, actor: &Actor) -> Result<StatusPage, Refused> {
        let named = |line: Component| Component {
            name: line
                .name
                .map(|name| name.trim().to_owned())
                .filter(|name| !name.is_empty()),
            ..line
        };
        let page = StatusPage {
            id,
            team: actor.team,
            slug: self.slug.trim().to_owned(),
            title: self.title.trim().to_owned(),
            is_public: self.is_public,
            components: self.components.into_iter().map(named).collect(),
        };
        let faults = page.faults();
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
    let page = spec.page(StatusPageId(app.ids.next()), actor)?;
    let mut tx = app.store.begin().await?;
    let added = tx.add_status_page(&page, app.clock.now()).await;
    if !added.map_err(taken)? {
        return Err(not_ours());
    }
    tx.commit().await?;
    app.public.forget();
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
    if app.store.status_page(actor.team, id).await?.is_none() {
        return Err(Refused::NotFound);
    }
    let page = spec.page(id, actor)?;
    let mut tx = app.store.begin().await?;
    if !tx.save_status_page(&page).await.map_err(taken)? {
        return Err(not_ours());
    }
    tx.commit().await?;
    app.public.forget();
    Ok(page)
}

/// Deletes a status page; its monitors stay.
pub async fn delete(app: &App, actor: &Actor, id: StatusPageId) -> Result<(), Refused> {
    must_edit(actor)?;
    let mut tx = app.store.begin().await?;
    if !tx.delete_status_page(actor.team, id).await? {
        return Err(Refused::NotFound);
    }
    tx.commit().await?;
    app.public.forget();
    Ok(())
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
