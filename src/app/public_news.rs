//! What the subscribers of a page hear of an incident: that it began, what was written about it, and
//! that it is over. In the words of the public page; pure.

use crate::domain::at::{At, DAY_MS};
use crate::domain::incident::{EntryKind, HeldBack, Incident};
use crate::domain::news::{IncidentNews, NewsContent, NewsKind, PageFacts};
use crate::domain::status_page::StatusPage;
use crate::domain::written::Stage;

use super::public_incident::PublicIncident;

/// What is older is told to nobody: whoever subscribes hears no old news.
const FRESH_MS: i64 = DAY_MS;

/// Whether the public hears nothing of an incident: maintenance holds it back, and nobody has
/// written of it.
pub(super) fn is_held(incident: &Incident) -> bool {
    incident.held == Some(HeldBack::Opening) && !incident.has_update()
}

/// Everything that is to be told of an incident by `now`, each by its name, in its order; what was
/// told before is among it.
pub(super) fn of_incident(
    page: &StatusPage,
    component: &str,
    incident: &Incident,
    now: At,
) -> Vec<(String, NewsContent)> {
    if is_held(incident) {
        return Vec::new();
    }
    let public = PublicIncident::of(incident, component.to_owned());
    let facts = |kind, at, stage: Option<Stage>, text: String| NewsContent {
        kind,
        at,
        page: PageFacts::of(page),
        incident: Some(IncidentNews {
            id: public.id,
            component_id: public.monitor,
            component: public.component.clone(),
            status: public.status().to_owned(),
            severity: public.severity,
            code: public.code.as_str().to_owned(),
            reason: public.code.words().to_owned(),
            started_at: public.started_at,
            resolved_at: public.resolved_at,
            stage,
        }),
        announcement: None,
        maintenance: None,
        text,
    };
    let mut all = Vec::new();
    let released = incident.timeline.iter().rev();
    let mut released = released.filter(|entry| entry.kind == EntryKind::Released);
    let began = released
        .next()
        .map_or(incident.confirmed_at, |entry| entry.at);
    let text = format!(
        "{component} is {}: {}. It began on {}.",
        public.severity.as_str(),
        public.code.words(),
        when(public.started_at)
    );
    all.push((
        "opened".to_owned(),
        facts(NewsKind::IncidentOpened, began, None, text),
    ));
    let mut last = None;
    let mut same = 0;
    for update in public.written() {
        same = if last == Some(update.at) { same + 1 } else { 0 };
        last = Some(update.at);
        let content = facts(
            NewsKind::IncidentUpdated,
            update.at,
            update.stage,
            update.text.clone(),
        );
        all.push((format!("update-{}-{same}", update.at.0), content));
    }
    if let Some(at) = public.resolved_at {
        let text = format!(
            "The trouble with {component} is over. It lasted from {} to {}.",
            when(public.started_at),
            when(at)
        );
        let said = facts(NewsKind::IncidentResolved, at, None, text);
        let postscript = all.len();
        let later = all.iter().position(|(_, news)| news.at > at);
        all.insert(later.unwrap_or(postscript), ("resolved".to_owned(), said));
    }
    all.retain(|(_, news)| now.ms_since(news.at) < FRESH_MS);
    all
}

/// `22 Nov 2026, 06:41 UTC`
pub(super) fn when(at: At) -> String {
    at.utc().format("%-d %b %Y, %H:%M UTC").to_string()
}
