//! Calls from node to node, for those who would find the same at their next look.

use super::{Store, StoreError, db};

/// Hears the calls of all nodes.
#[derive(Debug)]
pub struct Ears(db::Ears);

impl Store {
    /// Whether other nodes may work on this database.
    pub fn is_shared(&self) -> bool {
        self.db.is_shared()
    }

    /// Calls a text of at most 7,999 bytes to all nodes that listen at this moment; one statement. Does
    /// nothing where there are no other nodes.
    pub async fn call(&self, text: &str) -> Result<(), StoreError> {
        self.db.call(text).await
    }

    /// Listens from now on, on a connection of its own; `None` where there are no other nodes.
    pub async fn listen(&self) -> Result<Option<Ears>, StoreError> {
        Ok(self.db.listen().await?.map(Ears))
    }
}

impl Ears {
    /// Waits for the next call, one of this node among them. Fails within a minute when the connection is
    /// dead; what was called meanwhile is lost.
    pub async fn next_call(&mut self) -> Result<String, StoreError> {
        self.0.next().await
    }
}
