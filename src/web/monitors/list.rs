//! The list of monitors, broken first, and its rows as fragments.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use crate::domain::at::{At, HOUR_MS};
use crate::domain::id::MonitorId;
use crate::domain::status::MonitorStatus;
use crate::domain::uptime::{Dated, Spent};
use crate::store::{Overview, OverviewFilter};
use crate::web::Shared;
use crate::web::chart::{self, Svg};
use crate::web::error::WebError;
use crate::web::filters;
use crate::web::form::Filled;
use crate::web::frame::Frame;
use crate::web::path::{Id, Query};
use crate::web::session::Visitor;
use crate::web::try_out;

/// Monitors on one page of the list.
const PAGE: usize = 50;
/// Hours of the sparkline.
const SPARK_HOURS: i64 = 24;

/// A line of the list.
pub(crate) struct Row {
    overview: Overview,
    /// Time by status over 30 days.
    spent: Spent,
    spark: Svg,
    strip: Svg,
    /// Ticked in a form that came back.
    is_chosen: bool,
}

impl Row {
    fn of(overview: Overview, now: At) -> Self {
        Self {
            is_chosen: false,
            spark: chart::sparkline(&medians(&overview.hours, now)),
            strip: chart::strip(&overview.days),
            spent: overview.spent("30d"),
            overview,
        }
    }

    fn word(&self) -> &'static str {
        self.overview.status().as_str()
    }

    fn is_gated(&self) -> bool {
        self.overview.state.gated && !self.overview.monitor.paused
    }

    /// Why it is not well; what the last check said, if it did not go well.
    fn reason(&self) -> Option<&str> {
        let incident = self.overview.open_incident.as_ref();
        let incident = incident.map(|incident| incident.message.as_str());
        let is_well = matches!(
            self.overview.status(),
            MonitorStatus::Up | MonitorStatus::Paused
        );
        let check = self.overview.last_check().filter(|_| !is_well);
        incident.or_else(|| check?.message.as_deref())
    }
}

/// The median latency of each of the last hours, oldest first.
fn medians(hours: &[Dated], now: At) -> Vec<Option<f64>> {
    let first = now.hour().0 - (SPARK_HOURS - 1) * HOUR_MS;
    let median = |start: i64| {
        let hour = hours.iter().find(|hour| hour.start.0 == start)?;
        hour.bucket.latency.phase("total")?.percentile(0.5)
    };
    (0..SPARK_HOURS)
        .map(|n| median(first + n * HOUR_MS))
        .collect()
}

/// How many monitors are in each status.
pub(crate) struct Counts(Vec<(MonitorStatus, usize)>);

impl Counts {
    fn of(&self, status: MonitorStatus) -> usize {
        self.0
            .iter()
            .find(|(known, _)| *known == status)
            .map_or(0, |(_, count)| *count)
    }

    fn total(&self) -> usize {
        self.0.iter().map(|(_, count)| count).sum()
    }

    /// One sentence: what is broken, or that nothing is.
    fn sentence(&self) -> String {
        let of = |status| self.of(status);
        let watched = self.total() - of(MonitorStatus::Paused);
        let are = |n: usize| if n == 1 { "is" } else { "are" };
        let servers = |n: usize| if n == 1 { "server is" } else { "servers are" };
        match (of(MonitorStatus::Down), of(MonitorStatus::Degraded)) {
            (0, 0) if watched == 0 => "Nothing is being watched".to_owned(),
            (0, 0) if of(MonitorStatus::Up) == watched => "All servers are up".to_owned(),
            (0, 0) => format!("{} of {watched} servers are up", of(MonitorStatus::Up)),
            (down, 0) => format!("{down} {} down", servers(down)),
            (0, slow) => format!("{slow} {} degraded", servers(slow)),
            (down, slow) => {
                format!(
                    "{down} {} down, {slow} {} degraded",
                    servers(down),
                    are(slow)
                )
            }
        }
    }

