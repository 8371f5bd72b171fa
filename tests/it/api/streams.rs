//! What is pushed: to pods what they are to do, to people what happens. A push is a hint, so losing one only costs time.

use conncentric::domain::identity::Role;
use serde_json::{Value, json};

use crate::support::api::{Api, Pushes};
use crate::support::process::Process;
use crate::support::wait::{SOON, eventually, holds};

fn sessions(data: &Value) -> Vec<(&str, &str)> {
    let leases = data["leases"].as_array().expect("leases").iter();
    leases.map(|lease| (lease["session"].as_str().expect("a session"), lease["desired"].as_str().expect("an order"))).collect()
}

fn token(data: &Value) -> String {
    data["token"].as_str().expect("a token").to_owned()
}

#[tokio::test]
async fn a_pod_hears_what_it_is_to_do() {
    let api = Api::start("pushes", 2).await;
    // The stream is at one orchestrator, and all that happens at the other.
    let mut pod = api.pod("pod-a");
    pod.register(10).await.expect(200);
    api.declare("first", json!({ "lease_ttl": "2s" })).await;
    pod.at = 1;
    let mut stream = Pushes::open(pod.stream()).await;
    assert_eq!(sessions(&stream.expect("sync").await), [("first/0", "run")]);

    api.declare("second", json!({ "settings": { "command": ["venue"] } })).await;
    let start = stream.expect("start").await;
    assert_eq!((&start["lease"]["session"], &start["lease"]["settings"]), (&json!("second/0"), &json!({ "command": ["venue"] })));
    let second = token(&start["lease"]);

    let order = json!({ "names": ["second"], "reason": "tea" });
    api.post("/v1/adapters/disable", &order).send().await.expect(200);
    let stop = stream.expect("stop").await;
    assert_eq!((&stop["session"], token(&stop)), (&json!("second/0"), second.clone()));
    assert!(stop["reason"].as_str().is_some_and(|reason| reason.contains("disabled")), "{stop}");
    assert!(stop["ledger_position"].as_i64() > start["ledger_position"].as_i64(), "the newer statement is known by its position");

    // A new stream begins with everything, the order to stop included.
    let mut again = Pushes::open(pod.stream().at(0)).await;
    assert_eq!(sessions(&again.expect("sync").await), [("first/0", "run"), ("second/0", "stop")]);
    pod.release(&[("second/0", &second)]).await.expect(200);
    for stream in [&mut stream, &mut again] {
        let fence = stream.expect("fence").await;
        assert_eq!((&fence["session"], token(&fence)), (&json!("second/0"), second.clone()), "what it has given back is over");
    }

    // Silent for longer than the lease, it is told of its loss by whoever still has a line to it. Nobody else is there, so the
    // pod is lost as well.
    for stream in [&mut stream, &mut again] {
        assert_eq!(stream.expect("gone").await["reason"], "the registration has ended; register again");
        assert!(stream.next().await.is_none(), "a stream ends with its registration");
    }
    pod.stream().send().await.problem(404, "pod-unknown");
}

#[tokio::test]
async fn a_pod_hears_that_a_newer_start_has_its_name() {
    let api = Api::start("newer-start", 2).await;
    let mut old = api.pod("pod-a");
    old.register(10).await.expect(200);
    api.declare("venue", json!({})).await;
    old.at = 1;
    let mut stream = Pushes::open(old.stream()).await;
    stream.expect("sync").await;
    let new = api.pod("pod-a");
    new.register(10).await.expect(200);
    assert_eq!(stream.expect("gone").await["reason"], "a newer process has registered under this name");
    old.stream().send().await.problem(404, "pod-unknown");
    // The old one's leases last, so the new one begins with nothing, and gets the session as soon as it is given back.
    let mut stream = Pushes::open(new.stream()).await;
    assert!(sessions(&stream.expect("sync").await).is_empty());
    let held = api.get("/v1/sessions/venue/0").send().await.expect(200).json();
    old.release(&[("venue/0", held["token"].as_str().expect("owned"))]).await.expect(200);
    assert_eq!(stream.expect("start").await["lease"]["session"], "venue/0");
}

/// Reads events until one is of this position, and gives back the positions of all.
async fn positions_until(stream: &mut Pushes, last: i64) -> Vec<i64> {
    let mut positions = Vec::new();
    while positions.last() != Some(&last) {
        let (name, event, id) = stream.next().await.expect("the stream goes on");
        let position = event["position"].as_i64().expect("a position");
        assert_eq!((name.as_str(), id), ("event", Some(format!("{}:{position}", event["epoch"]))));
        positions.push(position);
    }
    positions
}

