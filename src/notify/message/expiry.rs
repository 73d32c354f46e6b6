//! The words for what ends soon: a certificate, a credential.

use super::words::{in_short, moment};
use super::{Fact, MAX_SENTENCE, Message, Tone, fact};
use crate::domain::expiry::left;
use crate::domain::failure::Code;
use crate::domain::notification::{Content, Event};
use crate::domain::report::CheckReport;
use crate::domain::untrusted::{MAX_QUOTE, line};

pub(super) fn of(event: Event, content: &Content, public_url: &str) -> Message {
    let status = "EXPIRING";
    let monitor = content.monitor.as_ref();
    let name = monitor.map_or_else(String::new, |monitor| line(&monitor.name, MAX_QUOTE));
    let check = content.check.as_ref();
    let is_certificate = event == Event::CertificateExpiring;
    let (what, code) = if is_certificate {
        ("Certificate", Code::TlsExpiringSoon)
    } else {
        ("Configured token", Code::CredentialExpiring)
    };
    let end = check.and_then(|check| {
        let certificate = check.tls.as_ref().map(|tls| tls.not_after);
        if is_certificate {
            certificate
        } else {
            check.credential_expires_at
        }
    });
    let reason = match end {
        Some(end) => format!("{what} expires in {}.", left(end, content.at)),
        None => format!("{what} expires soon."),
    };
    let mut facts = Vec::new();
    if let Some(monitor) = monitor {
        facts.push(fact("Server", line(&monitor.url, MAX_SENTENCE)));
    }
    facts.extend(end.map(|end| fact("Expires", moment(end))));
    if let Some(check) = check {
        if is_certificate {
            facts.extend(certificate(check));
        }
        facts.push(fact("Seen from", line(&check.location, MAX_QUOTE)));
    }
    Message {
        tone: Tone::Warning,
        subject: format!("{status} {name}: {}", in_short(&reason)),
        status: status.to_owned(),
        body: None,
        name,
        reason,
        facts,
        changed: vec![],
        hint: Some(code.hint().to_owned()),
        link: monitor.map_or_else(
            || public_url.to_owned(),
            |monitor| format!("{public_url}/monitors/{}", monitor.id),
        ),
        acknowledge: None,
        footer: "You receive this because a channel of your team listens to this server.",
    }
}

fn certificate(check: &CheckReport) -> Vec<Fact> {
    let Some(tls) = &check.tls else {
        return Vec::new();
    };
    let mut facts = Vec::new();
    for (label, value) in [("Subject", &tls.subject), ("Issuer", &tls.issuer)] {
        if !value.is_empty() {
            facts.push(fact(label, line(value, MAX_QUOTE)));
        }
    }
    facts.push(fact("Fingerprint", line(&tls.fingerprint, MAX_QUOTE)));
    if let Some(address) = &check.address {
        facts.push(fact("Address", line(address, MAX_QUOTE)));
    }
    facts
}
