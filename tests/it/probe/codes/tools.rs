//! The tool list, and time.

use std::net::Ipv4Addr;

use fake_mcp::{
    FakeMcp, Reply, duplicate_tool, healthy, pagination_loop, result, rpc_error, slow, stall,
    status, tools_list_error, tools_not_array,
};
use lifesign::domain::canary::{Canary, CountsAs};
use lifesign::domain::failure::Code;
use lifesign::domain::observation::Era;
use lifesign::domain::tools::SurfaceDiff;
use lifesign::domain::verdict::tools_change;
use lifesign::net::Names;
use serde_json::{Value, json};

use super::LeadsTo::{Degraded, Down, Finding};
use super::{Row, row, script, with};
use crate::probe::{Checked, Probe};
use crate::support::dns::{NameServer, Zone};

pub(super) fn rows() -> Vec<Row> {
    let no_required = json!({"name": "a", "inputSchema": {"type": "object", "required": null}});
    let broken = healthy().then(rpc_error(-32602, "invalid cursor"));
    let many: Vec<String> = (0..129).map(|number| format!("tool_{number}")).collect();
    let spaced = json!({"type": "string", "x-mcp-header": "not a token"});
    let spaced =
        json!({"name": "a", "inputSchema": {"type": "object", "properties": {"q": spaced}}});
    let object = json!({"type": "object"});
    let long = json!({"name": "a", "description": "x".repeat(300_000), "inputSchema": object});
    let mut rows = vec![
        row(Code::ToolsListError, Down, script(tools_list_error())),
        row(Code::ToolsResultInvalid, Down, script(tools_not_array())),
        row(
            Code::ToolsEmpty,
            Finding,
            script(healthy().tools::<&str>([])),
        ),
        row(
            Code::ToolsMissing,
            Degraded,
            with(healthy(), expecting("nothing_like_it")),
        ),
        row(Code::ToolNameDuplicate, Degraded, script(duplicate_tool())),
        row(
            Code::ToolNameInvalid,
            Finding,
            script(healthy().tools(["no spaces, please"])),
        ),
        row(Code::ToolSchemaInvalid, Degraded, script(one(no_required))),
        row(Code::ToolsTooMany, Finding, script(healthy().tools(many))),
        row(Code::ToolsPayloadLarge, Finding, script(one(long))),
        row(Code::PaginationLoop, Degraded, script(pagination_loop())),
        row(
            Code::PaginationError,
            Degraded,
            script(
                healthy()
                    .tools(["a", "b"])
                    .page_size(1)
                    .on("tools/list", broken),
            ),
        ),
        row(
            Code::ToolsEmpty,
            Degraded,
            with(healthy().tools::<&str>([]), knowing(true, &[])),
        ),
        row(
            Code::ToolsFlapping,
            Degraded,
            with(healthy(), knowing(true, &["one", "two"])),
        ),
        row(
            Code::ToolsChanged,
            Finding,
            changed(json!({"name": "a"}), json!({"name": "b"})),
        ),
        row(
            Code::ToolsDescriptionChanged,
            Finding,
            changed(
                json!({"name": "a"}),
                json!({"name": "a", "description": "Obey."}),
            ),
        ),
        row(
            Code::ToolHeaderAnnotationInvalid,
            Degraded,
            script(one(spaced).revisions(&["2026-07-28"])),
        ),
    ];
    rows.extend(of_the_canary());
    rows
}

/// What goes wrong when a tool is called.
fn of_the_canary() -> Vec<Row> {
    vec![
        row(
            Code::CanaryProtocolError,
            Down,
            with(sings(rpc_error(-32602, "Unknown tool")), calling),
        ),
        row(
            Code::CanaryToolError,
            Down,
            with(
                sings(result(&json!({"content": [], "isError": true}))),
                calling,
            ),
        ),
        row(Code::CanaryTimeout, Down, with(sings(stall()), calling)),
        row(
            Code::CanarySchemaMismatch,
            Down,
            with(sings(result(&json!({"content": []}))), calling),
        ),
        row(
            Code::CanaryAssertionFailed,
            Down,
            with(
                sings(result(&json!({"content": [], "structuredContent": {}}))),
                |probe| {
                    let mut probe = calling(probe);
                    let canary = probe.target.canary.as_mut().unwrap();
                    canary.assertions.contains = Some("hello".to_owned());
                    probe
                },
            ),
        ),
        row(
            Code::CanaryInputRequired,
            Down,
            with(sings(rpc_error(-32042, "Please log in")), calling),
        ),
        row(
            Code::CanaryPaused,
            Finding,
            with(healthy().tools(["other"]), calling),
        ),
        row(Code::ColdStart, Degraded, asleep()),
        row(Code::SlowConnect, Degraded, slow_handshake()),
        row(Code::SlowTtfb, Degraded, with(slow(900), allowing(600))),
        row(Code::SlowTotal, Degraded, with(slow(500), allowing(1_200))),
    ]
}

/// A server that is woken by the first request after a long time.
async fn asleep() -> Checked {
    let server = FakeMcp::start(status(503).then(healthy())).unwrap();
    let first = Probe::of(&server.url()).run().await;
    Probe::of(&server.url())
        .memory(first.seen.memory)
        .run()
        .await
}

/// A name server that takes its time.
async fn slow_handshake() -> Checked {
    let server = FakeMcp::start(healthy()).unwrap();
    let late = NameServer::start(Zone::Late(600, Ipv4Addr::LOCALHOST)).await;
    let port = server.address().port();
    let probe = Probe::of(&format!("http://mcp.test.example:{port}/mcp"));
    allowing(400)(probe.names(Names::asking(&[late.address])))
        .run()
        .await
}

/// A server with this tool alone.
fn one(tool: Value) -> Reply {
    healthy().tool_values([tool])
}

fn expecting(tool: &'static str) -> impl FnOnce(Probe) -> Probe {
    move |mut probe| {
        probe.expected.tools = vec![tool.to_owned()];
        probe
    }
}

/// A server with a tool `sing` whose call has this end.
fn sings(end: Reply) -> Reply {
    let object = json!({"type": "object"});
    let tool = json!({"name": "sing", "inputSchema": object, "outputSchema": object});
    one(tool).on("tools/call", end)
}

/// A probe that calls `sing`, and waits for a second.
fn calling(mut probe: Probe) -> Probe {
    let canary = Canary {
        counts_as: CountsAs::Down,
        timeout_seconds: 1,
        ..Canary::of("sing", serde_json::Map::new())
    };
    probe.target.canary = Some(canary);
    probe
}

/// What the checks before saw of the tools.
fn knowing(had_tools: bool, recent: &'static [&'static str]) -> impl FnOnce(Probe) -> Probe {
    move |mut probe| {
        let tools = &mut probe.target.memory.tools;
        tools.era = Some(Era::Legacy);
        tools.had_tools = had_tools;
        tools.runs = recent.iter().map(|hash| ((*hash).to_owned(), 1)).collect();
        probe
    }
}

/// A server that had this tool, and has that one now.
async fn changed(old: Value, new: Value) -> Checked {
    let before = script(one(old)).await.seen.tools.unwrap();
    let mut checked = script(one(new)).await;
    let after = checked.seen.tools.as_ref().unwrap();
    let diff = SurfaceDiff::between(&before.kept(), &after.kept()).unwrap();
    checked.verdict.findings.extend(tools_change(&diff));
    checked
}

fn allowing(ms: u32) -> impl FnOnce(Probe) -> Probe {
    move |mut probe| {
        probe.expected.slow_ms = Some(ms);
        probe
    }
}
