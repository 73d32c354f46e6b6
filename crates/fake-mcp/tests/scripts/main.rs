//! The scripted server as a client meets it, over real sockets and byte by byte.

#![cfg(test)]

mod client;

use std::time::Duration;

use fake_mcp::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use client::*;

#[tokio::test]
async fn a_healthy_server_keeps_a_session_from_initialize_to_delete() {
    let server = FakeMcp::start(healthy().tools(["a", "b", "c"]).page_size(2)).expect("a server");
    let hello = post(&server, "", INITIALIZE).await;
    assert_eq!(hello.json()["result"]["protocolVersion"], "2025-06-18");
    let session = format!(
        "Mcp-Session-Id: {}\r\n",
        hello.header("mcp-session-id").expect("an id")
    );

    assert_eq!(
        post(&server, &session, LIST).await.status,
        400,
        "not initialized yet"
    );
    assert_eq!(post(&server, &session, INITIALIZED).await.status, 202);
    let page = post(&server, &session, LIST).await.json();
    assert_eq!(page["result"]["tools"][1]["name"], "b");
    let more = LIST.replace(
        r#""tools/list""#,
        &format!(
            r#""tools/list","params":{{"cursor":{}}}"#,
            page["result"]["nextCursor"]
        ),
    );
    let last = post(&server, &session, &more).await.json();
    assert_eq!(last["result"]["tools"][0]["name"], "c");
    assert!(last["result"].get("nextCursor").is_none());

    assert_eq!(
        send(&server, "DELETE", "/mcp", &session, "").await.status,
        200
    );
    assert_eq!((server.sessions_opened(), server.sessions_closed()), (1, 1));
    assert_eq!(
        post(&server, &session, LIST).await.status,
        404,
        "the session is gone"
    );
    assert_eq!(server.asked()[..2], ["initialize", "tools/list"]);
}

#[tokio::test]
async fn a_script_moves_on_with_every_conversation_and_its_last_reply_repeats() {
    let script = status(503).times(2).then(healthy().stateless());
    let server = FakeMcp::start(script).expect("a server");
    for (hello, fallback) in [(503, 503), (503, 503), (200, 405), (200, 405)] {
        assert_eq!(post(&server, "", INITIALIZE).await.status, hello);
        assert_eq!(send(&server, "GET", "/mcp", "", "").await.status, fallback);
    }
    server.set(html());
    assert!(
        post(&server, "", INITIALIZE)
            .await
            .body
            .starts_with("<!doctype html>")
    );
}

#[tokio::test]
async fn one_method_can_be_in_trouble_alone() {
    let server = FakeMcp::start(
        healthy()
            .stateless()
            .on("tools/list", rpc_error(-32603, "on fire").then(status(502))),
    )
    .expect("a server");
    assert_eq!(post(&server, "", INITIALIZE).await.status, 200);
    let refused = post(&server, "", LIST).await.json();
    assert_eq!(
        (&refused["error"]["code"], &refused["id"]),
        (&(-32603).into(), &2.into())
    );
    assert_eq!(post(&server, "", LIST).await.status, 502);
}

#[tokio::test]
async fn event_streams_come_in_every_spelling() {
    let style = Sse::new()
        .crlf()
        .bom()
        .priming()
        .comments(1)
        .notifications(2);
    let server = FakeMcp::start(healthy().stateless().sse(style)).expect("a server");
    let answer = post(&server, "", INITIALIZE).await;
    assert_eq!(
        answer.header("content-type").as_deref(),
        Some("text/event-stream")
    );
    assert!(
        answer
            .body
            .contains("\u{feff}id: 0\r\nretry: 3000\r\ndata: \r\n\r\n: ping\r\n")
    );
    assert_eq!(answer.body.matches("notifications/message").count(), 2);

    server.set(healthy().stateless().sse(Sse::new().several_lines()));
    let answer = post(&server, "", INITIALIZE).await;
    let data: String = answer
        .body
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .collect();
    let joined: serde_json::Value = serde_json::from_str(&data).expect("JSON over several lines");
    assert_eq!(joined["id"], 1);
    assert!(answer.body.matches("data: ").count() > 1);
}

#[tokio::test]
async fn http_sse_answers_on_the_stream_and_counts_its_end() {
    let server = FakeMcp::start(http_sse().tools(["one"])).expect("a server");
    assert!(server.url().ends_with("/sse"));
    let mut stream = TcpStream::connect(server.address())
        .await
        .expect("a connection");
    let get = "GET /sse HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n";
    stream.write_all(get.as_bytes()).await.expect("sent");
    let opened = read_until(&mut stream, "session_id=").await;
    let path = opened
        .lines()
        .find_map(|line| line.strip_prefix("data: "))
        .expect("a path")
        .to_owned();
    let accepted = send(&server, "POST", path.trim(), "", INITIALIZE).await;
    assert_eq!((accepted.status, accepted.body.as_str()), (202, "Accepted"));
    assert!(
        read_until(&mut stream, "serverInfo")
            .await
            .contains("event: message")
    );
    assert_eq!(server.sessions_closed(), 0);
    drop(stream);
    timeout(
        PATIENCE,
        server.until(|server| server.sessions_closed() == 1),
    )
    .await
    .expect("closed");
}

async fn read_until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    while !(text.contains(wanted) && text.trim_end_matches(['\r', '0']).ends_with('\n')) {
        let count = timeout(PATIENCE, stream.read(&mut buffer))
            .await
            .expect("soon")
            .expect("bytes");
        assert_ne!(count, 0, "the stream ended: {text}");
        text.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    text
}

