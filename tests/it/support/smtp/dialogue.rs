//! The dialogue of a mail host: commands and their answers, up to the accepted message.

use std::sync::PoisonError;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::{Mail, Security, Shared};

const MAX_MESSAGES: usize = 1_000;
const MAX_MESSAGE_BYTES: usize = 1 << 20;
const MAX_LINE_BYTES: usize = 16 * 1024;

/// Talks to one client until it leaves.
pub(super) async fn receive(
    tcp: TcpStream,
    security: Security,
    tls: &TlsAcceptor,
    shared: &Shared,
) -> std::io::Result<()> {
    let mut talk = Talk {
        shared,
        offers_tls: false,
        encrypted: false,
    };
    if security == Security::Implicit {
        talk.encrypted = true;
        let mut stream = BufReader::new(tls.accept(tcp).await?);
        say(&mut stream, "220 mail.test ESMTP").await?;
        return talk.run(&mut stream).await.map(drop);
    }
    talk.offers_tls = security == Security::StartTls;
    let mut stream = BufReader::new(tcp);
    say(&mut stream, "220 mail.test ESMTP").await?;
    if talk.run(&mut stream).await? == End::StartTls {
        let mut stream = BufReader::new(tls.accept(stream.into_inner()).await?);
        (talk.offers_tls, talk.encrypted) = (false, true);
        talk.run(&mut stream).await?;
    }
    Ok(())
}

#[derive(PartialEq, Eq)]
enum End {
    Quit,
    StartTls,
}

struct Talk<'a> {
    shared: &'a Shared,
    offers_tls: bool,
    encrypted: bool,
}

impl Talk<'_> {
    /// The dialogue until QUIT, the end of the connection, or STARTTLS.
    async fn run<S>(&mut self, stream: &mut BufReader<S>) -> std::io::Result<End>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut login = None;
        let mut from = None;
        let mut to = Vec::new();
        loop {
            let Some(command) = line(stream).await? else {
                return Ok(End::Quit);
            };
            let upper = command.to_ascii_uppercase();
            let verb = upper.split([' ', ':']).next().unwrap_or_default();
            match verb {
                "EHLO" => {
                    let offer = if self.offers_tls {
                        "250-STARTTLS\r\n"
                    } else {
                        ""
                    };
                    let text = format!(
                        "250-mail.test\r\n{offer}250-SIZE {MAX_MESSAGE_BYTES}\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN"
                    );
                    say(stream, &text).await?;
                }
                "STARTTLS" if self.offers_tls => {
                    say(stream, "220 go ahead").await?;
                    return Ok(End::StartTls);
                }
                "MAIL" | "AUTH" if self.offers_tls => {
                    say(stream, "530 5.7.0 must issue a STARTTLS command first").await?;
                }
                "AUTH" => {
                    login = auth(stream, &command).await?;
                    let text = if login.is_some() {
                        "235 2.7.0 welcome"
                    } else {
                        "501 5.5.2 what?"
                    };
                    say(stream, text).await?;
                }
                "MAIL" => {
                    from = address(&command);
                    to.clear();
                    say(stream, "250 2.1.0 ok").await?;
                }
                "RCPT" => {
                    let recipient = address(&command).unwrap_or_default();
                    let refusal = {
                        let answers = &self.shared.answers;
                        let answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
                        answers.get(&recipient).copied()
                    };
                    if refusal.is_none() {
                        to.push(recipient);
                    }
                    say(stream, refusal.unwrap_or("250 2.1.5 ok")).await?;
                }
                "DATA" if from.is_none() || to.is_empty() => {
                    say(stream, "503 5.5.1 no sender or no recipient").await?;
                }
                "DATA" => {
                    say(stream, "354 end with a dot").await?;
                    let Some(data) = data(stream).await? else {
                        say(stream, "552 5.3.4 too large").await?;
                        continue;
                    };
                    let mail = Mail {
                        from: from.take().unwrap_or_default(),
                        to: std::mem::take(&mut to),
                        data,
                        encrypted: self.encrypted,
                        login: login.clone(),
                    };
                    let text = if self.keep(mail) {
                        "250 2.0.0 kept"
                    } else {
                        "452 4.3.1 full"
                    };
                    say(stream, text).await?;
                }
                "RSET" => {
                    (from, to) = (None, Vec::new());
                    say(stream, "250 2.0.0 ok").await?;
                }
                "NOOP" => say(stream, "250 2.0.0 ok").await?,
                "QUIT" => {
                    say(stream, "221 2.0.0 bye").await?;
                    return Ok(End::Quit);
                }
                _ => say(stream, "502 5.5.1 not implemented").await?,
            }
        }
    }

    fn keep(&self, mail: Mail) -> bool {
        let mut mails = self
            .shared
            .mails
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if mails.len() >= MAX_MESSAGES {
            return false;
        }
        mails.push(mail);
        drop(mails);
        self.shared.arrived.notify_waiters();
        true
    }
}

