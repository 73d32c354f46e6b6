//! Lists, all of one shape: `{ "data": […], "next_cursor": null }`.

use serde::Serialize;
use utoipa::ToSchema;

use crate::store::Page;

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub(super) struct List<T> {
    /// What is on it.
    data: Vec<T>,
    /// What `?cursor=` takes for the next page; null on the last one.
    next_cursor: Option<String>,
}

impl<T> List<T> {
    /// A list that fits on one page.
    pub(super) fn whole(data: impl IntoIterator<Item = T>) -> Self {
        Self {
            data: data.into_iter().collect(),
            next_cursor: None,
        }
    }

    /// A page of the store, seen through `view`.
    pub(super) fn of<R>(page: Page<R>, view: impl FnMut(R) -> T) -> Self {
        Self {
            data: page.rows.into_iter().map(view).collect(),
            next_cursor: page.next,
        }
    }
}
