//! The functional request of a check: the list of tools, page by page; where there are none, the
//! list of prompts or resources; where nothing is declared, a ping (mcp.md §1.5 and §1.6).

use serde_json::{Value, json};

use super::conversation::{Channel, Script};
use super::handshake::{Functional, request};
use super::pages::Pages;
use super::recognised::Reply;
use crate::domain::observation::{Outcome, Seen, StepName};
use crate::domain::tools::ToolSurface;
use crate::domain::trouble::{HandshakeTrouble, RpcError, ToolsTrouble, Trouble};

impl Script<'_, '_> {
    /// Asks for what the server declares.
    pub(super) async fn function(&mut self, functional: Functional) -> Result<(), Seen> {
        let is_modern = matches!(self.channel, Channel::Modern(_));
        match functional {
            Functional::Tools => {
                self.list_tools().await?;
                self.sing().await;
                Ok(())
            }
            Functional::Prompts => self.list(StepName::PromptsList, "prompts").await,
            Functional::Resources => self.list(StepName::ResourcesList, "resources").await,
            // There `server/discover` was the whole check.
            Functional::Nothing if is_modern => Ok(()),
            Functional::Nothing => self.ping().await,
        }
    }

    async fn list_tools(&mut self) -> Result<(), Seen> {
        self.visit.notes.begin(StepName::ToolsList);
        let surface = self.read_tools().await;
        let surface = surface.map_err(|trouble| self.failed(trouble))?;
        let told = counted(surface.names.len(), "tool");
        self.visit.notes.end(Outcome::Ok, Some(told));
        self.visit.notes.seen.tools = Some(surface);
        Ok(())
    }

    /// All pages of the list, within whatever step needs it.
    pub(super) async fn read_tools(&mut self) -> Result<ToolSurface, Trouble> {
        let mut pages = match self.channel {
            Channel::Modern(_) => Pages::with_empty_cursors(),
            _ => Pages::default(),
        };
        loop {
            let params = pages.cursor().map(|cursor| json!({ "cursor": cursor }));
            let page = match self.ask_for_tools(params, pages.count() == 0).await {
                Ok(Reply::Read(page)) => page,
                Ok(Reply::Recognised(known)) => {
                    for fact in &known.facts {
                        self.visit.notes.fact(fact.clone());
                    }
                    return Ok(known.surface.clone());
                }
                Err(trouble) if pages.count() > 0 && said(&trouble).is_some() => {
                    let said = said(&trouble).unwrap_or_default();
                    let page = pages.count() + 1;
                    let trouble = Trouble::Tools(ToolsTrouble::PageFailed { page, said });
                    self.visit.notes.notice(trouble);
                    break;
                }
                Err(trouble) => return Err(trouble),
            };
            match pages.add(page) {
                Ok(true) => {}
                Ok(false) => break,
                Err(invalid @ ToolsTrouble::ResultInvalid(_)) => {
                    return Err(Trouble::Tools(invalid));
                }
                Err(odd) => {
                    self.visit.notes.notice(Trouble::Tools(odd));
                    break;
                }
            }
        }
        let is_whole = pages.count() == 1;
        let surface = ToolSurface::read(pages.into_tools())
            .map_err(|reason| Trouble::Tools(ToolsTrouble::ResultInvalid(reason)))?;
        if is_whole {
            self.visit.remember(&surface);
        }
        Ok(surface)
    }

    /// A page of tools; the first one may be a list that was read before.
    async fn ask_for_tools(
        &mut self,
        params: Option<Value>,
        is_first: bool,
    ) -> Result<Reply, Trouble> {
        let method = "tools/list";
        let id = self.fresh_id();
        match &mut self.channel {
            Channel::Streamable(http) if is_first => {
                let body = request(id, method, params);
                http.ask_for_tools(self.visit, id, body).await
            }
            _ => self.ask(method, params).await.map(Reply::Read),
        }
    }

    /// The first page of something that is no tools: that it comes is all that is asked.
    async fn list(&mut self, step: StepName, member: &'static str) -> Result<(), Seen> {
        self.visit.notes.begin(step);
        let method = match step {
            StepName::PromptsList => "prompts/list",
            _ => "resources/list",
        };
        let page = self.ask(method, None).await;
        let page = page.map_err(|trouble| self.failed(trouble))?;
        let Some(items) = page.get(member).and_then(Value::as_array) else {
            let trouble = ToolsTrouble::ResultInvalid("there is no array of that name");
            return Err(self.failed(Trouble::Tools(trouble)));
        };
        let told = counted(items.len(), member.trim_end_matches('s'));
        self.visit.notes.end(Outcome::Ok, Some(told));
        Ok(())
    }

    async fn ping(&mut self) -> Result<(), Seen> {
        self.visit.notes.begin(StepName::Ping);
        match self.ask("ping", None).await {
            Ok(Value::Object(_)) => self.visit.notes.end(Outcome::Ok, None),
            Err(trouble @ Trouble::Session(_)) => return Err(self.failed(trouble)),
            other => {
                let said = match other {
                    Err(Trouble::Rpc(error)) => error.message,
                    Err(Trouble::Status(seen)) => format!("status {}", seen.status),
                    _ => String::new(),
                };
                self.visit.notes.end(Outcome::Failed, None);
                let failed = HandshakeTrouble::PingFailed(said);
                self.visit.notes.notice(Trouble::Handshake(failed));
            }
        }
        Ok(())
    }
}

/// What the server said in an error of JSON-RPC.
fn said(trouble: &Trouble) -> Option<String> {
    let error: &RpcError = match trouble {
        Trouble::Rpc(error) => error,
        Trouble::Status(seen) => seen.rpc.as_ref()?,
        Trouble::Modern(trouble) => return trouble.said().map(str::to_owned),
        _ => return None,
    };
    Some(error.message.clone())
}

fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}
