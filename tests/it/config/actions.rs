//! Actions: ordered at an orchestrator, pushed to the owner, carried out once, answered, and all of it in the log.

use std::time::Duration;

use conncentric::domain::action::ActionState;
use conncentric::domain::event::{ClaimKind, Event};
use conncentric::wire::action::{ActionAccepted, ActionPage, ActionRequest, ActionView};
use conncentric::wire::adapter::PutAnswer;
use conncentric::wire::session::SessionView;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::api::{Api, Pushes};
use crate::support::sound::assert_sound;
use crate::support::system::{System, document};
use crate::support::wait::{SOON, eventually};

const LONG: Duration = Duration::from_mins(1);

/// Answers every action with what it was given, writes down what it heard, and fails what is called `fail`.
const OBEDIENT: &str = r#"
while read -r line; do
  echo "$line" >> "$HEARD"
  id=$(echo "$line" | sed 's/.*"id":"\([0-9]*\)".*/\1/')
  case "$line" in
    *'"name":"fail"'*) echo '{"action":{"id":"'"$id"'","state":"failed","message":"as asked"}}' ;;
    *'"name":"ignore"'*) ;;
    *) echo '{"action":{"id":"'"$id"'","state":"done","message":"heard"}}' ;;
  esac
done
"#;

async fn order(system: &System, session: &str, action: &str, parameters: Value) -> ActionAccepted {
    let parameters = parameters.as_object().expect("an object").clone();
    let request = ActionRequest { action: action.parse().expect("a name"), parameters };
    system.call(Method::POST, &format!("/v1/sessions/{session}/actions"), Some(&request)).await.expect("ordered")
}

async fn until(system: &System, accepted: &ActionAccepted, state: ActionState) -> ActionView {
    let path = format!("/v1/sessions/{}/actions/{}", accepted.session, accepted.action_id);
    eventually(SOON, async || {
        let view: ActionView = system.call(Method::GET, &path, None::<&()>).await.map_err(|error| error.to_string())?;
        if view.state == state { Ok(view) } else { Err(format!("{view:?}")) }
    })
    .await
}

