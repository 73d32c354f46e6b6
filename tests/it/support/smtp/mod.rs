//! A mail host on loopback: takes real SMTP conversations and keeps what it was given.
//!
//! Plain, STARTTLS and implicit TLS with a certificate of its own; credentials are taken as they come
//! and kept for the test to read. Bounded in messages, bytes and line length. Delivers to nobody.

mod dialogue;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// How a mail host wants to be spoken to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Security {
    Plain,
    /// Announced in EHLO; mail without it is refused with 530.
    StartTls,
    Implicit,
}

/// A message as it was accepted.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    /// Headers and body as they came, lines ended by CRLF.
    pub(crate) data: String,
    pub(crate) encrypted: bool,
    /// User and password, if the client logged in.
    pub(crate) login: Option<(String, String)>,
}

impl Mail {
    /// The header of that name, unfolded; encoded words stay encoded.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        header(self.data.split("\r\n\r\n").next()?, name)
    }

    /// The part of that media type (`text/plain`, `text/html`), decoded.
    pub(crate) fn part(&self, media: &str) -> Option<String> {
        let (head, body) = self.data.split_once("\r\n\r\n")?;
        part(head, body, media)
    }
}

fn header(head: &str, name: &str) -> Option<String> {
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    unfolded.lines().find_map(|line| {
        let (have, value) = line.split_once(':')?;
        have.eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    })
}

fn part(head: &str, body: &str, media: &str) -> Option<String> {
    let kind = header(head, "content-type").unwrap_or_else(|| "text/plain".to_owned());
    if let Some((_, rest)) = kind.split_once("boundary=") {
        let boundary = rest.split(';').next()?.trim().trim_matches('"');
        let delimiter = format!("--{boundary}");
        let mut parts = body.split(&delimiter).skip(1);
        return parts.find_map(|piece| {
            let (head, body) = piece.trim_start().split_once("\r\n\r\n")?;
            part(head, body, media)
        });
    }
    if !kind.to_ascii_lowercase().starts_with(media) {
        return None;
    }
    let encoding = header(head, "content-transfer-encoding").unwrap_or_default();
    let bytes = match encoding.to_ascii_lowercase().as_str() {
        "base64" => BASE64
            .decode(body.split_whitespace().collect::<String>())
            .ok()?,
        "quoted-printable" => quoted_printable(body),
        _ => body.as_bytes().to_vec(),
    };
    String::from_utf8(bytes).ok()
}

fn quoted_printable(text: &str) -> Vec<u8> {
    let joined = text.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if *first == b'=' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    bytes
}

/// The running mail host; it stops when it is dropped.
pub(crate) struct SmtpReceiver {
    address: SocketAddr,
    security: Security,
    certificate_pem: String,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Shared {
    mails: Mutex<Vec<Mail>>,
    answers: Mutex<HashMap<String, &'static str>>,
    arrived: Notify,
    connections: AtomicUsize,
}

impl SmtpReceiver {
    /// A mail host on any free port of 127.0.0.1.
    pub(crate) async fn start(security: Security) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::<Shared>::default();
        let (tls, certificate_pem) = tls();
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, security, tls, Arc::clone(&shared)));
        Self {
            address,
            security,
            certificate_pem,
            shared,
            _tasks: tasks,
        }
    }

    /// What `SMTP_URL` takes.
    pub(crate) fn url(&self) -> String {
        let address = self.address;
        match self.security {
            Security::Plain => format!("smtp://{address}"),
            Security::StartTls => format!("smtp://{address}?tls=required"),
            Security::Implicit => format!("smtps://{address}"),
        }
    }

    /// The certificate to trust; good for `localhost` and `127.0.0.1`.
    pub(crate) fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// From now on `RCPT TO` of this address is answered 550: no such mailbox.
    pub(crate) fn refuse(&self, recipient: &str) {
        self.answer(recipient, "550 5.1.1 no such mailbox");
    }

    /// From now on `RCPT TO` of this address is answered 451: come back later.
    pub(crate) fn postpone(&self, recipient: &str) {
        self.answer(recipient, "451 4.3.0 come back later");
    }

    /// The address is taken again.
    pub(crate) fn take(&self, recipient: &str) {
        let mut answers = self
            .shared
            .answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        answers.remove(recipient);
    }

    fn answer(&self, recipient: &str, line: &'static str) {
        let mut answers = self
            .shared
            .answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        answers.insert(recipient.to_owned(), line);
    }

    /// How many connections there were so far.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Everything accepted so far, oldest first.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.shared
            .mails
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits until at least `count` messages were accepted. Put a timeout around it.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Mail> {
        loop {
            let arrived = self.shared.arrived.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            let mails = self.mails();
            if mails.len() >= count {
                return mails;
            }
            arrived.await;
        }
    }
}

