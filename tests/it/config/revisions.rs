//! What an adapter said before, and sessions that run with it still.

use serde_json::{Value, json};

use crate::support::api::{Api, orchestrator};

fn document(settings: &Value, priority: i32) -> Value {
    json!({ "name": "venue", "connector": "exec", "mode": "exclusive", "priority": priority, "settings": settings })
}

#[tokio::test]
async fn every_revision_can_be_read_and_restored() {
    let api = Api::start("revisions", 2).await;
    let put = async |document: &Value| api.put("/v1/adapters/venue", document).send().await;
    for program in ["one", "two", "three"] {
        put(&document(&json!({ "command": [program] }), 100)).await;
    }
    api.put("/v1/adapters/venue", &document(&json!({ "command": ["three"] }), 100)).send().await.expect(200);

    let page = api.get("/v1/adapters/venue/revisions").at(1).with_token(&api.tokens.viewer).send().await.expect(200).json();
    let numbers: Vec<_> = page["revisions"].as_array().expect("revisions").iter().map(|revision| revision["revision"].clone()).collect();
    assert_eq!((numbers, &page["next"]), (vec![json!(3), json!(2), json!(1)], &Value::Null), "{page}");
    let oldest = &page["revisions"][2];
    assert!(oldest["actor"].as_str().is_some_and(|actor| actor.starts_with("admin:")) && oldest["position"].is_number(), "{oldest}");

    let page = api.get("/v1/adapters/venue/revisions?limit=2").send().await.expect(200).json();
    assert_eq!((page["revisions"].as_array().map(Vec::len), &page["next"]), (Some(2), &json!(2)));
    let page = api.get("/v1/adapters/venue/revisions?before=2").send().await.expect(200).json();
    assert_eq!(page["revisions"].as_array().map(Vec::len), Some(1));

    let then = api.get("/v1/adapters/venue?revision=1").send().await.expect(200);
    assert_eq!((&then.json()["revision"], &then.json()["settings"]["command"][0]), (&json!(1), &json!("one")));
    api.get("/v1/adapters/venue?revision=9").send().await.problem(404, "revision-unknown");
    api.get("/v1/adapters/nobody/revisions").send().await.problem(404, "adapter-unknown");

    let restored = put(&oldest["document"]).await.expect(200).json();
    assert_eq!((&restored["outcome"], &restored["adapter"]["revision"]), (&json!("updated"), &json!(4)));
    assert_eq!(restored["adapter"]["settings"]["command"][0], "one");

    // Another adapter of the same name has a history of its own.
    api.delete("/v1/adapters/venue").send().await.expect(204);
    api.get("/v1/adapters/venue/revisions").send().await.problem(404, "adapter-unknown");
    put(&document(&json!({ "command": ["four"] }), 100)).await.expect(201);
    let page = api.get("/v1/adapters/venue/revisions").send().await.expect(200).json();
    assert_eq!(page["revisions"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_change_waits_for_a_restart_if_it_matters_to_the_session() {
    let mut api = Api::start("pending-restart", 2).await;
    let pod = api.pod("pod-a");
    pod.register(10).await.expect(200);
    let incarnation = pod.incarnation.clone();
    api.declare("venue", json!({})).await;
    let pending = async |api: &Api| {
        let session = api.get("/v1/sessions/venue/0").at(1).send().await.expect(200).json();
        let adapter = api.get("/v1/adapters/venue").at(1).send().await.expect(200).json();
        assert_eq!(session["pending_restart"], adapter["pending_restart"], "{session} {adapter}");
        (session["pending_restart"].clone(), session["revision"].clone(), session["newest_revision"].clone())
    };
    assert_eq!(pending(&api).await, (json!(false), json!(1), json!(1)));
    let more = |settings: Value, priority: i32| json!({ "settings": settings, "priority": priority });
    api.declare("venue", more(json!({ "command": ["true"] }), 7)).await;
    assert_eq!(pending(&api).await, (json!(false), json!(1), json!(2)), "the order of takeovers is none of the session's business");
    api.declare("venue", more(json!({ "command": ["false"] }), 7)).await;
    assert_eq!(pending(&api).await, (json!(true), json!(1), json!(3)));

    // A pod that asks now is given what the session was claimed with, whatever came since.
    let registered =
        api.post("/v1/pods", &json!({ "pod": "pod-a", "incarnation": incarnation, "capacity": 10 })).with_token(&api.tokens.pod);
    let grant = &registered.send().await.expect(200).json()["leases"][0];
    assert_eq!((&grant["revision"], &grant["settings"]["command"][0]), (&json!(1), &json!("true")));
    // So is one that asks an orchestrator which has just loaded the projections.
    let mut late = orchestrator("late", &api.folder, &api.database.app_url);
    let address = late.listening().await;
    api.urls.push(format!("http://{address}"));
    api.processes.push(late);
    api.ready(2).await;
    let session = api.get("/v1/sessions/venue/0").at(2).send().await.expect(200).json();
    assert_eq!((&session["pending_restart"], &session["revision"]), (&json!(true), &json!(1)));

    let at = api.ledger_position().await;
    api.declare("venue", more(json!({ "command": ["true"] }), 7)).await;
    assert_eq!(pending(&api).await, (json!(false), json!(1), json!(4)), "it is as it was");
    let then = api.get(&format!("/v1/sessions/venue/0?at={at}")).send().await.expect(200).json();
    assert_eq!(then["pending_restart"], json!(true));
}