#[tokio::test]
async fn a_program_gets_an_action_once_and_answers_it() {
    let system = System::start("actions", 2, 2).await;
    let heard = system.folder().join("heard");
    let settings = json!({ "command": ["/bin/sh", "-c", OBEDIENT], "env": { "HEARD": heard.display().to_string() } });
    system.declare(&[document("obedient", "exec", LONG, &settings)]).await;

    let accepted = order(&system, "obedient/0", "greet", json!({ "whom": "you & <me>", "times": 2 })).await;
    let done = until(&system, &accepted, ActionState::Done).await;
    assert_eq!((done.message.as_deref(), done.token), (Some("heard"), accepted.token));
    assert!(done.ordered_by.starts_with("admin:") && done.answered_at.is_some(), "{done:?}");
    let failed = order(&system, "obedient/0", "fail", json!({})).await;
    assert_eq!(until(&system, &failed, ActionState::Failed).await.message.as_deref(), Some("as asked"));
    let line = format!(r#"{{"action":{{"id":"{}","name":"greet","parameters":{{"times":2,"whom":"you & <me>"}}}}}}"#, accepted.action_id);
    let lines = std::fs::read_to_string(&heard).expect("what it heard");
    assert_eq!(lines.lines().filter(|heard| *heard == line).count(), 1, "{lines}");

    // The words for people, and the command that orders one and waits.
    let (status, said) = system.cli(&["action", "obedient/0", "greet", "times=3", "whom=all", "--wait"]).await;
    assert!(status.success() && said.contains("done: heard"), "{said}");
    let (status, said) = system.cli(&["action", "obedient/0", "fail", "--wait"]).await;
    assert!(!status.success() && said.contains("failed: as asked"), "{said}");
    let (_, log) = system.cli(&["get", "log", "obedient", "--category", "action"]).await;
    for words in ["Action received: greet", "Action under way: greet", "Action done: greet: heard", "Action failed: fail: as asked"] {
        assert!(log.contains(words), "{words}: {log}");
    }
    let page: ActionPage = system.call(Method::GET, "/v1/sessions/obedient/0/actions", None::<&()>).await.expect("a page");
    let (done, failed) = (ActionState::Done, ActionState::Failed);
    let names: Vec<_> = page.actions.iter().map(|action| (action.action.as_str(), action.state)).collect();
    assert_eq!(names, [("fail", failed), ("greet", done), ("fail", failed), ("greet", done)]);
    assert_sound(&system).await;
}

#[tokio::test]
async fn a_restart_brings_the_newest_revision_to_the_same_pod_without_a_takeover() {
    let system = System::start("restart", 2, 2).await;
    let mut adapter = system.to_venue("venue-a", LONG);
    let before = system.declare(std::slice::from_ref(&adapter)).await;
    let owner = before.values().next().expect("an owner").clone();
    adapter.settings.insert("keepalive".into(), json!("150ms"));
    let _: PutAnswer = system.call(Method::PUT, "/v1/adapters/venue-a", Some(&adapter)).await.expect("changed");
    let session: SessionView = system.call(Method::GET, "/v1/sessions/venue-a/0", None::<&()>).await.expect("the session");
    assert!(session.pending_restart && session.revision == Some(1) && session.newest_revision == 2, "{session:?}");

    let (status, said) = system.cli(&["action", "venue-a/0", "restart", "--wait"]).await;
    assert!(status.success() && said.contains("(restart) done"), "{said}");
    let after = system.until_moved(SOON, &before).await;
    let now = after.values().next().expect("an owner");
    assert!(now.holder == owner.holder && now.token > owner.token, "{now:?}");
    let session: SessionView = system.call(Method::GET, "/v1/sessions/venue-a/0", None::<&()>).await.expect("the session");
    assert!(!session.pending_restart && session.revision == Some(2), "{session:?}");
    let kinds = system.events_of(|event| if let Event::SessionClaimed(claim) = event { Some(&claim.kind) } else { None }).await;
    assert_eq!(kinds, [ClaimKind::Placement, ClaimKind::Handover]);
    system.journal().assert_one_believer_at_a_time();
    assert_sound(&system).await;
}

#[tokio::test]
async fn the_venue_is_told_of_sequence_numbers() {
    let system = System::start("sequence", 1, 1).await;
    system.declare(&[system.to_venue("venue-a", LONG)]).await;
    let accepted = order(&system, "venue-a/0", "set-sequence", json!({ "next": 42 })).await;
    until(&system, &accepted, ActionState::Done).await;
    let accepted = order(&system, "venue-a/0", "reset", json!({})).await;
    until(&system, &accepted, ActionState::Done).await;
    let journal = std::fs::read_to_string(system.folder().join("venue.jsonl")).expect("the journal");
    // The last line may be half written.
    let whole = journal.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let lines: Vec<Value> = whole.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let told: Vec<_> =
        lines.iter().filter(|line| line.get("next").is_some()).map(|line| (line["line"].clone(), line["next"].clone())).collect();
    assert_eq!(told, [(json!("SEQUENCE"), json!(42)), (json!("RESET"), json!(1))]);
}

/// What a scripted pod hears and may say, with orders at one orchestrator and its stream at the other.
#[tokio::test]
async fn actions_reach_the_owner_wherever_it_listens_and_nobody_else_answers_them() {
    let api = Api::start("action-routes", 2).await;
    let mut pod = api.pod("pod-a");
    pod.at = 1;
    pod.register(10).await.expect(200);
    api.declare("venue", json!({})).await;
    let session = api.get("/v1/sessions/venue/0").send().await.expect(200).json();
    let token = session["token"].as_str().expect("a token").to_owned();
    let mut stream = Pushes::open(pod.stream()).await;
    stream.expect("sync").await;

    let path = "/v1/sessions/venue/0/actions";
    let ordered = api.post(path, &json!({ "action": "greet", "parameters": { "n": 1 } })).with_token(&api.tokens.operator).send().await;
    let ordered = ordered.expect(202).json();
    let pushed = stream.expect("action").await;
    for field in ["action_id", "session", "token"] {
        assert_eq!(pushed[field], ordered[field], "{pushed}");
    }
    assert_eq!((&pushed["action"], &pushed["parameters"]), (&json!("greet"), &json!({ "n": 1 })));

    // Until it says that it knows, every way to ask tells of it.
    let beat = pod.heartbeat(&[("venue/0", &token)]).await.expect(200).json();
    assert_eq!(beat["actions"][0]["action_id"], ordered["action_id"]);
    let again = Pushes::open(pod.stream()).await.expect("sync").await;
    assert_eq!(again["leases"][0]["actions"][0]["action_id"], ordered["action_id"]);
    let answer =
        |state: &str| json!({ "answers": [{ "session": "venue/0", "token": token, "action_id": ordered["action_id"], "state": state }] });
    let say = async |state: &str| pod.post("/v1/actions/answers", answer(state)).send().await.expect(200).json();
    assert_eq!(say("received").await["refused"], json!([]));
    let beat = pod.clone().heartbeat(&[("venue/0", &token)]).await.expect(200).json();
    assert_eq!(beat.get("actions"), None, "{beat}");

    // Another pod may not answer, and a viewer may not order.
    let other = api.pod("pod-b");
    other.register(10).await.expect(200);
    let refused = other.post("/v1/actions/answers", answer("done")).send().await.expect(200).json();
    assert_eq!(refused["refused"][0]["code"], "lease-not-held");
    api.post(path, &json!({ "action": "greet" })).with_token(&api.tokens.viewer).send().await.problem(403, "forbidden");
    api.post(path, &json!({ "action": "greet" })).with_token(&api.tokens.pod).send().await.problem(403, "forbidden");

    // It moves before it is answered: nobody knows how far it came, and the old owner's word comes too late.
    api.post("/v1/sessions/venue/0/move", &json!({ "to": "pod-b" })).send().await.expect(200);
    api.post(path, &json!({ "action": "greet" })).send().await.problem(409, "moving-already");
    pod.release(&[("venue/0", &token)]).await.expect(200);
    let view = api.get(&format!("{path}/{}", ordered["action_id"].as_str().expect("an id"))).send().await.expect(200).json();
    assert_eq!(view["state"], "abandoned");
    assert_eq!(say("done").await["refused"][0]["code"], "lease-not-held");

    api.post("/v1/adapters/disable", &json!({ "names": ["venue"] })).send().await.expect(200);
    api.post(path, &json!({ "action": "restart" })).send().await.problem(409, "closing");
    let session = api.get("/v1/sessions/venue/0").send().await.expect(200).json();
    let token = session["token"].as_str().expect("a token").to_owned();
    other.release(&[("venue/0", &token)]).await.expect(200);
    api.post(path, &json!({ "action": "restart" })).send().await.problem(409, "not-owned");
    api.post("/v1/sessions/nobody/0/actions", &json!({ "action": "restart" })).send().await.problem(404, "session-unknown");
    api.get(&format!("{path}/1")).send().await.problem(404, "action-unknown");
    api.post(path, &json!({ "action": "No Name" })).send().await.problem(400, "invalid-field");
}
