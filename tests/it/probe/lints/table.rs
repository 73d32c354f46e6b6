//! Every lint, and a server that provokes it: probed for real, judged for real.
//!
//! To add a lint, add one line: `row(Lint::TtlMs, once(…))`. A lint that an equal failure code tells
//! of is told [`as_code`].

use std::pin::Pin;

use fake_mcp::{
    FakeMcp, Reply, Script, Sse, batch, body, duplicate_tool, healthy, html, http_sse, message,
    modern, refusal, result, rpc_error, status, string_id, wrong_content_type,
};
use futures_util::StreamExt;
use lifesign::domain::failure::Code;
use lifesign::domain::lint::Lint;
use lifesign::domain::verdict::{CheckStatus, FindingCode};
use serde_json::{Value, json};

use crate::probe::{Checked, Probe};

/// How many servers are probed at once.
const AT_ONCE: usize = 10;

type Scene = Pin<Box<dyn Future<Output = Checked> + Send>>;

struct Row {
    lint: Lint,
    told_as: FindingCode,
    scene: Scene,
}

fn row(lint: Lint, scene: impl Future<Output = Checked> + Send + 'static) -> Row {
    Row {
        lint,
        told_as: lint.into(),
        scene: Box::pin(scene),
    }
}

/// A lint that a failure code tells of.
fn as_code(lint: Lint, code: Code, scene: impl Future<Output = Checked> + Send + 'static) -> Row {
    Row {
        told_as: code.into(),
        ..row(lint, scene)
    }
}

/// A server with this script, probed as always.
async fn once(script: impl Into<Script>) -> Checked {
    times(script, 1).await
}

/// The same, so many times.
async fn times(script: impl Into<Script>, checks: usize) -> Checked {
    let server = FakeMcp::start(script).unwrap();
    let mut checked = Probe::of(&server.url()).run().await;
    for _ in 1..checks {
        let memory = checked.seen.memory;
        checked = Probe::of(&server.url()).memory(memory).run().await;
    }
    checked
}

/// A server with this script, probed with the extra requests of the lints.
async fn tried(script: impl Into<Script>) -> Checked {
    let server = FakeMcp::start(script).unwrap();
    Probe::of(&server.url()).lint().run().await
}

fn rows() -> Vec<Row> {
    let mut rows = of_the_handshake();
    rows.extend(of_messages());
    rows.extend(of_sessions());
    rows.extend(of_the_stateless_revision());
    rows.extend(of_tools());
    rows.extend(with_extra_requests());
    rows
}

fn of_the_handshake() -> Vec<Row> {
    let no_info = result(&json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}}));
    let listed = r#"{"jsonrpc":"2.0","id":3,"result":{"supportedVersions":["2025-06-18","2025-11-25"],"capabilities":{}}}"#;
    let older = healthy().stateless().revisions(&["2025-06-18"]);
    let nameless = refusal(404, -32_601, "Method not found");
    vec![
        row(
            Lint::InitVersionEcho,
            once(older.on("server/discover", body(200, "application/json", listed))),
        ),
        row(
            Lint::InitRequiredFields,
            once(healthy().on("initialize", no_info)),
        ),
        row(Lint::ServerInfoBlank, once(healthy().version(""))),
        row(
            Lint::CapsShape,
            once(healthy().capabilities(json!({"tools": {"listChanged": 1}}))),
        ),
        row(
            Lint::CapsVsBehaviour,
            once(healthy().on("tools/list", rpc_error(-32_601, "Method not found"))),
        ),
        row(Lint::DeprecatedTransport, once(http_sse())),
        row(
            Lint::ModernOnlyNamesVersions,
            times(modern().on("initialize", nameless), 2),
        ),
    ]
}

fn of_messages() -> Vec<Row> {
    let error = |text| healthy().on("tools/list", message(text));
    let no_code = r#"{"jsonrpc":"2.0","id":{{id}},"error":{"code":"E1","message":"no"}}"#;
    let no_id = r#"{"jsonrpc":"2.0","error":{"code":-32603,"message":"no"}}"#;
    let spoken = body(202, "application/json", "{}");
    vec![
        row(
            Lint::Notif202Empty,
            once(healthy().on("notifications/initialized", spoken)),
        ),
        row(
            Lint::ResponseMediaType,
            once(wrong_content_type("text/plain")),
        ),
        as_code(Lint::ResponseIdType, Code::JsonrpcIdType, once(string_id())),
        as_code(
            Lint::ErrorCodeInteger,
            Code::JsonrpcErrorShape,
            once(error(no_code)),
        ),
        row(
            Lint::ErrorIdMissing,
            once(error(no_id).revisions(&["2025-06-18"])),
        ),
        row(Lint::BatchForbidden, once(batch())),
        row(Lint::SsePriming, once(healthy().sse(Sse::new()))),
        row(
            Lint::SseEndsAfterReply,
            once(healthy().sse(Sse::new().priming().held_open())),
        ),
    ]
}

