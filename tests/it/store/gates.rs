//! Who is let in: noted for a monitor as it is asked, and forgotten with another address.

use lifesign::domain::gate::{Gate, Matter};
use lifesign::domain::id::MonitorId;

use super::{NOW, add, id, monitor, team};
use crate::support::engines::engines;

engines! {
    async fn what_was_noted_is_read_back_until_the_monitor_is_asked_otherwise(store: Store) {
        let owner = team(&store, 1).await;
        let mut made = monitor(owner, 10);
        add(&store, &made).await;
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.gate(made.id, Matter::Wall).await.unwrap(), None);
        for gate in [Gate::Gated, Gate::Open, Gate::Broken, Gate::Sound, Gate::Gated] {
            tx.note_gate((owner, made.id), gate, NOW).await.unwrap();
            assert_eq!(tx.gate(made.id, gate.matter()).await.unwrap(), Some(gate));
        }
        assert_eq!(tx.gate(made.id, Matter::Login).await.unwrap(), Some(Gate::Sound));
        let gone = MonitorId(id(11));
        tx.note_gate((owner, gone), Gate::Open, NOW).await.unwrap();
        assert_eq!(tx.gate(gone, Matter::Wall).await.unwrap(), None);
        tx.commit().await.unwrap();

        let kept = store.monitor(owner, made.id).await.unwrap().unwrap();
        made.spec.name = "Renamed".to_owned();
        let mut tx = store.begin().await.unwrap();
        assert!(tx.save_monitor(&made, kept.revision, NOW).await.unwrap());
        assert_eq!(tx.gate(made.id, Matter::Wall).await.unwrap(), Some(Gate::Gated));
        made.spec.endpoint.bearer = None;
        assert!(tx.save_monitor(&made, kept.revision + 1, NOW).await.unwrap());
        assert_eq!(tx.gate(made.id, Matter::Wall).await.unwrap(), None);
        tx.note_gate((owner, made.id), Gate::Open, NOW).await.unwrap();
        assert_eq!(tx.gate(made.id, Matter::Wall).await.unwrap(), Some(Gate::Open));
        tx.commit().await.unwrap();
    }
}
