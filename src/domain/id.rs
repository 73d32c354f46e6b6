//! The ids of things: one type per kind, so that none is taken for another.
//!
//! They are made by `clock.rs` (`Ids`), never here.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

ids! {
    /// A team, the tenant.
    TeamId,
    /// A person.
    UserId,
    /// A monitor.
    MonitorId,
    /// An incident.
    IncidentId,
    /// A channel.
    ChannelId,
    /// A notification; also the stable id that receivers see.
    NotificationId,
    /// One attempt to deliver a notification.
    DeliveryId,
    /// A status page.
    StatusPageId,
    /// Somebody who hears of a status page.
    SubscriberId,
    /// An announcement on a status page.
    AnnouncementId,
    /// Something that the subscribers of a status page are told.
    NewsId,
    /// An API token.
    TokenId,
    /// A prober in another network.
    AgentId,
    /// A maintenance window.
    WindowId,
    /// A claim of a host.
    ClaimId,
    /// An entry of the audit log.
    AuditId,
}

impl NotificationId {
    /// The id of the same news for a channel that stands in for another one: the same however often it
    /// is told, and of the same time.
    pub fn instead_for(self, channel: ChannelId) -> Self {
        let mut digest = Sha256::new();
        digest.update(self.0);
        digest.update(channel.0);
        let mut bytes = *self.0.as_bytes();
        bytes[8..].copy_from_slice(&digest.finalize()[..8]);
        // The variant of every UUID (RFC 9562).
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Self(Uuid::from_bytes(bytes))
    }
}
