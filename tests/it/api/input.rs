//! Bad input: each mistake gets its own message with the field at fault, and changes nothing.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::refused;
use crate::support::api::{Api, Request, ScriptedPod};

const BAD: &str = "invalid-field";

fn document(more: Value) -> Value {
    let mut document = json!({ "name": "venue", "connector": "exec", "settings": { "command": ["true"] }, "mode": "exclusive" });
    let (Some(members), Value::Object(more)) = (document.as_object_mut(), more) else { panic!("not an object") };
    members.extend(more);
    document
}

fn put(api: &Api, more: Value) -> Request<'_> {
    api.put("/v1/adapters/venue", &document(more))
}

#[tokio::test]
async fn adapter_documents_are_checked_field_by_field() {
    let api = Api::start("documents", 1).await;
    let case = |more: Value, field| (put(&api, more), 400, BAD, Some(field));
    let cases = vec![
        case(json!({ "conector": "exec" }), "conector"),
        case(json!({ "placement": { "label": {} } }), "placement.label"),
        case(json!({ "mode": "active" }), "mode"),
        case(json!({ "mode": 7 }), "mode"),
        case(json!({ "connector": "E X E C" }), "connector"),
        case(json!({ "name": "Venue" }), "name"),
        case(json!({ "name": "other" }), "name"),
        case(json!({ "name": "v".repeat(64) }), "name"),
        case(json!({ "lease_ttl": "499ms" }), "lease_ttl"),
        case(json!({ "lease_ttl": "61m" }), "lease_ttl"),
        case(json!({ "lease_ttl": "soon" }), "lease_ttl"),
        case(json!({ "lease_ttl": 15 }), "lease_ttl"),
        case(json!({ "lease_ttl": "-15s" }), "lease_ttl"),
        case(json!({ "replicas": 0 }), "replicas"),
        case(json!({ "replicas": 2 }), "replicas"),
        case(json!({ "replicas": -1 }), "replicas"),
        case(json!({ "replicas": 1.5 }), "replicas"),
        case(json!({ "mode": "load_balanced", "replicas": 1001 }), "replicas"),
        case(json!({ "priority": "high" }), "priority"),
        case(json!({ "priority": 1_i64 << 40 }), "priority"),
        case(json!({ "enabled": "yes" }), "enabled"),
        case(json!({ "placement": { "capacity": 0 } }), "placement.capacity"),
        case(json!({ "placement": { "labels": { "zone": "a b" } } }), "placement.labels.zone"),
        case(json!({ "placement": { "labels": { "zone": 1 } } }), "placement.labels.zone"),
        case(json!({ "on_lease_loss": "continue" }), "on_lease_loss"),
        case(json!({ "artifacts": "dictionary" }), "artifacts"),
        case(json!({ "artifacts": ["a\u{0}b"] }), "artifacts[0]"),
        case(json!({ "settings": [] }), "settings"),
        case(json!({ "settings": { "a": "x\u{0}y" } }), "settings.a"),
        case(json!({ "settings": { "a": [{ "b": "\u{0}" }] } }), "settings.a[0].b"),
        case(json!({ "settings": { "a\u{0}": 1 } }), "settings"),
        (api.put("/v1/adapters/venue", &json!({ "name": "venue", "mode": "single" })), 400, BAD, Some("connector")),
        (api.put("/v1/adapters/venue", &json!(["venue"])), 400, BAD, Some("body")),
    ];
    refused(&api, cases).await;
    // The bounds themselves are inside.
    for lease_ttl in ["500ms", "1h"] {
        api.declare("venue", json!({ "lease_ttl": lease_ttl })).await;
    }
}