    /// How many there are, and how the rest is.
    fn details(&self) -> String {
        let is_told =
            |status: MonitorStatus| matches!(status, MonitorStatus::Down | MonitorStatus::Degraded);
        let rest = self
            .0
            .iter()
            .filter(|(status, count)| *count > 0 && !is_told(*status));
        let rest: Vec<String> = rest
            .map(|(status, count)| format!("{count} {}", status.as_str()))
            .collect();
        let all = self.total();
        let monitors = if all == 1 { "monitor" } else { "monitors" };
        if rest.is_empty() {
            format!("{all} {monitors}")
        } else {
            format!("{all} {monitors}: {}", rest.join(", "))
        }
    }
}

/// Rows under one heading, or all of them under none.
pub(crate) struct Group {
    /// The tag that they have; empty for those without any.
    tag: Option<String>,
    rows: Vec<Row>,
}

#[derive(Template, WebTemplate)]
#[template(path = "monitors/list.html")]
pub(super) struct List {
    frame: Frame,
    counts: Counts,
    nobody_is_told: bool,
    tags: Vec<String>,
    query: Query,
    groups: Vec<Group>,
    next: Option<String>,
    may_edit: bool,
    /// What was typed for the ticked ones, and refused.
    bulk: Filled,
    now: At,
}

impl List {
    /// Whether the list loads itself again where no script runs: not while somebody ticks rows.
    fn is_renewed(&self) -> bool {
        self.query.get("select").is_none() && !self.bulk.is_refused()
    }

    fn is_empty(&self) -> bool {
        self.groups.iter().all(|group| group.rows.is_empty())
    }

    /// Whether something is searched for.
    fn is_filtered(&self) -> bool {
        ["q", "tag", "status"]
            .iter()
            .any(|word| self.query.get(word).is_some())
    }
}

/// `GET /`: the list, or the first screen while there is nothing to list.
pub(crate) async fn list(
    State(shared): State<Shared>,
    visitor: Visitor,
    query: Query,
) -> Result<Response, WebError> {
    let done = (
        query.get("done").map(str::to_owned),
        query.get("n").map(str::to_owned),
    );
    let mut page = page(&shared, &visitor, query, Filled::default()).await?;
    if page.counts.total() == 0 && visitor.actor.may_edit() {
        return Ok(try_out::first(&visitor, true).into_response());
    }
    page.frame = page.frame.done_to(done.0.as_deref(), done.1.as_deref());
    Ok(page.into_response())
}

/// The list as `query` wants it. `bulk` is a form for the ticked ones that was refused.
pub(super) async fn page(
    shared: &Shared,
    visitor: &Visitor,
    query: Query,
    bulk: Filled,
) -> Result<List, WebError> {
    let (team, store) = (visitor.actor.team, &shared.app.store);
    let beside = async {
        let read = tokio::try_join!(
            store.status_counts(team),
            store.channels(team),
            store.tags(team)
        );
        Ok(read?)
    };
    let ((counts, channels, tags), (mut groups, next)) =
        tokio::try_join!(beside, groups_of(shared, visitor, &query))?;
    for row in groups.iter_mut().flat_map(|group| &mut group.rows) {
        row.is_chosen = bulk.has("monitor", &row.overview.monitor.id.to_string());
    }
    Ok(List {
        frame: visitor.frame(),
        counts: Counts(counts),
        nobody_is_told: channels.is_empty(),
        tags,
        groups,
        next,
        may_edit: visitor.actor.may_edit(),
        bulk,
        now: visitor.now,
        query,
    })
}

/// Which monitors an address of the list means.
pub(super) fn filter(query: &Query) -> OverviewFilter {
    OverviewFilter {
        status: query.get("status").and_then(MonitorStatus::parse),
        tag: query.get("tag").map(str::to_owned),
        text: query.get("q").map(str::to_owned),
    }
}

