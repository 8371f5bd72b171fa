//! A pod acts only for itself, nobody acts without an identity, and every event names its actor (I9).

use std::collections::BTreeMap;

use conncentric::domain::identity::{BearerToken, Role};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::api::Api;

const ROLES: [Role; 4] = [Role::Pod, Role::Viewer, Role::Operator, Role::Admin];

/// Who may do what. An operation that is not here fails the test: somebody has to say who may use it.
const ALLOWED: &[(&str, &[Role])] = &[
    ("GET /healthz", &[]),
    ("GET /readyz", &[]),
    ("GET /metrics", &[]),
    ("POST /v1/pods", &[Role::Pod]),
    ("POST /v1/heartbeats", &[Role::Pod]),
    ("POST /v1/claims", &[Role::Pod]),
    ("POST /v1/releases", &[Role::Pod]),
    ("GET /v1/pods/{pod}/stream", &[Role::Pod]),
    ("DELETE /v1/pods/{pod}", &[Role::Pod]),
    ("POST /v1/pods/{pod}/drain", &[Role::Pod, Role::Operator, Role::Admin]),
    ("POST /v1/pods/{pod}/undrain", &[Role::Operator, Role::Admin]),
    ("GET /v1/pods", &[Role::Viewer, Role::Operator, Role::Admin]),
    ("GET /v1/pods/{pod}", &[Role::Viewer, Role::Operator, Role::Admin]),
    ("GET /v1/pods/{pod}/heartbeats", &[Role::Viewer, Role::Operator, Role::Admin]),
    ("GET /v1/adapters", &[Role::Viewer, Role::Operator, Role::Admin]),
    ("GET /v1/adapters/{name}", &[Role::Viewer, Role::Operator, Role::Admin]),
    ("GET /v1/adapters/{name}/log", &[Role::Viewer, Role::Operator, Role::Admin]),
    ("GET /v1/adapters/{name}/revisions", &[Role::Viewer, Role::Operator, Role::Admin]),
    ("GET /v1/connectors", &[Role::Viewer, Role::Operator, Role::Admin]),
    ("POST /v1/log", &[Role::Pod]),
    ("POST /v1/actions/answers", &[Role::Pod]),
    ("PUT /v1/adapters/{name}", &[Role::Admin]),
    ("DELETE /v1/adapters/{name}", &[Role::Admin]),
    ("POST /v1/adapters/enable", &[Role::Operator, Role::Admin]),
    ("POST /v1/adapters/disable", &[Role::Operator, Role::Admin]),
    ("GET /v1/maintenance", &[Role::Viewer, Role::Operator, Role::Admin]),
    ("POST /v1/maintenance", &[Role::Operator, Role::Admin]),
    ("DELETE /v1/maintenance", &[Role::Operator, Role::Admin]),
    ("GET /v1/sessions", &[Role::Viewer, Role::Operator, Role::Admin]),
    ("GET /v1/sessions/{adapter}/{ordinal}", &[Role::Viewer, Role::Operator, Role::Admin]),
    ("GET /v1/sessions/{adapter}/{ordinal}/history", &[Role::Viewer, Role::Operator, Role::Admin]),
    ("POST /v1/sessions/{adapter}/{ordinal}/move", &[Role::Operator, Role::Admin]),
    ("POST /v1/rebalance", &[Role::Operator, Role::Admin]),
    ("POST /v1/sessions/{adapter}/{ordinal}/actions", &[Role::Operator, Role::Admin]),
    ("GET /v1/sessions/{adapter}/{ordinal}/actions", &[Role::Viewer, Role::Operator, Role::Admin]),
    ("GET /v1/sessions/{adapter}/{ordinal}/actions/{id}", &[Role::Viewer, Role::Operator, Role::Admin]),
    ("GET /v1/artifacts", &[Role::Pod, Role::Viewer, Role::Operator, Role::Admin]),
    ("GET /v1/artifacts/{name}", &[Role::Pod, Role::Viewer, Role::Operator, Role::Admin]),
    ("GET /v1/artifacts/{name}/content", &[Role::Pod, Role::Viewer, Role::Operator, Role::Admin]),
    ("PUT /v1/artifacts/{name}", &[Role::Admin]),
    ("DELETE /v1/artifacts/{name}", &[Role::Admin]),
    ("GET /v1/plugins", &[Role::Pod, Role::Viewer, Role::Operator, Role::Admin]),
    ("GET /v1/plugins/{name}", &[Role::Pod, Role::Viewer, Role::Operator, Role::Admin]),
    ("GET /v1/plugins/{name}/content", &[Role::Pod, Role::Viewer, Role::Operator, Role::Admin]),
    ("PUT /v1/plugins/{name}", &[Role::Admin]),
    ("DELETE /v1/plugins/{name}", &[Role::Admin]),
    ("GET /v1/ownership", &[Role::Viewer, Role::Operator, Role::Admin]),
    ("GET /v1/events", &[Role::Viewer, Role::Operator, Role::Admin]),
    ("GET /v1/events/stream", &[Role::Viewer, Role::Operator, Role::Admin]),
    ("POST /v1/tokens", &[Role::Admin]),
    ("GET /v1/tokens", &[Role::Admin]),
    ("DELETE /v1/tokens/{id}", &[Role::Admin]),
    ("GET /v1/status", &[Role::Viewer, Role::Operator, Role::Admin]),
    ("GET /v1/whoami", &[Role::Pod, Role::Viewer, Role::Operator, Role::Admin]),
];