#[tokio::test]
async fn a_stopped_server_refuses_and_comes_back_on_its_port() {
    let mut server = FakeMcp::start(healthy()).expect("a server");
    let idle = TcpStream::connect(server.address())
        .await
        .expect("a connection");
    timeout(
        PATIENCE,
        server.until(|server| server.open_connections() == 1),
    )
    .await
    .expect("open");
    server.stop().await.expect("stopped");
    let refused = TcpStream::connect(server.address())
        .await
        .expect_err("nobody listens");
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    timeout(
        PATIENCE,
        server.until(|server| server.open_connections() == 0),
    )
    .await
    .expect("ended");
    drop(idle);
    server.restart().expect("back");
    assert_eq!(post(&server, "", INITIALIZE).await.status, 200);
}

#[tokio::test]
async fn misbehaviour_reaches_the_wire() {
    let server = FakeMcp::start(close_mid_body()).expect("a server");
    let ask = request("POST", "/mcp", "", INITIALIZE);
    let cut = raw(&server, &ask).await.expect("some bytes");
    assert!(cut.contains("Content-Length: 4096") && cut.ends_with("\"res"));

    server.set(garbage());
    assert!(
        !raw(&server, &ask)
            .await
            .expect("some bytes")
            .starts_with("HTTP/")
    );

    server.set(reset());
    let reset = raw(&server, &ask).await.expect_err("a reset");
    assert_eq!(reset.kind(), std::io::ErrorKind::ConnectionReset);

    server.set(needs_auth().bearer("s3cret"));
    let refused = post(&server, "", INITIALIZE).await;
    assert_eq!(refused.status, 401);
    assert!(
        refused
            .header("www-authenticate")
            .expect("a challenge")
            .contains("resource_metadata=")
    );
    assert_eq!(
        post(&server, "Authorization: Bearer s3cret\r\n", INITIALIZE)
            .await
            .status,
        200
    );

    server.set(healthy().redirecting(307));
    let moved = post(&server, "", INITIALIZE).await;
    assert_eq!(moved.header("location").as_deref(), Some("/moved/mcp"));
    assert_eq!(
        send(&server, "POST", "/moved/mcp", "", INITIALIZE)
            .await
            .status,
        200
    );

    server.set(huge_headers(100));
    assert!(raw(&server, &ask).await.expect("much").len() > 100 * 1000);

    server.set(stall());
    let mut waiting = TcpStream::connect(server.address())
        .await
        .expect("a connection");
    waiting.write_all(ask.as_bytes()).await.expect("sent");
    let silence = timeout(Duration::from_millis(50), waiting.read(&mut [0; 1])).await;
    assert!(silence.is_err(), "a stalled server says nothing");
}

#[tokio::test]
async fn every_certificate_can_be_made() {
    use Tls::*;
    for tls in [
        Valid,
        ExpiresIn(5),
        Expired,
        NotYetValid,
        WrongName,
        SelfSigned,
        UnknownCa,
        ClientCertificate,
    ] {
        let server = FakeMcp::start_tls(tls, healthy()).expect("a server");
        assert!(server.url().starts_with("https://127.0.0.1:"));
    }
    let alert = FakeMcp::start_tls(Alert(112), healthy()).expect("a server");
    assert_eq!(
        raw(&alert, "\u{16}")
            .await
            .expect("an alert")
            .as_bytes()
            .last(),
        Some(&112)
    );
    assert!(
        ca_pem()
            .expect("a CA")
            .starts_with("-----BEGIN CERTIFICATE-----")
    );
}

#[tokio::test]
async fn many_servers_share_a_port_and_a_silent_one_disturbs_nobody() {
    let routes = [("/healthy/", healthy()), ("/hang/", stall())];
    let routes = routes.map(|(prefix, reply)| (prefix.to_owned(), reply.into()));
    let server = FakeMcp::start_routes(Listen::default(), routes).expect("a server");
    let ask = request("POST", "/hang/3/mcp", "", INITIALIZE);
    let mut waiting = Vec::new();
    for _ in 0..200 {
        let mut socket = TcpStream::connect(server.address())
            .await
            .expect("a connection");
        socket.write_all(ask.as_bytes()).await.expect("sent");
        waiting.push(socket);
    }
    timeout(
        PATIENCE,
        server.until(|server| server.request_count() == 200),
    )
    .await
    .expect("all arrived");
    let answer = send(&server, "POST", "/healthy/17/mcp", "", INITIALIZE).await;
    assert_eq!(answer.status, 200);
    timeout(
        PATIENCE,
        server.until(|server| server.open_connections() == 200),
    )
    .await
    .expect("the answered one is closed, the others wait");
    assert_eq!(
        send(&server, "POST", "/other/mcp", "", INITIALIZE)
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn a_lost_session_is_refused_at_the_next_request() {
    let server = FakeMcp::start(healthy().sessions(Sessions::Lost(404))).expect("a server");
    let hello = post(&server, "", INITIALIZE).await;
    let session = format!(
        "Mcp-Session-Id: {}\r\n",
        hello.header("mcp-session-id").expect("an id")
    );
    let refused = post(&server, &session, INITIALIZED).await;
    assert_eq!(refused.status, 404);
    assert_eq!(refused.json()["error"]["message"], "Session not found");
    server.set(healthy().delete(Delete::Status(405)));
    assert_eq!(
        send(&server, "DELETE", "/mcp", &session, "").await.status,
        405
    );
    assert_eq!(server.sessions_closed(), 0);
}
