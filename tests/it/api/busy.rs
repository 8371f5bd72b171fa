//! Heartbeats that wait because the orchestrator is busy are signs of life all the same (I7). A lock on the head of the log keeps it busy.

use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::support::api::{Api, ScriptedPod};
use crate::support::wait::{SOON, eventually, holds};

/// Keeps the orchestrator's appends waiting until it is rolled back.
async fn busy(api: &Api) -> tokio_postgres::Client {
    let owner = api.database.connect().await;
    owner.batch_execute("begin; select from event_head for update").await.expect("locks");
    owner
}

async fn until_append_waits(api: &Api) {
    let watcher = api.database.connect().await;
    eventually(SOON, async || {
        let waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        let rows = watcher.query(waiting, &[]).await.expect("reads");
        holds(!rows.is_empty(), "nobody waits for the lock")
    })
    .await;
}

async fn until_recorded(api: &Api, pod: &str, sequence: i32) {
    let client = api.database.connect().await;
    eventually(SOON, async || {
        let found = client.query("select from heartbeat where pod = $1 and sequence = $2", &[&pod, &sequence]).await.expect("reads");
        holds(!found.is_empty(), format!("heartbeat {sequence} of {pod} is not in the log"))
    })
    .await;
}

fn heartbeat(pod: &ScriptedPod<'_>, sequence: i64) -> impl Future<Output = u16> + use<> {
    let sending = pod.post("/v1/heartbeats", json!({ "sequence": sequence, "leases": [] })).open();
    async move { sending.await.expect("an answer").status().as_u16() }
}

#[tokio::test]
async fn a_heartbeat_whose_pod_has_given_up_waiting_is_recorded() {
    let api = Api::start("given-up", 1).await;
    let (first, second) = (api.pod("pod-1"), api.pod("pod-2"));
    first.register(1).await.expect(200);
    second.register(1).await.expect(200);
    let lock = busy(&api).await;
    let mut under_way = JoinSet::from_iter([heartbeat(&first, 1)]);
    until_append_waits(&api).await;
    timeout(Duration::from_secs(1), heartbeat(&second, 77)).await.expect_err("it waits");
    lock.batch_execute("rollback").await.expect("unlocks");
    assert_eq!(under_way.join_next().await.expect("one").expect("ends"), 200);
    until_recorded(&api, "pod-2", 77).await;
}

#[tokio::test]
async fn a_heartbeat_that_came_in_time_and_waited_beyond_it_keeps_the_lease() {
    let ttl = Duration::from_secs(8);
    let api = Api::start("waited", 1).await;
    let (mut first, mut second) = (api.pod("pod-1"), api.pod("pod-2"));
    second.register(1).await.expect(200);
    api.declare("work", json!({ "lease_ttl": "8s" })).await;
    first.register(1).await.expect(200);
    first.heartbeat(&[]).await.expect(200);
    let heard = Instant::now();
    second.heartbeat(&[]).await.expect(200);
    // Shorter than what would count as a loss of sight, a quarter of the timeout.
    sleep_until(heard + ttl - Duration::from_millis(1500)).await;
    let lock = busy(&api).await;
    let mut sent = JoinSet::from_iter([heartbeat(&first, 2)]);
    until_append_waits(&api).await;
    sent.spawn(heartbeat(&second, 2));
    sleep_until(heard + ttl + Duration::from_millis(300)).await;
    lock.batch_execute("rollback").await.expect("unlocks");
    assert_eq!(sent.join_all().await, [200, 200]);
    let owner = api.get("/v1/sessions/work/0").send().await.expect(200).json();
    assert_eq!(owner["owner"]["pod"], "pod-2", "{owner}");
    let expired = api.get("/v1/events?type=LeaseExpired").send().await.expect(200).json();
    assert_eq!(expired["events"], json!([]), "{expired}");
}