/// Every operation of the description, with whether it says that it needs no access token.
async fn operations(api: &Api) -> BTreeMap<String, bool> {
    let description = api.get("/openapi.json").nobody().send().await.expect(200).json();
    let mut operations = BTreeMap::new();
    for (path, item) in description["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            // An empty requirement is one that everybody meets.
            let open = operation["security"].as_array().is_some_and(|all| all.contains(&json!({})));
            operations.insert(format!("{} {path}", method.to_uppercase()), open);
        }
    }
    operations
}

/// A method and a path that exists in form, whatever it names.
fn concrete(operation: &str) -> (Method, String) {
    let (method, path) = operation.split_once(' ').expect("a method and a path");
    let path = path.replace("{ordinal}", "0").replace("{id}", "0123456789abcdef");
    let path = path.replace("{pod}", "nobody").replace("{name}", "nothing").replace("{adapter}", "nothing");
    (method.parse().expect("a method"), path)
}

#[tokio::test]
async fn every_role_may_do_its_own_and_nothing_else() {
    let api = Api::start("roles", 1).await;
    let operations = operations(&api).await;
    let listed: BTreeMap<&str, &[Role]> = ALLOWED.iter().copied().collect();
    assert_eq!(operations.keys().map(String::as_str).collect::<Vec<_>>(), listed.keys().copied().collect::<Vec<_>>());

    let before = api.ledger_position().await;
    for (operation, open) in &operations {
        let (method, path) = concrete(operation);
        let allowed = listed[operation.as_str()];
        assert_eq!(*open, allowed.is_empty(), "{operation}: what it says of itself");
        // Any body could be an artifact, so what there is not is asked for.
        let request = || api.request(method.clone(), &path).json(&json!({})).header("if-match", "\"7\"");
        let stranger = request().nobody().open().await.expect("an answer").status().as_u16();
        assert_eq!(stranger == 401, !open, "{operation} without a token: {stranger}");
        for role in ROLES {
            let answer = request().with_token(api.tokens.of(role)).open().await.expect("an answer");
            let status = answer.status().as_u16();
            assert_ne!(status, 401, "{operation} as {role}");
            assert_eq!(status != 403, *open || allowed.contains(&role), "{operation} as {role}: {status}");
        }
    }
    assert_eq!(api.ledger_position().await, before, "requests without meaning changed something");
}

#[tokio::test]
async fn what_is_open_says_nothing_of_anybody() {
    let api = Api::start("open", 1).await;
    api.declare("secret-venue", json!({})).await;
    for path in ["/", "/docs", "/openapi.json", "/healthz", "/readyz", "/metrics"] {
        let answer = api.get(path).nobody().send().await.expect(200);
        assert!(!answer.text.contains("secret-venue"), "{path}");
    }
}

