//! Status pages: read back with their lines in order, by their team or, if public, by anybody.

use lifesign::domain::accent::Accent;
use lifesign::domain::id::{MonitorId, StatusPageId, TeamId};
use lifesign::domain::logo::{Logo, LogoKind};
use lifesign::domain::sensitive::Sensitive;
use lifesign::domain::status_page::{Component, StatusPage, Visibility};
use lifesign::store::{Store, StoreError};

use super::{NOW, add, id, monitor, team};
use crate::support::engines::engines;

fn page(team: TeamId, n: u128, monitors: &[u128]) -> StatusPage {
    let component = |n: &u128| Component {
        monitor: MonitorId(id(*n)),
        name: n.is_multiple_of(2).then(|| format!("Line {n}")),
        group: n.is_multiple_of(3).then(|| format!("Group {n}")),
    };
    StatusPage {
        id: StatusPageId(id(n)),
        team,
        slug: format!("page-{n}"),
        title: format!("Page {n}"),
        visibility: Visibility::Public,
        password_hash: None,
        domain: None,
        accent: None,
        logo: None,
        components: monitors.iter().map(component).collect(),
    }
}

/// A team with three monitors.
async fn watching(store: &Store, n: u128) -> TeamId {
    let team = team(store, n).await;
    for monitor_id in 1..=3 {
        add(store, &monitor(team, n * 10 + monitor_id)).await;
    }
    team
}

async fn add_page(store: &Store, page: &StatusPage) {
    let mut tx = store.begin().await.unwrap();
    assert!(tx.add_status_page(page, NOW).await.unwrap());
    tx.commit().await.unwrap();
}

