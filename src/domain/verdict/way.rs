//! What it means when the way to a server is broken: names, connections, redirects.

use super::{Effect, Opinion};
use crate::domain::failure::Code;
use crate::domain::observation::Observation;
use crate::domain::trouble::{ConnectTrouble, DnsTrouble, RedirectTrouble};

pub(super) fn dns(trouble: &DnsTrouble) -> Opinion {
    match trouble {
        DnsTrouble::NoSuchName => Opinion::down(Code::DnsNxdomain, "The host name does not exist."),
        DnsTrouble::NoAddress => Opinion::down(
            Code::DnsNoAddress,
            "The host name exists and has no address.",
        ),
        DnsTrouble::TimedOut { asked } => Opinion::new(
            // One silent name server may be our own trouble.
            if *asked > 1 {
                Effect::Down
            } else {
                Effect::Unknown
            },
            Code::DnsTimeout,
            format!(
                "No answer from {} name server{}.",
                asked,
                if *asked == 1 { "" } else { "s" }
            ),
        ),
        DnsTrouble::ServerFailure(reason) => Opinion::down(
            Code::DnsServfail,
            format!("The name servers fail for this name: {reason}."),
        ),
    }
}

pub(super) fn connect(trouble: &ConnectTrouble, observation: &Observation) -> Opinion {
    let address = observation
        .address
        .map_or_else(|| "the host".to_owned(), |address| address.to_string());
    match trouble {
        ConnectTrouble::Refused => Opinion::down(
            Code::TcpRefused,
            format!("Connection to {address} was refused."),
        ),
        ConnectTrouble::TimedOut { seconds } => Opinion::down(
            Code::TcpTimeout,
            format!("No connection to {address} within {seconds} s."),
        ),
        ConnectTrouble::Reset => Opinion::down(
            Code::TcpReset,
            format!("Connection to {address} was reset before an answer."),
        ),
        ConnectTrouble::Unreachable(reason) => Opinion::down(
            Code::NetUnreachable,
            format!("No route to {address}: {reason}."),
        ),
    }
}

pub(super) fn redirect(kind: RedirectTrouble, to: &str, has_credentials: bool) -> Opinion {
    match kind {
        RedirectTrouble::Loop => Opinion::down(
            Code::RedirectLoop,
            format!("The redirects come back to {to}."),
        ),
        RedirectTrouble::TooMany => Opinion::down(
            Code::RedirectTooMany,
            format!("More than 5 redirects, the last to {to}."),
        ),
        RedirectTrouble::Downgrade => Opinion::down(
            Code::RedirectDowngrade,
            format!("The server redirects from https to {to}."),
        ),
        RedirectTrouble::CrossOrigin => Opinion::down(
            Code::RedirectCrossOrigin,
            format!("The server redirects to another host: {to}."),
        ),
        RedirectTrouble::PostUnsafe => Opinion::down(
            Code::RedirectPostUnsafe,
            format!("The server redirects to {to} in a way that turns POST into GET."),
        ),
        RedirectTrouble::Login => Opinion::new(
            if has_credentials {
                Effect::Down
            } else {
                Effect::Degraded
            },
            Code::AuthRedirect,
            format!("The server redirects to a login page: {to}."),
        ),
        RedirectTrouble::Nowhere => Opinion::down(
            Code::RedirectPostUnsafe,
            "The server redirects without saying where to.",
        ),
    }
}
