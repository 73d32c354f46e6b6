//! How values are written for people: times, durations, shares, sizes.
//!
//! Templates use these as filters. What is not known is a dash, never a zero.

#![expect(
    clippy::inline_always,
    reason = "written by the macro that makes a function a filter"
)]

use std::fmt::Display;

use askama::Values;

use super::chart;
use super::words::{NOTHING, age, date_of, latency, share_of, size, span};
use crate::domain::at::At;
use crate::domain::login::Registration;
use crate::domain::monitor::TransportChoice;
use crate::domain::notification::Event;
use crate::domain::observation::{StepName, Transport};
use crate::domain::uptime::{Day, Spent};

/// Most tool names that a page lists.
pub const MOST_TOOLS: usize = 60;

/// A second, in milliseconds.
const SECOND_MS: i64 = 1_000;

/// A value as a template hands it over: itself, or behind any number of references.
pub trait Given<T> {
    /// The value.
    fn given(&self) -> &T;
}

impl<T, U: Given<T> + ?Sized> Given<T> for &U {
    fn given(&self) -> &T {
        (**self).given()
    }
}

macro_rules! given {
    ($($kind:ty),+) => {$(
        impl Given<$kind> for $kind {
            fn given(&self) -> &$kind {
                self
            }
        }
    )+};
}

given!(At, Day, Option<At>, i64, u64, usize, f64, Option<f64>);

/// `22 Nov 2026, 06:41 UTC`
#[askama::filter_fn]
pub fn when(at: impl Given<At>, _: &dyn Values) -> askama::Result<String> {
    Ok(at.given().utc().format("%-d %b %Y, %H:%M UTC").to_string())
}

/// `06:41`, below a day
#[askama::filter_fn]
pub fn time_of_day(at: impl Given<At>, _: &dyn Values) -> askama::Result<String> {
    Ok(at.given().utc().format("%H:%M").to_string())
}

/// `22 Nov, 06:41:07`
#[askama::filter_fn]
pub fn clock(at: impl Given<At>, _: &dyn Values) -> askama::Result<String> {
    Ok(at.given().utc().format("%-d %b, %H:%M:%S").to_string())
}

/// `22 Nov, 06:41`
#[askama::filter_fn]
pub fn minute(at: impl Given<At>, _: &dyn Values) -> askama::Result<String> {
    Ok(at.given().utc().format("%-d %b, %H:%M").to_string())
}

/// `22 Nov 2026`
#[askama::filter_fn]
pub fn date(at: impl Given<At>, _: &dyn Values) -> askama::Result<String> {
    Ok(date_of(*at.given()))
}

/// `12 s ago`
#[askama::filter_fn]
pub fn ago(at: &At, _: &dyn Values, now: &At) -> askama::Result<String> {
    Ok(age(now.ms_since(*at)))
}

/// The time from now to an instant: `3 d 2 h`
#[askama::filter_fn]
pub fn until(at: impl Given<At>, _: &dyn Values, now: &At) -> askama::Result<String> {
    Ok(span(at.given().ms_since(*now)))
}

/// The time from an instant to its end, or to now while there is none: `1 min 1 s`
#[askama::filter_fn]
pub fn lasted<E: Given<Option<At>>>(
    start: impl Given<At>,
    _: &dyn Values,
    end: E,
    now: &At,
) -> askama::Result<String> {
    Ok(span(end.given().unwrap_or(*now).ms_since(*start.given())))
}

/// A number of seconds: `1 min 1 s`
#[askama::filter_fn]
pub fn seconds(value: &u32, _: &dyn Values) -> askama::Result<String> {
    Ok(span(i64::from(*value) * SECOND_MS))
}

/// A duration in milliseconds: `1 min 1 s`
#[askama::filter_fn]
pub fn duration(ms: impl Given<i64>, _: &dyn Values) -> askama::Result<String> {
    Ok(span(*ms.given()))
}

/// A length of time by its largest unit: `13 min`
#[askama::filter_fn]
pub fn about(ms: impl Given<i64>, _: &dyn Values) -> askama::Result<String> {
    let mut words = span(*ms.given());
    if let Some((end, _)) = words.match_indices(' ').nth(1) {
        words.truncate(end);
    }
    Ok(words)
}

/// A share as a percentage, rounded down: `99.98 %`
#[askama::filter_fn]
pub fn percent(share: impl Given<Option<f64>>, _: &dyn Values) -> askama::Result<String> {
    Ok(share_of(*share.given()))
}

/// A latency: `3.1 ms`, `140 ms`, `1.24 s`
#[askama::filter_fn]
pub fn ms(value: impl Given<f64>, _: &dyn Values) -> askama::Result<String> {
    Ok(latency(*value.given()))
}

/// A latency that may be unknown.
#[askama::filter_fn]
pub fn ms_or_dash(value: impl Given<Option<f64>>, _: &dyn Values) -> askama::Result<String> {
    Ok(value.given().map_or_else(|| NOTHING.to_owned(), latency))
}

/// How many times as fast: `14.4 ×`
#[askama::filter_fn]
pub fn rate(value: impl Given<f64>, _: &dyn Values) -> askama::Result<String> {
    Ok(format!("{:.1} ×", value.given()))
}

/// A size: `9.1 kB`
#[askama::filter_fn]
pub fn bytes(value: impl Given<u64>, _: &dyn Values) -> askama::Result<String> {
    Ok(size(*value.given()))
}

