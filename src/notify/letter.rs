//! What a subscriber of a status page is told: a mail or a signed request in words for the public.
//!
//! Pure but for the sending, as messages to channels are. Every letter says how to hear no more: by
//! a link in the text, and for mail clients by one click (RFC 8058).

use askama::Template;
use serde::Serialize;

use super::{Delivered, DeliveryError, Notifier, setting, unusable, webhook};
use crate::domain::at::At;
use crate::domain::channel::Kind;
use crate::domain::id::NotificationId;
use crate::domain::incident::Severity;
use crate::domain::news::{
    AnnouncementNews, IncidentNews, MaintenanceNews, NewsContent, NewsKind, PageFacts,
};
use crate::domain::subscriber::{State, Subscriber};
use crate::domain::team::Email;
use crate::domain::untrusted::{block, line};
use crate::domain::written::MAX_NOTE;

/// Longest name in a letter, in characters.
const MAX_NAME: usize = 120;
/// Longest subject, in characters.
const MAX_SUBJECT: usize = 200;

/// One letter.
#[derive(Clone, Debug)]
pub struct Letter<'a> {
    /// The stable id that a receiver can recognise a repetition by.
    pub id: NotificationId,
    /// Who is told.
    pub to: &'a Subscriber,
    /// The page as it is now.
    pub page: &'a PageFacts,
    /// What is told; nothing when it asks to confirm.
    pub news: Option<&'a NewsContent>,
    /// Where it is confirmed.
    pub confirm_url: String,
    /// Where the subscriber chooses what to hear.
    pub change_url: String,
    /// Where one click ends it.
    pub unsubscribe_url: String,
    /// When it was written.
    pub created_at: At,
}

/// A letter in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    /// One line.
    pub(super) subject: String,
    /// One line that stands above the text.
    pub(super) heading: String,
    /// Plain text; an empty line parts paragraphs.
    pub(super) text: String,
    /// What to press, and where it leads.
    pub(super) link: (&'static str, String),
    /// What a mail client gathers it under.
    pub(super) thread: Option<String>,
}

#[derive(Template)]
#[template(path = "email/letter.html")]
struct Html<'a> {
    words: &'a Words,
    page: String,
    change_url: &'a str,
    unsubscribe_url: &'a str,
    is_request: bool,
}

#[derive(Template)]
#[template(path = "email/letter.txt")]
struct Text<'a> {
    words: &'a Words,
    page: String,
    change_url: &'a str,
    unsubscribe_url: &'a str,
    is_request: bool,
}

/// What the webhook of a subscriber gets.
#[derive(Serialize)]
struct Payload<'a> {
    r#type: &'static str,
    timestamp: At,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    page: Page<'a>,
    incident: Option<&'a IncidentNews>,
    announcement: Option<&'a AnnouncementNews>,
    maintenance: Option<&'a MaintenanceNews>,
    text: Option<&'a str>,
    change_url: &'a str,
    unsubscribe_url: &'a str,
}

#[derive(Serialize)]
struct Page<'a> {
    title: &'a str,
    url: String,
}

impl Notifier {
    /// Brings one letter to its subscriber; `now` is the time of this attempt. Takes at most half a
    /// minute.
    pub async fn write(&self, letter: &Letter<'_>, now: At) -> Result<Delivered, DeliveryError> {
        let page_url = format!("{}/status/{}", self.public_url, letter.page.slug);
        if letter.to.kind == Kind::Email {
            let Some(mailer) = &self.mailer else {
                return Err(DeliveryError::passing(
                    "email is not set up: LIFESIGN_SMTP_URL",
                ));
            };
            let to = Email::parse(setting(&letter.to.settings, "to")?);
            let to = to.map_err(|_| unusable("to"))?;
            return mailer
                .send_letter(&to, letter, &words(letter, page_url))
                .await;
        }
        let (kind, at) = match letter.news {
            Some(news) => (news.kind.as_str(), news.at),
            None => ("subscription.confirm", letter.created_at),
        };
        let payload = Payload {
            r#type: kind,
            timestamp: at,
            data: Data {
                page: Page {
                    title: &letter.page.title,
                    url: page_url,
                },
                incident: letter.news.and_then(|news| news.incident.as_ref()),
                announcement: letter.news.and_then(|news| news.announcement.as_ref()),
                maintenance: letter.news.and_then(|news| news.maintenance.as_ref()),
                text: letter.news.map(|news| &*news.text),
                change_url: &letter.change_url,
                unsubscribe_url: &letter.unsubscribe_url,
            },
        };
        let body = serde_json::to_string(&payload)
            .map_err(|error| DeliveryError::passing(format!("cannot write JSON: {error}")))?;
        let post = webhook::signed(&letter.to.settings, letter.id, body, now)?;
        post.send(&self.deliveries).await
    }
}

