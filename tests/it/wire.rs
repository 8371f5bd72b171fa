//! Versions side by side: what pods and people said to the orchestrators of each version, and what these answered.
//!
//! `tests/corpus/wire/VERSION.json` is a conversation as that version held it. Its requests are said again to the orchestrator of today,
//! which must understand all of them and answer with everything that was in the answer then; it may say more. The types of today must
//! read what was said then, for the pod that is newer than its orchestrator, and say no more in a request than that one understands.
//!
//! Files are added with a version and never edited. `UPDATE=1 cargo test --test it wire::` writes the answers of the file of the present
//! version down anew, for as long as that is not released.

use std::path::{Path, PathBuf};

use conncentric::wire::access_token::WhoAmI;
use conncentric::wire::action::{ActionAccepted, ActionPage, ActionRequest, AnswerRequest, AnswersAnswer};
use conncentric::wire::adapter::{AdapterDocument, AdapterView, AdminStateAnswer, AdminStateRequest, PutAnswer};
use conncentric::wire::log::{LogAnswer, LogRequest};
use conncentric::wire::maintenance::MaintenanceAnswer;
use conncentric::wire::pod::{
    ClaimAnswer, ClaimRequest, DrainAnswer, DrainRequest, HeartbeatAnswer, HeartbeatRequest, PodView, RegisterAnswer, RegisterRequest,
    ReleaseAnswer, ReleaseRequest,
};
use conncentric::wire::problem::Problem;
use conncentric::wire::push::Push;
use conncentric::wire::session::{MoveRequest, SessionView};
use conncentric::wire::status::StatusView;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::support::api::{Api, Pushes};

/// Fields whose values mean something to whoever reads them, so that a new value would be another language.
const WORDS: &[&str] = &["session", "adapter", "pod", "status", "admin_state", "desired", "code", "mode", "outcome", "connector", "state"];

/// Where free text stands under one of these names, or the weather of the machine.
const FREE: &[&str] = &["/connections", "/server"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/wire")
}

fn corpus() -> Vec<(PathBuf, Vec<Value>)> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder()).expect("the corpus").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    let read = |path: &PathBuf| serde_json::from_str(&std::fs::read_to_string(path).expect("text")).expect("JSON");
    paths.iter().map(|path| (path.clone(), read(path))).collect()
}

fn text<'a>(step: &'a Value, key: &str) -> &'a str {
    step[key].as_str().unwrap_or_default()
}

/// Everything that `then` says, `now` says too.
fn lost(place: &str, then: &Value, now: &Value) -> Vec<String> {
    if FREE.iter().any(|free| place.ends_with(free)) {
        return Vec::new();
    }
    match (then, now) {
        (Value::Null, _) | (Value::Bool(_), Value::Bool(_)) | (Value::Number(_), Value::Number(_)) => Vec::new(),
        (Value::String(then), Value::String(now)) => {
            let is_word = place.rsplit('/').next().is_some_and(|key| WORDS.contains(&key));
            if is_word && then != now { vec![format!("{place}: \"{then}\" is \"{now}\" now")] } else { Vec::new() }
        }
        (Value::Array(then), Value::Array(now)) => match (then.first(), now.first()) {
            (Some(then), Some(now)) => lost(&format!("{place}/0"), then, now),
            (None, _) => Vec::new(),
            (Some(_), None) => vec![format!("{place}: nothing is in it any more")],
        },
        (Value::Object(then), Value::Object(now)) => {
            let member = |(key, then): (&String, &Value)| match now.get(key) {
                Some(now) => lost(&format!("{place}/{key}"), then, now),
                None => vec![format!("{place}/{key}: it is gone")],
            };
            then.iter().flat_map(member).collect()
        }
        _ => vec![format!("{place}: {then} is {now} now")],
    }
}

/// What has been said so far and is to be repeated: `${token}`, `${receipt}` and `${action}` in requests.
#[derive(Default)]
struct Memory {
    known: Map<String, Value>,
}

impl Memory {
    fn hear(&mut self, said: &Value) {
        match said {
            Value::Object(members) => {
                for (key, value) in members {
                    let name = match key.as_str() {
                        "token" if members.get("session").is_some_and(|session| session == "venue/0") => "token",
                        "receipt" => "receipt",
                        "action_id" => "action",
                        _ => "",
                    };
                    if value.is_string() && !name.is_empty() {
                        self.known.insert(name.into(), value.clone());
                    }
                    self.hear(value);
                }
            }
            Value::Array(values) => values.iter().for_each(|value| self.hear(value)),
            _ => {}
        }
    }

