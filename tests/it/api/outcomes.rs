//! Connections to the database break after the request went through, so nobody knows at first what came of it (I4).

use conncentric::domain::identity::Role;
use conncentric::wire::access_token::CreatedAccessToken;
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::claims::{Told, assert_told_as_recorded, claim_until_answered, reticent_pods};
use crate::support::api::{Api, Request};
use crate::support::cutter::Cutter;
use crate::support::postgres::Database;
use crate::support::wait::{SOON, eventually, holds};

/// An orchestrator that loses most answers to appends of these events, and one that does not.
async fn start(name: &str, events: &'static [&'static str], all_but_each: u32) -> (Api, Cutter) {
    let database = Database::create(name).await;
    conncentric::log::migrate(&database.url).await.expect("migrates");
    let cutter = Cutter::start(&database.app_url, events, all_but_each).await;
    let ways = [cutter.url.clone(), database.app_url.clone()];
    (Api::start_on(database, &ways).await, cutter)
}

#[tokio::test]
async fn claims_of_unknown_outcome_are_in_the_log_once() {
    let (api, cutter) = start("unknown-claims", &["SessionClaimed"], 3).await;
    let pods = reticent_pods(&api, 4).await;
    api.declare("work", json!({ "mode": "load_balanced", "replicas": 60, "lease_ttl": "1h" })).await;
    let cuts_before = cutter.cuts();
    // Few at a time, so that many appends are lost and not one large.
    let outcomes: Vec<Told> = stream::iter(0..240)
        .map(|i| {
            let mut pod = pods[i % 4].clone();
            pod.at = i / 4 % 2;
            async move {
                let (session, request_id) = (format!("work/{}", i / 4), Uuid::new_v4());
                let (answer, _) = claim_until_answered(&pod, request_id, &session).await;
                Told::of(&answer, request_id, &pod.name, &session)
            }
        })
        .buffer_unordered(16)
        .collect()
        .await;
    assert!(cutter.cuts() > cuts_before + 5, "only {} answers were lost", cutter.cuts());
    assert_told_as_recorded(&api, &outcomes).await;

    // Sent once more, whether granted or refused, each gets the same answer and leaves nothing behind.
    let position = api.ledger_position().await;
    for told in &outcomes {
        let mut pod = pods.iter().find(|pod| pod.name == told.pod).expect("ours").clone();
        pod.at = usize::from(told.request_id.as_u128() % 2 == 0);
        let (answer, _) = claim_until_answered(&pod, told.request_id, &told.session).await;
        assert_eq!(Told::of(&answer, told.request_id, &told.pod, &told.session).outcome, told.outcome);
    }
    assert_eq!(api.ledger_position().await, position);
}

/// What everybody but pods may have done, in an order in which each makes sense.
fn changes(api: &Api) -> Vec<(Request<'_>, u16)> {
    let document = |priority: i32| json!({ "name": "venue", "connector": "exec", "settings": { "command": ["true"] }, "mode": "single", "priority": priority });
    let names = json!({ "names": ["venue"], "reason": "tea" });
    vec![
        (api.put("/v1/adapters/venue", &document(1)), 201),
        (api.put("/v1/adapters/venue", &document(2)), 200),
        (api.post("/v1/adapters/enable", &names), 200),
        (api.post("/v1/sessions/venue/0/move", &json!({ "to": "pod-b" })), 200),
        (api.post("/v1/pods/pod-a/drain", &json!({})), 200),
        (api.post("/v1/pods/pod-a/undrain", &json!({})), 200),
        (api.post("/v1/adapters/disable", &names), 200),
    ]
}

/// What an answer says was done; what it shows of the present besides may have gone on.
fn done(answer: &Value) -> Value {
    json!([answer["outcome"], answer["changed"], answer["unchanged"], answer["session"], answer["to"]])
}