engines! {
    async fn a_page_is_read_back_with_its_lines_in_order(store: Store) {
        let (ours, theirs) = (watching(&store, 1).await, team(&store, 2).await);
        let made = page(ours, 50, &[13, 11, 12]);
        let empty = page(ours, 40, &[]);
        add_page(&store, &made).await;
        add_page(&store, &empty).await;
        assert_eq!(store.status_page(ours, made.id).await.unwrap(), Some(made.clone()));
        assert_eq!(store.status_page(theirs, made.id).await.unwrap(), None);
        assert_eq!(store.status_pages(ours, 10).await.unwrap(), [empty.clone(), made]);
        assert_eq!(store.status_pages(ours, 1).await.unwrap(), [empty]);
        assert!(store.status_pages(theirs, 10).await.unwrap().is_empty());
    }

    async fn the_public_sees_only_what_is_public(store: Store) {
        let team = watching(&store, 1).await;
        let made = page(team, 50, &[11, 12]);
        let hidden = StatusPage { visibility: Visibility::Hidden, ..page(team, 51, &[11]) };
        add_page(&store, &made).await;
        add_page(&store, &hidden).await;
        assert_eq!(store.public_status_page("page-50").await.unwrap(), Some(made));
        assert_eq!(store.public_status_page("page-51").await.unwrap(), None);
        assert_eq!(store.public_status_page("page-52").await.unwrap(), None);
    }

    async fn how_a_page_looks_and_who_may_see_it_is_read_back(store: Store) {
        let (ours, theirs) = (watching(&store, 1).await, team(&store, 2).await);
        let mut made = page(ours, 50, &[11]);
        add_page(&store, &made).await;
        made.visibility = Visibility::Password;
        made.password_hash = Some(Sensitive::new("$argon2id$x"));
        made.domain = Some("status.example.com".to_owned());
        made.accent = Some(Accent::parse("#3a49c4").unwrap());
        let logo = Logo { kind: LogoKind::Png, bytes: b"\x89PNG\xff\x00".to_vec() };
        let mut tx = store.begin().await.unwrap();
        assert!(tx.save_status_page(&made).await.unwrap());
        assert!(!tx.set_status_logo((theirs, made.id), Some((&logo, "d"))).await.unwrap());
        assert!(tx.set_status_logo((ours, made.id), Some((&logo, "c"))).await.unwrap());
        assert!(tx.set_status_logo((ours, made.id), Some((&logo, "d"))).await.unwrap());
        tx.commit().await.unwrap();
        made.logo = Some("d".to_owned());
        assert_eq!(store.status_page(ours, made.id).await.unwrap(), Some(made.clone()));
        assert_eq!(store.public_status_page("page-50").await.unwrap(), Some(made.clone()));
        assert_eq!(store.status_logo(ours, made.id).await.unwrap(), Some(logo));
        assert_eq!(store.status_logo(theirs, made.id).await.unwrap(), None);
        let mut tx = store.begin().await.unwrap();
        assert!(!tx.set_status_logo((theirs, made.id), None).await.unwrap());
        assert!(tx.set_status_logo((ours, made.id), None).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(store.status_logo(ours, made.id).await.unwrap(), None);
    }

    async fn a_host_name_shows_one_page(store: Store) {
        let (ours, theirs) = (watching(&store, 1).await, team(&store, 2).await);
        let at = |page: StatusPage| StatusPage { domain: Some("a.example".to_owned()), ..page };
        let made = at(page(ours, 50, &[]));
        add_page(&store, &made).await;
        let hidden = StatusPage { visibility: Visibility::Hidden, ..page(ours, 51, &[]) };
        add_page(&store, &StatusPage { domain: Some("b.example".to_owned()), ..hidden }).await;
        let known = [("a.example".to_owned(), "page-50".to_owned())];
        assert_eq!(store.status_domains(9).await.unwrap(), known);
        assert!(store.status_domains(0).await.unwrap().is_empty());
        let other = StatusPageId(id(52));
        assert!(store.is_status_domain_taken("a.example", other).await.unwrap());
        assert!(!store.is_status_domain_taken("a.example", made.id).await.unwrap());
        let mut tx = store.begin().await.unwrap();
        let twin = at(page(theirs, 52, &[]));
        assert!(matches!(tx.add_status_page(&twin, NOW).await, Err(StoreError::Conflict)));
    }

    async fn a_slug_is_taken_for_every_team(store: Store) {
        let (ours, theirs) = (watching(&store, 1).await, team(&store, 2).await);
        add_page(&store, &page(ours, 50, &[])).await;
        let mut other = page(theirs, 51, &[]);
        add_page(&store, &other).await;
        other.slug = "page-50".to_owned();
        let mut tx = store.begin().await.unwrap();
        assert!(matches!(tx.save_status_page(&other).await, Err(StoreError::Conflict)));
        drop(tx);
        let twin = StatusPage { slug: "page-50".to_owned(), ..page(theirs, 52, &[]) };
        let mut tx = store.begin().await.unwrap();
        assert!(matches!(tx.add_status_page(&twin, NOW).await, Err(StoreError::Conflict)));
    }

    async fn a_page_shows_monitors_of_its_own_team_only(store: Store) {
        let (ours, _) = (watching(&store, 1).await, watching(&store, 2).await);
        let mut tx = store.begin().await.unwrap();
        assert!(!tx.add_status_page(&page(ours, 50, &[11, 21]), NOW).await.unwrap());
        assert!(!tx.add_status_page(&page(ours, 51, &[99]), NOW).await.unwrap());
        drop(tx);
        add_page(&store, &page(ours, 50, &[11])).await;
        let mut tx = store.begin().await.unwrap();
        assert!(!tx.save_status_page(&page(ours, 50, &[21])).await.unwrap());
    }

    async fn a_page_is_changed_and_deleted_by_its_team_only(store: Store) {
        let (ours, theirs) = (watching(&store, 1).await, watching(&store, 2).await);
        let mut made = page(ours, 50, &[11, 12, 13]);
        add_page(&store, &made).await;
        made.title = "Another".to_owned();
        made.visibility = Visibility::Unlisted;
        made.components.remove(1);
        let mut tx = store.begin().await.unwrap();
        assert!(tx.save_status_page(&made).await.unwrap());
        let stolen = StatusPage { team: theirs, ..page(ours, 50, &[]) };
        assert!(!tx.save_status_page(&stolen).await.unwrap());
        assert!(!tx.delete_status_page(theirs, made.id).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(store.status_page(ours, made.id).await.unwrap(), Some(made.clone()));
        let mut tx = store.begin().await.unwrap();
        assert!(tx.delete_status_page(ours, made.id).await.unwrap());
        assert!(!tx.delete_status_page(ours, made.id).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(store.status_page(ours, made.id).await.unwrap(), None);
    }

    async fn a_deleted_monitor_leaves_its_pages(store: Store) {
        let team = watching(&store, 1).await;
        add_page(&store, &page(team, 50, &[13, 11, 12])).await;
        let mut tx = store.begin().await.unwrap();
        tx.delete_monitor(team, MonitorId(id(11))).await.unwrap();
        tx.commit().await.unwrap();
        let left = store.status_page(team, StatusPageId(id(50))).await.unwrap();
        assert_eq!(left, Some(page(team, 50, &[13, 12])));
    }
}
