//! Calls from node to node.

use std::time::Duration;

use tokio::time::timeout;

use crate::support::engines::engines;

engines! {
    async fn a_call_is_heard_by_who_listens_where_there_may_be_others(store: Store) {
        store.call("before anybody listens").await.unwrap();
        let ears = store.listen().await.unwrap();
        assert_eq!(ears.is_some(), store.is_shared());
        let Some(mut ears) = ears else { return };
        let longest = "x".repeat(7_999);
        store.call("one").await.unwrap();
        store.call(&longest).await.unwrap();
        for expected in ["one", &longest] {
            let heard = timeout(Duration::from_secs(20), ears.next_call()).await;
            assert_eq!(heard.unwrap().unwrap(), expected);
        }
    }
}
