//! When our own network breaks, the servers are not to blame: they become unknown, and nobody who
//! watches them is told.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use lifesign::app::App;
use lifesign::domain::failure::Code;
use lifesign::domain::id::MonitorId;
use lifesign::domain::verdict::CheckStatus;
use lifesign::net::{Guard, Names, Trust};
use lifesign::probe::Prober;
use lifesign::store::{CheckFilter, Store};
use tokio::net::TcpSocket;

use super::*;
use crate::support::dns::{NameServer, Zone};

/// A name server that fails: what a resolver answers that has lost its own network.
pub(super) const BROKEN: Zone = Zone::Fails(2);
pub(super) const FINE: Zone = Zone::Has(Some(Ipv4Addr::LOCALHOST), None);

/// Five servers at hosts of their own names, all of them up.
pub(super) struct Five {
    pub(super) test: TestApp,
    pub(super) names: NameServer,
    monitors: Vec<MonitorId>,
    server: FakeMcp,
}

impl Five {
    pub(super) async fn new(test: TestApp) -> Self {
        let server = FakeMcp::start(healthy()).unwrap();
        let mut five = Self {
            test,
            names: NameServer::start(FINE).await,
            monitors: vec![],
            server,
        };
        five.test.app = asking(five.test.app, five.names.address);
        let port = five.server.address().port();
        for n in 0..5 {
            let url = format!("http://{}:{port}/mcp", name(n));
            let monitor = five.test.watch(&url).await;
            five.monitors.push(monitor);
        }
        five.test.round().await;
        five.all_are(MonitorStatus::Up).await;
        five
    }

    async fn all_are(&self, status: MonitorStatus) {
        for monitor in &self.monitors {
            assert_eq!(self.test.status(*monitor).await, status);
        }
    }

    /// Status and code of the last check of each.
    async fn last(&self) -> Vec<(CheckStatus, Option<Code>)> {
        let mut last = Vec::new();
        for monitor in &self.monitors {
            let (team, filter) = (self.test.actor.team, CheckFilter::default());
            let checks = self.test.app.store.checks(team, *monitor, &filter, None, 1);
            let check = checks.await.unwrap().rows.remove(0);
            last.push((check.status, check.code));
        }
        last
    }
}

fn name(n: usize) -> String {
    format!("server{n}.example")
}

/// The same application, asking this name server.
fn asking(mut app: Arc<App>, server: SocketAddr) -> Arc<App> {
    let guard = Guard::parse("loopback").unwrap();
    let names = Names::asking(&[server]);
    let clock = app.clock.clone();
    let prober = Prober::new(
        guard,
        names,
        Trust::new(None).unwrap(),
        clock,
        "Lifesign/test",
    );
    Arc::get_mut(&mut app).unwrap().prober = prober;
    app
}

engines! {
    async fn a_fleet_that_fails_together_is_unknown_and_its_people_are_not_told(store: Store) {
        let five = Five::new(TestApp::new(store).await).await;
        five.names.set(BROKEN);
        five.test.rounds(1, 60).await;
        assert!(five.test.app.network.trouble().is_some());
        five.test.rounds(3, 5).await;
        five.test.rounds(4, 60).await;
        let ours = (CheckStatus::Unknown, Some(Code::MonitorError));
        assert_eq!(five.last().await, [ours; 5]);
        five.all_are(MonitorStatus::Unknown).await;
        assert!(five.test.incidents().await.is_empty());

        five.names.set(FINE);
        five.test.rounds(3, 60).await;
        five.all_are(MonitorStatus::Up).await;
        assert_eq!(five.test.app.network.trouble(), None);
        assert!(five.test.told().is_empty(), "{:?}", five.test.told());
    }

    async fn one_dead_host_among_five_is_down_as_always(store: Store) {
        let five = Five::new(TestApp::new(store).await).await;
        five.names.set_name(&name(3), BROKEN);
        five.test.rounds(1, 60).await;
        five.test.rounds(2, 5).await;
        assert_eq!(five.test.status(five.monitors[3]).await, MonitorStatus::Down);
        assert_eq!(five.last().await[3], (CheckStatus::Down, Some(Code::DnsServfail)));
        assert_eq!(five.test.told(), ["incident.opened"]);
        assert_eq!(five.test.app.network.trouble(), None);
    }

    async fn a_check_that_our_own_trouble_explains_keeps_what_it_met(store: Store) {
        let five = Five::new(TestApp::new(store).await).await;
        five.names.set(BROKEN);
        five.test.rounds(2, 60).await;
        let monitor = five.monitors[4];
        let reports = five.test.app.store.failure_reports(five.test.actor.team, monitor, 1).await;
        let (_, report) = reports.unwrap().remove(0);
        let failure = report.failure.unwrap();
        assert!(failure.message.contains("its own network"), "{}", failure.message);
        assert!(failure.message.contains("name servers"), "{}", failure.message);
        assert!(!report.steps.is_empty());
    }

    /// With one server nobody can know, but for the canaries.
    async fn canaries_that_are_silent_too_tell_of_our_own_trouble(store: Store) {
        let (silent, _held) = silent();
        let only = Only::new(store, &silent.to_string()).await;
        only.names.set(BROKEN);
        only.test.rounds(1, 60).await;
        assert!(only.test.app.network.trouble().is_some());
        only.test.rounds(2, 60).await;
        assert_eq!(only.test.status(only.monitor).await, MonitorStatus::Unknown);
        assert!(only.test.told().is_empty());
    }

    async fn while_a_canary_answers_the_server_is_down(store: Store) {
        let canary = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let only = Only::new(store, &canary.local_addr().unwrap().to_string()).await;
        only.names.set(BROKEN);
        only.test.rounds(1, 60).await;
        only.test.rounds(2, 5).await;
        assert_eq!(only.test.status(only.monitor).await, MonitorStatus::Down);
    }
}

/// One server, up, and a canary.
struct Only {
    test: TestApp,
    names: NameServer,
    monitor: MonitorId,
    _server: FakeMcp,
}

impl Only {
    async fn new(store: Store, canary: &str) -> Self {
        let server = FakeMcp::start(healthy()).unwrap();
        let names = NameServer::start(FINE).await;
        let mut test = TestApp::with(store, &[("canary_addresses", canary)]).await;
        test.app = asking(test.app, names.address);
        let url = format!("http://only.example:{}/mcp", server.address().port());
        let monitor = test.watch(&url).await;
        test.round().await;
        Self {
            test,
            names,
            monitor,
            _server: server,
        }
    }
}

/// An address that answers nobody: its queue is full.
fn silent() -> (SocketAddr, impl Sized) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let first = TcpStream::connect(address).unwrap();
    (address, (listener, first))
}