#[tokio::test]
async fn bodies_are_json_of_the_right_shape() {
    let api = Api::start("bodies", 1).await;
    let enable = |body: &str| (api.request(Method::POST, "/v1/adapters/enable").bytes(body), 400, BAD);
    let with = |(request, status, code), field| (request, status, code, Some(field));
    let deep = format!("{{\"names\": {}{}}}", "[".repeat(5000), "]".repeat(5000));
    let cases = vec![
        with(enable(""), "body"),
        with(enable("{"), "body"),
        with(enable("null"), "body"),
        with(enable("{} {}"), "body"),
        with(enable("names=venue"), "body"),
        with(enable("{\"names\": [\"a\"], \"names\": [\"b\"]}"), "names"),
        with(enable("{\"names\": \"a\"}"), "names"),
        with(enable("{\"names\": [\"a\", 7]}"), "names[1]"),
        with(enable("{\"names\": [\"-a\"]}"), "names[0]"),
        with(enable("{\"names\": [\"\\ud800\"]}"), "names[0]"),
        with(enable(&deep), "names[0]"),
        with(enable("{}"), "names"),
        with(enable("{\"names\": [\"a\"], \"all\": true}"), "names"),
        with(enable("{\"all\": 1}"), "all"),
        with(enable("{\"all\": true, \"reason\": \"\\u0000\"}"), "reason"),
        with(enable("{\"all\": true, \"force\": true}"), "force"),
        (api.request(Method::POST, "/v1/adapters/enable").bytes([b'"', 0xff, b'"']), 400, BAD, Some("body")),
    ];
    refused(&api, cases).await;
}

#[tokio::test]
async fn names_in_paths_are_checked_and_must_exist() {
    let api = Api::start("paths", 1).await;
    api.declare("venue", json!({})).await;
    api.pod("pod-a").register_with(json!({ "connectors": [] })).await.expect(200);
    let to = |pod: &str| json!({ "to": pod });
    let names = |names: &[&str]| json!({ "names": names });
    let cases = vec![
        (api.get("/v1/adapters/Venue"), 400, BAD, Some("name")),
        (api.get("/v1/adapters/%00"), 400, BAD, Some("name")),
        (api.get("/v1/adapters/%ff"), 400, BAD, Some("path")),
        (api.get("/v1/adapters/..%2f..%2fetc"), 400, BAD, Some("name")),
        (api.get("/v1/adapters/%1b[2J"), 400, BAD, Some("name")),
        (api.get("/v1/adapters/none"), 404, "adapter-unknown", None),
        (api.delete("/v1/adapters/none"), 404, "adapter-unknown", None),
        (api.delete("/v1/adapters/None"), 400, BAD, Some("name")),
        (api.post("/v1/adapters/enable", &names(&["venue", "none"])), 404, "adapter-unknown", None),
        (api.post("/v1/adapters/disable", &names(&["none"])), 404, "adapter-unknown", None),
        (api.get("/v1/sessions/venue/x"), 400, BAD, Some("session")),
        (api.get("/v1/sessions/venue/00"), 400, BAD, Some("session")),
        (api.get("/v1/sessions/venue/70000"), 400, BAD, Some("session")),
        (api.get("/v1/sessions/Venue/0"), 400, BAD, Some("session")),
        (api.get("/v1/sessions/venue/1"), 404, "session-unknown", None),
        (api.get("/v1/sessions/none/0/history"), 404, "session-unknown", None),
        (api.get("/v1/sessions/none/x/history"), 400, BAD, Some("session")),
        (api.post("/v1/sessions/none/0/move", &to("pod-a")), 404, "adapter-unknown", None),
        (api.post("/v1/sessions/venue/7/move", &to("pod-a")), 404, "session-unknown", None),
        (api.post("/v1/sessions/venue/0/move", &to("pod-z")), 404, "pod-unknown", None),
        (api.post("/v1/sessions/venue/0/move", &to("POD")), 400, BAD, Some("to")),
        (api.post("/v1/sessions/venue/0/move", &to("pod-a")), 409, "not-owned", None),
        (api.get("/v1/pods/pod-z"), 404, "pod-unknown", None),
        (api.get("/v1/pods/POD"), 400, BAD, Some("pod")),
        (api.post("/v1/pods/pod-z/drain", &json!({})), 404, "pod-unknown", None),
        (api.post("/v1/pods/POD/drain", &json!({})), 400, BAD, Some("pod")),
        (api.post("/v1/pods/pod-a/drain", &json!({ "reason": "\u{0}" })), 400, BAD, Some("reason")),
        (api.post("/v1/pods/pod-a/drain", &json!({ "incarnation": "other" })), 409, "pod-superseded", None),
        (api.post("/v1/pods/pod-a/undrain", &json!({})), 409, "not-draining", None),
        (api.post("/v1/pods/pod-z/undrain", &json!({})), 404, "pod-unknown", None),
        (api.delete("/v1/tokens/xyz"), 400, BAD, Some("id")),
        (api.delete("/v1/tokens/0123456789abcdef"), 404, "access-token-unknown", None),
    ];
    refused(&api, cases).await;
}

