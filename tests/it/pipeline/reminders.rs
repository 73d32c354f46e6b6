//! Trouble that nobody has acknowledged is told again, ever more seldom.

use lifesign::app::incidents;

use super::*;
use crate::support::engines::{Database, Engine};

engines! {
    async fn people_are_reminded_ever_more_seldom_until_somebody_cares(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        world.watch(&server.url()).await;
        world.round().await;
        server.set(status(503));
        world.rounds(1, 60).await;
        world.rounds(2, 5).await;
        let (opened, reminder) = ("incident.opened", "incident.reminder");
        world.rounds(29, 60).await;
        assert_eq!(world.told(), [opened]);
        world.rounds(1, 60).await;
        assert_eq!(world.told(), [opened, reminder], "after half an hour");
        world.rounds(59, 60).await;
        assert_eq!(world.told().len(), 2);
        world.rounds(1, 60).await;
        assert_eq!(world.told()[2..], [reminder], "after one hour more");

        let incident = world.incidents().await.remove(0);
        incidents::acknowledge(&world.app, &world.actor, incident.id).await.unwrap();
        world.rounds(10, 600).await;
        world.rounds(10, 1_800).await;
        assert_eq!(world.told()[3..], ["incident.acknowledged"], "somebody cares");
    }

    async fn nobody_is_reminded_in_maintenance_and_everybody_after_it(store: Store) {
        let server = FakeMcp::start(healthy()).unwrap();
        let world = TestApp::new(store).await;
        let monitor = world.watch(&server.url()).await;
        world.round().await;
        server.set(status(503));
        world.rounds(1, 60).await;
        world.rounds(2, 5).await;
        maintenance::declare(&world, monitor, 90).await;
        world.rounds(89, 60).await;
        assert_eq!(world.told(), ["incident.opened"]);
        world.rounds(6, 60).await;
        assert_eq!(world.told(), ["incident.opened", "incident.reminder"]);
    }
}

async fn one_that_cannot_be_read_stops_no_other(engine: Engine) {
    let database = Database::new(engine).await;
    let world = TestApp::new(database.store().await).await;
    let (first, second) = (
        FakeMcp::start(healthy()).unwrap(),
        FakeMcp::start(healthy()).unwrap(),
    );
    world.watch(&first.url()).await;
    world.watch(&second.url()).await;
    world.round().await;
    first.set(status(503));
    world.rounds(1, 60).await;
    world.rounds(2, 5).await;
    database
        .execute("UPDATE incident SET code = 'of a later release'")
        .await;
    second.set(status(503));
    world.rounds(1, 60).await;
    world.rounds(2, 5).await;
    world.rounds(32, 60).await;
    let reminders = world
        .told()
        .iter()
        .filter(|event| *event == "incident.reminder")
        .count();
    assert_eq!(reminders, 1);
    database.remove().await;
}

#[tokio::test]
async fn one_that_cannot_be_read_stops_no_other_on_sqlite() {
    one_that_cannot_be_read_stops_no_other(Engine::Sqlite).await;
}

#[tokio::test]
async fn one_that_cannot_be_read_stops_no_other_on_postgres() {
    one_that_cannot_be_read_stops_no_other(Engine::Postgres).await;
}
