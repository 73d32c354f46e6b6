//! Puts an [`App`] together from what the operator wants: the same one for service, demo, tests.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;

use crate::clock::{Clock, Ids};
use crate::config::{ResolverChoice, Settings};
use crate::domain::channel::Channel;
use crate::domain::notification::Notification;
use crate::net::{self, Canaries, Guard, Names, Reader, Trust};
use crate::notify::{Mailer, Notifier};
use crate::probe::Prober;
use crate::store::Store;

use super::App;
use super::directory_kept::Directory;
use super::events::Events;
use super::heartbeat::Heartbeat;
use super::hosts::Hosts;
use super::in_flight::InFlight;
use super::incidents::acknowledge_link;
use super::logins::Logins;
use super::members::Inviting;
use super::network::Network;
use super::nodes::Nodes;
use super::public_kept::Kept;
use super::status_domains::Domains;
use super::subscribers::Asking;
use super::trial::Trials;
use super::wakes::Wake;

impl App {
    /// An application on `store`. Fails with the name of the setting that cannot be used. Needs a
    /// runtime and [`net::install_crypto_provider`].
    pub fn new(settings: Settings, store: Store, clock: Clock, ids: Ids) -> anyhow::Result<Self> {
        let guard =
            Guard::parse(&settings.allow_targets).context("setting LIFESIGN_ALLOW_TARGETS")?;
        let names = names(&settings);
        let trust = Trust::new(pem(settings.ca_file.as_deref(), "CA_FILE")?.as_deref())
            .context("setting LIFESIGN_CA_FILE")?;
        let user_agent = net::user_agent(&settings.public_url);
        let client = net::delivery_client(&guard, &names, &trust, &user_agent)
            .context("set up deliveries")?;
        let reader = Reader::new(client.clone(), &guard, &names);
        // The operator may well keep canary and watcher in the own network.
        let near = Guard::parse("private,loopback")?;
        let canaries = Canaries::new(settings.canary_addresses.clone(), &near, &names)
            .context("setting LIFESIGN_CANARY_ADDRESSES")?;
        let heartbeat = match &settings.heartbeat_url {
            Some(url) => {
                let client = net::delivery_client(&near, &names, &trust, &user_agent)
                    .context("set up signs of life")?;
                let heartbeat = Heartbeat::new(url, client);
                Some(heartbeat.context("setting LIFESIGN_HEARTBEAT_URL")?)
            }
            None => None,
        };
        let mailer = match (&settings.smtp_url, &settings.mail_from) {
            (Some(url), Some(from)) => {
                let roots = pem(settings.smtp_ca_file.as_deref(), "SMTP_CA_FILE")?;
                Some(Mailer::new(url, from, roots.as_deref())?)
            }
            _ => None,
        };
        let public_url = settings.public_url.clone();
        let sealing = (store.clone(), public_url.clone());
        let links = move |channel: &Channel, notification: &Notification| {
            let (store, public_url) = &sealing;
            acknowledge_link(store, public_url, channel, notification)
        };
        let notifier = Notifier::new(public_url, mailer, client, Box::new(links));
        let prober = Prober::new(guard.clone(), names, trust, clock.clone(), &user_agent);
        let caller = Arc::default();
        Ok(Self {
            store,
            prober,
            notifier,
            reader,
            guard,
            started_at: clock.now(),
            clock,
            ids,
            events: Events::default(),
            logins: Logins::default(),
            hosts: Hosts::new(),
            trials: Trials::new(),
            public: Kept::default(),
            domains: Domains::default(),
            directory: Directory::default(),
            nodes: Nodes::default(),
            network: Network::new(canaries),
            heartbeat,
            settings,
            due: Wake::new(&caller),
            outbox: Wake::new(&caller),
            letters: Wake::new(&caller),
            caller,
            asking: Asking::default(),
            inviting: Inviting::default(),
            in_flight: InFlight::default(),
        })
    }
}

/// How names are looked up, as the operator wants it.
pub fn names(settings: &Settings) -> Names {
    match settings.resolver {
        ResolverChoice::Dns => Names::dns(),
        ResolverChoice::System => Names::system(),
    }
}

/// The certificates in a file that a setting names.
pub(super) fn pem(path: Option<&Path>, setting: &str) -> anyhow::Result<Option<Vec<u8>>> {
    let read = |path: &Path| {
        std::fs::read(path)
            .with_context(|| format!("setting LIFESIGN_{setting}: cannot read {}", path.display()))
    };
    path.map(read).transpose()
}
