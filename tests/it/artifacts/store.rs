//! Versions: stored, listed, read back, deleted.

use serde_json::json;

use super::{bytes, digest, kept, sha256, stored, upload};
use crate::support::api::Api;

#[tokio::test]
async fn what_is_stored_comes_back_with_its_hash() {
    let api = Api::start("artifact-store", 2).await;
    let data = bytes((3 << 20) + 17);
    let answer = upload(&api, "big", data.clone()).header("content-digest", &digest(&data)).send().await.expect(201);
    assert_eq!((answer.json()["outcome"].as_str(), answer.header("etag")), (Some("created"), Some("\"1\"")));
    assert_eq!(kept(&api.database).await, (1, 4));

    let view = api.get("/v1/artifacts/big").at(1).send().await.expect(200);
    assert_eq!((&view.json()["sha256"], &view.json()["size"]), (&sha256(&data).into(), &data.len().into()));
    let content = api.get("/v1/artifacts/big/content").at(1).open().await.expect("an answer");
    let etag = content.headers()["etag"].to_str().expect("text").to_owned();
    assert_eq!(etag, format!("\"{}\"", sha256(&data)));
    assert_eq!(content.headers()["content-digest"], digest(&data));
    assert!(content.headers()["content-disposition"].to_str().expect("text").starts_with("attachment"), "never shown as a page");
    assert_eq!(content.bytes().await.expect("all of it"), data);
    api.get("/v1/artifacts/big/content").header("if-none-match", &etag).send().await.expect(304);
}

#[tokio::test]
async fn history_of_an_artifact_only_grows() {
    let api = Api::start("artifact-history", 1).await;
    stored(&api, "x", "one").await;
    let same = stored(&api, "x", "one").await;
    assert_eq!(same.json()["outcome"], "unchanged");
    let two = stored(&api, "x", "two").await.json();
    assert_eq!((&two["outcome"], &two["artifact"]["version"]), (&"updated".into(), &2.into()));

    let back = api.request(reqwest::Method::PUT, "/v1/artifacts/x?from_version=1").send().await.expect(200).json();
    assert_eq!((&back["artifact"]["version"], &back["artifact"]["sha256"]), (&3.into(), &sha256(b"one").into()));
    assert_eq!(back["artifact"]["versions"].as_array().map(Vec::len), Some(3));
    api.request(reqwest::Method::PUT, "/v1/artifacts/x?from_version=9").send().await.problem(404, "artifact-unknown");
    upload(&api, "x?from_version=1", "body").send().await.problem(400, "invalid-field");
    let text = async |query: &str| api.get(&format!("/v1/artifacts/x/content{query}")).send().await.expect(200).text;
    assert_eq!([text("").await, text("?version=2").await], ["one", "two"]);
    api.get("/v1/artifacts/x/content?version=4").send().await.problem(404, "artifact-unknown");

    // The same content is there once, whoever stored it under whatever name.
    stored(&api, "y", "two").await;
    assert_eq!(kept(&api.database).await, (2, 2));
    let all = api.get("/v1/artifacts").send().await.expect(200).json();
    assert_eq!(all["artifacts"].as_array().map(Vec::len), Some(2));
    let position = two["ledger_position"].as_i64().expect("a position");
    let then = api.get(&format!("/v1/artifacts?at={position}")).send().await.expect(200).json();
    assert_eq!((&then["artifacts"][0]["version"], then["artifacts"].as_array().map(Vec::len)), (&2.into(), Some(1)), "{then}");
}

#[tokio::test]
async fn only_what_was_read_is_replaced() {
    let api = Api::start("artifact-precondition", 1).await;
    upload(&api, "x", "one").header("if-match", "\"1\"").send().await.problem(412, "artifact-missing");
    upload(&api, "x", "one").header("if-none-match", "*").send().await.expect(201);
    upload(&api, "x", "two").header("if-none-match", "*").send().await.problem(412, "artifact-exists");
    upload(&api, "x", "two").header("if-match", "\"2\"").send().await.problem(412, "artifact-stale");
    upload(&api, "x", "two").header("if-match", "\"1\"").send().await.expect(200);
    api.delete("/v1/artifacts/x").header("if-match", "\"1\"").send().await.problem(412, "artifact-stale");
}

#[tokio::test]
async fn a_request_that_is_repeated_stores_once() {
    let api = Api::start("artifact-repeat", 1).await;
    let first = upload(&api, "x", "one").header("idempotency-key", "k-1").send().await.expect(201);
    stored(&api, "x", "two").await;
    let again = upload(&api, "x", "one").header("idempotency-key", "k-1").send().await.expect(201);
    assert_eq!((first.json()["outcome"].clone(), again.json()["artifact"]["version"].clone()), ("created".into(), 2.into()));
}

#[tokio::test]
async fn what_adapters_name_exists_and_stays() {
    let api = Api::start("artifact-use", 1).await;
    let adapter = |artifacts: serde_json::Value| json!({ "name": "a", "connector": "exec", "mode": "exclusive", "artifacts": artifacts, "settings": { "command": ["true"] } });
    let refused = api.put("/v1/adapters/a", &adapter(json!(["x"]))).send().await.problem(400, "invalid-field");
    assert_eq!(refused.field.as_deref(), Some("artifacts[0]"));
    assert!(refused.detail.contains("conncentric artifact put x FILE"), "{}", refused.detail);

    stored(&api, "x", "one").await;
    let refused = api.put("/v1/adapters/a", &adapter(json!(["x@2"]))).send().await.problem(400, "invalid-field");
    assert_eq!(refused.field.as_deref(), Some("artifacts[0]"));
    api.put("/v1/adapters/a", &adapter(json!(["x@1"]))).send().await.expect(201);
    assert_eq!(api.get("/v1/artifacts/x").send().await.json()["users"], json!([{ "adapter": "a", "version": 1 }]));
    let refused = api.delete("/v1/artifacts/x").send().await.problem(409, "artifact-in-use");
    assert!(refused.detail.contains("in use by a;"), "{}", refused.detail);

    api.delete("/v1/adapters/a").send().await.expect(204);
    api.delete("/v1/artifacts/x").send().await.expect(204);
    api.get("/v1/artifacts/x").send().await.problem(404, "artifact-unknown");
    assert_eq!(kept(&api.database).await, (1, 1), "the ledger names it");
    assert_eq!(stored(&api, "x", "one").await.json()["artifact"]["version"], 2, "a number never means two contents");
}

#[tokio::test]
async fn names_with_markup_or_paths_are_refused_as_such() {
    let api = Api::start("artifact-names", 1).await;
    for name in ["%3Cscript%3E", "..%2Fetc", "A", "x%00", &"x".repeat(64)] {
        let refused = upload(&api, name, "one").send().await.problem(400, "invalid-field");
        assert_eq!(refused.field.as_deref(), Some("name"), "{}", refused.detail);
    }
    let refused = api.request(reqwest::Method::PUT, "/v1/artifacts/x").header("content-type", "html").send().await;
    assert_eq!(refused.problem(400, "invalid-field").field.as_deref(), Some("Content-Type"));
}
