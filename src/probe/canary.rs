//! The canary on the wire: whether to call now, the call, and what became of it. The time that it
//! takes is its own and not the check's.

use std::time::Duration;

use bytes::Bytes;
use hyper::header::{HeaderMap, HeaderName};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::conversation::{Channel, Script};
use super::modern::header_value;
use super::visit::{HEAD, Visit};
use crate::domain::canary::{Canary, CanaryMemory, Sung, Trouble as Fault, promise};
use crate::domain::observation::{Outcome, StepName};
use crate::domain::tools::header_arguments;
use crate::domain::trouble::{HttpTrouble, ModernTrouble, StreamTrouble, Trouble};
use crate::domain::untrusted::{MAX_QUOTE, line};

/// What the headers that repeat arguments begin with.
const PARAM: &str = "mcp-param-";
/// How long the server may take to hear that nobody waits any more.
const FAREWELL: Duration = Duration::from_secs(2);

impl Script<'_, '_> {
    /// Calls the tool that the owner chose, when it is time.
    pub(super) async fn sing(&mut self) {
        let Some(mut call) = begin(self.visit) else {
            return;
        };
        let answer = self.call(&mut call).await;
        // The ids are given out in order: this one follows the one of the call.
        let id = self.fresh_id() - 1;
        let is_modern = matches!(self.channel, Channel::Modern(_));
        if !call.end(self.visit, answer, is_modern) {
            return;
        }
        // Nobody waits for what comes of this either; a request that stands alone is over with its
        // connection.
        let _ = match &mut self.channel {
            Channel::Streamable(http) => http.tell(self.visit, cancelled(id)).await,
            Channel::Sse(sse) => sse.tell(self.visit, cancelled(id)).await,
            Channel::Modern(_) => Ok(()),
        };
    }

    /// Calls the tool. A server that misses headers is asked once for the tools as they are now, of
    /// which the headers are made, and then called once more.
    async fn call(&mut self, call: &mut Call) -> Result<Value, Fault> {
        let mut answer = self.call_once(call).await;
        if let Err(Trouble::Modern(ModernTrouble::HeadersStripped(_))) = &answer
            && let Ok(surface) = self.read_tools().await
        {
            call.tool = surface.tool(&call.canary.tool).cloned();
            let seen = &mut self.visit.notes.seen;
            seen.tools = Some(surface);
            let promise = seen.memory.canary.promise.as_deref();
            if let Some(reason) = call.canary.refusal(call.tool.as_ref(), promise) {
                return Err(Fault::Refused(line(&reason, MAX_QUOTE)));
            }
            self.visit.arguments = headers(&call.canary, call.tool.as_ref());
            answer = self.call_once(call).await;
        }
        answer.map_err(|trouble| call.fault(trouble))
    }

    async fn call_once(&mut self, call: &Call) -> Result<Value, Trouble> {
        let params = json!({"name": call.canary.tool, "arguments": call.canary.arguments});
        self.ask("tools/call", Some(params)).await
    }
}

/// A call in flight.
struct Call {
    canary: Canary,
    tool: Option<Value>,
    begun: Instant,
    deadline: Instant,
}

/// What to call now, if anything; remembers what came of the last call otherwise.
fn begin(visit: &mut Visit<'_>) -> Option<Call> {
    let now = visit.now();
    let seen = &mut visit.notes.seen;
    let Some(canary) = visit.canary.clone() else {
        seen.memory.canary = CanaryMemory::default();
        return None;
    };
    if !seen.memory.canary.is_due(&canary, visit.monitor, now) {
        seen.canary = seen.memory.canary.last.clone();
        return None;
    }
    let memory = &mut seen.memory.canary;
    let digest = canary.digest();
    if memory.of.as_ref() != Some(&digest) {
        memory.promise = None;
        memory.of = Some(digest);
    }
    let surface = seen.tools.as_ref();
    let tool = surface
        .and_then(|surface| surface.tool(&canary.tool))
        .cloned();
    let refusal = canary.refusal(tool.as_ref(), memory.promise.as_deref());
    if memory.promise.is_none() {
        memory.promise = tool.as_ref().map(promise);
    }
    visit.notes.begin(StepName::Canary);
    if let Some(reason) = refusal {
        let reason = line(&reason, MAX_QUOTE);
        visit.notes.end(Outcome::Failed, Some(reason.clone()));
        note(visit, &canary, Some(Fault::Refused(reason)));
        return None;
    }
    let patience = Duration::from_secs(u64::from(canary.timeout_seconds));
    let call = Call {
        canary,
        tool,
        begun: Instant::now(),
        deadline: visit.deadline,
    };
    visit.arguments = headers(&call.canary, call.tool.as_ref());
    visit.deadline = call.begun + patience;
    visit.patience = patience;
    Some(call)
}