fn tls() -> (TlsAcceptor, String) {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), made.cert.pem())
}

async fn accept(listener: TcpListener, security: Security, tls: TlsAcceptor, shared: Arc<Shared>) {
    let mut open = JoinSet::new();
    while let Ok((tcp, _)) = listener.accept().await {
        shared.connections.fetch_add(1, Ordering::Relaxed);
        let (tls, shared) = (tls.clone(), Arc::clone(&shared));
        open.spawn(async move {
            // A client that leaves in the middle is no business of ours.
            let _left = dialogue::receive(tcp, security, &tls, &shared).await;
        });
        while open.try_join_next().is_some() {}
    }
}

mod tests {
    use lettre::message::{Mailbox, MultiPart};
    use lettre::transport::smtp::authentication::Credentials;
    use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
    use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

    use super::*;

    fn message() -> Message {
        let me: Mailbox = "Ops <ops@example.com>".parse().unwrap();
        Message::builder()
            .from("lifesign@example.com".parse().unwrap())
            .to(me)
            .subject("DOWN search.example.com")
            .multipart(MultiPart::alternative_plain_html(
                ".a line that begins with a dot, and an umlaut: ü".to_owned(),
                "<p>hello</p>".to_owned(),
            ))
            .unwrap()
    }

    fn client(server: &SmtpReceiver) -> AsyncSmtpTransport<Tokio1Executor> {
        let certificate = Certificate::from_pem(server.certificate_pem().as_bytes()).unwrap();
        let parameters = || {
            let builder = TlsParameters::builder("localhost".to_owned());
            builder.add_root_certificate(certificate).build().unwrap()
        };
        let tls = match server.security {
            Security::Plain => Tls::None,
            Security::StartTls => Tls::Required(parameters()),
            Security::Implicit => Tls::Wrapper(parameters()),
        };
        AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
            .port(server.address.port())
            .tls(tls)
            .credentials(Credentials::new("me".to_owned(), "secret".to_owned()))
            .build()
    }

    #[tokio::test]
    async fn mail_arrives_whole_however_it_is_sent() {
        for security in [Security::Plain, Security::StartTls, Security::Implicit] {
            let server = SmtpReceiver::start(security).await;
            assert!(server.url().starts_with("smtp"));
            client(&server).send(message()).await.unwrap();
            let mail = &server.wait_for(1).await[0];
            assert_eq!(
                (mail.from.as_str(), mail.to[0].as_str()),
                ("lifesign@example.com", "ops@example.com")
            );
            assert_eq!(
                mail.header("subject").as_deref(),
                Some("DOWN search.example.com")
            );
            let text = mail.part("text/plain").unwrap();
            assert!(
                text.contains(".a line that begins with a dot, and an umlaut: ü"),
                "{text}"
            );
            assert!(mail.part("text/html").unwrap().contains("<p>hello</p>"));
            assert_eq!(mail.encrypted, security != Security::Plain);
            assert_eq!(mail.login, Some(("me".to_owned(), "secret".to_owned())));
        }
    }

    #[tokio::test]
    async fn a_recipient_can_be_refused_or_postponed() {
        let server = SmtpReceiver::start(Security::Plain).await;
        server.refuse("ops@example.com");
        assert!(
            client(&server)
                .send(message())
                .await
                .unwrap_err()
                .is_permanent()
        );
        server.postpone("ops@example.com");
        assert!(
            client(&server)
                .send(message())
                .await
                .unwrap_err()
                .is_transient()
        );
        server.take("ops@example.com");
        client(&server).send(message()).await.unwrap();
        assert_eq!(server.mails().len(), 1);
    }
}
