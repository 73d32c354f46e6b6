//! The envelope of JSON-RPC 2.0, read strictly: a monitor must see what a lenient client forgives.
//!
//! What is usable in spite of a deviation is used and the deviation noted; what no client could
//! use is a [`Trouble`].

use serde_json::Value;

use crate::domain::trouble::{BodyTrouble, MessageTrouble, RpcError, Trouble};
use crate::domain::untrusted::{MAX_NAME, MAX_QUOTE, excerpt, line};

/// Most protocol versions of an error that are kept.
const MAX_SUPPORTED: usize = 10;
/// Most bytes that the values of a visit may take in memory.
pub(super) const MAX_WEIGHT: usize = 64 * 1024 * 1024;
/// Bytes that a value, a member and an object take beside their text.
const VALUE: usize = 48;
const MEMBER: usize = 48;
const OBJECT: usize = 640;
/// Characters of a text that is no JSON which are shown.
const SHOWN: usize = 60;

/// A message that is not an answer of ours, or that is.
#[derive(Debug, PartialEq)]
pub(super) enum Message {
    /// The answer: the result, or the error of the server.
    Answer(Result<Value, RpcError>),
    /// A notification, or a request of the server.
    Aside,
    /// The answer to something else.
    OtherId(String),
}

/// What the values of `text` will take in memory at most: 8 MiB of `{}` would become 700.
pub(super) fn weight(text: &[u8]) -> usize {
    let mut weight = text.len();
    let mut in_string = false;
    let mut escaped = false;
    for byte in text {
        if in_string {
            match byte {
                _ if std::mem::take(&mut escaped) => {}
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b',' | b'[' => weight += VALUE,
            b':' => weight += MEMBER,
            b'{' => weight += OBJECT,
            _ => {}
        }
    }
    weight
}

/// Parses one JSON text; at most 128 levels deep.
pub(super) fn parse(text: &[u8]) -> Result<Value, Trouble> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    serde_json::from_slice(text).map_err(|error| {
        if std::str::from_utf8(text).is_err() {
            return Trouble::Body(BodyTrouble::NotUtf8);
        }
        let reason = error.to_string();
        let reason = if reason.starts_with("recursion limit") {
            "nested deeper than 128 levels".to_owned()
        } else {
            line(&reason, MAX_QUOTE)
        };
        Trouble::Message(MessageTrouble::NotJson {
            reason,
            start: line(&excerpt(text, SHOWN), SHOWN),
        })
    })
}

/// What `message` is to somebody who waits for the answer to `id`. Deviations go to `odd`.
pub(super) fn read(
    message: Value,
    id: u64,
    odd: &mut Vec<MessageTrouble>,
) -> Result<Message, Trouble> {
    let refuse = |what| Err(Trouble::Message(MessageTrouble::NotJsonRpc(what)));
    let mut members = match message {
        Value::Object(members) => members,
        Value::Array(mut items) => {
            let len = items.len();
            return match items.pop() {
                Some(only @ Value::Object(_)) if len == 1 => {
                    odd.push(MessageTrouble::Batch { len });
                    read(only, id, odd)
                }
                _ => Err(Trouble::Message(MessageTrouble::Batch { len })),
            };
        }
        _ => return refuse("it is not an object"),
    };
    if members.contains_key("method") && !members.contains_key("result") {
        return Ok(Message::Aside);
    }
    let result = members.remove("result");
    let error = members.remove("error");
    let answer = match (result, error) {
        (None, None) => return refuse("there is neither a result nor an error"),
        (Some(result), None) => Ok(result),
        (Some(result), Some(Value::Null)) => {
            odd.push(MessageTrouble::NotJsonRpc(
                "it has both a result and an error",
            ));
            Ok(result)
        }
        (Some(Value::Null) | None, Some(error)) => Err(rpc_error(&error, odd)),
        (Some(_), Some(_)) => return refuse("it has both a result and an error"),
    };
    if members.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        odd.push(MessageTrouble::NotJsonRpc("jsonrpc is not \"2.0\""));
    }
    // Servers answer with an id of their own, or none, when they could not read ours.
    if answer.is_err() {
        return Ok(Message::Answer(answer));
    }
    match members.get("id") {
        Some(Value::Number(number)) if number.as_u64() == Some(id) => {}
        Some(Value::String(text)) if *text == id.to_string() => odd.push(MessageTrouble::IdType),
        // Some servers answer 0 to everything, and their users cope.
        Some(Value::Number(number)) if number.as_u64() == Some(0) => {
            odd.push(MessageTrouble::OtherId("0".to_owned()));
        }
        other => {
            let shown = other.map_or_else(|| "(none)".to_owned(), Value::to_string);
            return Ok(Message::OtherId(line(&shown, MAX_NAME)));
        }
    }
    Ok(Message::Answer(answer))
}

/// The JSON-RPC error in a body, if that is what it is.
pub(super) fn error_in(body: &[u8]) -> Option<RpcError> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let value = match value {
        Value::Array(mut items) if items.len() == 1 => items.pop()?,
        other => other,
    };
    value.get("jsonrpc")?;
    Some(rpc_error(value.get("error")?, &mut Vec::new()))
}

