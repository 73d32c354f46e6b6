//! Use cases and loops: the only part that knows network, store and delivery at once.
//!
//! A worker is a step and a loop; tests call the steps. Whatever has a consequence is a function
//! in here, called by pages and API alike.

pub mod accounts;
pub mod agent;
pub mod agents;
pub mod alerter;
mod allowance;
pub mod announcements;
mod audit;
mod authorization;
pub mod backup;
pub mod budgets;
pub mod build;
pub mod bulk;
pub mod channels;
pub mod check;
pub mod claims;
pub mod consequence;
pub mod console;
pub mod digests;
pub mod directory;
pub mod directory_kept;
pub mod events;
mod expiry;
pub mod figures;
pub mod heartbeat;
pub mod hosts;
pub mod import;
mod in_flight;
pub mod incidents;
pub mod lapses;
pub mod ledger;
pub mod letters;
pub mod listings;
pub mod logins;
pub mod maintenance;
mod maintenance_news;
pub mod members;
pub mod monitors;
pub mod network;
pub mod news;
pub mod nodes;
pub mod public_incident;
pub mod public_kept;
mod public_news;
pub mod public_status;
pub mod record;
pub mod recorder;
pub mod refused;
pub mod release;
pub mod reminders;
pub mod retention;
mod routing;
pub mod scheduler;
pub mod sign_up;
pub mod sla;
pub mod status_domains;
pub mod status_pages;
pub mod status_pass;
pub mod subscribers;
pub mod summaries;
pub mod system;
pub mod teams;
pub mod tools;
pub mod trial;
pub mod wakes;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::{Clock, Ids};
use crate::config::Settings;
use crate::domain::at::At;
use crate::net::{Guard, Reader};
use crate::notify::Notifier;
use crate::probe::Prober;
use crate::store::Store;

use self::directory_kept::Directory;
use self::events::Events;
use self::heartbeat::Heartbeat;
use self::hosts::Hosts;
use self::in_flight::InFlight;
use self::logins::Logins;
use self::members::Inviting;
use self::network::Network;
use self::nodes::Nodes;
use self::public_kept::Kept;
use self::status_domains::Domains;
use self::subscribers::Asking;
use self::trial::Trials;
use self::wakes::Wake;

/// Longest that a stop waits for what is in flight; leases bring back what is left.
const DRAIN: Duration = Duration::from_secs(25);

/// What every use case needs.
pub struct App {
    /// Where everything is kept.
    pub store: Store,
    /// What asks the servers.
    pub prober: Prober,
    /// What tells people.
    pub notifier: Notifier,
    /// What reads small texts of others.
    pub reader: Reader,
    /// Which addresses may be reached.
    pub guard: Guard,
    /// What time it is.
    pub clock: Clock,
    /// Fresh ids.
    pub ids: Ids,
    /// Hints for open pages.
    pub events: Events,
    /// Watches over passwords being tried.
    pub logins: Logins,
    /// Whose turn it is at each host.
    pub hosts: Hosts,
    /// Checks of addresses that are not watched.
    pub trials: Trials,
    /// What the public was told a moment ago.
    pub public: Kept,
    /// Which host names show a status page.
    pub domains: Domains,
    /// What of the public directory was told a moment ago.
    pub directory: Directory,
    /// When this process started.
    pub started_at: At,
    /// What is known of the nodes of this installation.
    pub nodes: Nodes,
    /// What the checks of this node say of its own network.
    pub network: Network,
    /// Who is told that this node is alive.
    pub heartbeat: Option<Heartbeat>,
    /// What the operator wants.
    pub settings: Settings,
    /// Wakes the scheduler: something became due.
    pub due: Wake,
    /// Wakes the alerter: something is to be told.
    pub outbox: Wake,
    /// Wakes whoever brings letters to subscribers.
    pub letters: Wake,
    /// How often somebody has asked to subscribe.
    pub asking: Asking,
    /// How often teams have invited somebody.
    pub inviting: Inviting,
    caller: Arc<Notify>,
    in_flight: InFlight,
}

