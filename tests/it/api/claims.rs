//! Many pods claim the same sessions at the same time through several orchestrators (I1, I4).

use std::collections::BTreeMap;

use conncentric::domain::token::{Epoch, FencingToken};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant};
use uuid::Uuid;

use crate::support::api::{Answer, Api, ScriptedPod};
use crate::support::wait::{SOON, eventually, holds};

/// Pods that nobody gives sessions to by itself, because they have been silent for too long, and that have not lost what they
/// hold, because its leases are long. Whatever they get beyond that, they have claimed by name.
pub(super) async fn reticent_pods(api: &Api, count: usize) -> Vec<ScriptedPod<'_>> {
    let pods: Vec<ScriptedPod<'_>> = (0..count).map(|i| api.pod(&format!("pod-{i}"))).collect();
    for pod in &pods {
        pod.register(1000).await.expect(200);
    }
    api.declare("anchor", json!({ "mode": "load_balanced", "replicas": count, "lease_ttl": "1h" })).await;
    // The shortest lease in use decides who is silent.
    api.declare("pace", json!({ "enabled": false, "lease_ttl": "2s" })).await;
    for at in 0..api.urls.len() {
        eventually(SOON, async || {
            let plan = api.post("/v1/pods/pod-0/drain", &json!({ "dry_run": true })).at(at).send().await.expect(200).json();
            let reason = plan["handovers"][0]["reason"].as_str().unwrap_or("there is a place").to_owned();
            holds(reason.contains("silent"), format!("pod-0 could hand its session over: {reason}"))
        })
        .await;
    }
    pods
}

/// Sends a claim until it is answered: while its outcome is unknown, the same request is repeated.
pub(super) async fn claim_until_answered(pod: &ScriptedPod<'_>, request_id: Uuid, session: &str) -> (Answer, u32) {
    let deadline = Instant::now() + Duration::from_mins(2);
    let mut repeated = 0;
    loop {
        let answer = pod.claim(request_id, &[session]).send().await;
        match answer.status {
            200 => return (answer, repeated),
            429 | 503 if Instant::now() < deadline => repeated += 1,
            status => panic!("{status}: {}", answer.text),
        }
    }
}

/// What a claim of one session came to.
#[derive(Debug)]
pub(super) struct Told {
    pub request_id: Uuid,
    pub pod: String,
    pub session: String,
    /// Granted under this token, or refused for this reason.
    pub outcome: Result<FencingToken, String>,
}

impl Told {
    pub(super) fn of(answer: &Answer, request_id: Uuid, pod: &str, session: &str) -> Self {
        let answer = answer.json();
        let granted = answer["granted"][0]["token"].as_str().map(|token| token.parse().expect("a token"));
        let refused = answer["refused"][0]["code"].as_str().map(str::to_owned);
        let outcome = granted.ok_or_else(|| refused.expect("one or the other"));
        Self { request_id, pod: pod.into(), session: session.into(), outcome }
    }
}

/// A claim as the table has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Recorded {
    token: FencingToken,
    pod: String,
    request_id: Uuid,
    by_request: bool,
}

