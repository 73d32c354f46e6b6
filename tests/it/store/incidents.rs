//! Incidents: one open to a monitor, changed by one at a time, listed newest first.

use std::collections::HashSet;

use lifesign::domain::at::At;
use lifesign::domain::id::{IncidentId, MonitorId, TeamId};
use lifesign::domain::incident::{Incident, Severity};
use lifesign::domain::notification::Event;
use lifesign::domain::status::{MonitorStatus, Transition};
use lifesign::domain::team::Email;
use lifesign::domain::verdict::CheckStatus;
use lifesign::domain::written::{Postmortem, Readers, Stage};
use lifesign::store::{IncidentFilter, Store, StoreError};

use super::{NOW, add, check, id, monitor, team};
use crate::support::engines::engines;

/// An incident of a monitor that began `minute` minutes after [`NOW`].
pub(crate) fn incident(n: u128, team: TeamId, monitor: MonitorId, minute: i64) -> Incident {
    let since = At(NOW.0 + minute * 60_000);
    let transition = Transition {
        from: MonitorStatus::Up,
        to: MonitorStatus::Down,
        since,
    };
    let evidence = check(team.0, monitor.0, since, CheckStatus::Down).report;
    let mut good = check(team.0, monitor.0, since, CheckStatus::Up).report;
    good.address = Some("192.0.2.1:443".to_owned());
    let mut evidence_elsewhere = evidence;
    evidence_elsewhere.address = Some("192.0.2.2:443".to_owned());
    let id = IncidentId(id(n));
    Incident::open(
        id,
        (team, monitor),
        &transition,
        *evidence_elsewhere,
        Some(&good),
    )
    .unwrap()
}

pub(crate) async fn open(store: &Store, incident: &Incident) -> Result<(), StoreError> {
    let mut tx = store.begin().await.unwrap();
    tx.open_incident(incident).await?;
    tx.commit().await
}