/// The value, or a dash.
#[askama::filter_fn]
pub fn or_dash<T: Display>(value: &Option<T>, _: &dyn Values) -> askama::Result<String> {
    Ok(value
        .as_ref()
        .map_or_else(|| NOTHING.to_owned(), ToString::to_string))
}

/// `1 tool`, `12 tools`
#[askama::filter_fn]
pub fn counted(
    count: impl Given<usize>,
    _: &dyn Values,
    one: &str,
    many: &str,
) -> askama::Result<String> {
    let count = *count.given();
    Ok(format!("{count} {}", if count == 1 { one } else { many }))
}

/// `2026-11-22`, for addresses
#[askama::filter_fn]
pub fn iso_day(at: impl Given<At>, _: &dyn Values) -> askama::Result<String> {
    Ok(at.given().utc().format("%Y-%m-%d").to_string())
}

/// The class of the bar of a day.
#[askama::filter_fn]
pub fn shade(spent: &Spent, _: &dyn Values) -> askama::Result<&'static str> {
    Ok(chart::shade(spent))
}

/// What happened on a day.
#[askama::filter_fn]
pub fn day_words(day: impl Given<Day>, _: &dyn Values) -> askama::Result<String> {
    Ok(chart::day_words(day.given()))
}

/// How clients that nobody knows become known, for people.
#[askama::filter_fn]
pub fn registration_words(ways: &[Registration], _: &dyn Values) -> askama::Result<&'static str> {
    let by_document = ways.contains(&Registration::ClientIdMetadataDocument);
    let by_asking = ways.contains(&Registration::Dynamic);
    Ok(match (by_document, by_asking) {
        (true, true) => "by a document of their own, or by registering themselves",
        (true, false) => "by a document of their own",
        (false, true) => "by registering themselves",
        (false, false) => "registered by hand only",
    })
}

/// A step of a check, for people.
#[askama::filter_fn]
pub fn step_words(step: &StepName, _: &dyn Values) -> askama::Result<&'static str> {
    Ok(match step {
        StepName::Dns => "Look up the name",
        StepName::Tcp => "Connect",
        StepName::Tls => "Encrypt",
        StepName::OpenStream => "Open the stream",
        StepName::Initialize => "Say hello",
        StepName::Initialized => "Confirm hello",
        StepName::ToolsList => "List the tools",
        StepName::Canary => "Call the chosen tool",
        StepName::Discover => "Ask what it serves",
        StepName::PromptsList => "List the prompts",
        StepName::ResourcesList => "List the resources",
        StepName::Ping => "Ping",
        StepName::EndSession => "End the session",
        StepName::Authorization => "Authorization",
        StepName::Lints => "Requests of the lints",
    })
}

/// What a notification tells, for people.
#[askama::filter_fn]
pub fn event_words(event: &Event, _: &dyn Values) -> askama::Result<&'static str> {
    Ok(match event {
        Event::Opened => "Incident opened",
        Event::Worsened => "Incident got worse",
        Event::Flapping => "Server flaps",
        Event::Settled => "Server has settled",
        Event::Reminder => "Reminder",
        Event::Escalated => "Nobody has acknowledged",
        Event::Acknowledged => "Incident acknowledged",
        Event::Resolved => "Incident resolved",
        Event::CertificateExpiring => "Certificate ends soon",
        Event::CredentialExpiring => "Credential ends soon",
        Event::ToolsChanged => "Tools changed",
        Event::AuthorizationOpened => "Open to everybody now",
        Event::AuthorizationRequired => "Wants a login now",
        Event::AuthorizationBroken => "Login broken",
        Event::AuthorizationRestored => "Login works again",
        Event::BudgetBurning => "Error budget burning",
        Event::NodeSilent => "Node silent",
        Event::NodeBack => "Node back",
        Event::NodeTroubled => "Node troubled",
        Event::ChannelFailing => "Another channel fails",
        Event::Summary => "Summary",
        Event::Digest => "Digest",
        Event::Test => "Test",
    })
}

/// A phase whose latency is kept, for people.
#[askama::filter_fn]
pub fn phase_words(phase: &str, _: &dyn Values) -> askama::Result<String> {
    Ok(match phase {
        "total" => "Total",
        "dns" => "Name",
        "tcp" => "Connect",
        "tls" => "Encrypt",
        "open_stream" => "Stream",
        "initialize" => "Hello",
        "tools_list" => "Tools",
        other => other,
    }
    .to_owned())
}

/// A window of time, for people.
#[askama::filter_fn]
pub fn window_words(window: &str, _: &dyn Values) -> askama::Result<String> {
    Ok(match window {
        "24h" => "24 hours".to_owned(),
        other => format!("{} days", other.trim_end_matches('d')),
    })
}

/// How messages travel, for people.
#[askama::filter_fn]
pub fn transport_words(transport: &Transport, _: &dyn Values) -> askama::Result<&'static str> {
    Ok(match transport {
        Transport::StreamableHttp => "Streamable HTTP",
        Transport::Sse => "HTTP+SSE (2024-11-05)",
    })
}

/// How messages shall travel, for people.
#[askama::filter_fn]
pub fn choice_words(choice: &TransportChoice, _: &dyn Values) -> askama::Result<&'static str> {
    Ok(match choice {
        TransportChoice::Auto => "found out by itself",
        TransportChoice::StreamableHttp => "Streamable HTTP",
        TransportChoice::Sse => "HTTP+SSE (2024-11-05)",
    })
}

/// The beginning of a digest: `sha256:0123456789ab`
#[askama::filter_fn]
pub fn short_hash(hash: &str, _: &dyn Values) -> askama::Result<String> {
    Ok(hash.chars().take(19).collect())
}