#[tokio::test]
async fn queries_are_checked() {
    let api = Api::start("queries", 1).await;
    let case = |path: &str, field| (api.get(path), 400, BAD, Some(field));
    let cases = vec![
        case("/v1/events?limit=0", "limit"),
        case("/v1/events?limit=1001", "limit"),
        case("/v1/events?limit=-1", "limit"),
        case("/v1/events?limit=many", "limit"),
        case("/v1/events?limit=1&limit=2", "limit"),
        case("/v1/events?order=sideways", "order"),
        case("/v1/events?after=first", "after"),
        case("/v1/events?after=-1", "after"),
        case("/v1/events?after=99999999999999999999", "after"),
        case("/v1/events?before=-1", "before"),
        case("/v1/events?since=1", "since"),
        case("/v1/events?session=venue", "session"),
        case("/v1/events?session=venue/0&stream=fleet", "stream"),
        case("/v1/events?type=%00", "type"),
        case("/v1/events?actor=%00", "actor"),
        case("/v1/events?stream=%00", "stream"),
        case("/v1/events?from=yesterday", "from"),
        case("/v1/events?from=%2B262000-01-01T00:00:00Z", "from"),
        case("/v1/events?to=-262000-01-01T00:00:00Z", "to"),
        case("/v1/events?pulses=2", "pulses"),
        case("/v1/ownership?at=yesterday", "at"),
        case("/v1/ownership?at=-1", "at"),
        case("/v1/ownership?when=1", "when"),
        case("/v1/sessions?at=", "at"),
        case("/v1/adapters/venue/log?limit=0", "limit"),
        case("/v1/adapters/venue/log?level=loud", "level"),
        case("/v1/events/stream?order=desc", "order"),
        case("/v1/events/stream?limit=5", "limit"),
        case("/v1/events/stream?before=5", "before"),
        case("/v1/events/stream?after=-9223372036854775808", "after"),
        case("/v1/events/stream?after=1000000", "after"),
        (api.get("/v1/events/stream").header("last-event-id", "first"), 400, BAD, Some("Last-Event-ID")),
        (api.get("/v1/events/stream").header("last-event-id", "-9223372036854775808"), 400, BAD, Some("Last-Event-ID")),
        (api.put("/v1/adapters/venue?dry_run=maybe", &document(json!({}))), 400, BAD, Some("dry_run")),
        (api.put("/v1/adapters/venue?dryrun=true", &document(json!({}))), 400, BAD, Some("dryrun")),
        (api.delete("/v1/pods/pod-a").with_token(&api.tokens.pod), 400, BAD, Some("incarnation")),
        (api.delete("/v1/pods/pod-a?incarnation=%2f").with_token(&api.tokens.pod), 400, BAD, Some("incarnation")),
        (api.get("/v1/pods/pod-a/stream").with_token(&api.tokens.pod), 400, BAD, Some("incarnation")),
    ];
    refused(&api, cases).await;
    // What is empty or far ahead is no mistake: there is nothing there.
    for path in ["/v1/events?type=NothingSuch", "/v1/events?after=9223372036854775807", "/v1/events?before=0", "/v1/events?stream=fleet"] {
        assert_eq!(api.get(path).send().await.expect(200).json()["events"], json!([]), "{path}");
    }
}