impl Letter<'_> {
    fn is_known(&self) -> bool {
        self.to.state == State::Active
    }

    pub(super) fn html(&self, words: &Words) -> askama::Result<String> {
        Html {
            words,
            page: line(&self.page.title, MAX_NAME),
            change_url: &self.change_url,
            unsubscribe_url: &self.unsubscribe_url,
            is_request: self.news.is_none() && !self.is_known(),
        }
        .render()
    }

    pub(super) fn text(&self, words: &Words) -> askama::Result<String> {
        Text {
            words,
            page: line(&self.page.title, MAX_NAME),
            change_url: &self.change_url,
            unsubscribe_url: &self.unsubscribe_url,
            is_request: self.news.is_none() && !self.is_known(),
        }
        .render()
    }
}

fn words(letter: &Letter<'_>, page_url: String) -> Words {
    let page = line(&letter.page.title, MAX_NAME);
    let Some(news) = letter.news else {
        return request(letter, &page);
    };
    let (heading, thread) = heading(news);
    Words {
        subject: line(&format!("{heading} ({page})"), MAX_SUBJECT),
        heading,
        text: block(&news.text, MAX_NOTE),
        link: ("See the status page", page_url),
        thread,
    }
}

/// The letter that asks to confirm; whoever hears already is told so.
fn request(letter: &Letter<'_>, page: &str) -> Words {
    if letter.is_known() {
        return Words {
            subject: format!("You hear of {page} already"),
            heading: format!("You hear of {page} already"),
            text: "Somebody, probably you, has asked again to be told when something happens. \
                   Nothing has changed."
                .to_owned(),
            link: ("Change what you hear", letter.change_url.clone()),
            thread: None,
        };
    }
    Words {
        subject: format!("Confirm that you want to hear of {page}"),
        heading: format!("Do you want to hear of {page}?"),
        text: "Somebody, probably you, has asked for mail to this address when something happens. \
               The link is good for a day. If it was not you, do nothing: you will hear nothing \
               more."
            .to_owned(),
        link: ("Confirm", letter.confirm_url.clone()),
        thread: None,
    }
}

/// One line for the news, in the order status, component, reason; and the thread they belong to.
fn heading(news: &NewsContent) -> (String, Option<String>) {
    if let Some(incident) = &news.incident {
        let component = line(&incident.component, MAX_NAME);
        let heading = match (news.kind, incident.stage, incident.severity) {
            (NewsKind::IncidentResolved, ..) => format!("RESOLVED {component}"),
            (NewsKind::IncidentUpdated, Some(stage), _) => {
                format!("UPDATED {component}: {}", stage.as_str())
            }
            (NewsKind::IncidentUpdated, None, _) => format!("UPDATED {component}"),
            (_, _, Severity::Down) => format!("DOWN {component}: {}", incident.reason),
            (_, _, Severity::Degraded) => format!("DEGRADED {component}: {}", incident.reason),
        };
        return (heading, Some(format!("incident-{}", incident.id)));
    }
    if let Some(announcement) = &news.announcement {
        return (line(&announcement.title, MAX_NAME), None);
    }
    let name = news.maintenance.as_ref().map(|window| &*window.name);
    let name = line(name.unwrap_or_default(), MAX_NAME);
    let heading = match news.kind {
        NewsKind::MaintenanceStarted => format!("MAINTENANCE has begun: {name}"),
        _ => format!("MAINTENANCE planned: {name}"),
    };
    let thread = news.maintenance.as_ref();
    (
        heading,
        thread.map(|window| format!("maintenance-{}-{}", window.id, window.starts_at.0)),
    )
}