/// The workers of a running service, in the two groups that stop one after the other.
pub struct Workers {
    checking: Group,
    telling: Group,
    failed: CancellationToken,
}

#[derive(Default)]
struct Group {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl App {
    /// Where this node looks from.
    pub fn outlook(&self) -> check::Outlook<'_> {
        check::Outlook {
            prober: &self.prober,
            network: &self.network,
            clock: &self.clock,
        }
    }

    /// Starts the workers that the roles of this node ask for.
    pub fn start(self: &Arc<Self>) -> Workers {
        let workers = Workers {
            checking: Group::default(),
            telling: Group::default(),
            failed: CancellationToken::new(),
        };
        let (checking, telling) = (&workers.checking, &workers.telling);
        if self.settings.roles.probe {
            let (results, queue) = recorder::queue();
            let stop = checking.stop.clone();
            workers.spawn(checking, scheduler::run(Arc::clone(self), results, stop));
            // Ends by itself when the scheduler has let go of the queue.
            workers.spawn(checking, recorder::run(Arc::clone(self), queue));
        }
        if self.settings.roles.alert {
            workers.spawn(
                telling,
                alerter::run(Arc::clone(self), telling.stop.clone()),
            );
            workers.spawn(
                telling,
                release::run(Arc::clone(self), telling.stop.clone()),
            );
            workers.spawn(
                telling,
                reminders::run(Arc::clone(self), telling.stop.clone()),
            );
            workers.spawn(
                telling,
                summaries::run(Arc::clone(self), telling.stop.clone()),
            );
            workers.spawn(
                telling,
                digests::run(Arc::clone(self), telling.stop.clone()),
            );
            workers.spawn(telling, news::run(Arc::clone(self), telling.stop.clone()));
            workers.spawn(
                telling,
                letters::run(Arc::clone(self), telling.stop.clone()),
            );
            workers.spawn(
                telling,
                budgets::run(Arc::clone(self), telling.stop.clone()),
            );
            workers.spawn(telling, claims::run(Arc::clone(self), telling.stop.clone()));
        }
        if self.heartbeat.is_some() {
            workers.spawn(
                checking,
                heartbeat::run(Arc::clone(self), checking.stop.clone()),
            );
        }
        if self.settings.roles.web {
            workers.spawn(telling, events::run(Arc::clone(self), telling.stop.clone()));
        }
        if self.store.is_shared() {
            workers.spawn(telling, wakes::call(Arc::clone(self), telling.stop.clone()));
            workers.spawn(
                telling,
                wakes::listen(Arc::clone(self), telling.stop.clone()),
            );
        }
        workers.spawn(
            checking,
            nodes::run(Arc::clone(self), checking.stop.clone()),
        );
        workers.spawn(
            checking,
            lapses::run(Arc::clone(self), checking.stop.clone()),
        );
        workers.spawn(
            checking,
            retention::run(Arc::clone(self), checking.stop.clone()),
        );
        workers
    }
}

impl Workers {
    /// The door to tasks: tracked, and a worker that ends before it was told to is a failure of
    /// the whole process.
    fn spawn(&self, group: &Group, work: impl Future<Output = ()> + Send + 'static) {
        let stop = group.stop.clone();
        let ended = self.failed.clone().drop_guard();
        group.tasks.spawn(async move {
            work.await;
            if stop.is_cancelled() {
                ended.disarm();
            }
        });
    }

    /// Waits until a worker has ended by itself, which it never should.
    pub async fn failed(&self) {
        self.failed.cancelled().await;
    }

    /// Stops claiming, finishes and records what is in flight, then stops telling.
    pub async fn stop(self) {
        self.checking.end().await;
        self.telling.end().await;
    }
}

impl Group {
    async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(DRAIN, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("stopped with work in flight; its leases bring it back");
        }
    }
}
