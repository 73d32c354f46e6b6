//! *Where shall we tell you?*: the first channel, made in one field and tried at once.
//!
//! Whoever makes a monitor while nobody is told comes by here on the way to it. What was made by a
//! test that did not arrive is changed by the next try, or goes when another kind is chosen: nothing
//! broken is left behind.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use url::form_urlencoded;

use super::Shared;
use super::channels::Tested;
use super::error::{WebError, faults};
use super::form::Filled;
use super::frame::Frame;
use super::path::Query;
use super::session::{Visitor, own_path};
use crate::app::channels::{self, ChannelSpec};
use crate::app::refused::Refused;
use crate::domain::channel::{Channel, Field, Form, Kind, Route, Words};
use crate::domain::id::ChannelId;
use crate::domain::sensitive::Sensitive;

#[derive(Template, WebTemplate)]
#[template(path = "channels/first.html")]
struct FirstChannel {
    frame: Frame,
    kind: Kind,
    form: Filled,
    /// What the last try made.
    known: Option<Channel>,
    test: Option<Tested>,
    /// What signs the messages of a webhook, shown this once.
    secret: Option<Sensitive>,
    /// Where to go on.
    then: String,
    mail_is_set_up: bool,
}

impl FirstChannel {
    /// Every kind, with the address of this question for it.
    fn kinds(&self) -> Vec<(Kind, String)> {
        let with_address = |kind: &Kind| (*kind, self.asking_for(*kind));
        Kind::ALL.iter().map(with_address).collect()
    }

    fn asking_for(&self, kind: Kind) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("kind", kind.as_str());
        query.append_pair("then", &self.then);
        if let Some(known) = &self.known {
            query.append_pair("channel", &known.id.to_string());
        }
        format!("/channels/first?{}", query.finish())
    }

    /// The settings that have to be given, or those that may stay as they are.
    fn fields(&self, are_needed: bool) -> Vec<&'static Field> {
        let fields = self.kind.fields().iter();
        fields
            .filter(|field| field.default.is_none() == are_needed)
            .collect()
    }

    /// Whether there is a secret that an empty field keeps.
    fn is_kept(&self, field: &Field) -> bool {
        let known = self.known.as_ref().filter(|known| known.kind == self.kind);
        let value = known.and_then(|known| known.settings.get(field.name));
        field.is_secret() && value.is_some_and(|value| !value.is_empty())
    }

    fn has_arrived(&self) -> bool {
        self.test.as_ref().is_some_and(|test| test.ok)
    }
}

/// Where to go after a monitor was made: to `then`, by way of this question while nobody is told.
pub(super) async fn before(
    shared: &Shared,
    visitor: &Visitor,
    then: &str,
) -> Result<String, WebError> {
    let channels = shared.app.store.channels(visitor.actor.team).await?;
    if !channels.is_empty() {
        return Ok(then.to_owned());
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("then", then);
    Ok(format!("/channels/first?{}", query.finish()))
}

async fn page(
    shared: &Shared,
    visitor: &Visitor,
    (kind, channel, then): (Option<Kind>, Option<&str>, &str),
    form: Option<Filled>,
) -> Result<FirstChannel, WebError> {
    let mail_is_set_up = shared.app.settings.smtp_url.is_some();
    let usual = if mail_is_set_up {
        Kind::Email
    } else {
        Kind::Webhook
    };
    let known = known(shared, visitor, channel.unwrap_or_default()).await?;
    let own = [("to", visitor.actor.email.as_str())];
    Ok(FirstChannel {
        frame: visitor.frame(),
        kind: kind.unwrap_or(usual),
        form: form.unwrap_or_else(|| Filled::of(own)),
        known,
        test: None,
        secret: None,
        then: own_path(then).to_owned(),
        mail_is_set_up,
    })
}

async fn known(shared: &Shared, visitor: &Visitor, id: &str) -> Result<Option<Channel>, WebError> {
    let Ok(id) = id.parse::<ChannelId>() else {
        return Ok(None);
    };
    Ok(shared.app.store.channel(visitor.actor.team, id).await?)
}

/// `GET /channels/first?kind=…&then=…`
pub(super) async fn ask(
    State(shared): State<Shared>,
    visitor: Visitor,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    visitor.must_edit()?;
    let kind = query.get("kind").and_then(Kind::parse);
    let then = query.get("then").unwrap_or("/");
    page(&shared, &visitor, (kind, query.get("channel"), then), None).await
}

/// `POST /channels/first`: makes the channel, sends a test and shows what its receiver answered.
pub(super) async fn tell(
    State(shared): State<Shared>,
    visitor: Visitor,
    form: Filled,
) -> Result<Response, WebError> {
    visitor.must_edit()?;
    let kind = Kind::parse(form.value("kind")).unwrap_or(Kind::Email);
    let whence = (Some(kind), Some(form.value("channel")), form.value("then"));
    let mut page = page(&shared, &visitor, whence, Some(form.clone())).await?;
    let (channel, secret) = match save(&shared, &visitor, kind, (&form, page.known.as_ref())).await
    {
        Ok(saved) => saved,
        Err(refused) => {
            let (refusal, faults) = faults(refused)?;
            page.form = form.refused(faults);
            return Ok(refusal.page(page));
        }
    };
    let answer = channels::test(&shared.app, &visitor.actor, channel.id).await?;
    page.test = Some(match answer {
        Ok(detail) => Tested { ok: true, detail },
        Err(detail) => Tested { ok: false, detail },
    });
    page.known = Some(channel);
    page.secret = secret;
    Ok(page.into_response())
}

async fn save(
    shared: &Shared,
    visitor: &Visitor,
    kind: Kind,
    (form, known): (&Filled, Option<&Channel>),
) -> Result<(Channel, Option<Sensitive>), Refused> {
    let name = match kind {
        Kind::Email => form.value("to"),
        other => other.title(),
    };
    let spec = ChannelSpec {
        // An address that is too long for a name is still one to send to.
        name: name.get(..crate::domain::monitor::MAX_NAME).unwrap_or(name),
        settings: &|name| Some(form.value(name)),
        is_default: true,
        route: Route::default(),
        words: Words::default(),
        digest: None,
    };
    let (app, actor) = (&shared.app, &visitor.actor);
    if let Some(known) = known.filter(|known| known.kind == kind) {
        let channel = channels::change(app, actor, known.id, &spec).await?;
        return Ok((channel, None));
    }
    let made = channels::create(app, actor, kind, &spec).await?;
    if let Some(known) = known {
        channels::delete(app, actor, known.id).await?;
    }
    Ok((made.channel, made.secret))
}
