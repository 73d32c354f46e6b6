//! The command of a report does what it says when it is pasted into a shell.

use std::process::Command;

use fake_mcp::{FakeMcp, healthy, http_sse, needs_auth, status};
use lifesign::domain::monitor::Header;

use super::Probe;

/// What a shell prints that was given this command, and the secrets that it asks for.
fn pasted(command: &str, secrets: &[(&'static str, &'static str)]) -> String {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).env_clear();
    let path = ("PATH", "/usr/local/bin:/usr/bin:/bin");
    shell.envs([path]).envs(secrets.iter().copied());
    let done = shell.output().unwrap();
    assert!(done.status.success(), "{command}\n{done:?}");
    String::from_utf8_lossy(&done.stdout).into_owned()
}

async fn pasted_aside(command: String, secrets: &'static [(&'static str, &'static str)]) -> String {
    let run = move || pasted(&command, secrets);
    tokio::task::spawn_blocking(run).await.unwrap()
}

#[tokio::test]
async fn the_decisive_request_is_repeated_with_the_secrets_of_whoever_pastes_it() {
    let server = FakeMcp::start(healthy().on("tools/list", status(503))).unwrap();
    let mut probe = Probe::of(&format!("{}?key=it's+secret&mode=a", server.url()));
    let header = Header::new("X-Api-Key", "the key of the header").unwrap();
    probe.target.endpoint.headers.push(header);
    let checked = probe.bearer("the token of the bearer").run().await;
    let command = checked.report.curl.unwrap();
    assert!(
        command.lines().count() > 5,
        "one argument to a line: {command}"
    );
    assert!(
        !command.contains("secret") && !command.contains(" of the "),
        "{command}"
    );
    server.forget_requests();
    let secrets = &[
        ("KEY", "one"),
        ("MODE", "two"),
        ("TOKEN", "three"),
        ("X_API_KEY", "four"),
        ("SESSION", "five"),
    ];
    let answer = pasted_aside(command, secrets).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    let request = server.requests().remove(0);
    assert_eq!(request.json().unwrap()["method"], "tools/list");
    assert_eq!(request.header("authorization"), Some("Bearer three"));
    assert_eq!(request.header("x-api-key"), Some("four"));
    assert_eq!(request.header("mcp-session-id"), Some("five"));
    assert!(
        request.path.ends_with("?key=one&mode=two"),
        "{}",
        request.path
    );
}

#[tokio::test]
async fn a_wall_and_a_broken_stream_are_repeated_as_well() {
    let server = FakeMcp::start(needs_auth().bearer("let-me-in")).unwrap();
    let checked = Probe::of(&server.url()).bearer("wrong").run().await;
    let command = checked.report.curl.unwrap();
    let refused = pasted_aside(command.clone(), &[("TOKEN", "wrong")]).await;
    assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
    let welcome = pasted_aside(command, &[("TOKEN", "let-me-in")]).await;
    assert!(welcome.contains("protocolVersion"), "{welcome}");

    let server = FakeMcp::start(http_sse().on("GET", status(502))).unwrap();
    let checked = Probe::of(&server.url()).run().await;
    let answer = pasted_aside(checked.report.curl.unwrap(), &[]).await;
    assert!(answer.starts_with("HTTP/1.1 502"), "{answer}");
}
