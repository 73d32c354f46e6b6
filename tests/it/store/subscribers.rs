//! Subscribers, announcements, news and letters: each found by its team alone, told once, in order.

use std::time::Duration;

use lifesign::domain::announcement::Announcement;
use lifesign::domain::at::{At, HOUR_MS};
use lifesign::domain::channel::{Kind, Settings};
use lifesign::domain::id::{
    AnnouncementId, MonitorId, NewsId, NotificationId, StatusPageId, SubscriberId, TeamId,
};
use lifesign::domain::news::{AnnouncementNews, News, NewsContent, NewsKind, PageFacts};
use lifesign::domain::sensitive::Sensitive;
use lifesign::domain::status_page::{Component, StatusPage, Visibility};
use lifesign::domain::subscriber::{State, Subscriber};
use lifesign::domain::team::Email;
use lifesign::store::{Asked, ChangedIncident, Claim, LetterTicket, Store};

use super::incidents::{incident, open};
use super::{NOW, add, id, monitor, team};
use crate::support::engines::engines;

/// A team with a monitor on a page.
async fn page(store: &Store, n: u128) -> StatusPage {
    let team = team(store, n).await;
    add(store, &monitor(team, n * 10)).await;
    let page = StatusPage {
        id: StatusPageId(id(n * 10 + 1)),
        team,
        slug: format!("page-{n}"),
        title: format!("Page {n}"),
        visibility: Visibility::Public,
        password_hash: None,
        domain: None,
        accent: None,
        logo: None,
        components: vec![Component::of(MonitorId(id(n * 10)))],
    };
    let mut tx = store.begin().await.unwrap();
    assert!(tx.add_status_page(&page, NOW).await.unwrap());
    tx.commit().await.unwrap();
    page
}

fn by_mail(page: &StatusPage, n: u128, to: &str) -> Subscriber {
    Subscriber {
        id: SubscriberId(id(n)),
        team: page.team,
        page: page.id,
        kind: Kind::Email,
        settings: Settings::of([("to".to_owned(), Sensitive::new(to))]),
        components: None,
        state: State::Pending,
        asked_at: NOW,
        confirmed_at: None,
        last_error: None,
    }
}

async fn ask(store: &Store, subscriber: &Subscriber, not_before: At) -> Asked {
    let mut tx = store.begin().await.unwrap();
    let address = subscriber.settings.get("to").unwrap();
    let asked = tx.ask_subscriber(subscriber, address, not_before).await;
    tx.commit().await.unwrap();
    asked.unwrap()
}