    fn fill_in(&self, request: &Value) -> Value {
        let mut text = request.to_string();
        for (name, value) in &self.known {
            text = text.replace(&format!("${{{name}}}"), value.as_str().unwrap_or_default());
        }
        assert!(!text.contains("${"), "{text}");
        serde_json::from_str(&text).expect("JSON")
    }
}

/// Holds a conversation, and gives it back with what was said this time.
async fn hold(api: &Api, script: &[Value]) -> Vec<Value> {
    let (mut memory, mut pushes, mut held) = (Memory::default(), None::<Pushes>, Vec::new());
    for step in script {
        let mut said = step.clone();
        if let Some(path) = step["open"].as_str() {
            pushes = Some(Pushes::open(api.get(path).with_token(&api.tokens.pod)).await);
        } else if let Some(name) = step["push"].as_str() {
            said["data"] = pushes.as_mut().expect("opened before").expect(name).await;
            memory.hear(&said["data"]);
        } else {
            let token = match text(step, "as") {
                "admin" => &api.tokens.admin,
                "operator" => &api.tokens.operator,
                "viewer" => &api.tokens.viewer,
                _ => &api.tokens.pod,
            };
            let method = text(step, "method").parse().expect("a method");
            let mut request = api.request(method, text(step, "path")).with_token(token);
            if step.get("request").is_some() {
                request = request.json(&memory.fill_in(&step["request"]));
            }
            let answer = request.send().await;
            said["status"] = answer.status.into();
            said["answer"] = if answer.text.is_empty() { Value::Null } else { answer.json() };
            memory.hear(&said["answer"]);
        }
        held.push(said);
    }
    held
}

#[tokio::test]
async fn what_was_said_to_every_version_is_understood_and_answered_as_then() {
    for (path, then) in corpus() {
        let api = Api::start("wire", 1).await;
        let now = hold(&api, &then).await;
        let is_present = path.file_stem().is_some_and(|version| version == env!("CARGO_PKG_VERSION"));
        if is_present && std::env::var_os("UPDATE").is_some() {
            let text = serde_json::to_string_pretty(&now).expect("JSON") + "\n";
            std::fs::write(&path, text).expect("written");
            continue;
        }
        let mut differences = Vec::new();
        for (then, now) in then.iter().zip(&now) {
            let place = format!("{} {}{}", text(then, "method"), text(then, "path"), text(then, "push"));
            assert_eq!(then["status"], now["status"], "{place}: {}", now["answer"]);
            differences.extend(lost(&place, &then["answer"], &now["answer"]));
            differences.extend(lost(&place, &then["data"], &now["data"]));
        }
        assert!(differences.is_empty(), "{}:\n{}", path.display(), differences.join("\n"));
    }
}

/// Reads what was said as the type of today, and writes it down again.
fn again<T: DeserializeOwned + Serialize>(said: &Value) -> Value {
    let read: T = serde_json::from_value(said.clone()).unwrap_or_else(|error| panic!("{error}: {said}"));
    serde_json::to_value(read).expect("JSON")
}

/// The request of a step, as a client of today would send it.
fn request_again(step: &Value) -> Option<Value> {
    let request = &Memory { known: stand_ins() }.fill_in(step.get("request")?);
    Some(match (text(step, "method"), text(step, "path")) {
        ("PUT", _) => again::<AdapterDocument>(request),
        (_, "/v1/pods") => again::<RegisterRequest>(request),
        (_, "/v1/heartbeats") => again::<HeartbeatRequest>(request),
        (_, "/v1/log") => again::<LogRequest>(request),
        (_, "/v1/claims") => again::<ClaimRequest>(request),
        (_, "/v1/releases") => again::<ReleaseRequest>(request),
        (_, "/v1/actions/answers") => again::<AnswerRequest>(request),
        (_, path) if path.ends_with("/actions") => again::<ActionRequest>(request),
        (_, path) if path.ends_with("/move") => again::<MoveRequest>(request),
        (_, path) if path.ends_with("/drain") => again::<DrainRequest>(request),
        (_, path) if path.starts_with("/v1/adapters/") || path == "/v1/maintenance" => again::<AdminStateRequest>(request),
        _ => return None,
    })
}

fn stand_ins() -> Map<String, Value> {
    [("token", "1099511627777"), ("receipt", "1:7:x"), ("action", "7")]
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .into_iter()
        .collect()
}