async fn make_tokens(api: &Api, count: usize) {
    for i in 0..count {
        api.make_token(Role::Viewer, &format!("viewer-{i}"), None).await;
    }
}

async fn head(api: &Api) -> i64 {
    api.get("/v1/events?limit=1").send().await.expect(200).json()["head"].as_i64().expect("a position")
}

#[tokio::test]
async fn events_are_resumed_without_gap_or_duplicate() {
    let api = Api::start("resume", 2).await;
    let mut pod = api.pod("pod-a");
    pod.register(10).await.expect(200);
    let mut last = head(&api).await;
    let mut seen = Vec::new();
    for round in 0..5 {
        // Open or not, whether before or after the events are appended, in turns at one orchestrator or the other.
        let resume = || api.get("/v1/events/stream").at((round + 1) % 2).header("last-event-id", &last.to_string());
        let early = if round % 2 == 0 { Some(Pushes::open(resume()).await) } else { None };
        make_tokens(&api, 10).await;
        pod.heartbeat(&[]).await.expect(200);
        let until = head(&api).await;
        let mut stream = match early {
            Some(stream) => stream,
            None => Pushes::open(resume()).await,
        };
        seen.extend(positions_until(&mut stream, until).await);
        last = until;
    }
    let first = seen[0];
    assert_eq!(seen, (first..=last).collect::<Vec<_>>());
    let database = api.database.connect().await;
    let rows = database.query("select position from event where position >= $1 order by position", &[&first]).await.expect("reads");
    assert_eq!(seen, rows.iter().map(|row| row.get(0)).collect::<Vec<i64>>());
}

#[tokio::test]
async fn a_stream_shows_what_it_was_asked_for() {
    let api = Api::start("filtered", 2).await;
    let mut pod = api.pod("pod-a");
    pod.register(10).await.expect(200);
    let mut stream = Pushes::open(api.get("/v1/events/stream?type=AdapterDeclared").at(1)).await;
    let mut without = Pushes::open(api.get("/v1/events/stream?pulses=false").at(1)).await;
    for i in 0..3 {
        pod.heartbeat(&[]).await.expect(200);
        api.declare(&format!("venue-{i}"), json!({ "enabled": false })).await;
    }
    for i in 0..3 {
        for stream in [&mut stream, &mut without] {
            let event = stream.expect("event").await;
            assert_eq!((&event["type"], &event["stream"]), (&json!("AdapterDeclared"), &json!(format!("adapter:venue-{i}"))));
        }
    }
}

/// The connection on which orchestrators listen is taken away again and again. What it would have told is found by polling.
#[tokio::test]
async fn a_lost_notification_costs_time_only() {
    let api = Api::start("lost-notify", 2).await;
    let mut stream = Pushes::open(api.get("/v1/events/stream").at(1)).await;
    let database = api.database.connect().await;
    let kill = "select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and application_name = 'conncentric listen'";
    let mut killed = 0;
    for _ in 0..5 {
        killed += database.query(kill, &[]).await.expect("the owner may").len();
        make_tokens(&api, 1).await;
        let until = head(&api).await;
        positions_until(&mut stream, until).await;
    }
    assert!(killed >= 2, "nobody listened: {killed}");
    // And they listen again by themselves.
    eventually(SOON, async || {
        let listening = "select count(*) from pg_stat_activity
                         where datname = current_database() and application_name = 'conncentric listen'";
        let count: i64 = database.query_one(listening, &[]).await.expect("reads").get(0);
        holds(count == 2, format!("{count} listen"))
    })
    .await;
}

#[tokio::test]
async fn streams_end_when_their_orchestrator_does() {
    let mut api = Api::start("stream-ends", 2).await;
    let pod = api.pod("pod-a");
    pod.register(10).await.expect(200);
    let (mut events, mut pushes) = (Pushes::open(api.get("/v1/events/stream")).await, Pushes::open(pod.stream()).await);
    pushes.expect("sync").await;
    let process: &mut Process = &mut api.processes[0];
    process.signal(rustix::process::Signal::TERM);
    let status = process.exit().await;
    assert!(status.success(), "{status}");
    assert!(pushes.next().await.is_none());
    assert!(events.next().await.is_none());
}