async fn groups_of(
    shared: &Shared,
    visitor: &Visitor,
    query: &Query,
) -> Result<(Vec<Group>, Option<String>), WebError> {
    let (team, now, store) = (visitor.actor.team, visitor.now, &shared.app.store);
    let (filter, cursor) = (filter(query), query.get("cursor"));
    let link = |cursor: Option<String>| cursor.map(|cursor| query.with("/", "cursor", &cursor));
    if query.get("group") != Some("tag") {
        let page = store.overviews(team, &filter, cursor, PAGE, now).await?;
        let rows = page.rows.into_iter().map(|row| Row::of(row, now)).collect();
        return Ok((vec![Group { tag: None, rows }], link(page.next)));
    }
    let page = store
        .overviews_by_tag(team, &filter, cursor, PAGE, now)
        .await?;
    let mut groups: Vec<Group> = Vec::new();
    for (tag, overview) in page.rows {
        let row = Row::of(overview, now);
        match groups
            .last_mut()
            .filter(|group| group.tag.as_ref() == Some(&tag))
        {
            Some(group) => group.rows.push(row),
            None => groups.push(Group {
                tag: Some(tag),
                rows: vec![row],
            }),
        }
    }
    Ok((groups, link(page.next)))
}

#[derive(Template, WebTemplate)]
#[template(path = "partials/monitor_rows.html")]
struct RowsFragment {
    groups: Vec<Group>,
    query: Query,
    may_edit: bool,
    now: At,
}

/// `GET /monitors/rows`: the rows of the list, in their order.
pub(crate) async fn rows(
    State(shared): State<Shared>,
    visitor: Visitor,
    query: Query,
) -> Result<impl IntoResponse, WebError> {
    let (groups, _) = groups_of(&shared, &visitor, &query).await?;
    Ok(RowsFragment {
        groups,
        may_edit: visitor.actor.may_edit(),
        now: visitor.now,
        query,
    })
}

#[derive(Template, WebTemplate)]
#[template(path = "partials/monitor_row.html")]
struct OneRow {
    row: Row,
    may_edit: bool,
    now: At,
}

/// `GET /monitors/{id}/row`: one row of the list.
pub(crate) async fn row(
    State(shared): State<Shared>,
    visitor: Visitor,
    Id(id): Id<MonitorId>,
) -> Result<impl IntoResponse, WebError> {
    let (team, now) = (visitor.actor.team, visitor.now);
    let overview = shared.app.store.overview(team, id, now).await?;
    Ok(OneRow {
        row: Row::of(overview.ok_or(WebError::NotFound)?, now),
        may_edit: visitor.actor.may_edit(),
        now,
    })
}

#[derive(Template, WebTemplate)]
#[template(path = "partials/summary.html")]
struct Summary {
    counts: Counts,
}

/// `GET /monitors/summary`: the sentence above the list.
pub(crate) async fn summary(
    State(shared): State<Shared>,
    visitor: Visitor,
) -> Result<impl IntoResponse, WebError> {
    let counts = Counts(shared.app.store.status_counts(visitor.actor.team).await?);
    Ok(Summary { counts })
}

#[cfg(test)]
mod tests {
    use super::*;
    use MonitorStatus::{Degraded, Down, Paused, Pending, Up};

    #[test]
    fn one_sentence_says_what_is_broken() {
        for (counts, expected) in [
            (vec![], "Nothing is being watched"),
            (vec![(Up, 3), (Paused, 1)], "All servers are up"),
            (vec![(Up, 3), (Pending, 1)], "3 of 4 servers are up"),
            (vec![(Down, 1), (Up, 2)], "1 server is down"),
            (vec![(Degraded, 2), (Up, 2)], "2 servers are degraded"),
            (
                vec![(Down, 1), (Degraded, 2)],
                "1 server is down, 2 are degraded",
            ),
            (vec![(Paused, 2)], "Nothing is being watched"),
        ] {
            assert_eq!(Counts(counts).sentence(), expected);
        }
    }
}