fn rpc_error(error: &Value, odd: &mut Vec<MessageTrouble>) -> RpcError {
    let code = error.get("code").and_then(Value::as_i64);
    let message = error.get("message").and_then(Value::as_str);
    if code.is_none() || message.is_none() {
        odd.push(MessageTrouble::ErrorShape);
    }
    let supported = error
        .pointer("/data/supported")
        .and_then(Value::as_array)
        .map(|versions| {
            let texts = versions.iter().filter_map(Value::as_str);
            texts
                .take(MAX_SUPPORTED)
                .map(|text| line(text, MAX_NAME))
                .collect()
        })
        .unwrap_or_default();
    RpcError {
        code,
        message: match message {
            Some(text) => line(text, MAX_QUOTE),
            None => line(&error.to_string(), MAX_QUOTE),
        },
        supported,
        has_requested: error
            .pointer("/data/requested")
            .is_some_and(Value::is_string),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read_one(message: Value) -> (Result<Message, Trouble>, Vec<MessageTrouble>) {
        let mut odd = Vec::new();
        let read = read(message, 2, &mut odd);
        (read, odd)
    }

    #[test]
    fn a_proper_answer_is_an_answer() {
        let (read, odd) = read_one(json!({"jsonrpc": "2.0", "id": 2, "result": {"a": 1}}));
        assert_eq!(read.unwrap(), Message::Answer(Ok(json!({"a": 1}))));
        assert_eq!(odd, []);
    }

    #[test]
    fn deviations_that_clients_survive_are_noted() {
        for (message, note) in [
            (
                json!({"id": 2, "result": {}}),
                MessageTrouble::NotJsonRpc("jsonrpc is not \"2.0\""),
            ),
            (
                json!({"jsonrpc": "2.0", "id": "2", "result": {}}),
                MessageTrouble::IdType,
            ),
            (
                json!({"jsonrpc": "2.0", "id": 0, "result": {}}),
                MessageTrouble::OtherId("0".to_owned()),
            ),
            (
                json!([{"jsonrpc": "2.0", "id": 2, "result": {}}]),
                MessageTrouble::Batch { len: 1 },
            ),
            (
                json!({"jsonrpc": "2.0", "id": 2, "result": {}, "error": null}),
                MessageTrouble::NotJsonRpc("it has both a result and an error"),
            ),
        ] {
            let (read, odd) = read_one(message);
            assert_eq!(read.unwrap(), Message::Answer(Ok(json!({}))));
            assert_eq!(odd, [note]);
        }
    }

    #[test]
    fn what_no_client_could_use_is_refused() {
        for message in [
            json!("text"),
            json!([]),
            json!([1]),
            json!([{"jsonrpc": "2.0", "id": 1, "result": {}}, {"jsonrpc": "2.0", "id": 2, "result": {}}]),
            json!({"jsonrpc": "2.0", "id": 2}),
            json!({"jsonrpc": "2.0", "id": 2, "result": {}, "error": {"code": 1, "message": "x"}}),
        ] {
            assert!(read_one(message.clone()).0.is_err(), "{message}");
        }
    }

    #[test]
    fn asides_and_strangers_are_told_apart() {
        let ping = json!({"jsonrpc": "2.0", "id": 7, "method": "ping"});
        assert_eq!(read_one(ping).0.unwrap(), Message::Aside);
        let other = json!({"jsonrpc": "2.0", "id": 999, "result": {}});
        assert_eq!(
            read_one(other).0.unwrap(),
            Message::OtherId("999".to_owned())
        );
        let none = json!({"jsonrpc": "2.0", "result": {}});
        assert_eq!(
            read_one(none).0.unwrap(),
            Message::OtherId("(none)".to_owned())
        );
    }

    #[test]
    fn errors_are_read_whoever_they_claim_to_answer() {
        let error = json!({"jsonrpc": "2.0", "id": "server-error",
            "error": {"code": -32602, "message": "no\nway", "data": {"supported": ["2026-07-28"]}}});
        let (Ok(Message::Answer(Err(error))), odd) = read_one(error) else {
            panic!()
        };
        assert_eq!(
            (error.code, error.message.as_str()),
            (Some(-32602), "no way")
        );
        assert_eq!(error.supported, ["2026-07-28"]);
        assert_eq!(odd, []);
        let (_, odd) = read_one(json!({"jsonrpc": "2.0", "id": 2, "error": {"code": "E1"}}));
        assert_eq!(odd, [MessageTrouble::ErrorShape]);
        assert_eq!(error_in(b"not json"), None);
    }

    #[test]
    fn values_are_weighed_before_they_are_built() {
        let tricky = br#"{"a":"{,:\"["}"#;
        assert_eq!(weight(tricky), tricky.len() + OBJECT + MEMBER);
        assert!(weight("{},".repeat(1_000_000).as_bytes()) > MAX_WEIGHT);
        assert!(weight("0,".repeat(4_000_000).as_bytes()) > MAX_WEIGHT);
        let tool = r#"{"name":"a","description":"one of very many tools","inputSchema":{"type":"object","properties":{"query":{"type":"string"}},"required":["query"]}},"#;
        assert!(weight(tool.repeat(5_000).as_bytes()) < MAX_WEIGHT / 2);
    }

    #[test]
    fn depth_and_encoding_are_told_from_nonsense() {
        let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
        let Err(Trouble::Message(MessageTrouble::NotJson { reason, .. })) = parse(deep.as_bytes())
        else {
            panic!()
        };
        assert_eq!(reason, "nested deeper than 128 levels");
        assert_eq!(parse(b"\"\xff\""), Err(Trouble::Body(BodyTrouble::NotUtf8)));
        assert_eq!(parse(b"\xef\xbb\xbf{}").unwrap(), json!({}));
    }

    proptest! {
        #[test]
        fn nothing_that_a_server_sends_makes_it_stumble(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(value) = parse(&bytes) {
                let _ = read(value, 1, &mut Vec::new());
            }
            let _ = error_in(&bytes);
        }
    }
}
