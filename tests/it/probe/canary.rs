//! The canary on the wire: called when it is time and only then, never when it must not be.

use fake_mcp::{FakeMcp, Reply, Script, healthy, http_sse, modern, result, stall};
use lifesign::domain::canary::Canary;
use lifesign::domain::failure::Code;
use lifesign::domain::verdict::CheckStatus::Degraded;
use serde_json::{Value, json};

use super::{Checked, Probe};

fn server(reply: Reply, annotations: &Value) -> FakeMcp {
    let schema =
        json!({"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]});
    let tool = json!({"name": "find", "inputSchema": schema, "annotations": annotations});
    FakeMcp::start(reply.tool_values([tool])).unwrap()
}

fn found(reply: Reply) -> Reply {
    reply.on(
        "tools/call",
        result(&json!({"content": [{"type": "text", "text": "found"}]})),
    )
}

fn probe(server: &FakeMcp, arguments: &Value) -> Probe {
    let mut canary = Canary::of("find", arguments.as_object().unwrap().clone());
    canary.assertions.contains = Some("found".to_owned());
    canary.timeout_seconds = 1;
    let mut probe = Probe::of(&server.url());
    probe.target.canary = Some(canary);
    probe
}

fn calls(server: &FakeMcp) -> usize {
    server
        .asked()
        .iter()
        .filter(|asked| *asked == "tools/call")
        .count()
}

async fn again(server: &FakeMcp, before: &Checked) -> Checked {
    probe(server, &json!({"q": "x"}))
        .memory(before.seen.memory.clone())
        .run()
        .await
}

#[tokio::test]
async fn it_is_called_once_in_its_interval() {
    for reply in [healthy()] {
        let server = server(found(reply), &Value::Null);
        let first = probe(&server, &json!({"q": "x"})).run().await;
        first.is_up();
        assert!(
            first.step_names().contains(&"canary"),
            "{:?}",
            first.step_names()
        );
        let called = server
            .requests()
            .into_iter()
            .find(|one| one.rpc().as_deref() == Some("tools/call"));
        let params = called.unwrap().json().unwrap()["params"].clone();
        assert_eq!(params, json!({"name": "find", "arguments": {"q": "x"}}));
        again(&server, &first).await.is_up();
        assert_eq!(calls(&server), 1);
        assert_eq!(server.sessions_opened(), server.sessions_closed());
    }
}

#[tokio::test]
async fn it_is_called_over_http_sse_too() {
    let server = server(found(http_sse()), &Value::Null);
    let first = probe(&server, &json!({"q": "x"})).run().await;
    first.is_up();
    assert_eq!(
        calls(&server),
        1,
        "{:?} {:?}",
        server.asked(),
        first.seen.steps
    );
    again(&server, &first).await.is_up();
    assert_eq!(calls(&server), 1, "{:?}", server.asked());
}

#[tokio::test]
async fn what_came_of_it_holds_until_the_next_call() {
    let server = server(healthy().on("tools/call", stall()), &Value::Null);
    let first = probe(&server, &json!({"q": "x"})).run().await;
    first.is(Degraded, Code::CanaryTimeout);
    assert!(
        server
            .asked()
            .contains(&"notifications/cancelled".to_owned()),
        "{:?}",
        server.asked()
    );
    assert_eq!(server.sessions_opened(), server.sessions_closed());
    again(&server, &first)
        .await
        .is(Degraded, Code::CanaryTimeout);
    assert_eq!(calls(&server), 1);
}

#[tokio::test]
async fn what_must_not_be_called_is_not() {
    for (annotations, arguments, part) in [
        (
            json!({"destructiveHint": true}),
            json!({"q": "x"}),
            "destroy",
        ),
        (Value::Null, json!({"q": 7}), "do not fit"),
        (Value::Null, json!({}), "lacks 'q'"),
    ] {
        let server = server(found(healthy()), &annotations);
        let checked = probe(&server, &arguments).run().await;
        checked.is_up();
        assert_eq!(checked.findings(), [Code::CanaryPaused]);
        assert!(
            checked.verdict.findings[0].message.contains(part),
            "{:?}",
            checked.verdict
        );
        assert_eq!(calls(&server), 0);
    }
}

#[tokio::test]
async fn a_server_that_misses_headers_is_asked_for_the_tools_and_called_once_more() {
    let missed = || {
        fake_mcp::body(
            400,
            "application/json",
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32020,"message":"a header is missing"}}"#,
        )
    };
    let schema =
        json!({"type": "object", "properties": {"q": {"type": "string", "x-mcp-header": "Query"}}});
    let tool = json!({"name": "find", "inputSchema": schema});
    let fine =
        result(&json!({"resultType": "complete", "content": [{"type": "text", "text": "found"}]}));
    for (reply, is_fine) in [(missed().then(fine), true), (Script::from(missed()), false)] {
        let server = modern().tool_values([tool.clone()]).on("tools/call", reply);
        let server = FakeMcp::start(server).unwrap();
        let checked = probe(&server, &json!({"q": "x"})).run().await;
        if is_fine {
            checked.is_up();
        } else {
            checked.is(Degraded, Code::CanaryProtocolError);
        }
        let asked = server.asked();
        let place = asked
            .iter()
            .position(|asked| asked == "tools/call")
            .unwrap();
        assert_eq!(asked[place..], ["tools/call", "tools/list", "tools/call"]);
        for call in server
            .requests()
            .iter()
            .filter(|one| one.rpc().as_deref() == Some("tools/call"))
        {
            assert_eq!(call.header("mcp-param-query"), Some("x"));
        }
    }
}

#[tokio::test]
async fn a_result_that_does_not_match_is_told() {
    let server = server(found(healthy()), &Value::Null);
    let mut probe = probe(&server, &json!({"q": "x"}));
    if let Some(canary) = &mut probe.target.canary {
        canary.assertions.matches = Some("^lost$".to_owned());
    }
    let checked = probe.run().await;
    checked.is(Degraded, Code::CanaryAssertionFailed);
    let message = checked.verdict.failure.unwrap().message;
    assert!(message.contains("'^lost$'"), "{message}");
}
