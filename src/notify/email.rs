//! Telling by mail: multipart text and HTML over SMTP.
//!
//! The message id comes from the notification, so that a repetition can be recognised; everything
//! about one incident names the same reference and stands in one thread. The mail host is a
//! setting of the operator: what it refuses because of us is tried again, only a refused recipient
//! is for good.

use std::error::Error as _;
use std::time::{Duration, UNIX_EPOCH};

use askama::Template as _;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder, MultiPart, SinglePart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use url::Url;

use super::invitation::{self, Invitation};
use super::letter::{Letter, Words};
use super::message::Message;
use super::recipient::is_for_good;
use super::{Delivered, DeliveryError};
use crate::domain::at::At;
use crate::domain::id::NotificationId;
use crate::domain::notification::Notification;
use crate::domain::sensitive::Sensitive;
use crate::domain::team::Email;
use crate::domain::untrusted::{MAX_QUOTE, line};

/// How long a connection to the mail host may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one delivery may take in all; a busy host lets its greeting wait for some seconds.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(20);
/// The name in the `From` of every mail.
const SENDER: &str = "Lifesign";

/// The mail settings make no sense.
#[derive(Debug, thiserror::Error)]
#[error("setting LIFESIGN_{setting}: {message}")]
pub struct MailSetupError {
    setting: &'static str,
    message: String,
}

fn refuse(setting: &'static str, message: impl Into<String>) -> MailSetupError {
    MailSetupError {
        setting,
        message: message.into(),
    }
}

/// Sends mail through one host.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    sender: Mailbox,
    /// `host:port`, for messages about it.
    host: String,
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailer")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

