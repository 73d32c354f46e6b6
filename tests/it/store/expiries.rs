//! What was told to end soon: each threshold of each thing once, and forgotten when it has ended.

use std::time::Duration;

use lifesign::domain::expiry::{Expires, Expiring};

use super::{NOW, add, monitor, team};
use crate::support::engines::engines;

fn certificate(which: &str, days: u32) -> Expiring {
    Expiring {
        what: Expires::Certificate,
        which: which.to_owned(),
        hours: days * 24,
    }
}

engines! {
    async fn a_threshold_is_news_once_and_never_backwards(store: Store) {
        let owner = team(&store, 1).await;
        let (one, two) = (monitor(owner, 10), monitor(owner, 11));
        add(&store, &one).await;
        add(&store, &two).await;
        let mut tx = store.begin().await.unwrap();
        for (which, days, is_news) in [
            ("a", 14, true),
            ("a", 14, false),
            ("a", 30, false),
            ("b", 30, true),
            ("a", 7, true),
        ] {
            let noted = tx.note_expiring((owner, one.id), &certificate(which, days), NOW).await;
            assert_eq!(noted.unwrap(), is_news, "{which} {days}");
        }
        assert!(tx.note_expiring((owner, two.id), &certificate("a", 14), NOW).await.unwrap());
        let credential = Expiring { what: Expires::Credential, ..certificate("a", 3) };
        assert!(tx.note_expiring((owner, one.id), &credential, NOW).await.unwrap());
        tx.commit().await.unwrap();

        let gone = lifesign::domain::id::MonitorId(super::id(12));
        let mut tx = store.begin().await.unwrap();
        assert!(!tx.note_expiring((owner, gone), &certificate("a", 14), NOW).await.unwrap());
        let later = NOW + Duration::from_hours(61 * 24);
        assert!(tx.note_expiring((owner, one.id), &certificate("c", 30), later).await.unwrap());
        assert!(tx.note_expiring((owner, one.id), &certificate("b", 30), later).await.unwrap());
        tx.commit().await.unwrap();
    }
}
