//! Changes that are conditional on what the client has seen, and tokens that are not of the present.

use std::time::{Duration, Instant};

use conncentric::domain::token::{Epoch, FencingToken};
use serde_json::{Value, json};
use uuid::Uuid;

use super::refused;
use crate::support::api::{Api, ScriptedPod};

fn document(priority: i32) -> Value {
    json!({ "name": "venue", "connector": "exec", "settings": { "command": ["true"] }, "mode": "exclusive", "priority": priority })
}

#[tokio::test]
async fn two_editors_do_not_overwrite_each_other() {
    let api = Api::start("editors", 2).await;
    let put = |priority: i32| api.put("/v1/adapters/venue", &document(priority));
    let made = put(1).header("if-none-match", "*").send().await.expect(201);
    let first = made.header("etag").expect("an ETag").to_owned();
    let seen = api.get("/v1/adapters/venue").at(1).send().await.expect(200);
    assert_eq!(seen.header("etag"), Some(first.as_str()), "what one orchestrator wrote, the other shows");
    assert_eq!(seen.json()["revision"].to_string(), first.trim_matches('"'));

    let changed = put(2).header("if-match", &first).send().await.expect(200);
    let second = changed.header("etag").expect("an ETag").to_owned();
    assert_ne!(first, second);
    let none = json!({ "name": "none", "connector": "exec", "settings": { "command": ["true"] }, "mode": "single" });
    let stale = |at| put(3).header("if-match", &first).at(at);
    let cases = vec![
        (stale(0), 412, "revision-stale", None),
        (stale(1), 412, "revision-stale", None),
        (api.delete("/v1/adapters/venue").header("if-match", &first), 412, "revision-stale", None),
        (put(3).header("if-none-match", "*"), 412, "adapter-exists", None),
        (put(3).header("if-match", "\"x\""), 400, "invalid-field", Some("If-Match")),
        (put(3).header("if-match", "W/\"1\""), 400, "invalid-field", Some("If-Match")),
        (put(3).header("if-match", "\"1\", \"2\""), 400, "invalid-field", Some("If-Match")),
        (put(3).header("if-none-match", &second), 400, "invalid-field", Some("If-None-Match")),
        (put(3).header("if-match", &second).header("if-none-match", "*"), 400, "invalid-field", Some("If-None-Match")),
        (api.put("/v1/adapters/none", &none).header("if-match", "\"1\""), 412, "adapter-missing", None),
        (api.put("/v1/adapters/none", &none).header("if-match", "*"), 412, "adapter-missing", None),
    ];
    refused(&api, cases).await;
    let detail = stale(0).send().await.problem(412, "revision-stale").detail;
    assert!(detail.contains("revision 2") && detail.contains("read it again"), "{detail}");
    assert_eq!(api.get("/v1/adapters/venue").send().await.json()["priority"], 2);

    // What is declared again as it is, is no change, and a preview is none either.
    let before = api.ledger_position().await;
    assert_eq!(put(2).send().await.expect(200).json()["outcome"], "unchanged");
    let preview = api.put("/v1/adapters/venue?dry_run=true", &document(9)).send().await.expect(200).json();
    assert_eq!((&preview["outcome"], &preview["adapter"]["priority"]), (&json!("updated"), &json!(9)));
    assert_eq!(api.ledger_position().await, before);
    api.delete("/v1/adapters/venue").header("if-match", &second).send().await.expect(204);
}

/// The token under which a session is owned now.
async fn token(api: &Api, session: &str) -> String {
    let session = api.get(&format!("/v1/sessions/{session}")).send().await.expect(200).json();
    session["token"].as_str().expect("somebody owns it").to_owned()
}

fn shifted(token: &str, by: i64) -> String {
    (token.parse::<i64>().expect("a number") + by).to_string()
}

fn codes(answer: &Value) -> Vec<(&str, &str)> {
    let refused = answer["refused"].as_array().expect("refusals");
    refused.iter().map(|one| (one["session"].as_str().expect("a session"), one["code"].as_str().expect("a code"))).collect()
}

#[tokio::test]
async fn tokens_of_the_past_and_of_the_future_release_nothing() {
    let api = Api::start("token-times", 1).await;
    let owner = api.pod("pod-a");
    owner.register(10).await.expect(200);
    api.declare("venue", json!({})).await;
    let first = token(&api, "venue/0").await;
    // It comes back to the only pod at once, under a new token.
    assert_eq!(owner.release(&[("venue/0", &first)]).await.expect(200).json()["released"], json!(["venue/0"]));
    let second = token(&api, "venue/0").await;
    assert!(second.parse::<i64>().expect("a number") > first.parse().expect("a number"), "tokens grow");

    let before = api.ledger_position().await;
    let later_epoch = FencingToken::new(Epoch(7), 1).expect("fits").to_string();
    for (given, code) in [
        (&first, "lease-not-held"),
        (&shifted(&first, -1), "lease-not-held"),
        (&shifted(&second, 1), "token-from-the-future"),
        (&later_epoch, "token-from-the-future"),
        (&i64::MAX.to_string(), "token-from-the-future"),
    ] {
        let answer = owner.release(&[("venue/0", given)]).await.expect(200).json();
        assert_eq!((&answer["released"], codes(&answer)), (&json!([]), vec![("venue/0", code)]), "{given}");
    }
    let mut stranger = api.pod("pod-b");
    stranger.register(0).await.expect(200);
    let before = before + 1;
    let answer = stranger.release(&[("venue/0", &second), ("none/0", "1")]).await.expect(200).json();
    assert_eq!(codes(&answer), [("venue/0", "lease-not-held"), ("none/0", "session-unknown")]);

    // In a heartbeat they are fenced, whatever they claim to be doing, and nothing of what they report is kept.
    for given in [&first, &shifted(&second, 1), &later_epoch] {
        let answer = heartbeat(&mut owner.clone(), given).await;
        assert_eq!((&answer["fenced"], &answer["leases"][0]["token"]), (&json!(["venue/0"]), &json!(second)), "{given}");
        assert_eq!(answer["missed"][0]["token"], json!(second), "and it learns what is true");
    }
    assert_eq!(heartbeat(&mut stranger, &second).await["fenced"], json!(["venue/0"]));
    assert_eq!(api.ledger_position().await, before);
    assert_eq!(api.get("/v1/sessions/venue/0").send().await.json()["status"], "CLAIMING");
    assert_eq!(heartbeat(&mut owner.clone(), &second).await["fenced"], json!([]));
    assert_eq!(api.get("/v1/sessions/venue/0").send().await.json()["status"], "ACTIVE");
}