#[tokio::test]
async fn routes_and_methods_that_are_not_there_say_so() {
    let api = Api::start("routes", 1).await;
    let before = api.ledger_position().await;
    for path in ["/v2/adapters", "/v1", "/v1/adapter", "/v1/adapters/venue/x", "/index.html", "//v1/adapters"] {
        for token in ["", &api.tokens.admin] {
            api.get(path).with_token(token).send().await.problem(404, "route-unknown");
        }
    }
    let wrong = [
        (Method::POST, "/v1/adapters"),
        (Method::PATCH, "/v1/adapters/venue"),
        (Method::DELETE, "/v1/events"),
        (Method::GET, "/v1/claims"),
    ];
    for (method, path) in wrong.into_iter().chain([(Method::POST, "/healthz"), (Method::PUT, "/openapi.json")]) {
        for request in [api.request(method.clone(), path), api.request(method.clone(), path).nobody()] {
            let answer = request.json(&json!({})).send().await;
            answer.problem(405, "method-not-allowed");
            assert!(
                answer.header("allow").is_some_and(|allow| !allow.is_empty() && !allow.contains(method.as_str())),
                "{path}: {answer:?}"
            );
        }
    }
    assert_eq!(api.ledger_position().await, before);
}

fn say<'a>(pod: &'a ScriptedPod<'_>, path: &str, more: Value) -> Request<'a> {
    pod.post(path, more)
}

#[tokio::test]
async fn what_pods_say_is_checked() {
    let api = Api::start("pods-say", 1).await;
    let pod = api.pod("pod-a");
    let lease = |lease: Value| json!({ "sequence": 1, "leases": [lease] });
    let log = |more: Value| {
        let mut entry = json!({ "session": "venue/0", "token": "1", "level": "info", "category": "connection", "message": "x" });
        entry.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        json!({ "entries": [entry] })
    };
    let cases = vec![
        (say(&pod, "/v1/pods", json!({ "pod": "Pod A" })), 400, BAD, Some("pod")),
        (say(&pod, "/v1/pods", json!({ "incarnation": "" })), 400, BAD, Some("incarnation")),
        (say(&pod, "/v1/pods", json!({ "incarnation": "x".repeat(65) })), 400, BAD, Some("incarnation")),
        (say(&pod, "/v1/pods", json!({ "capacity": -1 })), 400, BAD, Some("capacity")),
        (say(&pod, "/v1/pods", json!({ "capacity": 1_000_001 })), 400, BAD, Some("capacity")),
        (say(&pod, "/v1/pods", json!({ "labels": { "zone": "a\u{0}" } })), 400, BAD, Some("labels.zone")),
        (say(&pod, "/v1/pods", json!({ "labels": ["zone"] })), 400, BAD, Some("labels")),
        (say(&pod, "/v1/pods", json!({ "connectors": ["no such"] })), 400, BAD, Some("connectors[0]")),
        (say(&pod, "/v1/pods", json!({ "connectors": vec!["exec"; 257] })), 400, BAD, Some("connectors")),
        (say(&pod, "/v1/pods", json!({ "room": 1 })), 400, BAD, Some("room")),
        (say(&pod, "/v1/heartbeats", json!({})), 400, BAD, Some("sequence")),
        (say(&pod, "/v1/heartbeats", json!({ "sequence": -1 })), 400, BAD, Some("sequence")),
        (
            say(&pod, "/v1/heartbeats", lease(json!({ "session": "a", "token": "1", "status": "ACTIVE" }))),
            400,
            BAD,
            Some("leases[0].session"),
        ),
        (
            say(&pod, "/v1/heartbeats", lease(json!({ "session": "a/0", "token": "0", "status": "ACTIVE" }))),
            400,
            BAD,
            Some("leases[0].token"),
        ),
        (
            say(&pod, "/v1/heartbeats", lease(json!({ "session": "a/0", "token": "x", "status": "ACTIVE" }))),
            400,
            BAD,
            Some("leases[0].token"),
        ),
        (
            say(&pod, "/v1/heartbeats", lease(json!({ "session": "a/0", "token": "1", "status": "FINE" }))),
            400,
            BAD,
            Some("leases[0].status"),
        ),
        (say(&pod, "/v1/heartbeats", lease(json!({ "session": "a/0", "token": "1" }))), 400, BAD, Some("leases[0].status")),
        (say(&pod, "/v1/heartbeats", json!({ "sequence": 1 })), 404, "pod-unknown", None),
        (pod.claim(Uuid::new_v4(), &["venue/0"]), 404, "pod-unknown", None),
        (pod.claim(Uuid::nil(), &["venue/0"]), 400, BAD, Some("request_id")),
        (pod.claim(Uuid::new_v4(), &[]), 400, BAD, Some("sessions")),
        (pod.claim(Uuid::new_v4(), &vec!["venue/0"; 10_001]), 400, BAD, Some("sessions")),
        (pod.claim(Uuid::new_v4(), &["venue"]), 400, BAD, Some("sessions[0]")),
        (say(&pod, "/v1/claims", json!({ "sessions": ["venue/0"] })), 400, BAD, Some("request_id")),
        (say(&pod, "/v1/claims", json!({ "request_id": "1", "sessions": ["venue/0"] })), 400, BAD, Some("request_id")),
        (say(&pod, "/v1/releases", json!({ "sessions": [{ "session": "venue/0", "token": "1" }] })), 404, "pod-unknown", None),
        (say(&pod, "/v1/releases", json!({ "sessions": [{ "session": "venue/0" }] })), 400, BAD, Some("sessions[0].token")),
        (say(&pod, "/v1/log", log(json!({ "level": "loud" }))), 400, BAD, Some("entries[0].level")),
        (say(&pod, "/v1/log", log(json!({ "category": "weather" }))), 400, BAD, Some("entries[0].category")),
        (say(&pod, "/v1/log", log(json!({ "message": 7 }))), 400, BAD, Some("entries[0].message")),
        (say(&pod, "/v1/log", log(json!({}))), 404, "pod-unknown", None),
        (pod.stream(), 404, "pod-unknown", None),
        (say(&pod, "/v1/pods/pod-a/drain", json!({})).bytes("{}"), 400, BAD, Some("incarnation")),
    ];
    refused(&api, cases).await;
}