engines! {
    async fn an_incident_is_read_back_as_it_is(store: Store) {
        let (ours, theirs) = (team(&store, 1).await, team(&store, 2).await);
        let made = monitor(ours, 10);
        add(&store, &made).await;
        let mut opened = incident(50, ours, made.id, 0);
        assert!(!opened.changed.is_empty());
        open(&store, &opened).await.unwrap();
        assert_eq!(store.incident(ours, opened.id).await.unwrap(), Some(opened.clone()));
        assert_eq!(store.incident(theirs, opened.id).await.unwrap(), None);
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.incident(theirs, opened.id).await.unwrap(), None);
        let asked = [made.id, MonitorId(id(99))];
        let open = tx.with_open_incident(&asked).await.unwrap();
        assert_eq!(open, HashSet::from([made.id]));
        let mut held = tx.open_incident_of(made.id).await.unwrap().unwrap();
        assert_eq!(held, opened);
        held.change(Severity::Degraded, opened.evidence.clone());
        held.acknowledge(At(NOW.0 + 5), Email::parse("a@b.example").unwrap()).unwrap();
        tx.save_incident(&held).await.unwrap();
        assert_eq!(tx.incident(ours, held.id).await.unwrap(), Some(held.clone()));
        tx.commit().await.unwrap();
        opened = store.incident(ours, opened.id).await.unwrap().unwrap();
        assert_eq!(opened, held);
    }

    async fn what_people_say_of_an_incident_is_read_back(store: Store) {
        let team = team(&store, 1).await;
        let made = monitor(team, 10);
        add(&store, &made).await;
        let mut ours = incident(50, team, made.id, 0);
        open(&store, &ours).await.unwrap();
        let by = Email::parse("a@b.example").unwrap();
        ours.set_severity(NOW, Severity::Degraded, by.clone()).unwrap();
        ours.mute(NOW, by.clone()).unwrap();
        ours.told = 1;
        ours.silences(Event::Worsened);
        let readers = Readers::Public(Some(Stage::Identified));
        ours.write(NOW, "One.\n\nTwo.".to_owned(), readers, by.clone());
        let saved = async |ours: &Incident| {
            let mut tx = store.begin().await.unwrap();
            tx.save_incident(ours).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(store.incident(team, ours.id).await.unwrap().as_ref(), Some(ours));
        };
        saved(&ours).await;
        ours.resolve(At(NOW.0 + 9), "Over.", None).unwrap();
        ours.set_postmortem(Some(Postmortem {
            text: "The certificate.".to_owned(),
            is_public: true,
            updated_at: At(NOW.0 + 10),
            by,
        }))
        .unwrap();
        saved(&ours).await;
        let told = store.incidents_of(team, &[made.id], NOW, 9).await.unwrap();
        assert_eq!(told, [ours], "whole, also for a status page");
    }

    async fn a_monitor_has_one_open_incident(store: Store) {
        let team = team(&store, 1).await;
        let made = monitor(team, 10);
        add(&store, &made).await;
        let mut first = incident(50, team, made.id, 0);
        open(&store, &first).await.unwrap();
        let second = incident(51, team, made.id, 1);
        assert!(matches!(open(&store, &second).await, Err(StoreError::Conflict)));
        first.resolve(At(NOW.0 + 9), "Over.", None).unwrap();
        let mut tx = store.begin().await.unwrap();
        tx.save_incident(&first).await.unwrap();
        assert_eq!(tx.open_incident_of(made.id).await.unwrap(), None);
        assert!(tx.with_open_incident(&[made.id]).await.unwrap().is_empty());
        tx.commit().await.unwrap();
        open(&store, &second).await.unwrap();
    }

    async fn people_are_reminded_of_what_is_due_the_longest_due_first(store: Store) {
        let team = team(&store, 1).await;
        for n in 0..3 {
            let made = monitor(team, 10 + n);
            add(&store, &made).await;
            let mut made = incident(50 + n, team, made.id, 0);
            made.remind_at = (n < 2).then_some(At(NOW.0 + 1_000 - i64::try_from(n).unwrap()));
            open(&store, &made).await.unwrap();
        }
        assert!(store.incidents_to_remind(At(NOW.0 + 998), 9).await.unwrap().is_empty());
        let due = store.incidents_to_remind(At(NOW.0 + 1_000), 9).await.unwrap();
        let id = |n| IncidentId(id(n));
        assert_eq!(due, [(team, id(51)), (team, id(50))]);
        assert_eq!(store.incidents_to_remind(At(NOW.0 + 1_000), 1).await.unwrap().len(), 1);
    }

    async fn incidents_are_listed_newest_first(store: Store) {
        let (ours, theirs) = (team(&store, 1).await, team(&store, 2).await);
        for n in 0..5 {
            let made = monitor(ours, 10 + n);
            add(&store, &made).await;
            let minute = i64::try_from(n).unwrap();
            let mut made = incident(50 + n, ours, made.id, minute);
            open(&store, &made).await.unwrap();
            if n < 2 {
                made.resolve(At(NOW.0 + 600_000 + minute), "Over.", None).unwrap();
                let mut tx = store.begin().await.unwrap();
                tx.save_incident(&made).await.unwrap();
                tx.commit().await.unwrap();
            }
        }
        let page = |filter: IncidentFilter, cursor: Option<String>| {
            let store = store.clone();
            async move { store.incidents(ours, &filter, cursor.as_deref(), 2).await.unwrap() }
        };
        let all = IncidentFilter::default();
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = page(all, cursor).await;
            seen.extend(page.rows.iter().map(|incident| incident.id.0.as_u128()));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, [54, 53, 52, 51, 50]);
        let count = |page: lifesign::store::Page<Incident>| page.rows.len();
        let of = |filter| page(filter, None);
        assert_eq!(count(of(IncidentFilter { is_resolved: Some(true), ..all }).await), 2);
        let one = IncidentFilter { monitor: Some(MonitorId(id(12))), ..all };
        assert_eq!(of(one).await.rows[0].id.0, id(52));
        let lately = IncidentFilter { is_resolved: Some(true), since: Some(At(NOW.0 + 600_001)), ..all };
        assert_eq!(count(of(lately).await), 1);
        assert!(store.incidents(theirs, &all, None, 9).await.unwrap().rows.is_empty());
    }
}
