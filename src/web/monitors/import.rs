//! Watching what an `mcp.json` names: pasted or given as a file, shown, chosen, watched.
//!
//! Between the two steps the text travels sealed in the page, so that no secret of it stands there
//! and none has to be typed again.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use crate::app::import::{self, Imported};
use crate::domain::client_config::{Listing, Skipped};
use crate::domain::monitor::{FieldError, Header, MonitorSpec, TransportChoice};
use crate::web::Shared;
use crate::web::error::{WebError, refused_page};
use crate::web::filters;
use crate::web::first_channel;
use crate::web::form::Filled;
use crate::web::frame::Frame;
use crate::web::session::Visitor;

/// Longest text that is taken from a page, in bytes; the command line takes more. Sealed and sent
/// back it still fits into a form.
const MAX_PASTED: usize = 128 * 1_024;

#[derive(Template, WebTemplate)]
#[template(path = "monitors/import.html")]
struct PastePage {
    frame: Frame,
    form: Filled,
    /// What was left out, where nothing else was found.
    skipped: Vec<Skipped>,
}

/// A server that was found.
struct Found {
    /// Where it stands in the text, from 0.
    place: usize,
    spec: MonitorSpec,
    outcome: Imported,
}

impl Found {
    /// What it is given to say who asks, by name only.
    fn credentials(&self) -> String {
        let endpoint = &self.spec.endpoint;
        let names = endpoint.headers.iter().map(|header: &Header| &*header.name);
        let token = endpoint.bearer.is_some().then_some("a token");
        names.chain(token).collect::<Vec<_>>().join(", ")
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "monitors/import_choose.html")]
struct ChoosePage {
    frame: Frame,
    form: Filled,
    sealed: String,
    found: Vec<Found>,
    skipped: Vec<Skipped>,
}

impl ChoosePage {
    /// How many can be chosen.
    fn choices(&self) -> usize {
        self.found.iter().filter(|f| f.outcome.is_added()).count()
    }

    /// Whether a server is ticked: all are until somebody chooses.
    fn is_chosen(&self, found: &Found) -> bool {
        !self.form.is_refused() || self.form.has("choose", &found.place.to_string())
    }
}

/// `GET /monitors/import`
pub(crate) async fn ask(visitor: Visitor) -> Result<impl IntoResponse, WebError> {
    visitor.must_edit()?;
    Ok(PastePage {
        frame: visitor.frame(),
        form: Filled::default(),
        skipped: Vec::new(),
    })
}

/// `POST /monitors/import`: shows what the text names.
pub(crate) async fn read(
    State(shared): State<Shared>,
    visitor: Visitor,
    form: Filled,
) -> Result<Response, WebError> {
    visitor.must_edit()?;
    let refused = |form: Filled, fault: FieldError, skipped| {
        refused_page(PastePage {
            frame: visitor.frame(),
            form: form.refused(vec![fault]),
            skipped,
        })
    };
    let text = pasted(&form).to_owned();
    // A file comes back as text: a browser does not fill its field in again.
    let form = Filled::of([("config", text.as_str())]);
    let listing = match listing(&text) {
        Ok(listing) => listing,
        Err(fault) => return Ok(refused(form, fault, Vec::new())),
    };
    if listing.specs.is_empty() {
        let fault = FieldError::new("config", "names no server that can be watched from here");
        return Ok(refused(form, fault, listing.skipped));
    }
    let page = choose(&shared, &visitor, (&text, listing), Filled::default()).await?;
    Ok(page.into_response())
}

/// The text of the file, or else what stands in the field.
fn pasted(form: &Filled) -> &str {
    let file = form.value("file");
    if file.is_empty() {
        form.value("config")
    } else {
        file
    }
}

fn listing(text: &str) -> Result<Listing, FieldError> {
    let refuse = |message: String| Err(FieldError::new("config", message));
    if text.is_empty() {
        return refuse("is empty: paste the text of an mcp.json, or choose the file".to_owned());
    }
    if text.len() > MAX_PASTED {
        return refuse(format!(
            "has more than {} kB; on the server `lifesign import FILE` takes more",
            MAX_PASTED / 1_024
        ));
    }
    Listing::read(text).map_err(|fault| FieldError::new("config", fault.message))
}

async fn choose(
    shared: &Shared,
    visitor: &Visitor,
    (text, listing): (&str, Listing),
    form: Filled,
) -> Result<ChoosePage, WebError> {
    let (app, actor) = (&shared.app, &visitor.actor);
    let outcomes = import::look(app, actor, &listing.specs).await?;
    let found = listing.specs.into_iter().zip(outcomes).enumerate();
    let found = found.map(|(place, (spec, outcome))| Found {
        place,
        spec,
        outcome,
    });
    Ok(ChoosePage {
        frame: visitor.frame(),
        form,
        sealed: import::seal(app, actor, text),
        found: found.collect(),
        skipped: listing.skipped,
    })
}

/// `POST /monitors/import/watch`: watches what was chosen.
pub(crate) async fn watch(
    State(shared): State<Shared>,
    visitor: Visitor,
    form: Filled,
) -> Result<Response, WebError> {
    visitor.must_edit()?;
    let (app, actor) = (&shared.app, &visitor.actor);
    let text = import::open(app, actor, form.value("sealed"));
    let read = text.and_then(|text| Some((listing(&text).ok()?, text)));
    let Some((listing, text)) = read else {
        let fault = FieldError::new(
            "form",
            "That page was too old; please paste the text again.",
        );
        return Ok(refused_page(PastePage {
            frame: visitor.frame(),
            form: Filled::default().refused(vec![fault]),
            skipped: Vec::new(),
        }));
    };
    let specs = listing.specs.iter().enumerate();
    let specs = specs.filter(|(place, _)| form.has("choose", &place.to_string()));
    let chosen: Vec<MonitorSpec> = specs.map(|(_, spec)| spec.clone()).collect();
    if chosen.is_empty() {
        let fault = FieldError::new("form", "No server was chosen. Tick at least one.");
        let form = form.refused(vec![fault]);
        let page = choose(&shared, &visitor, (&text, listing), form).await?;
        return Ok(refused_page(page));
    }
    let outcomes = import::watch(app, actor, &chosen).await?;
    let added = outcomes.iter().filter(|outcome| outcome.is_added()).count();
    let then = format!("/?done=imported&n={added}");
    let to = first_channel::before(&shared, &visitor, &then).await?;
    Ok(Redirect::to(&to).into_response())
}