#[tokio::test]
async fn mutations_with_a_key_are_carried_out_once() {
    const EVENTS: &[&str] = &["Adapter", "AccessToken", "PodDrained", "PodResumed", "SessionMoveOrdered"];
    // Appends are sent by the names of their events: each second answer is lost, so the repetition after it gets through.
    let (api, cutter) = start("unknown-mutations", EVENTS, 2).await;
    api.pod("pod-a").register(10).await.expect(200);
    api.pod("pod-b").register(10).await.expect(200);
    for (i, (request, status)) in changes(&api).into_iter().enumerate() {
        let shown = format!("{request:?}");
        let key = if i % 2 == 0 { Uuid::new_v4().to_string() } else { format!("change {i}") };
        let first = request.clone().header("idempotency-key", &key).send().await.expect(status);
        let position = api.ledger_position().await;
        for at in [1, 0, 1] {
            let again = request.clone().at(at).header("idempotency-key", &key).send().await.expect(status);
            assert_eq!(done(&again.json()), done(&first.json()), "{shown}");
        }
        assert_eq!(api.ledger_position().await, position, "{shown}");
    }
    assert!(cutter.cuts() >= 4, "only {} answers were lost", cutter.cuts());
    let twice = "select request_id, type from event where not pulse group by request_id, type, stream having count(*) > 1";
    assert!(api.database.connect().await.query(twice, &[]).await.expect("reads").is_empty());
}

/// The secret of a token is shown once, to the request that made it, however often its answer was lost on the way.
#[tokio::test]
async fn a_token_is_made_once_for_a_key() {
    let (api, _cutter) = start("unknown-tokens", &["AccessTokenCreated", "AccessTokenRevoked"], 2).await;
    for _ in 0..3 {
        let create = || api.post("/v1/tokens", &json!({ "name": "alice", "role": "viewer" }));
        let key = Uuid::new_v4().to_string();
        let made: CreatedAccessToken = create().header("idempotency-key", &key).send().await.expect(201).read();
        api.get("/v1/adapters").at(1).with_token(&made.token).send().await.expect(200);
        let position = api.ledger_position().await;
        for at in [0, 1] {
            create().at(at).header("idempotency-key", &key).send().await.problem(409, "token-shown-already");
        }
        assert_eq!(api.ledger_position().await, position);
        let revoke = |key: &str| api.delete(&format!("/v1/tokens/{}", made.id)).header("idempotency-key", key);
        let key = Uuid::new_v4().to_string();
        revoke(&key).send().await.expect(204);
        revoke(&key).at(1).send().await.expect(204);
        revoke("another").send().await.problem(404, "access-token-unknown");
    }
}

#[tokio::test]
async fn a_key_belongs_to_who_used_it_first() {
    let api = Api::start("keys", 2).await;
    api.declare("venue", json!({ "enabled": false })).await;
    let enable =
        |token: &str, key: &str| api.post("/v1/adapters/enable", &json!({ "all": true })).with_token(token).header("idempotency-key", key);
    let id = Uuid::new_v4().to_string();
    enable(&api.tokens.admin, &id).send().await.expect(200);
    enable(&api.tokens.operator, &id).at(1).send().await.problem(409, "request-id-taken");
    // Words are chosen by people, who do not know of each other's.
    let disable =
        |token: &str, key: &str| api.post("/v1/adapters/disable", &json!({ "all": true })).with_token(token).header("idempotency-key", key);
    disable(&api.tokens.admin, "monday").send().await.expect(200);
    enable(&api.tokens.admin, "tuesday").send().await.expect(200);
    assert_eq!(disable(&api.tokens.operator, "monday").send().await.expect(200).json()["changed"], json!(["venue"]));
}

/// One connection after the other is taken away while claims and people's requests go on.
#[tokio::test]
async fn connections_that_are_terminated_lose_nothing_that_was_promised() {
    let api = Api::start("terminated", 2).await;
    let database = api.database.connect().await;
    let mut killer = JoinSet::new();
    killer.spawn(async move {
        let mut pace = tokio::time::interval(std::time::Duration::from_millis(10));
        let mut last = 0;
        loop {
            pace.tick().await;
            // Again as soon as something was appended: a machine that is busy gets no further otherwise.
            let kill = "select pg_terminate_backend(pid) from pg_stat_activity, event_head
                        where datname = current_database() and application_name = 'conncentric append' and ledger_position > $1 + 1";
            if !database.query(kill, &[&last]).await.expect("the owner may").is_empty() {
                let position = "select ledger_position from event_head";
                last = database.query_one(position, &[]).await.expect("reads").get::<_, i64>(0);
            }
        }
    });
    let promised: Vec<(Uuid, String)> = stream::iter(0..80)
        .map(|i| {
            let api = &api;
            async move {
                let (key, name) = (Uuid::new_v4(), format!("adapter-{i}"));
                let document = json!({ "name": name, "connector": "exec", "settings": { "command": ["true"] }, "mode": "single" });
                let put = || api.put(&format!("/v1/adapters/{name}"), &document).header("idempotency-key", &key.to_string());
                eventually(SOON, async || {
                    let answer = put().at(i % 2).send().await;
                    holds(answer.status == 201, format!("{}: {}", answer.status, answer.text))
                })
                .await;
                (key, name)
            }
        })
        .buffer_unordered(8)
        .collect()
        .await;
    killer.shutdown().await;
    let database = api.database.connect().await;
    for (key, name) in promised {
        let rows = database.query("select data ->> 'adapter' from event where request_id = $1", &[&key]).await.expect("reads");
        assert_eq!(rows.iter().map(|row| row.get(0)).collect::<Vec<String>>(), [name]);
    }
    let gaps = database.query_one("select count(*), max(position) from event", &[]).await.expect("reads");
    assert_eq!(gaps.get::<_, i64>(0), gaps.get::<_, i64>(1));
}

