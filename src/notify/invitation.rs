//! The mail by which somebody is invited into a team.

use askama::Template;
use uuid::Uuid;

use super::{Delivered, DeliveryError, Notifier};
use crate::domain::at::At;
use crate::domain::id::NotificationId;
use crate::domain::team::{Email, MAX_EMAIL};
use crate::domain::untrusted::{MAX_NAME, line};

/// What it says.
pub(super) struct Invitation {
    /// The team, cleaned.
    pub(super) team: String,
    /// Who invites, cleaned.
    pub(super) by: String,
    /// Where one comes in.
    pub(super) url: String,
}

#[derive(Template)]
#[template(path = "email/invitation.html")]
pub(super) struct Html<'a> {
    pub(super) invitation: &'a Invitation,
}

#[derive(Template)]
#[template(path = "email/invitation.txt")]
pub(super) struct Text<'a> {
    pub(super) invitation: &'a Invitation,
}

impl Notifier {
    /// Writes to somebody who is invited into a team by a member of it; `None` where mail is not set
    /// up. Takes at most half a minute.
    pub async fn invite(
        &self,
        to: &Email,
        (team, by): (&str, &Email),
        url: &str,
        (id, now): (Uuid, At),
    ) -> Option<Result<Delivered, DeliveryError>> {
        let mailer = self.mailer.as_ref()?;
        let invitation = Invitation {
            team: line(team, MAX_NAME),
            by: line(by.as_str(), MAX_EMAIL),
            url: url.to_owned(),
        };
        let id = NotificationId(id);
        Some(mailer.send_invitation(to, &invitation, (id, now)).await)
    }
}
