//! Deleting asks on a page, not in a script.

use askama::Template;
use askama_web::WebTemplate;

use super::frame::Frame;

/// The page that asks; its form posts to the address that it is shown at.
#[derive(Template, WebTemplate)]
#[template(path = "partials/delete.html")]
pub(super) struct DeletePage {
    /// What surrounds it.
    pub(super) frame: Frame,
    /// What kind of thing, with its article.
    pub(super) what: &'static str,
    /// Its name.
    pub(super) name: String,
    /// What goes with it.
    pub(super) consequence: &'static str,
    /// Where to go instead.
    pub(super) back: String,
}
