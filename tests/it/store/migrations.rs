//! A database of every released schema, with rows in all of its tables, is brought up to date: nothing
//! in it changes, and the store reads it.

use lifesign::domain::at::At;
use lifesign::domain::id::{AnnouncementId, ChannelId, ClaimId, MonitorId, StatusPageId, TeamId};
use lifesign::secret::hash_token;
use lifesign::store::{CheckFilter, IncidentFilter, MIGRATIONS, OverviewFilter, Store};

use super::{NOW, id};
use crate::support::engines::{Database, Engine};
use crate::support::every_table::{Everything, assert_full, everything, fill};

/// Most rows of any list here.
const MANY: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_schema_with_rows_in_it_is_migrated_sqlite() {
    every_schema(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_schema_with_rows_in_it_is_migrated_postgres() {
    every_schema(Engine::Postgres).await;
}

async fn every_schema(engine: Engine) {
    for position in 1..=MIGRATIONS.len() {
        let database = Database::empty(engine).await;
        let store = database.store().await;
        store
            .migrate_to(i64::try_from(position).unwrap())
            .await
            .unwrap();
        fill(&database, position).await;
        let before = everything(&store).await;
        assert_full(&before);
        store.migrate().await.unwrap();
        assert_kept(&before, &everything(&store).await);
        read(&store, position).await;
        store.close().await;
        database.remove().await;
    }
}

#[tokio::test]
async fn an_old_node_starts_on_the_tables_of_a_newer_one() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let database = Database::new(engine).await;
        let later = "INSERT INTO _sqlx_migrations
                         (version, description, success, checksum, execution_time)
                     SELECT 1000, 'later', success, checksum, 1 FROM _sqlx_migrations
                      WHERE version = 1";
        database.execute(later).await;
        let store = database.store().await;
        store.migrate().await.unwrap();
        store.close().await;
        database.remove().await;
    }
}

/// Each row is there, and each column that it had.
fn assert_kept(before: &Everything, after: &Everything) {
    for (table, rows) in before {
        let now = after[table].clone().into_iter();
        let mut kept: Vec<_> = now
            .map(|mut row| {
                row.retain(|column, _| rows[0].contains_key(column));
                row
            })
            .collect();
        kept.sort();
        assert_eq!(&kept, rows, "{table}");
    }
}

/// The store reads what is there since that position.
async fn read(store: &Store, position: usize) {
    let (team, search) = (TeamId(id(1)), MonitorId(id(10)));
    let (actor, _) = store
        .bearer(&hash_token("token"), NOW)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(actor.team, team);
    assert!(
        store
            .bearer(&hash_token("revoked"), NOW)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store
            .session(&hash_token("session"), NOW)
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        store
            .link(&hash_token("invite"), NOW)
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(store.members(team, 9, None).await.unwrap().rows.len(), 1);
    assert_eq!(
        store.teams().await.unwrap()[1].name,
        "Ünïcode \"quoted\" 'team'"
    );
    assert_eq!(store.tokens(team, MANY, None).await.unwrap().rows.len(), 2);
    if position >= 2 {
        let kept = store.monitor(team, search).await.unwrap().unwrap();
        let endpoint = &kept.monitor.spec.endpoint;
        assert_eq!(endpoint.bearer.as_ref().unwrap().expose(), "bearer secret");
        assert!(endpoint.url.as_str().ends_with("key=k1"));
        let filter = OverviewFilter::default();
        let all = store.overviews(team, &filter, None, MANY, NOW).await;
        assert_eq!(all.unwrap().rows.len(), 2);
        assert_eq!(store.tags(team).await.unwrap(), ["prod"]);
    }
    if position >= 3 {
        read_checks(store, team, search).await;
    }
    if position >= 4 {
        let filter = IncidentFilter::default();
        let incidents = store.incidents(team, &filter, None, MANY).await.unwrap();
        assert_eq!(incidents.rows.len(), 2);
        let channels = store.channels(team).await.unwrap();
        assert_eq!(channels.len(), 2);
        let told = store.deliveries(team, ChannelId(id(30)), None, MANY).await;
        assert_eq!(told.unwrap().rows.len(), 1);
        assert_eq!(
            store.channels_named_by(team, search).await.unwrap().len(),
            1
        );
    }
    let page = StatusPageId(id(60));
    if position >= 5 {
        let page = store.status_page(team, page).await.unwrap().unwrap();
        assert_eq!(page.components.len(), 2);
    }
    if position >= 6 {
        let windows = store.maintenance_windows(team, None, NOW, None, MANY).await;
        assert_eq!(windows.unwrap().rows.len(), 1);
    }
    if position >= 9 {
        assert_eq!(store.dependencies(team, search).await.unwrap().len(), 1);
    }
    if position >= 10 {
        assert_eq!(store.nodes(10).await.unwrap().len(), 1);
    }
    if position >= 12 {
        let subscribers = store.subscribers(team, page, None, MANY).await.unwrap();
        assert_eq!(subscribers.rows.len(), 2);
        let announced = AnnouncementId(id(85));
        let announced = store.announcement(team, page, announced).await.unwrap();
        assert_eq!(announced.unwrap().title, "New address");
    }
    if position >= 13 {
        assert!(store.status_logo(team, page).await.unwrap().is_some());
    }
    if position >= 15 {
        assert!(store.listing(team, search).await.unwrap().is_some());
        assert_eq!(store.refusals(team, ClaimId(id(95))).await.unwrap(), 1);
    }
    if position >= 16 {
        let log = store.audit_log(team, None, MANY, None).await.unwrap();
        assert_eq!(log.rows.len(), 2);
    }
    if position >= 18 {
        assert_eq!(store.agents(team, MANY).await.unwrap().len(), 2);
    }
}

async fn read_checks(store: &Store, team: TeamId, search: MonitorId) {
    let filter = CheckFilter::default();
    let checks = store.checks(team, search, &filter, None, MANY).await;
    let checks = checks.unwrap().rows;
    let times: Vec<Option<f64>> = checks.iter().map(|check| check.timings.total).collect();
    assert_eq!(times, [Some(25.425_000_000_000_004), Some(69.564)]);
    let slot = At(1_789_999_940_000);
    let report = store.check_report(team, search, "local", slot).await;
    assert!(report.unwrap().is_some());
    let days = store.rollup_days(team, search, At(0), NOW).await.unwrap();
    assert_eq!(days.len(), 1);
    assert_eq!(store.current_tools(team, search).await.unwrap().len(), 1);
    let changes = store.tools_changes(team, search, None, MANY).await;
    assert_eq!(changes.unwrap().rows.len(), 1);
    let changes = store.changes(team, search, None, MANY).await.unwrap();
    assert_eq!(changes.rows.len(), 1);
}
