//! The words for an error budget that burns.

use super::words::{duration, in_short, moment};
use super::{MAX_SENTENCE, Message, Tone, fact};
use crate::domain::budget::{BudgetFacts, Burn};
use crate::domain::notification::Content;
use crate::domain::untrusted::{MAX_QUOTE, line};

pub(super) fn of(budget: &BudgetFacts, content: &Content, public_url: &str) -> Message {
    let monitor = content.monitor.as_ref();
    let name = monitor.map_or_else(String::new, |monitor| line(&monitor.name, MAX_QUOTE));
    let target = budget.target_percent;
    let left = format!("{} % of it left", budget.left_percent);
    let (tone, reason, hint) = match budget.burning {
        Burn::Fast => (
            Tone::Bad,
            format!(
                "Error budget burns {} times too fast, {left}. It is down, and two hundredths of the \
                 budget went within the last hour.",
                budget.burn_rate_1h
            ),
            "At this pace nothing is left of it in about two days. Look at the incident.",
        ),
        Burn::Slow => (
            Tone::Warning,
            format!(
                "Error budget burns {} times too fast over six hours, {left}. It has gone on within \
                 the last hour.",
                budget.burn_rate_6h
            ),
            "At this pace nothing is left of it in about five days. Look at its incidents of the day.",
        ),
        Burn::Exhausted => (
            Tone::Warning,
            format!(
                "Error budget is used up. It was down for longer than {target} over 30 days allow."
            ),
            "The target is missed until enough of the trouble is older than 30 days. Let changes that \
             can wait do so.",
        ),
    };
    let mut facts = Vec::new();
    if let Some(monitor) = monitor {
        facts.push(fact("Server", line(&monitor.url, MAX_SENTENCE)));
    }
    facts.push(fact("Target", format!("{target} over 30 days")));
    let amount = format!(
        "{} of {}",
        duration(budget.left_seconds),
        duration(budget.total_seconds)
    );
    facts.push(fact("Left", amount));
    let rates = format!(
        "{} over 1 hour, {} over 6 hours; 1 would last for 30 days",
        budget.burn_rate_1h, budget.burn_rate_6h
    );
    facts.push(fact("Burn rate", rates));
    facts.push(fact("Seen", moment(content.at)));
    Message {
        tone,
        subject: format!("BUDGET {name}: {}", in_short(&reason)),
        status: "BUDGET".to_owned(),
        name,
        reason,
        facts,
        changed: vec![],
        hint: Some(hint.to_owned()),
        link: monitor.map_or_else(
            || public_url.to_owned(),
            |monitor| format!("{public_url}/monitors/{}#budget", monitor.id),
        ),
        acknowledge: None,
        body: None,
        footer: "You receive this because a channel of your team listens to this server.",
    }
}