/// The answer of a step, as the types of today understand it.
fn answer_again(step: &Value) -> Option<Value> {
    let answer = &step["answer"];
    let first = |list: &str| answer[list][0].clone();
    Some(match (text(step, "method"), text(step, "path")) {
        _ if step["status"].as_i64()? >= 400 => again::<Problem>(answer),
        ("POST", "/v1/pods") => again::<RegisterAnswer>(answer),
        (_, "/v1/heartbeats") => again::<HeartbeatAnswer>(answer),
        (_, "/v1/log") => again::<LogAnswer>(answer),
        (_, "/v1/claims") => again::<ClaimAnswer>(answer),
        (_, "/v1/releases") => again::<ReleaseAnswer>(answer),
        (_, "/v1/actions/answers") => again::<AnswersAnswer>(answer),
        (_, "/v1/maintenance") => again::<MaintenanceAnswer>(answer),
        (_, "/v1/status") => again::<StatusView>(answer),
        (_, "/v1/whoami") => again::<WhoAmI>(answer),
        ("PUT", _) => again::<PutAnswer>(answer),
        ("POST", "/v1/adapters/enable" | "/v1/adapters/disable") => again::<AdminStateAnswer>(answer),
        ("POST", path) if path.ends_with("/drain") => again::<DrainAnswer>(answer),
        ("POST", path) if path.ends_with("/actions") => again::<ActionAccepted>(answer),
        (_, "/v1/sessions/venue/0/actions") => again::<ActionPage>(answer),
        (_, "/v1/sessions/venue/0") => again::<SessionView>(answer),
        (_, "/v1/adapters/venue") => again::<AdapterView>(answer),
        ("GET", "/v1/pods/pod-1") => again::<PodView>(answer),
        ("GET", "/v1/sessions") => json!({ "sessions": [again::<SessionView>(&first("sessions"))] }),
        ("GET", "/v1/adapters") => json!({ "adapters": [again::<AdapterView>(&first("adapters"))] }),
        ("GET", "/v1/pods") => json!({ "pods": [again::<PodView>(&first("pods"))] }),
        _ => return None,
    })
}

/// A pod or a command of today beside an orchestrator of then.
#[test]
fn clients_of_today_understand_every_version_and_say_nothing_that_it_does_not_know() {
    for (path, conversation) in corpus() {
        let (mut requests, mut answers, mut pushes) = (0, 0, 0);
        for step in &conversation {
            let place = format!("{}: {} {}", path.display(), text(step, "method"), text(step, "path"));
            if let Some(again) = request_again(step) {
                // Unknown fields are refused, so what is new must be left out until it is needed.
                let then = Memory { known: stand_ins() }.fill_in(&step["request"]);
                assert_eq!(lost(&place, &again, &with_defaults(&then, &again)), Vec::<String>::new());
                requests += 1;
            }
            if let Some(again) = answer_again(step) {
                assert_eq!(lost(&place, &step["answer"], &again), Vec::<String>::new());
                answers += 1;
            }
            if let Some(name) = step["push"].as_str() {
                let push = Push::read(name, &step["data"].to_string()).unwrap_or_else(|error| panic!("{name}: {error}: {step}"));
                let push = push.unwrap_or_else(|| panic!("{name} is not known any more"));
                let again: Value = serde_json::from_str(&push.data().expect("JSON")).expect("JSON");
                assert_eq!(lost(name, &step["data"], &again), Vec::<String>::new());
                pushes += 1;
            }
        }
        assert!(requests > 10 && answers > 20 && pushes > 5, "{requests} {answers} {pushes}");
    }
}

/// What the request says with the fields that every version knows and a request may leave out.
fn with_defaults(then: &Value, again: &Value) -> Value {
    const KNOWN: &[&str] = &["all", "names", "dry_run", "trusted", "leases", "parameters"];
    let (Some(then_members), Some(again_members)) = (then.as_object(), again.as_object()) else { return then.clone() };
    let known = again_members.iter().filter(|(key, _)| KNOWN.contains(&key.as_str()));
    let known = known.map(|(key, value)| (key.clone(), value.clone()));
    Value::Object(known.chain(then_members.clone()).collect())
}

#[test]
fn what_is_gone_or_renamed_is_noticed() {
    let then = json!({ "leases": [{ "session": "a/0", "token": "7", "status": "ACTIVE", "reason": null }], "ttl_ms": 5 });
    let told = |now: Value| lost("", &then, &now);
    assert_eq!(told(then.clone()), Vec::<String>::new());
    let more = json!({ "leases": [{ "session": "a/0", "token": "8", "status": "ACTIVE", "reason": "x", "new": 1 }], "ttl_ms": 6, "x": {} });
    assert_eq!(told(more), Vec::<String>::new());
    assert_eq!(told(json!({ "leases": [], "ttl_ms": 5 })), ["/leases: nothing is in it any more"]);
    let renamed = json!({ "leases": [{ "session": "a/0", "token": 7, "status": "RUNNING", "reason": null }], "ttl": 5 });
    assert_eq!(
        told(renamed),
        ["/leases/0/status: \"ACTIVE\" is \"RUNNING\" now", "/leases/0/token: \"7\" is 7 now", "/ttl_ms: it is gone"]
    );
}