/// The log holds what was answered: every grant once, nothing for a refusal, and no session was ever given to two.
/// Gives back the sessions that are owned.
pub(super) async fn assert_told_as_recorded(api: &Api, all_told: &[Told]) -> Vec<String> {
    let database = api.database.connect().await;
    let gaps = database.query_one("select count(*), min(position), max(position) from event", &[]).await.expect("reads");
    let (count, first, last): (i64, i64, i64) = (gaps.get(0), gaps.get(1), gaps.get(2));
    assert_eq!((first, last), (1, count), "positions have no gap");
    let ended = "select count(*) from event where type in ('SessionReleased', 'LeaseExpired')";
    assert_eq!(database.query_one(ended, &[]).await.expect("reads").get::<_, i64>(0), 0, "nobody has lost anything");

    let claims = "select data ->> 'session', epoch, position, data ->> 'pod', request_id, data ->> 'kind' = 'request' from event
                  where type = 'SessionClaimed' order by position";
    let mut recorded: BTreeMap<String, Recorded> = BTreeMap::new();
    for row in database.query(claims, &[]).await.expect("reads") {
        let token = FencingToken::new(Epoch(row.get(1)), row.get(2)).expect("fits");
        let claim = Recorded { token, pod: row.get(3), request_id: row.get(4), by_request: row.get(5) };
        let before = recorded.insert(row.get(0), claim.clone());
        assert_eq!(before, None, "a second owner: {claim:?}");
    }
    for told in all_told {
        let claim = &recorded[&told.session];
        let own = claim.by_request && claim.request_id == told.request_id;
        match &told.outcome {
            Ok(token) => {
                assert_eq!((&claim.pod, claim.token), (&told.pod, *token), "{told:?}");
                assert!(own || !claim.by_request, "it was given what another request claimed: {told:?} {claim:?}");
            }
            Err(code) => {
                assert_eq!(code, "owned-by-another", "{told:?}");
                assert!(claim.pod != told.pod && !own, "{told:?} {claim:?}");
            }
        }
    }
    let by_request = recorded.values().filter(|claim| claim.by_request).count();
    let granted = all_told.iter().filter(|told| told.outcome.is_ok()).count();
    assert!(by_request > 0 && granted >= by_request, "{by_request} claimed by request, {granted} granted");

    // The projection, and what each orchestrator shows, are the same.
    let owned = "select session, token from projection.ownership where upper_inf(during) order by session";
    let owned = database.query(owned, &[]).await.expect("reads");
    let owned: BTreeMap<String, FencingToken> =
        owned.iter().map(|row| (row.get(0), FencingToken::from_i64(row.get(1)).expect("a token"))).collect();
    let recorded: BTreeMap<String, FencingToken> = recorded.into_iter().map(|(session, claim)| (session, claim.token)).collect();
    assert_eq!(owned, recorded);
    for at in 0..api.urls.len() {
        let shown = api.get("/v1/sessions").at(at).send().await.expect(200).json();
        let shown = shown["sessions"].as_array().expect("sessions").iter().filter_map(|session| {
            let token = session["token"].as_str()?.parse().expect("a token");
            Some((session["session"].as_str()?.to_owned(), token))
        });
        assert_eq!(shown.collect::<BTreeMap<_, _>>(), recorded, "as orchestrator {at} shows it");
    }
    recorded.into_keys().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_thousand_claims_for_five_hundred_sessions_one_each_wins() {
    const PODS: usize = 20;
    const SESSIONS: usize = 500;
    const CLAIMS_OF_A_POD: usize = 100;
    let api = std::sync::Arc::new(Api::start("claims", 2).await);
    let pods: Vec<(String, String)> = reticent_pods(&api, PODS).await.into_iter().map(|pod| (pod.name, pod.incarnation)).collect();
    api.declare("work", json!({ "mode": "load_balanced", "replicas": SESSIONS, "lease_ttl": "1h" })).await;

    let mut claims = JoinSet::new();
    for (p, (name, incarnation)) in pods.iter().enumerate() {
        for k in 0..CLAIMS_OF_A_POD {
            // Each session is claimed by four pods, by two of them through each orchestrator.
            let session = format!("work/{}", (p * CLAIMS_OF_A_POD + k) % SESSIONS);
            let (api, name, incarnation) = (api.clone(), name.clone(), incarnation.clone());
            claims.spawn(async move {
                let mut pod = api.pod(&name);
                (pod.incarnation, pod.at) = (incarnation, p / 5 % 2);
                let request_id = Uuid::new_v4();
                let (answer, _) = claim_until_answered(&pod, request_id, &session).await;
                Told::of(&answer, request_id, &name, &session)
            });
        }
    }
    let outcomes = claims.join_all().await;
    assert_eq!(outcomes.len(), 2000);
    let owned = assert_told_as_recorded(&api, &outcomes).await;
    assert_eq!(owned.iter().filter(|session| session.starts_with("work/")).count(), SESSIONS, "each session has an owner");
}