async fn heartbeat(pod: &mut ScriptedPod<'_>, token: &str) -> Value {
    pod.heartbeat(&[("venue/0", token)]).await.expect(200).json()
}

#[tokio::test]
async fn an_older_start_of_a_pod_is_told_to_go() {
    let api = Api::start("older-start", 1).await;
    let mut old = api.pod("pod-a");
    old.register(10).await.expect(200);
    api.declare("venue", json!({})).await;
    let held = token(&api, "venue/0").await;
    let new = api.pod("pod-a");
    new.register(10).await.expect(200);
    let before = api.ledger_position().await;
    old.heartbeat(&[("venue/0", &held)]).await.problem(409, "pod-superseded");
    old.claim(Uuid::new_v4(), &["venue/0"]).send().await.problem(409, "pod-superseded");
    old.register(10).await.problem(409, "pod-superseded");
    new.register(11).await.problem(409, "registration-differs");
    new.register(10).await.expect(200);
    assert_eq!(codes(&new.claim(Uuid::new_v4(), &["venue/0"]).send().await.expect(200).json()), [("venue/0", "owned-by-another")]);
    assert_eq!(api.ledger_position().await, before, "nothing but the silence of the old one ends its leases");
    // It may still give back what it has closed.
    assert_eq!(old.release(&[("venue/0", &held)]).await.expect(200).json()["released"], json!(["venue/0"]));
    let session = api.get("/v1/sessions/venue/0").send().await.expect(200).json();
    assert_eq!(session["owner"]["incarnation"], json!(new.incarnation));
}

#[tokio::test]
async fn what_runs_is_not_changed_underfoot() {
    let api = Api::start("underfoot", 1).await;
    let pod = api.pod("pod-a");
    pod.register(10).await.expect(200);
    api.declare("venue", json!({})).await;
    let single = json!({ "name": "venue", "connector": "exec", "settings": { "command": ["true"] }, "mode": "single" });
    let cases = vec![
        (api.put("/v1/adapters/venue", &single), 409, "mode-in-use", None),
        (api.delete("/v1/adapters/venue"), 409, "adapter-enabled", None),
        (api.delete(&format!("/v1/pods/pod-a?incarnation={}", pod.incarnation)).with_token(&pod.token), 409, "pod-holds-sessions", None),
        (api.post("/v1/sessions/venue/0/move", &json!({ "to": "pod-a" })), 409, "owned-already", None),
    ];
    refused(&api, cases).await;
    let names = json!({ "names": ["venue", "venue"] });
    assert_eq!(
        api.post("/v1/adapters/disable", &names).send().await.expect(200).json()["changed"],
        json!(["venue"]),
        "once, though named twice"
    );
    let cases = vec![
        (api.delete("/v1/adapters/venue"), 409, "session-owned", None),
        (api.post("/v1/sessions/venue/0/move", &json!({ "to": "pod-a" })), 409, "adapter-disabled", None),
    ];
    refused(&api, cases).await;
    let held = token(&api, "venue/0").await;
    pod.release(&[("venue/0", &held)]).await.expect(200);
    let refusal = pod.claim(Uuid::new_v4(), &["venue/0", "venue/0", "none/0"]).send().await.expect(200).json();
    assert_eq!(codes(&refusal), [("venue/0", "adapter-disabled"), ("none/0", "adapter-unknown")], "each session is answered once");
    api.delete("/v1/adapters/venue").send().await.expect(204);
    // Declared again it is another adapter, but its tokens go on growing.
    api.declare("venue", json!({})).await;
    assert!(token(&api, "venue/0").await.parse::<i64>().expect("a number") > held.parse().expect("a number"));
}

/// The answer to a registration is trusted like one to a heartbeat, so it has to count as one.
#[tokio::test]
async fn a_pod_that_registers_again_has_been_heard() {
    let api = Api::start("registered-again", 2).await;
    let pod = api.pod("pod-a");
    let register = || pod.post("/v1/pods", json!({ "capacity": 10 })).header("idempotency-key", &pod.incarnation);
    register().send().await.expect(200);
    api.declare("venue", json!({ "lease_ttl": "1s" })).await;
    let first = token(&api, "venue/0").await;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(3) {
        let answer = register().send().await.expect(200).json();
        assert_eq!(answer["leases"][0]["token"], first.as_str(), "it asks all the time, and nobody takes the session away");
        pod.register(10).await.expect(200);
    }
}