fn of_sessions() -> Vec<Row> {
    let named = |id| {
        let opening = healthy().header("Mcp-Session-Id", id);
        let endable = healthy().stateless().on("DELETE", status(200));
        endable.on("initialize", opening)
    };
    let missing = body(404, "text/plain", "no session id");
    vec![
        row(Lint::SessionCharset, once(named("a b"))),
        row(Lint::SessionEntropy, once(named("4711"))),
        row(
            Lint::SessionEntropy,
            times(named("the-one-session-of-all-of-us"), 2),
        ),
        row(
            Lint::SessionMissing400,
            times(healthy().on("server/discover", missing), 2),
        ),
        row(
            Lint::Delete405OrOk,
            once(healthy().on("DELETE", status(500))),
        ),
    ]
}

/// A list of 2026-07-28 with these tools and these members instead of the usual ones.
fn page(names: &[&str], members: Value) -> Reply {
    let tool = |name: &&str| json!({"name": name, "inputSchema": {"type": "object"}});
    let tools: Vec<Value> = names.iter().map(tool).collect();
    let mut page = json!({
        "tools": tools, "resultType": "complete", "ttlMs": 0, "cacheScope": "public",
        "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "a", "version": "1"}},
    });
    let Value::Object(members) = members else {
        panic!("members are an object");
    };
    for (name, value) in members {
        page[name] = value;
    }
    result(&page)
}

fn of_the_stateless_revision() -> Vec<Row> {
    let listing = |script: Script| modern().on("tools/list", script);
    let with = |members| listing(page(&["a"], members).into());
    let reserved = r#"{"jsonrpc":"2.0","id":{{id}},"error":{"code":-32050,"message":"no"}}"#;
    let first = page(&["a"], json!({"nextCursor": "more"}));
    let second = page(&["b"], json!({"cacheScope": "private"}));
    let (ab, ba) = (page(&["a", "b"], json!({})), page(&["b", "a"], json!({})));
    let (a, b) = (page(&["a"], json!({})), page(&["b"], json!({})));
    let unknown = refusal(404, -32_601, "Method not found");
    vec![
        row(
            Lint::ErrorCodeReserved,
            once(listing(message(reserved).into())),
        ),
        row(
            Lint::SessionOnModern,
            once(modern().header("Mcp-Session-Id", "0123456789abcdef")),
        ),
        row(Lint::SseAccelHeader, once(modern().sse(Sse::new()))),
        row(
            Lint::SseServerRequest,
            once(modern().sse(Sse::new().server_ping())),
        ),
        row(
            Lint::NotifUnrequestedLog,
            once(modern().sse(Sse::new().notifications(1))),
        ),
        row(
            Lint::DiscoverPresent,
            once(modern().on("server/discover", unknown)),
        ),
        row(
            Lint::DiscoverVersions,
            times(modern().listing(&["2027-01-01"]), 2),
        ),
        row(Lint::DiscoverServerInfo, once(with(json!({"_meta": {}})))),
        row(Lint::ResultType, once(modern().result_type(""))),
        row(Lint::TtlMs, once(with(json!({"ttlMs": -1})))),
        row(
            Lint::CacheScope,
            once(with(json!({"cacheScope": "shared"}))),
        ),
        row(Lint::CacheScopePages, once(listing(first.then(second)))),
        row(Lint::ToolsOrder, times(listing(ab.then(ba)), 2)),
        row(
            Lint::ToolsPerConnection,
            times(listing(a.clone().then(b.clone()).then(a).then(b)), 4),
        ),
        row(
            Lint::DeprecatedCaps,
            once(modern().capabilities(json!({"tools": {}, "logging": {}}))),
        ),
    ]
}

