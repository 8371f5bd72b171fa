//! Uploads that are too large, cut off, or not what their sender meant: nothing of them is left.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{bytes, digest, kept, sha256, stored, upload};
use crate::support::api::Api;
use crate::support::wait::{SOON, eventually, holds};

const LIMIT: usize = 64 << 20;

/// Nothing but `blobs` complete ones, each of one chunk.
async fn only(api: &Api, blobs: i64) {
    eventually(SOON, async || {
        let kept = kept(&api.database).await;
        holds(kept == (blobs, blobs), format!("{kept:?}"))
    })
    .await;
}

#[tokio::test]
async fn sixty_four_mebibytes_are_the_most() {
    let api = Api::start("artifact-limit", 1).await;
    let data = bytes(LIMIT);
    upload(&api, "largest", data.clone()).send().await.expect(201);
    let content = api.get("/v1/artifacts/largest/content").open().await.expect("an answer");
    assert_eq!(sha256(&content.bytes().await.expect("all of it")), sha256(&data));

    // Announced as too large, and found to be.
    let asked = api.http.put(format!("{}/v1/artifacts/larger", api.urls[0])).bearer_auth(&api.tokens.admin);
    let endless = futures_util::stream::iter((0..=64).map(|_| Ok::<_, std::io::Error>(vec![7_u8; 1 << 20])));
    let refused = asked.body(reqwest::Body::wrap_stream(endless)).send().await;
    if let Ok(answer) = refused {
        assert_eq!(answer.status(), 413);
    }
    let head = "Content-Length: 67108865\r\nExpect: 100-continue\r\n";
    let said = raw(&api, "larger", head, b"").await;
    assert!(said.starts_with("HTTP/1.1 413") && said.contains("body-too-large"), "{said}");
    eventually(SOON, async || {
        let kept = kept(&api.database).await;
        holds(kept == (1, 64), format!("{kept:?}"))
    })
    .await;
    api.get("/v1/artifacts/larger").send().await.problem(404, "artifact-unknown");
}

/// Sends this much of a request and gives back what is answered to it.
async fn raw(api: &Api, name: &str, head: &str, body: &[u8]) -> String {
    let mut stream = begin(api, name, head, body).await;
    let mut answer = Vec::new();
    tokio::time::timeout(SOON, tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer)).await.expect("answered").ok();
    String::from_utf8_lossy(&answer).into_owned()
}

async fn begin(api: &Api, name: &str, head: &str, body: &[u8]) -> TcpStream {
    let address = api.urls[0].trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("connects");
    let head = format!(
        "PUT /v1/artifacts/{name} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Bearer {}\r\n{head}\r\n",
        api.tokens.admin
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream.write_all(body).await.expect("sent");
    stream
}

#[tokio::test]
async fn an_upload_that_is_cut_off_leaves_nothing() {
    let api = Api::start("artifact-cut", 1).await;
    stored(&api, "other", "one").await;
    let stream = begin(&api, "half", "Content-Length: 5242880\r\n", &bytes(3 << 20)).await;
    eventually(SOON, async || {
        let kept = kept(&api.database).await;
        holds(kept.1 > 1, format!("half of it has arrived: {kept:?}"))
    })
    .await;
    drop(stream);
    only(&api, 1).await;
    api.get("/v1/artifacts/half").send().await.problem(404, "artifact-unknown");
}

/// Orchestrators die in the middle of uploads, too. What they leave goes when it is old enough to be nobody's.
#[tokio::test]
async fn what_a_killed_orchestrator_leaves_is_swept() {
    let mut api = Api::start("artifact-swept", 1).await;
    stored(&api, "other", "one").await;
    let _stream = begin(&api, "half", "Content-Length: 5242880\r\n", &bytes(3 << 20)).await;
    eventually(SOON, async || holds(kept(&api.database).await.1 > 1, "half of it has arrived".to_owned())).await;
    api.processes[0].kill().await;

    let application = crate::support::postgres::connect(&api.database.app_url).await;
    let sweep = async || application.query_one("select sweep_blobs('0 s')", &[]).await.expect("swept").get::<_, i64>(0);
    assert_eq!(sweep().await, 0, "an upload may be under way for an hour");
    let owner = api.database.connect().await;
    owner.batch_execute("update blob_chunk set received_at = received_at - interval '2 hours'").await.expect("made older");
    owner.batch_execute("update blob set stored_at = stored_at - interval '2 hours'").await.expect("made older");
    assert!(sweep().await > 0);
    assert_eq!(kept(&api.database).await, (1, 1), "what the ledger names stays");
}

#[tokio::test]
async fn what_arrived_otherwise_than_it_was_meant_is_refused() {
    let api = Api::start("artifact-digest", 1).await;
    let meant = digest(b"one");
    upload(&api, "x", "0ne").header("content-digest", &meant).send().await.problem(422, "digest-mismatch");
    upload(&api, "x", "one").header("content-digest", "sha-256=one").send().await.problem(400, "invalid-field");
    only(&api, 0).await;
    upload(&api, "x", "one").header("content-digest", &meant).send().await.expect(201);
}

/// Whoever can speak to the database as the application does, can add content, and neither change nor remove any.
#[tokio::test]
async fn the_applications_role_cannot_touch_what_is_kept() {
    let api = Api::start("artifact-role", 1).await;
    stored(&api, "x", "one").await;
    let application = crate::support::postgres::connect(&api.database.app_url).await;
    for statement in [
        "delete from blob",
        "delete from blob_chunk",
        "update blob_chunk set data = '\\x00'",
        "insert into blob values (sha256(''), 0, gen_random_uuid())",
        "insert into blob_chunk values (gen_random_uuid(), 0, '\\x00')",
        "select stage_chunk(upload, 1, '\\x00') from blob",
    ] {
        let refused = application.batch_execute(statement).await.expect_err(statement);
        assert_eq!(refused.code().map(tokio_postgres::error::SqlState::code), Some("42501"), "{statement}: {refused}");
    }
    application.batch_execute("select discard_upload(upload) from blob").await.expect("does nothing");
    assert_eq!(kept(&api.database).await, (1, 1));
}

#[tokio::test]
async fn slow_uploads_do_not_hold_up_others() {
    let api = Api::start("artifact-slow", 1).await;
    let mut slow = Vec::new();
    for number in 0..4 {
        slow.push(begin(&api, &format!("slow-{number}"), "Content-Length: 5242880\r\n", &bytes(100)).await);
    }
    let quick = tokio::time::timeout(Duration::from_secs(8), stored(&api, "quick", bytes(2 << 20))).await;
    assert!(quick.is_ok(), "those who say nothing take no connection to the database");
}
