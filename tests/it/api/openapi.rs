//! The description of the API says what the API does: its routes, its answers field by field, and its pages.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::support::api::{Answer, Api};

/// Served, but not part of the API.
const NOT_DESCRIBED: [&str; 1] = ["GET /openapi.json"];

fn operations(description: &Value) -> BTreeMap<String, &Value> {
    let paths = description["paths"].as_object().expect("paths");
    let operations = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().expect("operations").iter();
        methods.map(move |(method, operation)| (format!("{} {path}", method.to_uppercase()), operation))
    });
    operations.collect()
}

/// The routes as the source says them: the router itself cannot be asked.
fn routes() -> BTreeSet<String> {
    let source = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/http/mod.rs")).expect("the router's source");
    let mut routes = BTreeSet::new();
    for route in source.split(".route(\"").skip(1) {
        let (path, rest) = route.split_once('"').expect("a path");
        // A route ends where the next call of the router begins, on a line of its own.
        let handlers = rest.split_once('\n').map_or(rest, |(line, _)| line);
        let words = handlers.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':' && c != '(');
        for word in words {
            for method in ["get", "post", "put", "delete", "patch"] {
                if word.starts_with(&format!("{method}(")) {
                    routes.insert(format!("{} {path}", method.to_uppercase()));
                }
            }
        }
    }
    routes
}

#[tokio::test]
async fn every_route_is_described_and_every_description_is_a_route() {
    let api = Api::start("described", 1).await;
    let description = api.get("/openapi.json").nobody().send().await.expect(200).json();
    let described = operations(&description);
    let mut routes = routes();
    for open in NOT_DESCRIBED {
        assert!(routes.remove(open), "{open} is not in the source as this test reads it");
    }
    assert_eq!(described.keys().cloned().collect::<BTreeSet<_>>(), routes);

    let mut ids = BTreeSet::new();
    for (name, operation) in described {
        let (method, path) = name.split_once(' ').expect("a method and a path");
        let has = |what: &str| assert!(operation[what].as_str().is_some_and(|text| !text.is_empty()), "{name} has no {what}");
        has("summary");
        has("operationId");
        assert!(ids.insert(operation["operationId"].to_string()), "{name}: its id is another's too");
        let parameters: Vec<&Value> = operation["parameters"].as_array().into_iter().flatten().collect();
        let in_path: BTreeSet<&str> =
            parameters.iter().filter(|given| given["in"] == "path").filter_map(|given| given["name"].as_str()).collect();
        let named: BTreeSet<&str> = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        assert_eq!(in_path, named, "{name}");
        if path.starts_with("/v1") {
            let statuses: Vec<&String> = operation["responses"].as_object().expect("responses").keys().collect();
            assert!(statuses.iter().all(|status| status.parse::<u16>().is_ok()), "{name} leaves open what it answers: {statuses:?}");
            assert!(statuses.iter().any(|status| *status == "401"), "{name} says nothing of refusals");
        }
        let path = path.replace("{ordinal}", "0").replace("{id}", "0123456789abcdef").replace(['{', '}'], "");
        let answer = api.request(method.parse().expect("a method"), &path).open().await.expect("an answer");
        assert_ne!(answer.status().as_u16(), 405, "{name}");
        if answer.status().as_u16() == 404 {
            assert!(!answer.text().await.expect("a problem").contains("route-unknown"), "{name}");
        }
    }
}

#[tokio::test]
async fn every_reference_resolves_and_every_schema_is_used() {
    let api = Api::start("references", 1).await;
    let description = api.get("/openapi.json").nobody().send().await.expect(200).json();
    let mut references = BTreeSet::new();
    collect_references(&description, &mut references);
    for reference in &references {
        assert!(description.pointer(&reference[1..]).is_some(), "{reference} leads nowhere");
    }
    let schemas = description["components"]["schemas"].as_object().expect("schemas");
    for name in schemas.keys() {
        assert!(references.contains(&format!("#/components/schemas/{name}")), "nothing refers to {name}");
    }
}

fn collect_references(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            references.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| collect_references(member, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, references)),
        _ => {}
    }
}

/// Checks values against the schemas of a description, more strictly than JSON Schema does: what is not declared is wrong.
struct Checker {
    description: Value,
}