async fn confirm(store: &Store, subscriber: &Subscriber) {
    let mut tx = store.begin().await.unwrap();
    assert!(
        tx.confirm_subscriber(subscriber.team, subscriber.id, NOW)
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
}

fn news(page: &StatusPage, n: u128, name: &str) -> News {
    News {
        id: NewsId(id(n)),
        team: page.team,
        page: page.id,
        about: id(99),
        name: name.to_owned(),
        content: NewsContent {
            kind: NewsKind::Announced,
            at: NOW,
            page: PageFacts::of(page),
            incident: None,
            announcement: Some(AnnouncementNews {
                id: AnnouncementId(id(99)),
                title: "A move".to_owned(),
                ends_at: None,
            }),
            maintenance: None,
            text: name.to_owned(),
        },
        created_at: NOW,
    }
}

async fn letter(store: &Store, (news, n): (&News, u128), to: &Subscriber, at: At) {
    let mut tx = store.begin().await.unwrap();
    tx.add_news(news).await.unwrap();
    let about = (news.team, news.id, news.about);
    let one = [(NotificationId(id(n)), to.id)];
    assert_eq!(tx.add_letters(about, &one, at).await.unwrap(), 1);
    assert_eq!(
        tx.add_letters(about, &one, at).await.unwrap(),
        0,
        "one each"
    );
    tx.commit().await.unwrap();
}

async fn claimed(store: &Store, n: u128, now: At) -> Vec<(LetterTicket, Option<String>)> {
    let claim = Claim {
        id: id(n),
        node: "a",
        now,
        until: now + Duration::from_secs(60),
    };
    let claimed = store.claim_letters(&claim, 10).await.unwrap();
    let text = |(ticket, letter): (LetterTicket, Result<lifesign::store::QueuedLetter, _>)| {
        (ticket, letter.unwrap().news.map(|news| news.text))
    };
    claimed.into_iter().map(text).collect()
}

async fn mark(
    store: &Store,
    ticket: &LetterTicket,
    outcome: Result<(), &str>,
    again: Option<At>,
) -> bool {
    let mut tx = store.begin().await.unwrap();
    let marked = tx.mark_letter(ticket, outcome, again, NOW).await.unwrap();
    tx.commit().await.unwrap();
    marked
}

engines! {
    async fn somebody_subscribes_once_and_only_their_team_knows(store: Store) {
        let (ours, theirs) = (page(&store, 1).await, page(&store, 2).await);
        let made = by_mail(&ours, 50, "me@example.com");
        assert_eq!(ask(&store, &made, NOW).await, Asked::New);
        let again = Subscriber { id: SubscriberId(id(51)), asked_at: At(NOW.0 + 5), ..made.clone() };
        assert_eq!(ask(&store, &again, At(NOW.0 - 1)).await, Asked::JustNow);
        assert_eq!(ask(&store, &again, NOW).await, Asked::Again(made.id));
        let elsewhere = Subscriber { id: SubscriberId(id(52)), ..by_mail(&theirs, 52, "me@example.com") };
        assert_eq!(ask(&store, &elsewhere, NOW).await, Asked::New, "another page");

        let kept = store.subscriber(ours.team, made.id).await.unwrap().unwrap();
        assert_eq!(kept, Subscriber { asked_at: At(NOW.0 + 5), ..made.clone() });
        assert_eq!(store.subscriber(theirs.team, made.id).await.unwrap(), None);
        assert_eq!(store.subscriber_counts(ours.team).await.unwrap(), [(ours.id, 0, 1)]);
        confirm(&store, &made).await;
        assert_eq!(store.subscriber_counts(ours.team).await.unwrap(), [(ours.id, 1, 1)]);
        let some = Subscriber { components: Some(vec![]), ..again };
        assert_eq!(ask(&store, &some, At(NOW.0 + 5)).await, Asked::Again(made.id));
        let kept = store.subscriber(ours.team, made.id).await.unwrap().unwrap();
        assert_eq!((kept.components, kept.state), (None, State::Active), "what is heard stays");

        let mut tx = store.begin().await.unwrap();
        assert!(!tx.confirm_subscriber(theirs.team, made.id, NOW).await.unwrap());
        assert!(!tx.choose_components(theirs.team, made.id, None).await.unwrap());
        assert!(!tx.remove_subscriber(theirs.team, made.id).await.unwrap());
        let chosen = [MonitorId(id(10))];
        assert!(tx.choose_components(ours.team, made.id, Some(&chosen)).await.unwrap());
        tx.commit().await.unwrap();
        let listed = store.subscribers(ours.team, ours.id, None, 10).await.unwrap().rows;
        assert_eq!(listed[0].components.as_deref(), Some(&chosen[..]));
        assert!(store.subscribers(theirs.team, ours.id, None, 10).await.unwrap().rows.is_empty());
        let mut tx = store.begin().await.unwrap();
        assert!(tx.remove_subscriber(ours.team, made.id).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(store.subscriber(ours.team, made.id).await.unwrap(), None);
    }

    async fn who_has_not_confirmed_is_forgotten(store: Store) {
        let page = page(&store, 1).await;
        let all = [50, 51, 52].map(|n| by_mail(&page, n, &format!("{n}@example.com")));
        for subscriber in &all {
            ask(&store, subscriber, NOW).await;
        }
        confirm(&store, &all[1]).await;
        let mut tx = store.begin().await.unwrap();
        tx.refuse_subscriber(page.team, all[2].id, NOW).await.unwrap();
        tx.commit().await.unwrap();
        let later = At(NOW.0 + 1);
        assert_eq!(store.drop_subscribers(NOW, NOW, 10).await.unwrap(), 0);
        assert_eq!(store.drop_subscribers(later, NOW, 10).await.unwrap(), 1);
        assert_eq!(store.drop_subscribers(later, later, 10).await.unwrap(), 1);
        let left = store.subscribers(page.team, page.id, None, 10).await.unwrap().rows;
        assert_eq!(left.iter().map(|s| s.id).collect::<Vec<_>>(), [all[1].id]);
    }

    async fn letters_about_one_thing_come_in_order_and_once(store: Store) {
        let page = page(&store, 1).await;
        let to = by_mail(&page, 50, "me@example.com");
        ask(&store, &to, NOW).await;
        confirm(&store, &to).await;
        let (first, second) = (news(&page, 60, "first"), news(&page, 61, "second"));
        letter(&store, (&second, 72), &to, NOW).await;
        letter(&store, (&first, 71), &to, NOW).await;
        let mut tx = store.begin().await.unwrap();
        tx.add_request(NotificationId(id(73)), (page.team, to.id), NOW).await.unwrap();
        tx.commit().await.unwrap();

        let later = NOW + Duration::from_secs(61);
        assert_eq!(store.letters_waiting(later).await.unwrap(), (3, Some(61_000)));
        let now = claimed(&store, 80, NOW).await;
        let texts: Vec<Option<&str>> = now.iter().map(|(_, text)| text.as_deref()).collect();
        assert_eq!(texts, [Some("first"), None], "the second waits");
        assert!(claimed(&store, 81, NOW).await.is_empty());
        assert!(mark(&store, &now[0].0, Err("busy"), Some(later)).await);
        assert!(mark(&store, &now[1].0, Ok(()), None).await);
        assert!(!mark(&store, &now[1].0, Ok(()), None).await, "once");
        assert!(claimed(&store, 82, NOW).await.is_empty(), "it still waits");
        let again = claimed(&store, 83, later).await;
        assert_eq!((again.len(), again[0].0.attempts), (1, 1));
        assert!(mark(&store, &again[0].0, Err("gone"), None).await, "given up");
        let kept = store.subscriber(page.team, to.id).await.unwrap().unwrap();
        assert_eq!(kept.last_error, Some((NOW, "gone".to_owned())));
        let last = claimed(&store, 84, later).await;
        assert_eq!(last[0].1.as_deref(), Some("second"));
        assert!(mark(&store, &last[0].0, Ok(()), None).await);
        let kept = store.subscriber(page.team, to.id).await.unwrap().unwrap();
        assert_eq!(kept.last_error, None, "a success forgets it");
        assert_eq!(store.letters_waiting(later).await.unwrap(), (0, None));
        assert_eq!(store.drop_letters(At(NOW.0 + 1), 2).await.unwrap(), 2);
        assert_eq!(store.drop_letters(At(NOW.0 + 1), 2).await.unwrap(), 1);
    }

    async fn who_refuses_or_leaves_is_written_nothing_more(store: Store) {
        let page = page(&store, 1).await;
        let (a, b) = (by_mail(&page, 50, "a@example.com"), by_mail(&page, 51, "b@example.com"));
        let news = news(&page, 60, "first");
        for (n, to) in [(70, &a), (71, &b)] {
            ask(&store, to, NOW).await;
            confirm(&store, to).await;
            letter(&store, (&news, n), to, NOW).await;
        }
        let mut tx = store.begin().await.unwrap();
        tx.refuse_subscriber(page.team, a.id, NOW).await.unwrap();
        tx.subscriber_heard(page.team, a.id, NOW, Err("no such mailbox")).await.unwrap();
        tx.remove_subscriber(page.team, b.id).await.unwrap();
        tx.commit().await.unwrap();
        assert!(claimed(&store, 80, NOW).await.is_empty());
        let kept = store.subscriber(page.team, a.id).await.unwrap().unwrap();
        assert_eq!(kept.state, State::Refused);
    }

    async fn news_are_told_once_and_from_where_they_were_left(store: Store) {
        let page = page(&store, 1).await;
        let all = [50, 51, 52].map(|n| by_mail(&page, n, &format!("{n}@example.com")));
        for subscriber in &all {
            ask(&store, subscriber, NOW).await;
        }
        for subscriber in &all[..2] {
            confirm(&store, subscriber).await;
        }
        let news = news(&page, 60, "first");
        let mut tx = store.begin().await.unwrap();
        assert!(tx.add_news(&news).await.unwrap());
        assert!(!tx.add_news(&News { id: NewsId(id(61)), ..news.clone() }).await.unwrap());
        tx.commit().await.unwrap();
        let pages = store.told_pages(None, 10).await.unwrap();
        assert_eq!(pages, [(page.team, page.id)]);
        assert!(store.told_pages(Some(page.id), 10).await.unwrap().is_empty());
        let untold = store.untold_news(10).await.unwrap().remove(0);
        assert_eq!((untold.news.unwrap(), untold.told_to), (news.clone(), None));
        let whose = (page.team, page.id);
        let hear = async |after, at| {
            let found = store.hearers(whose, at, after, 1).await.unwrap();
            found.into_iter().map(|(id, _)| id).collect::<Vec<_>>()
        };
        assert_eq!(hear(None, NOW).await, [all[0].id]);
        assert_eq!(hear(Some(all[0].id), NOW).await, [all[1].id]);
        assert!(hear(Some(all[1].id), NOW).await.is_empty(), "who has not confirmed hears nothing");
        assert!(hear(None, At(NOW.0 - 1)).await.is_empty(), "nobody hears what was before");
        let mut tx = store.begin().await.unwrap();
        tx.news_told((page.team, news.id), Some(all[0].id), None).await.unwrap();
        tx.commit().await.unwrap();
        let untold = store.untold_news(10).await.unwrap().remove(0);
        assert_eq!(untold.told_to, Some(all[0].id));
        let mut tx = store.begin().await.unwrap();
        tx.news_told((page.team, news.id), Some(all[1].id), Some(NOW)).await.unwrap();
        tx.commit().await.unwrap();
        assert!(store.untold_news(10).await.unwrap().is_empty());
        assert_eq!(store.drop_news(NOW, 10).await.unwrap(), 0);
        assert_eq!(store.drop_news(At(NOW.0 + 1), 10).await.unwrap(), 1);
    }

    async fn what_is_written_of_an_incident_is_noticed_where_a_page_shows_it(store: Store) {
        let shown = page(&store, 1).await;
        let hidden = team(&store, 2).await;
        add(&store, &monitor(hidden, 20)).await;
        let made = incident(60, shown.team, MonitorId(id(10)), 0);
        open(&store, &made).await.unwrap();
        open(&store, &incident(61, hidden, MonitorId(id(20)), 0)).await.unwrap();
        let changed = ChangedIncident { team: shown.team, id: made.id };
        assert_eq!(store.changed_incidents(10).await.unwrap(), [changed]);
        let pages = store.pages_of(shown.team, made.monitor, 10).await.unwrap();
        assert_eq!(pages, [shown.id]);
        assert!(store.pages_of(hidden, made.monitor, 10).await.unwrap().is_empty());
        let mut tx = store.begin().await.unwrap();
        let mut known = tx.incident(shown.team, made.id).await.unwrap().unwrap();
        tx.take_changed(changed).await.unwrap();
        tx.commit().await.unwrap();
        assert!(store.changed_incidents(10).await.unwrap().is_empty());
        known.acknowledge(NOW, Email::parse("a@b.example").unwrap()).unwrap();
        let mut tx = store.begin().await.unwrap();
        tx.save_incident(&known).await.unwrap();
        tx.save_incident(&known).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.changed_incidents(10).await.unwrap(), [changed]);
    }

    async fn announcements_belong_to_a_page_of_their_team(store: Store) {
        let (ours, theirs) = (page(&store, 1).await, page(&store, 2).await);
        let made = |n: u128, team: TeamId, at: i64| Announcement {
            id: AnnouncementId(id(n)),
            team,
            page: ours.id,
            title: format!("Title {n}"),
            text: "Text".to_owned(),
            ends_at: None,
            created_at: At(NOW.0 + at),
            updated_at: At(NOW.0 + at),
        };
        let (old, new) = (made(50, ours.team, 0), made(51, ours.team, HOUR_MS));
        let mut tx = store.begin().await.unwrap();
        assert!(tx.add_announcement(&old, 2).await.unwrap());
        assert!(tx.add_announcement(&new, 2).await.unwrap());
        assert!(!tx.add_announcement(&made(52, ours.team, 0), 2).await.unwrap(), "too many");
        assert!(!tx.add_announcement(&made(53, theirs.team, 0), 9).await.unwrap(), "not theirs");
        let ended = Announcement { ends_at: Some(NOW), ..old.clone() };
        assert!(tx.save_announcement(&ended).await.unwrap());
        assert!(!tx.save_announcement(&Announcement { team: theirs.team, ..new.clone() }).await.unwrap());
        assert!(!tx.delete_announcement(theirs.team, ours.id, new.id).await.unwrap());
        tx.commit().await.unwrap();
        let all = store.announcements(ours.team, ours.id, None, 10).await.unwrap();
        assert_eq!(all, [new.clone(), ended.clone()]);
        let shown = store.announcements(ours.team, ours.id, Some(NOW), 10).await.unwrap();
        assert_eq!(shown, std::slice::from_ref(&new));
        assert!(store.announcements(theirs.team, ours.id, None, 10).await.unwrap().is_empty());
        assert_eq!(store.announcement(ours.team, ours.id, old.id).await.unwrap(), Some(ended));
        assert_eq!(store.announcement(theirs.team, ours.id, old.id).await.unwrap(), None);
        let mut tx = store.begin().await.unwrap();
        assert!(tx.delete_announcement(ours.team, ours.id, new.id).await.unwrap());
        tx.commit().await.unwrap();
    }
}
