//! Limits on size and time: nobody can make an orchestrator hold more, or wait longer, than it wants to.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::api::Api;
use crate::support::wait::SOON;

#[tokio::test]
async fn bodies_are_bounded() {
    let api = Api::start("bounded", 1).await;
    let pod = api.pod("pod-a");
    pod.register(10).await.expect(200);
    let before = api.ledger_position().await;
    let padded = |start: &str, length: usize| format!("{start}{}", " ".repeat(length - start.len()));
    let document = r#"{ "name": "venue", "connector": "exec", "settings": { "command": ["true"] }, "mode": "single" }"#;
    let heartbeat = format!(r#"{{ "pod": "pod-a", "incarnation": "{}", "sequence": 1 }}"#, pod.incarnation);
    for excess in [1, 1 << 20, 6 << 20] {
        let put = api.request(reqwest::Method::PUT, "/v1/adapters/venue").bytes(padded(document, (1 << 20) + excess));
        put.send().await.problem(413, "body-too-large");
        let beat = pod.post("/v1/heartbeats", json!({})).bytes(padded(&heartbeat, (256 << 10) + excess));
        beat.send().await.problem(413, "body-too-large");
    }
    assert_eq!(api.ledger_position().await, before);
    // The bounds themselves are inside.
    pod.post("/v1/heartbeats", json!({})).bytes(padded(&heartbeat, 256 << 10)).send().await.expect(200);
    let put = api.request(reqwest::Method::PUT, "/v1/adapters/venue").bytes(padded(document, 1 << 20));
    put.send().await.expect(201);
}

#[tokio::test]
async fn headers_are_bounded() {
    let api = Api::start("headers", 1).await;
    let long = "x".repeat(300_000);
    let many = "x-a: b\r\n".repeat(1000);
    for request in
        [format!("GET /{long} HTTP/1.1\r\n\r\n"), format!("GET / HTTP/1.1\r\nx: {long}\r\n\r\n"), format!("GET / HTTP/1.1\r\n{many}\r\n")]
    {
        let answer = say(&api, &request).await;
        // Cut off while it still speaks, a client may not hear why.
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    let key = |key: &str| api.post("/v1/adapters/enable", &json!({ "all": true })).header("idempotency-key", key);
    for bad in ["", &"k".repeat(256)] {
        assert_eq!(key(bad).send().await.problem(400, "invalid-field").field.as_deref(), Some("Idempotency-Key"));
    }
    key("k").send().await.expect(200);
}

/// Says something on a connection of its own, then nothing more, and gives back what it heard until the server ended it.
async fn say(api: &Api, what: &str) -> String {
    let address = api.urls[0].strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).await.expect("connects");
    // The server may have heard enough before the end.
    let _ = stream.write_all(what.as_bytes()).await;
    let mut heard = Vec::new();
    let ended = timeout(SOON, stream.read_to_end(&mut heard)).await;
    // Whether it ended in order does not matter.
    let _ = ended.unwrap_or_else(|_| panic!("the server still listens after {what:?}"));
    String::from_utf8_lossy(&heard).into_owned()
}

#[tokio::test]
async fn nonsense_is_no_request() {
    let api = Api::start("nonsense", 1).await;
    for nonsense in [
        "\r\n\r\n\0\0\0\0",
        "GET / HTTP/9.9\r\n\r\n",
        "POST /v1/claims HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n{}",
    ] {
        let answer = say(&api, nonsense).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{nonsense}: {answer}");
    }
    api.get("/healthz").send().await.expect(200);
}

/// What is slower than that by itself (headers, silence, the openings of HTTP/2) is tried in the server's own tests.
#[tokio::test]
async fn a_body_that_does_not_arrive_is_not_waited_for() {
    let api = Api::start("slow-body", 1).await;
    let before = api.ledger_position().await;
    let head = format!("POST /v1/adapters/enable HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n", api.tokens.admin);
    let answer = say(&api, &format!("{head}connection: close\r\ncontent-length: 100\r\n\r\n{{\"all\"")).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("body-too-slow"), "{answer}");
    assert_eq!(api.ledger_position().await, before);
}
