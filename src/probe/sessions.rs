//! Sessions beyond the ordinary conversation: one that is kept because it cannot be ended.

use hyper::header::HeaderValue;

use super::conversation::{Channel, Script};
use super::handshake::Functional;
use super::streamable_http::StreamableHttp;
use crate::domain::observation::{Seen, Transport};
use crate::domain::trouble::{SessionTrouble, Trouble};

impl Script<'_, '_> {
    /// The functional request alone, in the session of an earlier check. A session that has ended
    /// meanwhile is no fault: a new one is opened in the same check.
    pub(super) async fn in_kept_session(&mut self) -> Result<(), Seen> {
        let memory = &self.visit.notes.seen.memory;
        let facts = memory.facts.clone();
        let session = memory.session.as_deref().map(HeaderValue::try_from);
        let Some(Ok(mut session)) = session else {
            return self.legacy(Transport::StreamableHttp).await;
        };
        session.set_sensitive(true);
        self.visit.notes.kept = Some(session.clone());
        let version = facts.version.as_deref().unwrap_or_default();
        self.channel = Channel::Streamable(StreamableHttp::resumed(session, version));
        let names = facts.capabilities.iter().flatten().map(String::as_str);
        let functional = Functional::among(names.collect::<Vec<_>>().into_iter());
        match self.function(functional).await {
            Err(stop) => {
                let Trouble::Session(SessionTrouble::Lost { status, .. }) = stop.trouble else {
                    return Err(stop);
                };
                if status == 400 {
                    let trouble = Trouble::Session(SessionTrouble::Expired400);
                    self.visit.notes.notice(trouble);
                }
                self.visit.notes.seen.memory.session = None;
                self.legacy(Transport::StreamableHttp).await
            }
            Ok(()) => {
                self.is_greeted = false;
                self.legacy = Some(facts);
                Ok(())
            }
        }
    }
}