impl Checker {
    /// Checks an answer against what its operation says of this status.
    fn check(&self, operation: &str, answer: &Answer) {
        let operations = operations(&self.description);
        let responses = &operations[operation]["responses"];
        let declared = responses.get(answer.status.to_string());
        let declared = self.resolve(declared.unwrap_or_else(|| panic!("{operation} says nothing of {}", answer.status)));
        let content = declared["content"].as_object().and_then(|content| content.values().next());
        match content {
            None => assert!(answer.text.is_empty(), "{operation}: a body that is not declared: {}", answer.text),
            Some(content) => self.conforms(&content["schema"], &answer.json(), operation),
        }
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => self.resolve(self.description.pointer(&reference[1..]).expect("resolves")),
            None => schema,
        }
    }

    /// The members that an object of this schema has, and which of them it must have.
    fn members<'a>(&'a self, schema: &'a Value, all: &mut Map<String, Value>, required: &mut BTreeSet<&'a str>) {
        let schema = self.resolve(schema);
        schema["allOf"].as_array().into_iter().flatten().for_each(|part| self.members(part, all, required));
        all.extend(schema["properties"].as_object().into_iter().flatten().map(|(name, schema)| (name.clone(), schema.clone())));
        required.extend(schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str));
    }

    fn conforms(&self, schema: &Value, value: &Value, place: &str) {
        let schema = self.resolve(schema);
        if let Some(choices) = schema["oneOf"].as_array() {
            let null = |choice: &&Value| choice["type"] == "null";
            match choices.iter().find(|choice| null(choice) == value.is_null()) {
                Some(choice) => return self.conforms(choice, value, place),
                None => panic!("{place}: {value} is none of {choices:?}"),
            }
        }
        let kinds: Vec<&str> = match &schema["type"] {
            Value::String(kind) => vec![kind],
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            _ if schema.get("allOf").is_some() => vec!["object"],
            _ => panic!("{place}: a schema without a type: {schema}"),
        };
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        assert!(kinds.contains(&kind), "{place}: {value} is not of {kinds:?}");
        if let Some(values) = schema["enum"].as_array() {
            assert!(values.contains(value), "{place}: {value} is none of {values:?}");
        }
        match value {
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(i, item)| self.conforms(&schema["items"], item, &format!("{place}[{i}]")));
            }
            Value::Object(members) => self.object_conforms(schema, members, place),
            _ => {}
        }
    }

    fn object_conforms(&self, schema: &Value, members: &Map<String, Value>, place: &str) {
        let (mut declared, mut required) = (Map::new(), BTreeSet::new());
        self.members(schema, &mut declared, &mut required);
        for name in required {
            assert!(members.contains_key(name), "{place}: {name} is missing");
        }
        let free = declared.is_empty();
        for (name, member) in members {
            match declared.get(name) {
                Some(schema) => self.conforms(schema, member, &format!("{place}.{name}")),
                None if schema.get("additionalProperties").is_some_and(|more| *more != json!(false)) => {}
                None => assert!(free, "{place}.{name} is not declared"),
            }
        }
    }
}

