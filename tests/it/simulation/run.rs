//! One seed, from the first check to the rest: the driver of clock, processes and deaths.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use lifesign::app::channels::{self, ChannelSpec};
use lifesign::app::check::Checked;
use lifesign::app::maintenance::{self, WindowSpec};
use lifesign::app::record::record;
use lifesign::app::{App, alerter, monitors, release, reminders, scheduler};
use lifesign::clock::{Clock, Ids};
use lifesign::domain::at::At;
use lifesign::domain::channel::{Kind, Route, Words};
use lifesign::domain::id::MonitorId;
use lifesign::domain::maintenance::{Schedule, Scope};
use lifesign::domain::monitor::{Endpoint, EndpointUrl, MonitorSpec, TransportChoice};
use lifesign::domain::status::{MonitorStatus, State};
use lifesign::domain::team::Actor;
use lifesign::domain::verdict::CheckStatus;
use lifesign::domain::zone::Zone;
use lifesign::store::{Claim, DueCheck, Held, IncidentFilter, Store};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, Row as _};
use tokio::sync::Notify;

use super::cast::Cast;
use super::model::Window;
use super::mortal::live;
use super::receiver::Receivers;
use super::script::{Part, Script};
use crate::support::world;

/// Six o'clock of a certain morning.
const START: At = At(1_795_327_200_000);
/// Most rounds until the scripts are used up, and until everything has come to rest.
const ROUNDS: (usize, usize) = (150, 60);
/// How long a check that somebody asked for is theirs.
const LEASE: Duration = Duration::from_secs(30);
/// How soon a check is repeated, at most.
const AGAIN: Duration = Duration::from_secs(6);
/// Most checks of one round.
const BATCH: usize = 10;
/// How long the last messages of a dead process may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// What a window may hold longer than there are checks in it, in seconds.
const WINDOW: (u64, u64) = (60, 3_000);

/// Something that happened, in order.
#[derive(Clone, Copy, Debug)]
pub(super) enum Entry {
    /// Somebody tried to record a check; whether it is there is seen at the end. `is_sure` when
    /// nobody died over it.
    Recorded {
        server: usize,
        slot: At,
        began: At,
        status: CheckStatus,
        is_sure: bool,
    },
    /// Somebody looked for what could be released, to the end.
    Released { at: At },
    /// Somebody died in that round of telling.
    DiedTelling { round: usize },
}

/// A process, or the place of one.
struct Node {
    store: Store,
    name: &'static str,
    app: Option<App>,
    /// When it is started again.
    back_at: At,
    /// Checks that come late, and when.
    late: Vec<(At, Checked)>,
}

/// A world that a seed is played in.
pub(super) struct Run<'a> {
    pub(super) script: Script,
    pub(super) receivers: &'a Receivers,
    cast: &'a Cast,
    nodes: Vec<Node>,
    pub(super) actor: Actor,
    pub(super) monitors: Vec<MonitorId>,
    /// The windows of each monitor.
    pub(super) windows: Vec<Vec<Window>>,
    pub(super) entries: Vec<Entry>,
    /// What happened, in words, for whom a fault is told.
    pub(super) trace: Vec<String>,
    url: &'a str,
    clock: Clock,
    ids: Ids,
    round: usize,
    are_all_well: bool,
}

