//! Status pages as their makers change them.

use lifesign::app::refused::Refused;
use lifesign::app::status_pages::{PageSpec, change, create, delete};
use lifesign::domain::id::{MonitorId, StatusPageId, TeamId};
use lifesign::domain::status_page::Component;
use lifesign::domain::team::{Actor, Role};

use super::{fields, fresh, owner, who};
use crate::store::{add, id, monitor, team};
use crate::support::engines::engines;

fn spec(slug: &str, monitors: &[u128]) -> PageSpec {
    let component = |n: &u128| Component {
        name: Some(format!(" Line {n} ")),
        ..Component::of(MonitorId(id(*n)))
    };
    PageSpec::public(slug, " Acme ", monitors.iter().map(component))
}

engines! {
    async fn a_page_is_made_changed_and_deleted(store: Store) {
        let app = fresh(store);
        let actor = who(&app, &owner(&app).await).await.unwrap();
        add(&app.store, &monitor(actor.team, 11)).await;
        add(&app.store, &monitor(actor.team, 12)).await;
        let made = create(&app, &actor, spec("acme", &[12, 11])).await.unwrap();
        assert_eq!((&*made.title, made.components[0].name.as_deref()), ("Acme", Some("Line 12")));
        let known = app.store.public_status_page("acme").await.unwrap();
        assert_eq!(known.as_ref(), Some(&made));
        let mut next = spec("acme-2", &[11]);
        next.components[0].name = Some("  ".to_owned());
        let changed = change(&app, &actor, made.id, next).await.unwrap();
        assert_eq!(changed.components[0].name, None);
        let known = app.store.status_page(actor.team, made.id).await.unwrap();
        assert_eq!(known, Some(changed));
        delete(&app, &actor, made.id).await.unwrap();
        let gone = delete(&app, &actor, made.id).await;
        assert!(matches!(gone, Err(Refused::NotFound)));
        let gone = change(&app, &actor, made.id, spec("acme", &[])).await;
        assert!(matches!(gone, Err(Refused::NotFound)));
    }

    async fn faults_are_named_by_field_and_nothing_is_written(store: Store) {
        let app = fresh(store);
        let actor = who(&app, &owner(&app).await).await.unwrap();
        let stranger = Actor { team: team(&app.store, 2).await, ..actor.clone() };
        add(&app.store, &monitor(actor.team, 11)).await;
        add(&app.store, &monitor(stranger.team, 21)).await;
        create(&app, &stranger, spec("taken", &[21])).await.unwrap();
        let made = create(&app, &actor, spec("acme", &[11])).await.unwrap();

        assert_eq!(fields(create(&app, &actor, spec("taken", &[11])).await), ["slug"]);
        assert_eq!(fields(create(&app, &actor, spec("Not A Slug", &[])).await), ["slug"]);
        assert_eq!(fields(create(&app, &actor, spec("other", &[11, 21])).await), ["components"]);
        assert_eq!(fields(change(&app, &actor, made.id, spec("taken", &[11])).await), ["slug"]);
        assert_eq!(fields(change(&app, &actor, made.id, spec("acme", &[21])).await), ["components"]);
        let bad = PageSpec { title: String::new(), ..spec("", &[]) };
        assert_eq!(fields(create(&app, &actor, bad).await), ["slug", "title"]);
        let mut wordy = spec("wordy", &[11]);
        wordy.components[0].name = Some("x".repeat(121));
        assert_eq!(fields(create(&app, &actor, wordy).await), ["components"]);
        assert_eq!(app.store.status_pages(actor.team, 10).await.unwrap(), [made]);
    }

    async fn a_viewer_and_another_team_change_nothing(store: Store) {
        let app = fresh(store);
        let actor = who(&app, &owner(&app).await).await.unwrap();
        let made = create(&app, &actor, spec("acme", &[])).await.unwrap();
        let viewer = Actor { role: Role::Viewer, ..actor.clone() };
        let stranger = Actor { team: TeamId(id(9)), ..actor };
        for outcome in [
            create(&app, &viewer, spec("new", &[])).await.map(|_| ()),
            change(&app, &viewer, made.id, spec("new", &[])).await.map(|_| ()),
            delete(&app, &viewer, made.id).await,
        ] {
            assert!(matches!(outcome, Err(Refused::Forbidden("editor"))));
        }
        for id in [made.id, StatusPageId(id(99))] {
            let outcome = change(&app, &stranger, id, spec("new", &[])).await;
            assert!(matches!(outcome, Err(Refused::NotFound)));
            assert!(matches!(delete(&app, &stranger, id).await, Err(Refused::NotFound)));
        }
    }
}
