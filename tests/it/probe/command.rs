//! `lifesign probe` as a person or a script meets it.

use std::process::{Command, Output};

use fake_mcp::{FakeMcp, Login, Tls, healthy, slow, status};
use lifesign::domain::report::CheckReport;
use serde_json::Value;

/// Runs the program away from the runtime, so that the scripted server can answer.
async fn lifesign(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lifesign"));
    command
        .arg("probe")
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied());
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_as_monitoring_plug_ins_do() {
    for (script, arguments, code) in [
        (healthy(), &[][..], 0),
        (healthy(), &["--expect-tool", "nothing-like-it"][..], 1),
        (status(500), &[][..], 2),
        (status(429), &[][..], 3),
        (fake_mcp::needs_auth(), &[][..], 0),
    ] {
        let server = FakeMcp::start(script).unwrap();
        let url = server.url();
        let arguments = [&[url.as_str(), "--allow-private"][..], arguments].concat();
        let output = lifesign(&arguments, &[]).await;
        assert_eq!(output.status.code(), Some(code), "{}", text(&output.stdout));
    }
    let server = FakeMcp::start(healthy()).unwrap();
    let refused = lifesign(&[&server.url()], &[]).await;
    assert_eq!(refused.status.code(), Some(3));
    assert!(text(&refused.stdout).contains("LIFESIGN_ALLOW_TARGETS"));
    let opened = lifesign(&[&server.url()], &[("LIFESIGN_ALLOW_TARGETS", "loopback")]).await;
    assert_eq!(opened.status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_is_named_and_ends_with_three() {
    for (arguments, word) in [
        (&["example.com/mcp"][..], "https://example.com/mcp"),
        (&["https://e.example/", "--header", "no colon"], "--header"),
        (&["https://e.example/", "--header", "Host: x"], "'Host'"),
        (
            &["https://e.example/", "--timeout", "1s"],
            "between 5s and 120s",
        ),
        (&["https://e.example/", "--transport", "pigeon"], "pigeon"),
        (
            &["https://e.example/", "--bearer-env", "NOT_SET"],
            "NOT_SET",
        ),
        (
            &["https://e.example/", "--ca-file", "/nowhere.pem"],
            "--ca-file: cannot read /nowhere.pem",
        ),
        (
            &["https://e.example/", "--ca-file", "/dev/null"],
            "--ca-file: ",
        ),
        (&["https://e.example/", "--frobnicate"], "--frobnicate"),
        (&[], "<URL>"),
    ] {
        let output = lifesign(arguments, &[]).await;
        assert_eq!(output.status.code(), Some(3), "{arguments:?}");
        assert!(
            text(&output.stderr).contains(word),
            "{}",
            text(&output.stderr)
        );
        assert!(output.stdout.is_empty());
    }
    for (name, value) in [
        ("LIFESIGN_ALLOW_TARGETS", "everything"),
        ("LIFESIGN_CA_FILE", "/nowhere.pem"),
        ("LIFESIGN_CA_FILE", "/dev/null"),
    ] {
        let output = lifesign(&["https://e.example/"], &[(name, value)]).await;
        assert_eq!(output.status.code(), Some(3), "{name}");
        let errors = text(&output.stderr);
        assert!(errors.contains(&format!("setting {name}: ")), "{errors}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_read_each_step_and_what_to_do() {
    let server = FakeMcp::start(healthy().name("acme").tools(["search"])).unwrap();
    let output = lifesign(&[&server.url(), "--allow-private"], &[]).await;
    let shown = text(&output.stdout);
    for part in [
        "✓ tcp",
        "✓ initialize",
        "✓ tools_list",
        "1 tool",
        "UP  acme speaks MCP 2025-11-25 over Streamable HTTP",
    ] {
        assert!(shown.contains(part), "{part} in:\n{shown}");
    }
    assert!(!shown.contains('\u{1b}'));
    let server = FakeMcp::start(status(503)).unwrap();
    let output = lifesign(
        &[
            &server.url(),
            "--allow-private",
            "--bearer-env",
            "TOKEN",
            "--header",
            "X-Key: header-secret",
        ],
        &[("TOKEN", "bearer-secret")],
    )
    .await;
    let shown = text(&output.stdout);
    for part in [
        "✗ initialize",
        "DOWN  POST initialize answered 503",
        "(http_503)",
        "curl",
        "$TOKEN",
    ] {
        assert!(shown.contains(part), "{part} in:\n{shown}");
    }
    assert!(!shown.contains("-secret"));
    let sent = server.requests().remove(0);
    assert_eq!(sent.header("authorization"), Some("Bearer bearer-secret"));
    assert_eq!(sent.header("x-key"), Some("header-secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_the_lints_reads_each_with_its_place() {
    let server = FakeMcp::start(healthy().any_origin().version("")).unwrap();
    let plain = [&server.url(), "--allow-private"];
    let shown = text(&lifesign(&plain, &[]).await.stdout);
    assert!(!shown.contains("origin_403") && !shown.contains("server_info_blank"));
    let output = lifesign(&[plain[0], plain[1], "--lint"], &[]).await;
    assert_eq!(output.status.code(), Some(0));
    let shown = text(&output.stdout);
    for part in [
        "✓ lints",
        "3 requests",
        "warning: A foreign Origin is refused; instead 200 came, as for any request. (origin_403, MUST, 2025-11-25 basic/transports)",
        "(server_info_blank, advice, 2025-11-25 schema Implementation)",
    ] {
        assert!(shown.contains(part), "{part} in:\n{shown}");
    }
    let odd = FakeMcp::start(fake_mcp::batch()).unwrap();
    let output = lifesign(&[&odd.url(), "--allow-private", "--lint"], &[]).await;
    let shown = text(&output.stdout);
    let place = "(batch_forbidden, MUST, 2025-11-25 basic/transports)";
    assert!(
        shown.contains("DEGRADED") && shown.contains(place),
        "{shown}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_read_the_check_report() {
    let server = FakeMcp::start_tls(Tls::Valid, slow(1)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let pem = folder.path().join("ca.pem");
    std::fs::write(&pem, fake_mcp::ca_pem().unwrap()).unwrap();
    let ca = pem.to_str().unwrap();
    let output = lifesign(
        &[&server.url(), "--allow-private", "--json", "--ca-file", ca],
        &[],
    )
    .await;
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["status"], "up");
    assert_eq!(report["location"], "local");
    assert_eq!(report["failure"], Value::Null);
    assert_eq!(report["protocol"]["transport"], "streamable_http");
    assert_eq!(report["protocol"]["era"], "legacy");
    assert_eq!(report["tls"]["version"], "TLSv1.3");
    assert!(report["timings_ms"]["tls"].as_f64().unwrap() > 0.0);
    assert_eq!(report["timings_ms"]["dns"], Value::Null);
    assert_eq!(report["cost"]["sessions_closed"], 1);
    assert_eq!(report["steps"][0]["name"], "tcp");
    assert_eq!(report["steps"][0]["outcome"], "ok");
    let read: CheckReport = serde_json::from_value(report).unwrap();
    assert_eq!(read.tools.unwrap().count, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_an_authorization_server_logs_in_by_itself() {
    let login = Login::good().client("me", "client-s3cret").token("t0ken");
    let server = FakeMcp::start(healthy().bearer("t0ken").login(login)).unwrap();
    let url = server.url();
    let arguments = [&*url, "--allow-private", "--oauth-client-id", "me"];
    let with_secret = [&arguments[..], &["--oauth-secret-env", "THE_SECRET"]].concat();
    let output = lifesign(&with_secret, &[("THE_SECRET", "client-s3cret")]).await;
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        said.contains("authorization") && said.contains("token from http"),
        "{said}"
    );
    assert!(
        !said.contains("s3cret") && !said.contains("t0ken"),
        "{said}"
    );
    for (arguments, word) in [
        (&with_secret[..], "THE_SECRET"),
        (&arguments[..], "client_secret"),
        (&[&*url, "--oauth-secret-env", "X"][..], "--oauth-client-id"),
    ] {
        let output = lifesign(arguments, &[]).await;
        assert_eq!(output.status.code(), Some(3));
        assert!(
            text(&output.stderr).contains(word),
            "{}",
            text(&output.stderr)
        );
    }
    let plain = ["http://mcp.example.com/mcp", "--header", "X-Key: abc"];
    let refused = lifesign(&plain, &[]).await;
    assert_eq!(refused.status.code(), Some(3));
    let said = text(&refused.stderr);
    assert!(
        said.contains("headers") && said.contains("https://"),
        "{said}"
    );
}