impl Call {
    /// Writes down what became of it. True when the server should hear that nobody waits any more.
    fn end(self, visit: &mut Visit<'_>, answer: Result<Value, Fault>, is_modern: bool) -> bool {
        let elapsed = self.begun.elapsed();
        let ms = elapsed.as_secs_f64() * 1_000.0;
        let bytes = answer.as_ref().ok().map(|result| result.to_string().len());
        let fault = match answer {
            Ok(result) => self
                .canary
                .judge(self.tool.as_ref(), &result, is_modern, ms),
            Err(fault) => Some(fault),
        };
        let is_late = matches!(fault, Some(Fault::TimedOut(_)));
        let detail =
            bytes.map(|bytes| format!("{}: {bytes} bytes", line(&self.canary.tool, MAX_QUOTE)));
        let outcome = if fault.is_none() {
            Outcome::Ok
        } else {
            Outcome::Failed
        };
        visit.notes.end(outcome, detail);
        visit.notes.apart(self.begun);
        visit.patience = HEAD;
        visit.arguments.clear();
        visit.deadline = if is_late {
            Instant::now() + FAREWELL
        } else {
            self.deadline + elapsed
        };
        note(visit, &self.canary, fault);
        is_late
    }

    fn fault(&self, trouble: Trouble) -> Fault {
        match trouble {
            Trouble::Rpc(error) => match error.code {
                Some(-32_021 | -32_042) => Fault::InputRequired,
                code => {
                    let code = code.map_or_else(String::new, |code| format!(" ({code})"));
                    Fault::Protocol(format!("{}{code}", error.message))
                }
            },
            Trouble::Status(seen) if matches!(seen.status, 401 | 403) => {
                Fault::NeedsLogin(seen.status)
            }
            Trouble::Status(seen) => match &seen.rpc {
                Some(error) if matches!(error.code, Some(-32_021 | -32_042)) => {
                    Fault::InputRequired
                }
                Some(error) => Fault::Protocol(error.message.clone()),
                None => Fault::Protocol(format!("status {}", seen.status)),
            },
            Trouble::Http(HttpTrouble::NoAnswer { .. } | HttpTrouble::Unfinished { .. })
            | Trouble::Stream(
                StreamTrouble::Stalled { .. } | StreamTrouble::ResponseMissing { .. },
            ) => Fault::TimedOut(u64::from(self.canary.timeout_seconds)),
            Trouble::Modern(ModernTrouble::CapabilityWanted(_)) => Fault::InputRequired,
            Trouble::Modern(
                ModernTrouble::MetaRejected(said)
                | ModernTrouble::MethodUnknown(said)
                | ModernTrouble::HeadersStripped(said),
            ) => Fault::Protocol(said),
            Trouble::Session(_) => Fault::Protocol("the session was lost".to_owned()),
            _ => Fault::Protocol("there was no proper answer".to_owned()),
        }
    }
}

/// The arguments that a client of 2026-07-28 repeats as headers.
fn headers(canary: &Canary, tool: Option<&Value>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let schema = tool.and_then(|tool| tool.get("inputSchema"));
    let annotated = schema.and_then(|schema| header_arguments(schema).ok());
    for argument in annotated.into_iter().flatten() {
        let mut path = argument.path.iter();
        let first = path.next().and_then(|name| canary.arguments.get(name));
        let text = match path.try_fold(first, |value, name| Some(value?.get(name))) {
            Some(Some(Value::String(text))) => text.clone(),
            Some(Some(value @ (Value::Number(_) | Value::Bool(_)))) => value.to_string(),
            _ => continue,
        };
        let name = HeaderName::try_from(format!("{PARAM}{}", argument.header.to_ascii_lowercase()));
        if let (Ok(name), Ok(value)) = (name, header_value(&text)) {
            headers.insert(name, value);
        }
    }
    headers
}

/// Tells the server that nobody waits for the answer to `id` any more.
fn cancelled(id: u64) -> Bytes {
    let params = json!({"requestId": id, "reason": "it took too long"});
    json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params})
        .to_string()
        .into()
}

fn note(visit: &mut Visit<'_>, canary: &Canary, trouble: Option<Fault>) {
    let sung = Sung {
        at: visit.now(),
        tool: line(&canary.tool, MAX_QUOTE),
        counts_as: canary.counts_as,
        trouble,
    };
    let seen = &mut visit.notes.seen;
    seen.memory.canary.last = Some(sung.clone());
    seen.canary = Some(sung);
}