fn of_tools() -> Vec<Row> {
    let odd = |members: Value| {
        let mut tool = json!({"name": "a", "inputSchema": {"type": "object"}});
        for (name, value) in members.as_object().unwrap() {
            tool[name] = value.clone();
        }
        [tool]
    };
    let input = |properties: Value| {
        odd(json!({"inputSchema": {"type": "object", "properties": properties}}))
    };
    let deep = (0..70).fold(
        json!({}),
        |inner, _| json!({"type": "array", "items": inner}),
    );
    let far = json!({"a": {"$ref": "https://schemas.example/a.json"}});
    let spaced = json!({"a": {"type": "string", "x-mcp-header": "with space"}});
    vec![
        as_code(
            Lint::ToolNameCharset,
            Code::ToolNameInvalid,
            once(healthy().tools(["with space"])),
        ),
        row(Lint::ToolNameUnique, once(duplicate_tool())),
        row(
            Lint::InputSchemaObject,
            once(healthy().tool_values(odd(json!({"inputSchema": {"type": "array"}})))),
        ),
        row(
            Lint::SchemaDialect,
            once(healthy().tool_values(input(json!({"a": "string"})))),
        ),
        row(
            Lint::SchemaExternalRef,
            once(modern().tool_values(input(far))),
        ),
        row(
            Lint::SchemaBudget,
            once(modern().tool_values(input(json!({"a": deep})))),
        ),
        row(
            Lint::OutputSchemaRoot,
            once(healthy().tool_values(odd(json!({"outputSchema": {"type": "array"}})))),
        ),
        row(Lint::XMcpHeader, once(modern().tool_values(input(spaced)))),
        row(
            Lint::TaskSupportValue,
            once(healthy().tool_values(odd(json!({"execution": {"taskSupport": "maybe"}})))),
        ),
        row(
            Lint::IconScheme,
            once(healthy().tool_values(odd(json!({"icons": [{"src": "http://a.example/i"}]})))),
        ),
    ]
}

fn with_extra_requests() -> Vec<Row> {
    let anything = || {
        body(
            200,
            "application/json",
            r#"{"jsonrpc":"2.0","id":0,"result":{}}"#,
        )
    };
    // The first list is the one of the ordinary check.
    let lenient = |reply: Reply| reply.on("tools/list", healthy().then(anything()));
    let wordless = modern().on("1900-01-01", refusal(400, -32_022, "no"));
    vec![
        row(Lint::Session404, tried(healthy().on("DELETE", status(200)))),
        row(
            Lint::Get405OrSse,
            tried(healthy().stateless().on("GET", html())),
        ),
        row(Lint::GetDelete405Modern, tried(modern().on("GET", html()))),
        row(
            Lint::GetDelete405Modern,
            tried(modern().on("DELETE", status(200))),
        ),
        row(
            Lint::VersionHeader400,
            tried(healthy().on("1900-01-01", anything())),
        ),
        row(Lint::Origin403, tried(healthy().any_origin())),
        row(
            Lint::Origin403,
            tried(healthy().revisions(&["2025-06-18"]).any_origin()),
        ),
        row(Lint::Origin403, tried(modern().any_origin())),
        row(Lint::InvalidCursor, tried(lenient(healthy()))),
        row(Lint::InvalidCursor, tried(lenient(modern()))),
        row(
            Lint::UnknownMethod404,
            tried(modern().on("lifesign/no-such-method", anything())),
        ),
        row(Lint::HeaderMismatch, tried(lenient(modern()))),
        row(Lint::UnsupportedVersion, tried(lenient(modern()))),
        row(Lint::UnsupportedVersion, tried(wordless)),
        row(Lint::MissingMeta, tried(lenient(modern()))),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_lint_is_provoked_by_a_server_that_behaves_so() {
    let wrong: Vec<String> = futures_util::stream::iter(rows())
        .map(|row| async move {
            let Row {
                lint,
                told_as,
                scene,
            } = row;
            let checked = scene.await;
            let told = checked.verdict.findings.iter().find(|f| f.code == told_as);
            let version = checked.seen.server.version.as_deref();
            let is_told = told.is_some_and(|finding| {
                finding.level == Some(lint.level()) && finding.spec == Some(lint.spec(version))
            });
            let is_left_alone =
                !Lint::ACTIVE.contains(&lint) || checked.verdict.status == CheckStatus::Up;
            (!is_told || !is_left_alone).then(|| format!("{lint:?}: {:?}", checked.verdict))
        })
        .buffer_unordered(AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_lint_has_a_row() {
    let shown: Vec<Lint> = rows().iter().map(|row| row.lint).collect();
    let is_missing = |lint: &&Lint| !shown.contains(lint);
    let missing: Vec<&Lint> = Lint::ALL.iter().filter(is_missing).collect();
    assert!(missing.is_empty(), "lints without a server: {missing:?}");
}