impl<'a> Run<'a> {
    /// Everything set up and nothing checked yet.
    pub(super) async fn new(
        seed: u64,
        (stores, url): (&[Store], &'a str),
        receivers: &'a Receivers,
        cast: &'a Cast,
    ) -> Self {
        let mut script = Script::of(seed);
        receivers.begin(StdRng::seed_from_u64(!seed));
        let (clock, ids) = (Clock::manual(START), Ids::counted());
        for _ in 0..script.chance.random_range(0..64) {
            ids.next(); // The ids decide where in their interval monitors are checked.
        }
        let actor = world::owner(&stores[0], &ids, START).await;
        let nodes = stores.iter().zip(["one", "two"]).take(script.nodes);
        let nodes = nodes.map(|(store, name)| Node {
            store: store.clone(),
            name,
            app: None,
            back_at: START,
            late: vec![],
        });
        let mut run = Self {
            nodes: nodes.collect(),
            windows: script.servers.iter().map(|_| vec![]).collect(),
            script,
            receivers,
            cast,
            actor,
            monitors: vec![],
            entries: vec![],
            trace: vec![],
            url,
            clock,
            ids,
            round: 0,
            are_all_well: false,
        };
        run.furnish().await;
        run
    }

    /// Channels and monitors.
    async fn furnish(&mut self) {
        self.revive();
        let app = self.nodes[0].app.as_ref().unwrap();
        let mut known = Vec::new();
        for channel in 0..self.script.channels {
            let url = self.receivers.url(channel);
            let spec = ChannelSpec {
                name: "Ops",
                settings: &|name| (name == "url").then_some(&*url),
                is_default: true,
                route: Route::default(),
                words: Words::default(),
                digest: None,
            };
            let made = channels::create(app, &self.actor, Kind::Webhook, &spec).await;
            known.push(made.unwrap().channel.id);
        }
        for (number, server) in self.script.servers.iter().enumerate() {
            // Each has a host of its own: outages of one cause would be told as one.
            let url = format!("http://127.0.0.{}:9/mcp", number + 2);
            let endpoint = Endpoint {
                url: EndpointUrl::parse(&url).unwrap(),
                transport: TransportChoice::Auto,
                headers: vec![],
                bearer: None,
                oauth: None,
            };
            let spec = MonitorSpec {
                interval_seconds: u32::try_from(server.interval.as_secs()).unwrap(),
                timeout_seconds: 5,
                ..MonitorSpec::of(endpoint)
            };
            let named: Vec<_> = server.channels.iter().map(|n| known[*n]).collect();
            let made = monitors::create(app, &self.actor, spec, &named).await;
            self.monitors.push(made.unwrap().id);
        }
    }

    /// A node, dead or alive.
    pub(super) fn store(&self) -> &Store {
        &self.nodes[0].store
    }

    /// Plays until the servers have nothing more to say, and on until everything is at rest.
    pub(super) async fn play(&mut self) -> Result<(), String> {
        for _ in 0..ROUNDS.0 {
            if !self
                .script
                .servers
                .iter()
                .any(super::script::Server::has_more)
            {
                break;
            }
            self.maintain().await;
            Box::pin(self.round()).await;
            self.pass_time().await;
        }
        self.come_to_rest().await
    }

    async fn come_to_rest(&mut self) -> Result<(), String> {
        self.receivers.mood(|mood| mood.chance = None);
        self.are_all_well = true;
        for node in &mut self.nodes {
            node.back_at = START;
            node.late.clear();
        }
        for n in 1..ROUNDS.1 {
            // Long enough to settle what flaps, to end windows, to try again what was refused.
            let n = u64::try_from(n).unwrap();
            self.clock.advance(Duration::from_mins(20 + 5 * n));
            Box::pin(self.round()).await;
            if self.is_at_rest().await {
                return Ok(());
            }
            // What was so long ago has to be confirmed anew.
            for _ in 0..2 {
                self.clock.advance(AGAIN);
                Box::pin(self.round()).await;
            }
        }
        Err("it does not come to rest".to_owned())
    }

    async fn is_at_rest(&self) -> bool {
        let store = self.store();
        let outbox = store.queue_health(self.clock.now()).await.unwrap();
        let open = IncidentFilter {
            is_resolved: Some(false),
            ..IncidentFilter::default()
        };
        let open = store.incidents(self.actor.team, &open, None, 9).await;
        let mut tx = store.begin().await.unwrap();
        let states = tx.states(&self.monitors).await.unwrap();
        tx.commit().await.unwrap();
        // Checks go on: each monitor was checked in this very round.
        let is_well = |held: &Held| {
            let State {
                status,
                last_check_at,
                ..
            } = held.state;
            status == MonitorStatus::Up && last_check_at == Some(self.clock.now())
        };
        outbox.queued == 0 && open.unwrap().rows.is_empty() && states.values().all(is_well)
    }

    /// Now and then a window is declared.
    async fn maintain(&mut self) {
        if !self.script.has_maintenance || !self.script.one_in(12) {
            return;
        }
        let Some(app) = self.nodes.iter().find_map(|node| node.app.as_ref()) else {
            return;
        };
        let starts = self.clock.now() + self.script.span(0, 120);
        let ends = starts + self.script.span(WINDOW.0, WINDOW.1);
        let only = (self.script.chance.random_bool(0.5)).then_some(0);
        let scope = only.map_or(Scope::All, |n| Scope::Some {
            monitors: vec![self.monitors[n]],
            tags: vec![],
        });
        let spec = WindowSpec {
            name: "Move".to_owned(),
            schedule: Schedule::Once {
                starts_at: starts,
                ends_at: ends,
            },
            zone: Zone::UTC,
            scope,
            is_excluded: true,
        };
        maintenance::create(app, &self.actor, spec).await.unwrap();
        self.trace.push(format!(
            "{} window {starts} to {ends} over {only:?}",
            self.clock.now()
        ));
        let covered = self.windows.iter_mut().enumerate();
        for (_, windows) in covered.filter(|(n, _)| only.is_none_or(|only| only == *n)) {
            windows.push(Window { starts, ends });
        }
    }

    /// On to what is due next, and now and then a long sleep.
    async fn pass_time(&mut self) {
        let now = self.clock.now();
        let due = self.store().next_due_at("local").await.unwrap();
        let until_due = due.map_or(0, |due| due.ms_since(now)).max(1_000);
        let mut wait = Duration::from_millis(until_due.unsigned_abs()) + self.script.span(0, 2);
        if self.script.one_in(15) {
            wait += self.script.span(20, 1_800);
        }
        self.clock.advance(wait);
    }

    /// Starts the processes whose time has come.
    fn revive(&mut self) {
        let now = self.clock.now();
        for node in &mut self.nodes {
            if node.app.is_none() && node.back_at <= now {
                let (clock, ids) = (self.clock.clone(), self.ids.clone());
                let named = [("node_name", node.name)];
                node.app = Some(world::node(node.store.clone(), clock, ids, &named));
            }
        }
    }

    fn die(&mut self, node: usize, part: &str) {
        let wait = match self.script.chance.random_range(0..3) {
            0 => Duration::ZERO,
            1 => self.script.span(1, 20),
            _ => self.script.span(20, 120),
        };
        let node = &mut self.nodes[node];
        node.app = None;
        node.late.clear();
        node.back_at = self.clock.now() + wait;
        let now = self.clock.now();
        self.trace.push(format!("{now} {} dies {part}", node.name));
    }

    /// One round of everything that the living nodes do, side by side.
    async fn round(&mut self) {
        self.revive();
        self.check().await;
        self.tell().await;
        if self.are_all_well || self.script.one_in(2) {
            self.release().await;
        }
        if self.are_all_well || self.script.one_in(3) {
            self.remind().await;
        }
        if self.are_all_well {
            self.tell().await;
        }
    }

    fn life(&mut self, part: Part, is_decisive: bool) -> Option<u32> {
        if self.are_all_well {
            return None;
        }
        self.script.life(part, is_decisive)
    }

    /// A step of each living node at the same time; those that died are gone afterwards.
    async fn step<T>(
        &mut self,
        part: Part,
        strike: &Notify,
        step: impl AsyncFn(&App) -> T,
    ) -> Vec<(usize, Option<T>)> {
        let alive: Vec<usize> = (0..self.nodes.len())
            .filter(|n| self.nodes[*n].app.is_some())
            .collect();
        let lives: Vec<_> = alive.iter().map(|_| self.life(part, false)).collect();
        let steps = alive.iter().zip(lives).map(|(n, life)| {
            let app = self.nodes[*n].app.as_ref().unwrap();
            live(step(app), life, strike)
        });
        let done: Vec<_> = alive.iter().copied().zip(join_all(steps).await).collect();
        for (node, _) in done.iter().filter(|(_, done)| done.is_none()) {
            self.die(*node, &format!("{part:?}"));
        }
        done
    }

    /// Claims, checks and records what is due, beside what comes late.
    async fn check(&mut self) {
        let never = Notify::new();
        let claim = async |app: &App| scheduler::step(app, BATCH).await.unwrap();
        let asked = self.ask().await;
        let mut claimed = self.step(Part::Claiming, &never, claim).await;
        claimed.extend(asked.map(|(node, due)| (node, Some(vec![due]))));
        let mut batches = self.late();
        for (node, due) in claimed {
            let mut batch = Vec::new();
            for due in due.unwrap_or_default() {
                let server = self.server(due.monitor.id);
                let status = self.script.servers[server].answer();
                let now = self.clock.now();
                let checked = self.cast.check(due, status, now);
                if !self.are_all_well && self.script.is_late() {
                    let at = now + self.script.span(5, 90);
                    self.nodes[node].late.push((at, checked));
                } else {
                    batch.push(checked);
                }
            }
            if !batch.is_empty() {
                batches.push((node, batch));
            }
        }
        self.record(batches).await;
    }

    /// Now and then somebody asks for a check, and more often where none seems to come.
    async fn ask(&mut self) -> Option<(usize, DueCheck)> {
        let is_late = self.nodes.iter().any(|node| !node.late.is_empty());
        if self.are_all_well || !self.script.one_in(if is_late { 2 } else { 30 }) {
            return None;
        }
        let mut nodes = self.nodes.iter().enumerate();
        let (number, node) = nodes.find(|(_, node)| node.app.is_some())?;
        let now = self.clock.now();
        let claim = Claim {
            id: self.ids.next(),
            node: node.name,
            now,
            until: now + LEASE,
        };
        let team = self.actor.team;
        for monitor in &self.monitors {
            let claimed = node.store.claim_now(team, *monitor, "local", &claim).await;
            if let Some(due) = claimed.unwrap() {
                self.trace.push(format!("{now} {} asks", node.name));
                return Some((number, due));
            }
        }
        None
    }

    /// What comes late and is there by now, each by itself.
    fn late(&mut self) -> Vec<(usize, Vec<Checked>)> {
        let now = self.clock.now();
        let mut there = Vec::new();
        for (number, node) in self.nodes.iter_mut().enumerate() {
            let is_due = |late: &mut (At, Checked)| late.0 <= now;
            let due = node.late.extract_if(.., is_due);
            there.extend(due.map(|(_, checked)| (number, vec![checked])));
        }
        there
    }

    /// Records batches side by side, as the recorders of the nodes do; two at once, as the turns of
    /// three cannot always be told from what they have written.
    async fn record(&mut self, batches: Vec<(usize, Vec<Checked>)>) {
        let mut batches = batches.into_iter().peekable();
        while batches.peek().is_some() {
            self.record_two(batches.by_ref().take(2).collect()).await;
        }
    }

    async fn record_two(&mut self, batches: Vec<(usize, Vec<Checked>)>) {
        let never = Notify::new();
        let alive: Vec<_> = batches
            .into_iter()
            .filter(|(node, _)| self.nodes[*node].app.is_some())
            .collect();
        // In which order two of them were recorded is known of those that live.
        let are_apart = alive.len() == 1;
        let mut lives = Vec::new();
        for (_, batch) in &alive {
            let is_decisive = batch.iter().any(|checked| checked.result.attempt >= 2);
            let life = self.life(Part::Recording, is_decisive);
            lives.push(life.filter(|_| are_apart));
        }
        let recording = alive.iter().zip(lives).map(|((node, batch), life)| {
            let app = self.nodes[*node].app.as_ref().unwrap();
            let recording = Box::pin(live(record_at_last(app, batch), life, &never));
            async move { (node, batch, recording.await) }
        });
        let mut recorded = Vec::new();
        // In the order in which they are answered.
        let done: Vec<_> = recording.collect::<FuturesUnordered<_>>().collect().await;
        for (node, batch, done) in done {
            for checked in batch {
                let result = &checked.result;
                let entry = Entry::Recorded {
                    server: self.server(result.watch.monitor),
                    slot: result.slot,
                    began: result.report.started_at,
                    status: result.report.status,
                    is_sure: done.is_some(),
                };
                let key = (result.watch.monitor, result.slot);
                recorded.push((key, result.report.started_at, entry));
            }
            if done.is_none() {
                self.die(*node, "Recording");
            }
        }
        let turns = turns(self.url, are_apart).await;
        if !turns.is_empty() {
            // One turn for two: the later one marked the other as a blip, or, being late, took its
            // place before the other.
            recorded.sort_by_key(|(key, began, _)| (turns.get(key).copied(), Reverse(*began)));
        }
        for (.., entry) in recorded {
            let now = self.clock.now();
            self.trace.push(format!("{now} {entry:?}"));
            self.entries.push(entry);
        }
    }

    async fn tell(&mut self) {
        self.round += 1;
        let round = self.round;
        self.receivers.mood(|mood| mood.round = round);
        let strike = Arc::clone(&self.receivers.strike);
        let tell = async |app: &App| alerter::step(app).await.unwrap();
        let done = self.step(Part::Telling, &strike, tell).await;
        if done.iter().any(|(_, done)| done.is_none()) {
            let drained = tokio::time::timeout(PATIENCE, self.receivers.drain()).await;
            drained.expect("the messages of the dead come to an end");
            self.entries.push(Entry::DiedTelling { round });
        }
    }

    /// Who dies over a release leaves it half done: then somebody else does all of it at once, so
    /// that it is known what was released when. Leases have ended by then.
    async fn release(&mut self) {
        let never = Notify::new();
        let look = async |app: &App| release::step(app).await.unwrap();
        self.end_leases().await;
        let done = self.step(Part::Releasing, &never, look).await;
        if done.iter().any(|(_, done)| done.is_none()) {
            self.end_leases().await;
            let (clock, ids) = (self.clock.clone(), self.ids.clone());
            let app = world::node(self.store().clone(), clock, ids, &[("node_name", "three")]);
            look(&app).await;
        }
        if !done.is_empty() {
            let at = self.clock.now();
            self.trace.push(format!("{at} released"));
            self.entries.push(Entry::Released { at });
        }
    }

    async fn end_leases(&self) {
        for name in ["one", "two", "three"] {
            let ended = self.store().release_lease("release", name).await;
            ended.unwrap();
        }
    }

    async fn remind(&mut self) {
        let never = Notify::new();
        let remind = async |app: &App| reminders::step(app).await.unwrap();
        self.step(Part::Reminding, &never, remind).await;
    }

    fn server(&self, monitor: MonitorId) -> usize {
        let mut known = self.monitors.iter();
        known.position(|known| *known == monitor).unwrap()
    }
}

/// In which turn PostgreSQL wrote each slot: who meets another one begins anew, and has a later
/// number then. Answers come in any order. An embedded database answers in its own.
///
/// A check that comes late leads the one after it to itself, which takes the number of the late one
/// then; but whoever was led to from an earlier number was there before that.
async fn turns(url: &str, are_apart: bool) -> HashMap<(MonitorId, At), (i64, i8)> {
    if are_apart || !url.starts_with("postgres") {
        return HashMap::new();
    }
    let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
    let mut connection = options.connect().await.unwrap();
    let turns =
        "SELECT slot, xmin::text::bigint, NOT blip, previous_slot, monitor_id FROM check_result";
    let rows = connection.fetch_all(turns).await.unwrap();
    connection.close().await.unwrap();
    let number = |row: &sqlx::postgres::PgRow| -> i64 { row.get(1) };
    let of = |row: &sqlx::postgres::PgRow, slot| (MonitorId(row.get(4)), At(slot));
    let turn = |row| {
        let is_plain: bool = sqlx::Row::get(row, 2);
        (number(row), i8::from(is_plain))
    };
    let mut turns: HashMap<_, _> = rows
        .iter()
        .map(|row| (of(row, row.get(0)), turn(row)))
        .collect();
    for row in &rows {
        let led_to = row.get::<Option<i64>, _>(3).map(|slot| of(row, slot));
        if let Some(turn) = led_to.and_then(|key| turns.get_mut(&key))
            && number(row) < turn.0
        {
            *turn = (number(row), -1);
        }
    }
    turns
}

/// Records a batch, again and again while somebody else is quicker.
async fn record_at_last(app: &App, batch: &[Checked]) {
    while let Err(error) = record(app, batch).await {
        assert!(error.is_passing(), "{error:?}");
        tokio::task::yield_now().await;
    }
}