impl Mailer {
    /// A mailer for `smtp://user:password@host:587?tls=required` (also `opportunistic`, the
    /// default, and `none`) or `smtps://…`. `extra_roots` is PEM that is trusted beside the usual
    /// roots. Does not connect.
    pub fn new(
        url: &Sensitive,
        from: &Email,
        extra_roots: Option<&[u8]>,
    ) -> Result<Self, MailSetupError> {
        let mut url: Url = url.expose().parse().map_err(|_| {
            refuse(
                "SMTP_URL",
                "is not a URL; it looks like smtp://user:password@host:587?tls=required",
            )
        })?;
        let name = url.host_str().unwrap_or_default().to_owned();
        if name.is_empty() {
            return Err(refuse("SMTP_URL", "names no host"));
        }
        let wish = url.query_pairs().find(|(key, _)| key == "tls");
        let wish = wish.map(|(_, value)| value.into_owned());
        let tls = match (url.scheme(), wish.as_deref()) {
            ("smtps", _) => Tls::Wrapper(parameters(&name, extra_roots)?),
            ("smtp", Some("required")) => Tls::Required(parameters(&name, extra_roots)?),
            ("smtp", None | Some("opportunistic")) => {
                Tls::Opportunistic(parameters(&name, extra_roots)?)
            }
            ("smtp", Some("none")) => Tls::None,
            ("smtp", Some(_)) => {
                let message = "the parameter tls must be required, opportunistic or none";
                return Err(refuse("SMTP_URL", message));
            }
            _ => return Err(refuse("SMTP_URL", "must start with smtp:// or smtps://")),
        };
        if !matches!(tls, Tls::Required(_)) {
            // The library knows fewer words for it; port 587 goes with `required` only.
            url.set_query(None);
        }
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.as_str())
            .map_err(|error| refuse("SMTP_URL", error.to_string()))?;
        let transport = builder.tls(tls).timeout(Some(CONNECT_TIMEOUT)).build();
        let address: Address = from
            .as_str()
            .parse()
            .map_err(|_| refuse("MAIL_FROM", "is not a mail address"))?;
        Ok(Self {
            transport,
            sender: Mailbox::new(Some(SENDER.to_owned()), address),
            host: url
                .port()
                .map_or(name.clone(), |port| format!("{name}:{port}")),
        })
    }

    /// Sends one message to one recipient.
    pub(super) async fn send(
        &self,
        to: &Email,
        notification: &Notification,
        message: &Message,
    ) -> Result<Delivered, DeliveryError> {
        let mail = compose(&self.sender, to, notification, message)?;
        self.bring(mail).await
    }

    /// Sends one letter to a subscriber.
    pub(super) async fn send_letter(
        &self,
        to: &Email,
        letter: &Letter<'_>,
        words: &Words,
    ) -> Result<Delivered, DeliveryError> {
        let mail = compose_letter(&self.sender, to, letter, words)?;
        self.bring(mail).await
    }

    /// Sends one invitation.
    pub(super) async fn send_invitation(
        &self,
        to: &Email,
        invitation: &Invitation,
        (id, now): (NotificationId, At),
    ) -> Result<Delivered, DeliveryError> {
        let list = format!("{SENDER} <invitations.{}>", self.sender.email.domain());
        let subject = format!("You are invited into the team “{}”", invitation.team);
        let builder = addressed(&self.sender, to, (&subject, list), (id, now))?;
        let text = invitation::Text { invitation }.render();
        let html = invitation::Html { invitation }.render();
        let parts = parts(
            id,
            text.map_err(|error| ours(&error))?,
            html.map_err(|error| ours(&error))?,
        );
        let mail = builder.multipart(parts).map_err(|error| ours(&error))?;
        self.bring(mail).await
    }

    /// Each mail has a connection of its own: on one that was used before, the answers to a mail that was
    /// given up would be taken for those to the next.
    async fn bring(&self, mail: lettre::Message) -> Result<Delivered, DeliveryError> {
        let to = mail.envelope().to().first().map(ToString::to_string);
        let sending = self.transport.send(mail);
        match tokio::time::timeout(DELIVERY_TIMEOUT, sending).await {
            Ok(Ok(answer)) => {
                let text = answer.message().collect::<Vec<_>>().join(" ");
                let answer = line(&format!("{} {text}", answer.code()), MAX_QUOTE);
                Ok(Delivered {
                    detail: format!("{} took it: {answer}", self.host),
                })
            }
            Ok(Err(error)) => Err(self.refusal(&error, &to.unwrap_or_default())),
            Err(_) => Err(DeliveryError::passing(format!(
                "the mail host {} did not answer within {} seconds",
                self.host,
                DELIVERY_TIMEOUT.as_secs()
            ))),
        }
    }

    fn refusal(&self, error: &SmtpError, to: &str) -> DeliveryError {
        let host = &self.host;
        let cause = innermost(error);
        if let Some(code) = error.status() {
            let code = code.to_string();
            let detail = format!("the mail host {host} answered {code} {cause}");
            return DeliveryError {
                permanent: is_for_good(&code, &cause, to),
                ..DeliveryError::passing(line(&detail, MAX_QUOTE))
            };
        }
        let detail = if error.is_timeout() {
            format!(
                "the mail host {host} did not answer within {} seconds",
                CONNECT_TIMEOUT.as_secs()
            )
        } else if error.is_tls() || cause.contains("certificate") {
            format!(
                "no encrypted connection to the mail host {host}: {cause} (LIFESIGN_SMTP_CA_FILE adds a certificate to trust)"
            )
        } else {
            format!("cannot talk to the mail host {host}: {cause}")
        };
        DeliveryError::passing(line(&detail, MAX_QUOTE))
    }
}

fn parameters(host: &str, extra_roots: Option<&[u8]>) -> Result<TlsParameters, MailSetupError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    let no_pem = || refuse("SMTP_CA_FILE", "holds no certificates (PEM)");
    if let Some(pem) = extra_roots {
        let roots: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let roots = roots.map_err(|_| no_pem())?;
        if roots.is_empty() {
            return Err(no_pem());
        }
        for root in roots {
            let root = Certificate::from_der(root.to_vec()).map_err(|_| no_pem())?;
            builder = builder.add_root_certificate(root);
        }
    }
    builder
        .build_rustls()
        .map_err(|error| refuse("SMTP_CA_FILE", error.to_string()))
}

fn innermost(error: &SmtpError) -> String {
    let mut cause = error.source();
    while let Some(deeper) = cause.and_then(std::error::Error::source) {
        cause = Some(deeper);
    }
    cause.map_or_else(|| error.to_string(), ToString::to_string)
}