#[tokio::test]
async fn nobody_gets_in_without_a_valid_token() {
    let api = Api::start("strangers-api", 1).await;
    let forged = BearerToken::from_randomness(&[7; 40]);
    let (known_id, _) = api.tokens.admin.rsplit_once('_').expect("an id and a secret");
    let before = api.ledger_position().await;
    let document = json!({ "name": "a", "connector": "exec", "settings": { "command": ["true"] }, "mode": "single" });
    for token in ["", "x", "cct_", "cct_0123456789abcdef", forged.reveal(), &format!("{known_id}_wrong"), &format!("{}x", api.tokens.admin)]
    {
        api.get("/v1/adapters").with_token(token).send().await.problem(401, "unauthorized");
        api.put("/v1/adapters/a", &document).with_token(token).send().await.problem(401, "unauthorized");
    }
    for header in ["", "Basic YWRtaW46YWRtaW4=", "Bearer", &api.tokens.admin, &format!("Bearer  {} x", api.tokens.admin)] {
        api.get("/v1/adapters").nobody().header("authorization", header).send().await.problem(401, "unauthorized");
    }
    let in_the_url = format!("/v1/adapters?token={}&access_token={}", api.tokens.admin, api.tokens.admin);
    api.get(&in_the_url).nobody().send().await.problem(401, "unauthorized");
    assert_eq!(api.ledger_position().await, before);
    api.get("/v1/adapters").nobody().header("authorization", &format!("bEARER {}", api.tokens.viewer)).send().await.expect(200);
}

/// Whoever revokes a token may rely on it, whichever orchestrator is asked next.
#[tokio::test]
async fn a_revoked_token_opens_nothing_anywhere() {
    let api = Api::start("revoked", 2).await;
    for round in 0..10 {
        let (here, there) = (round % 2, (round + 1) % 2);
        let made = api.make_token(Role::Admin, &format!("leaver-{round}"), None).await;
        for at in [here, there] {
            api.get("/v1/adapters").at(at).with_token(&made.token).send().await.expect(200);
        }
        let document =
            json!({ "name": format!("left-{round}"), "connector": "exec", "settings": { "command": ["true"] }, "mode": "single" });
        let path = format!("/v1/adapters/left-{round}");
        let position = api.ledger_position().await;
        api.delete(&format!("/v1/tokens/{}", made.id)).at(here).send().await.expect(204);
        // Each first thing after the revocation in turn: a mutation must not slip through, and neither must a look.
        if round < 5 {
            api.put(&path, &document).at(there).with_token(&made.token).send().await.problem(401, "unauthorized");
        }
        for at in [there, here] {
            api.get("/v1/tokens").at(at).with_token(&made.token).send().await.problem(401, "unauthorized");
            api.get("/v1/events").at(at).with_token(&made.token).send().await.problem(401, "unauthorized");
        }
        assert_eq!(api.ledger_position().await, position + 1);
    }
}

#[tokio::test]
async fn streams_end_with_the_token_that_opened_them() {
    let api = Api::start("revoked-streams", 2).await;
    let person = api.make_token(Role::Viewer, "watcher", None).await;
    let machine = api.make_token(Role::Pod, "machine", Some("pod-a")).await;
    let mut pod = api.pod("pod-a");
    pod.token.clone_from(&machine.token);
    pod.register(10).await.expect(200);
    let events = api.get("/v1/events/stream").at(1).with_token(&person.token).open().await.expect("opens");
    let pushes = pod.stream().at(1).open().await.expect("opens");
    assert_eq!((events.status().as_u16(), pushes.status().as_u16()), (200, 200));
    for id in [&person.id, &machine.id] {
        api.delete(&format!("/v1/tokens/{id}")).at(0).send().await.expect(204);
    }
    events.text().await.expect("it ends in order");
    let pushes = pushes.text().await.expect("it ends in order");
    assert!(pushes.contains("event: gone") && pushes.contains("revoked"), "{pushes}");
    pod.heartbeat(&[]).await.problem(401, "unauthorized");
}