/// What the database refuses for its content is that request's misfortune alone.
#[tokio::test]
async fn a_request_that_the_database_refuses_harms_no_other() {
    let api = Api::start("poison", 1).await;
    let owner = api.database.connect().await;
    for (name, code) in [("poison-a", "check_violation"), ("poison-b", "invalid_parameter_value")] {
        let trap = format!(
            "create function \"{name}\"() returns trigger language plpgsql as $$ begin
               if new.data ->> 'adapter' = '{name}' then raise exception 'a trap' using errcode = '{code}'; end if;
               return new; end $$;
             create trigger \"{name}\" before insert on event_ledger for each row execute function \"{name}\"()"
        );
        owner.batch_execute(&trap).await.expect("the owner may");
    }
    let connections = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("conncentric_database_reconnects_total")).expect("counted");
        line.rsplit(' ').next().expect("a number").to_owned()
    };
    let before = connections(&api.get("/metrics").send().await.text);
    let put = |name: &str| {
        let path = format!("/v1/adapters/{name}");
        api.put(&path, &json!({ "name": name, "connector": "exec", "settings": { "command": ["true"] }, "mode": "single" }))
    };
    let names: Vec<String> =
        (0..30).map(|i| if i % 10 == 5 { format!("poison-{}", if i == 5 { "a" } else { "b" }) } else { format!("good-{i}") }).collect();
    let answers = join_all(names.iter().map(|name| put(name).send())).await;
    for (name, answer) in names.iter().zip(answers) {
        if name.starts_with("poison") {
            answer.problem(500, "fault");
        } else {
            answer.expect(201);
        }
    }
    assert_eq!(connections(&api.get("/metrics").send().await.text), before, "no connection was given up for it");
}

/// Whoever is told that the database is away may believe it, and nothing is kept for later behind their back.
#[tokio::test]
async fn without_a_database_nothing_is_promised() {
    let api = Api::start("away", 1).await;
    api.declare("venue", json!({})).await;
    let maintenance = api.database.connect().await;
    // Nobody is let in but the owner, who asks this.
    maintenance.batch_execute(&format!("alter database {} connection limit 0", api.database.name)).await.expect("the owner may");
    let kill = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
    maintenance.query(kill, &[]).await.expect("the owner may");
    eventually(SOON, async || {
        let answer = api.get("/readyz").nobody().send().await;
        holds(answer.status == 503 && answer.text.contains("too many connections"), answer.text)
    })
    .await;
    assert_eq!(api.get("/healthz").nobody().send().await.expect(200).text, "ok\n");
    let answer = api.request(Method::POST, "/v1/adapters/disable").json(&json!({ "all": true })).send().await;
    answer.problem(503, "unavailable");
    assert!(answer.header("retry-after").is_some());
    // What is known is still shown.
    let shown = api.get("/v1/adapters/venue").send().await.expect(200).json();
    assert_eq!(shown["admin_state"], "ENABLED");
    maintenance.batch_execute(&format!("alter database {} connection limit -1", api.database.name)).await.expect("the owner may");
    api.ready(0).await;
    assert_eq!(api.get("/v1/adapters/venue").send().await.expect(200).json()["admin_state"], "ENABLED");
    api.make_token(Role::Viewer, "later", None).await;
}