fn compose(
    sender: &Mailbox,
    to: &Email,
    notification: &Notification,
    message: &Message,
) -> Result<lettre::Message, DeliveryError> {
    let domain = sender.email.domain();
    let list = format!("{SENDER} <alerts.{domain}>");
    let what = (message.subject.as_str(), list);
    let mut builder = addressed(sender, to, what, (notification.id, notification.created_at))?;
    if let Some(incident) = &notification.content.incident {
        let thread = format!("<incident-{}@{domain}>", incident.known_as());
        builder = builder.in_reply_to(thread.clone()).references(thread);
    }
    let text = message.text().map_err(|error| ours(&error))?;
    let html = message.html().map_err(|error| ours(&error))?;
    let parts = parts(notification.id, text, html);
    builder.multipart(parts).map_err(|error| ours(&error))
}

/// A letter to a subscriber: it names its page as the list, and how to leave it by one click
/// (RFC 2919, RFC 2369, RFC 8058).
fn compose_letter(
    sender: &Mailbox,
    to: &Email,
    letter: &Letter<'_>,
    words: &Words,
) -> Result<lettre::Message, DeliveryError> {
    let domain = sender.email.domain();
    let page = letter.page.id;
    let list = format!("{SENDER} <status-{page}.{domain}>");
    let what = (words.subject.as_str(), list);
    let mut builder = addressed(sender, to, what, (letter.id, letter.created_at))?;
    if letter.news.is_some() {
        let leave = format!("<{}>", letter.unsubscribe_url);
        let one_click = "List-Unsubscribe=One-Click".to_owned();
        builder = builder
            .raw_header(header("List-Unsubscribe", leave))
            .raw_header(header("List-Unsubscribe-Post", one_click));
    }
    if let Some(thread) = &words.thread {
        // Other pages may tell the same person of the same thing.
        let thread = format!("<{thread}-{page}@{domain}>");
        builder = builder.in_reply_to(thread.clone()).references(thread);
    }
    let text = letter.text(words).map_err(|error| ours(&error))?;
    let html = letter.html(words).map_err(|error| ours(&error))?;
    let parts = parts(letter.id, text, html);
    builder.multipart(parts).map_err(|error| ours(&error))
}

fn ours(error: &dyn std::error::Error) -> DeliveryError {
    DeliveryError::passing(format!("the mail could not be written: {error}"))
}

/// What all mails have in common: who writes what to whom as part of which list, by which id and
/// when.
fn addressed(
    sender: &Mailbox,
    to: &Email,
    (subject, list): (&str, String),
    (id, created_at): (NotificationId, At),
) -> Result<MessageBuilder, DeliveryError> {
    let recipient: Address = to.as_str().parse().map_err(|error| {
        DeliveryError::lasting(format!("the address cannot be written to: {error}"))
    })?;
    let domain = sender.email.domain();
    let sent = UNIX_EPOCH + Duration::from_millis(u64::try_from(created_at.0).unwrap_or_default());
    Ok(lettre::Message::builder()
        .from(sender.clone())
        .to(Mailbox::new(None, recipient))
        .subject(subject)
        .date(sent)
        .message_id(Some(format!("<{id}@{domain}>")))
        .raw_header(header("List-Id", list))
        .raw_header(header("Auto-Submitted", "auto-generated".to_owned()))
        .raw_header(header("X-Auto-Response-Suppress", "All".to_owned())))
}

fn parts(id: NotificationId, text: String, html: String) -> MultiPart {
    MultiPart::alternative()
        .boundary(format!("part-{}", id.0.simple()))
        .singlepart(SinglePart::plain(text))
        .singlepart(SinglePart::html(html))
}

fn header(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn settings_that_make_no_sense_are_refused_by_name() {
        let from = Email::parse("alerts@example.com").unwrap();
        for (url, part) in [
            ("mail.example.com", "not a URL"),
            ("http://mail.example.com", "smtp:// or smtps://"),
            ("smtp://mail.example.com?tls=maybe", "parameter tls"),
            ("smtp://", "host"),
        ] {
            let error = Mailer::new(&Sensitive::new(url), &from, None).unwrap_err();
            let error = error.to_string();
            assert!(
                error.contains("LIFESIGN_SMTP_URL") && error.contains(part),
                "{error}"
            );
        }
        let url = Sensitive::new("smtp://u:p@mail.example.com?tls=none");
        assert!(Mailer::new(&url, &from, None).is_ok());
        let error = Mailer::new(&Sensitive::new("smtps://m.example"), &from, Some(b"x"));
        assert!(error.unwrap_err().to_string().contains("SMTP_CA_FILE"));
    }
}