/// `AUTH PLAIN` with or without initial response, `AUTH LOGIN`.
async fn auth<S>(
    stream: &mut BufReader<S>,
    command: &str,
) -> std::io::Result<Option<(String, String)>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut words = command.split_whitespace().skip(1);
    let mechanism = words.next().unwrap_or_default().to_ascii_uppercase();
    let mut answer = words.next().map(str::to_owned);
    let decode = |text: String| {
        BASE64
            .decode(text.trim())
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
    };
    if mechanism == "PLAIN" {
        if answer.is_none() {
            say(stream, "334 ").await?;
            answer = line(stream).await?;
        }
        let text = answer.and_then(decode).unwrap_or_default();
        let mut fields = text.split('\0').skip(1);
        return Ok(fields
            .next()
            .zip(fields.next())
            .map(|(user, password)| (user.to_owned(), password.to_owned())));
    }
    if answer.is_none() {
        say(stream, "334 VXNlcm5hbWU6").await?;
        answer = line(stream).await?;
    }
    say(stream, "334 UGFzc3dvcmQ6").await?;
    let password = line(stream).await?;
    Ok(answer.and_then(decode).zip(password.and_then(decode)))
}

/// The message up to the lonely dot, dots unstuffed; none if it is too large.
async fn data<R: AsyncBufRead + Unpin>(stream: &mut R) -> std::io::Result<Option<String>> {
    let mut text = String::new();
    let mut too_large = false;
    while let Some(next) = line(stream).await? {
        if next == "." {
            return Ok((!too_large).then_some(text));
        }
        too_large |= text.len() + next.len() > MAX_MESSAGE_BYTES;
        if !too_large {
            text.push_str(next.strip_prefix('.').unwrap_or(&next));
            text.push_str("\r\n");
        }
    }
    Ok(None)
}

async fn line<R: AsyncBufRead + Unpin>(stream: &mut R) -> std::io::Result<Option<String>> {
    let mut bytes = Vec::new();
    loop {
        let available = stream.fill_buf().await?;
        if available.is_empty() {
            return Ok(None);
        }
        let end = available.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(available.len(), |end| end + 1);
        bytes.extend_from_slice(&available[..taken]);
        stream.consume(taken);
        if bytes.len() > MAX_LINE_BYTES {
            return Err(std::io::Error::other("line too long"));
        }
        if end.is_some() {
            let text = String::from_utf8_lossy(&bytes);
            return Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()));
        }
    }
}

async fn say<W: AsyncWrite + Unpin>(stream: &mut W, text: &str) -> std::io::Result<()> {
    stream.write_all(format!("{text}\r\n").as_bytes()).await?;
    stream.flush().await
}

fn address(command: &str) -> Option<String> {
    let (_, rest) = command.split_once('<')?;
    Some(rest.split_once('>')?.0.to_owned())
}