#[tokio::test]
async fn access_tokens_are_checked() {
    let api = Api::start("tokens", 1).await;
    let case = |body: Value, field| (api.post("/v1/tokens", &body), 400, BAD, Some(field));
    let cases = vec![
        case(json!({ "name": "x", "role": "king" }), "role"),
        case(json!({ "name": "x" }), "role"),
        case(json!({ "role": "viewer" }), "name"),
        case(json!({ "name": "", "role": "viewer" }), "name"),
        case(json!({ "name": "x".repeat(64), "role": "viewer" }), "name"),
        case(json!({ "name": "a\nb", "role": "viewer" }), "name"),
        case(json!({ "name": "a\u{0}", "role": "viewer" }), "name"),
        case(json!({ "name": "x", "role": "viewer", "pod": "pod-a" }), "pod"),
        case(json!({ "name": "x", "role": "pod", "pod": "Pod A" }), "pod"),
        case(json!({ "name": "x", "role": "viewer", "expires": "never" }), "expires"),
    ];
    refused(&api, cases).await;
}

/// A plugin may bring it later, so it is accepted, but whoever looks learns why nothing runs.
#[tokio::test]
async fn an_unknown_connector_waits_for_a_pod_that_offers_it() {
    let api = Api::start("connectors", 1).await;
    api.pod("pod-a").register(10).await.expect(200);
    api.declare("venue", json!({ "connector": "fix" })).await;
    let session = api.get("/v1/sessions/venue/0").send().await.expect(200).json();
    assert_eq!((&session["status"], &session["reason"]), (&json!("CLAIMING"), &json!("no pod offers connector fix")));
    api.pod("pod-b").register_with(json!({ "connectors": ["fix"] })).await.expect(200);
    let session = api.get("/v1/sessions/venue/0").send().await.expect(200).json();
    assert_eq!(session["owner"]["pod"], "pod-b");
}