#[tokio::test]
async fn answers_have_the_fields_that_are_declared() {
    let api = Api::start("fields", 1).await;
    let checker = Checker { description: api.get("/openapi.json").nobody().send().await.expect(200).json() };
    let mut pod = api.pod("pod-a");
    let more = json!({ "labels": { "zone": "a" }, "capacity": 3 });
    checker.check("POST /v1/pods", &pod.register_with(more).await.expect(200));
    let store = || api.put("/v1/artifacts/dictionary", &json!({ "a": 1 })).send();
    checker.check("PUT /v1/artifacts/{name}", &store().await.expect(201));
    checker.check("PUT /v1/artifacts/{name}", &store().await.expect(200));
    let document = json!({ "name": "venue", "connector": "exec", "mode": "load_balanced", "replicas": 4, "enabled": true,
        "lease_ttl": "30s", "placement": { "labels": { "zone": "a" } }, "artifacts": ["dictionary"], "settings": { "command": ["x"] } });
    checker.check("PUT /v1/adapters/{name}", &api.put("/v1/adapters/venue", &document).send().await.expect(201));
    checker.check("PUT /v1/adapters/{name}", &api.put("/v1/adapters/venue", &document).send().await.expect(200));
    let owned = api.get("/v1/sessions/venue/1").send().await.expect(200).json();
    let token = owned["token"].as_str().expect("owned").to_owned();
    checker.check("POST /v1/heartbeats", &pod.heartbeat(&[("venue/1", &token), ("venue/0", "1")]).await.expect(200));
    let claim = pod.claim(Uuid::new_v4(), &["venue/0", "venue/3", "none/0"]).send().await.expect(200);
    checker.check("POST /v1/claims", &claim);
    let other = api.pod("pod-b");
    other.register_with(json!({ "labels": { "zone": "a" }, "capacity": 1 })).await.expect(200);
    let released = pod.release(&[("venue/1", &token), ("venue/1", "1")]).await.expect(200);
    checker.check("POST /v1/releases", &released);
    let order = json!({ "to": "pod-b", "dry_run": true });
    for ordinal in 0..4 {
        let path = format!("/v1/sessions/venue/{ordinal}/move");
        checker.check("POST /v1/sessions/{adapter}/{ordinal}/move", &api.post(&path, &order).send().await);
    }
    for path in
        ["/v1/adapters", "/v1/sessions", "/v1/pods", "/v1/artifacts", "/v1/events", "/v1/tokens", "/v1/status", "/v1/whoami", "/readyz"]
    {
        checker.check(&format!("GET {path}"), &api.get(path).send().await.expect(200));
    }
    for (operation, path) in [
        ("GET /v1/adapters/{name}", "/v1/adapters/venue"),
        ("GET /v1/sessions/{adapter}/{ordinal}", "/v1/sessions/venue/0"),
        ("GET /v1/sessions/{adapter}/{ordinal}/history", "/v1/sessions/venue/1/history"),
        ("GET /v1/pods/{pod}", "/v1/pods/pod-a"),
        ("GET /v1/artifacts/{name}", "/v1/artifacts/dictionary"),
    ] {
        checker.check(operation, &api.get(path).send().await.expect(200));
        let unknown = path.replace("venue", "none").replace("pod-a", "none").replace("dictionary", "none");
        checker.check(operation, &api.get(&unknown).send().await.expect(404));
    }
    checker.check("POST /v1/pods/{pod}/drain", &api.post("/v1/pods/pod-a/drain", &json!({})).send().await.expect(200));
    checker.check("POST /v1/pods/{pod}/undrain", &api.post("/v1/pods/pod-a/undrain", &json!({})).send().await.expect(200));
    checker.check("DELETE /v1/artifacts/{name}", &api.delete("/v1/artifacts/dictionary").send().await.expect(409));
    let all = json!({ "all": true });
    checker.check("POST /v1/adapters/disable", &api.post("/v1/adapters/disable", &all).send().await.expect(200));
    checker.check("POST /v1/adapters/enable", &api.post("/v1/adapters/enable", &all).send().await.expect(200));
    checker.check("POST /v1/maintenance", &api.post("/v1/maintenance", &all).send().await.expect(200));
    checker.check("GET /v1/maintenance", &api.get("/v1/maintenance").send().await.expect(200));
    checker.check("DELETE /v1/maintenance", &api.request(Method::DELETE, "/v1/maintenance").send().await.expect(200));
    checker.check("DELETE /v1/maintenance", &api.request(Method::DELETE, "/v1/maintenance").send().await.expect(409));
    let made = api.post("/v1/tokens", &json!({ "name": "x", "role": "pod", "pod": "pod-x" })).send().await.expect(201);
    checker.check("POST /v1/tokens", &made);
    let path = format!("/v1/tokens/{}", made.json()["id"].as_str().expect("an id"));
    checker.check("DELETE /v1/tokens/{id}", &api.request(Method::DELETE, &path).send().await.expect(204));
}

/// Goes through all pages and gives back the positions in the order in which they came.
async fn pages(api: &Api, filter: &str, newest_first: bool) -> Vec<i64> {
    let (order, cursor) = if newest_first { ("desc", "before") } else { ("asc", "after") };
    let (mut positions, mut from) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/events?limit=7&order={order}{filter}{from}");
        let page = api.get(&path).send().await.expect(200).json();
        let events = page["events"].as_array().expect("events");
        positions.extend(events.iter().map(|event| event["position"].as_i64().expect("a position")));
        match page["next"].as_i64() {
            Some(next) => from = format!("&{cursor}={next}"),
            None => return positions,
        }
    }
}

#[tokio::test]
async fn pages_cover_the_table_without_gap_in_both_orders() {
    let api = Api::start("pages", 1).await;
    let mut pod = api.pod("pod-a");
    pod.register(100).await.expect(200);
    // 21 events in all are three full pages and nothing after them: the case in which an end is easily missed.
    api.declare("venue", json!({ "mode": "load_balanced", "replicas": 9 })).await;
    while api.get("/v1/events?limit=1").send().await.json()["head"].as_i64() < Some(21) {
        pod.heartbeat(&[]).await.expect(200);
    }
    let database = api.database.connect().await;
    for (filter, condition) in [
        ("", "true"),
        ("&pulses=false", "not pulse"),
        ("&type=SessionClaimed", "type = 'SessionClaimed'"),
        ("&session=venue/3", "stream = 'session:venue/3'"),
        ("&stream=adapter:venue", "stream = 'adapter:venue'"),
        ("&actor=orchestrator:orchestrator-0", "actor = 'orchestrator:orchestrator-0'"),
        ("&from=2020-01-01T00:00:00Z&to=9999-01-01T00:00:00Z", "true"),
        ("&to=2020-01-01T00:00:00Z", "false"),
    ] {
        let select = format!("select position from event where {condition} order by position");
        let expected: Vec<i64> = database.query(&select, &[]).await.expect("reads").iter().map(|row| row.get(0)).collect();
        assert_eq!(pages(&api, filter, false).await, expected, "{filter}");
        let backwards: Vec<i64> = expected.into_iter().rev().collect();
        assert_eq!(pages(&api, filter, true).await, backwards, "{filter}");
    }
}