#[tokio::test]
async fn a_pod_acts_only_for_itself() {
    let api = Api::start("not-your-pod", 1).await;
    let bound = api.make_token(Role::Pod, "pod-a", Some("pod-a")).await;
    let victim = api.pod("pod-b");
    victim.register(10).await.expect(200);
    api.declare("venue", json!({})).await;
    let session: Value = api.get("/v1/sessions/venue/0").send().await.expect(200).json();
    let token = session["token"].as_str().expect("pod-b owns it").to_owned();
    let before = api.ledger_position().await;

    // With a token that is bound to another pod, and with one that is not bound but is not the one that it registered with.
    let other = api.make_token(Role::Pod, "other", None).await;
    let before = before + 1;
    for stolen in [&bound.token, &other.token] {
        let mut thief = victim.clone();
        thief.token.clone_from(stolen);
        thief.register(10).await.problem(403, "not-your-pod");
        thief.heartbeat(&[("venue/0", &token)]).await.problem(403, "not-your-pod");
        thief.claim(uuid::Uuid::new_v4(), &["venue/0"]).send().await.problem(403, "not-your-pod");
        thief.release(&[("venue/0", &token)]).await.problem(403, "not-your-pod");
        thief.stream().send().await.problem(403, "not-your-pod");
        let entry = json!({ "session": "venue/0", "token": token, "level": "info", "category": "connection", "message": "mine" });
        thief.post("/v1/log", json!({ "entries": [entry] })).send().await.problem(403, "not-your-pod");
        let leave = format!("/v1/pods/pod-b?incarnation={}", victim.incarnation);
        api.delete(&leave).with_token(stolen).send().await.problem(403, "not-your-pod");
        let drain = json!({ "incarnation": victim.incarnation });
        api.post("/v1/pods/pod-b/drain", &drain).with_token(stolen).send().await.problem(403, "not-your-pod");
    }
    // Not even under a name that nobody has yet.
    let mut unheard_of = api.pod("pod-c");
    unheard_of.token.clone_from(&bound.token);
    unheard_of.register(10).await.problem(403, "not-your-pod");
    assert_eq!(api.ledger_position().await, before);
    // Nor may people, however mighty, speak for a pod.
    let mut person = victim.clone();
    person.token.clone_from(&api.tokens.admin);
    person.heartbeat(&[("venue/0", &token)]).await.problem(403, "forbidden");

    let mut own = api.pod("pod-a");
    own.token = bound.token;
    own.register(10).await.expect(200);
    own.heartbeat(&[]).await.expect(200);
}

#[tokio::test]
async fn every_event_names_its_actor_and_the_proof() {
    let api = Api::start("actors", 1).await;
    let mut pod = api.pod("pod-a");
    pod.register(10).await.expect(200);
    api.declare("venue", json!({})).await;
    let session: Value = api.get("/v1/sessions/venue/0").send().await.expect(200).json();
    pod.heartbeat(&[("venue/0", session["token"].as_str().expect("owned"))]).await.expect(200);
    let all = json!({ "all": true, "reason": "tea" });
    api.post("/v1/adapters/disable", &all).with_token(&api.tokens.operator).send().await.expect(200);

    let rows = api.database.connect().await.query("select type, actor, request_id is null from event order by position", &[]).await;
    let rows = rows.expect("reads");
    let id = |token: &str| token.split('_').nth(1).expect("an id").to_owned();
    let by = |who: &str, token: &str| format!("{who} via token:{}", id(token));
    let actor_of = |kind: &str| -> Vec<String> {
        rows.iter().filter(|row| row.get::<_, &str>(0) == kind).map(|row| row.get::<_, String>(1)).collect()
    };
    let (admin, pod_itself) = (by("admin:admin", &api.tokens.admin), by("pod:pod-a", &api.tokens.pod));
    assert_eq!(actor_of("AccessTokenCreated"), ["conncentric_app via database", &admin, &admin, &admin]);
    assert_eq!(actor_of("AdapterDeclared"), [admin.as_str()]);
    assert_eq!(actor_of("PodRegistered"), [pod_itself.as_str()]);
    assert_eq!(actor_of("SessionStatusChanged"), [pod_itself.as_str()]);
    assert_eq!(actor_of("SessionClaimed"), [admin.as_str()], "whoever enabled it had it claimed");
    assert_eq!(actor_of("AdapterDisabled"), [by("operator:operator", &api.tokens.operator)]);
    assert_eq!(actor_of("PulseRecorded"), ["orchestrator:orchestrator-0"]);
    for row in &rows {
        let (kind, actor, without_request): (&str, &str, bool) = (row.get(0), row.get(1), row.get(2));
        assert!(actor.contains(" via ") || actor.starts_with("orchestrator:"), "{kind}: {actor}");
        assert_eq!(without_request, kind == "PulseRecorded", "{kind}");
    }
}
