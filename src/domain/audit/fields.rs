//! Which fields a change has changed, by the names that the API has for them.

use crate::domain::announcement::Announcement;
use crate::domain::channel::{Channel, Route};
use crate::domain::maintenance::Window;
use crate::domain::monitor::MonitorSpec;
use crate::domain::status_page::StatusPage;

type Fields = Vec<&'static str>;

/// The names of what is different.
fn different<const N: usize>(all: [(bool, &'static str); N]) -> Fields {
    let changed = all.into_iter().filter(|(is_changed, _)| *is_changed);
    changed.map(|(_, name)| name).collect()
}

/// Of a monitor; which channels hear of it is said beside its spec.
pub fn monitor(old: &MonitorSpec, new: &MonitorSpec) -> Fields {
    let MonitorSpec {
        name,
        endpoint,
        interval_seconds,
        timeout_seconds,
        expectations,
        tags,
        locations,
        quorum,
        canary,
        lint,
        depends_on,
        target,
    } = new;
    different([
        (old.name != *name, "name"),
        (old.endpoint.url != endpoint.url, "url"),
        (old.endpoint.transport != endpoint.transport, "transport"),
        (old.endpoint.headers != endpoint.headers, "headers"),
        (old.endpoint.bearer != endpoint.bearer, "bearer"),
        (old.endpoint.oauth != endpoint.oauth, "oauth"),
        (
            old.interval_seconds != *interval_seconds,
            "interval_seconds",
        ),
        (old.timeout_seconds != *timeout_seconds, "timeout_seconds"),
        (old.expectations.tools != expectations.tools, "expect_tools"),
        (old.expectations.slow_ms != expectations.slow_ms, "slow_ms"),
        (old.tags != *tags, "tags"),
        (old.locations != *locations, "locations"),
        (old.quorum != *quorum, "quorum"),
        (old.canary != *canary, "canary"),
        (old.lint != *lint, "lint"),
        (old.depends_on != *depends_on, "depends_on"),
        (old.target != *target, "target_percent"),
    ])
}

/// Of a channel.
pub fn channel(old: &Channel, new: &Channel) -> Fields {
    let Route {
        kinds,
        severities,
        tags,
        hours,
        wait_minutes,
        fallback,
    } = &new.route;
    different([
        (old.name != new.name, "name"),
        (old.settings != new.settings, "settings"),
        (old.is_default != new.is_default, "default"),
        (old.route.kinds != *kinds, "kinds"),
        (old.route.severities != *severities, "severities"),
        (old.route.tags != *tags, "tags"),
        (old.route.hours != *hours, "hours"),
        (
            old.route.wait_minutes != *wait_minutes,
            "escalate_after_minutes",
        ),
        (old.route.fallback != *fallback, "fallback"),
        (old.words != new.words, "words"),
        (old.digest != new.digest, "digest"),
        (old.health.disabled != new.health.disabled, "disabled"),
    ])
}

/// Of a maintenance window.
pub fn maintenance_window(old: &Window, new: &Window) -> Fields {
    different([
        (old.name != new.name, "name"),
        (old.schedule != new.schedule, "schedule"),
        (old.zone != new.zone, "zone"),
        (old.scope != new.scope, "scope"),
        (old.is_excluded != new.is_excluded, "exclude_from_uptime"),
    ])
}

/// Of a status page; its logo is set apart.
pub fn status_page(old: &StatusPage, new: &StatusPage) -> Fields {
    different([
        (old.slug != new.slug, "slug"),
        (old.title != new.title, "title"),
        (old.visibility != new.visibility, "visibility"),
        (old.password_hash != new.password_hash, "password"),
        (old.domain != new.domain, "domain"),
        (old.accent != new.accent, "accent"),
        (old.components != new.components, "components"),
    ])
}

/// Of an announcement.
pub fn announcement(old: &Announcement, new: &Announcement) -> Fields {
    different([
        (old.title != new.title, "title"),
        (old.text != new.text, "text"),
        (old.ends_at != new.ends_at, "ends_at"),
    ])
}
