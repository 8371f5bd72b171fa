//! Traces: one of each claim, told by orchestrators and pods to a collector that knows nothing of us.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::routing::post;
use conncentric::log::migrate;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::support::postgres::Database;
use crate::support::process::{Process, command};
use crate::support::system::fixed_address;
use crate::support::wait::{SOON, eventually, holds};

const ADMIN: &str = "cct_00000000000000a0_an-administrator-of-the-tests";
const POD: &str = "cct_00000000000000b0_the-pods-of-the-tests";
const TTL: Duration = Duration::from_secs(2);

/// Takes OTLP over HTTP as JSON, and keeps what it is sent.
struct Collector {
    url: String,
    sent: Arc<Mutex<Vec<Value>>>,
    _server: JoinSet<()>,
}

/// One span as it came, with who sent it.
#[derive(Debug, Clone)]
struct Span {
    service: String,
    id: String,
    parent: String,
    from: u128,
    to: u128,
    attributes: BTreeMap<String, String>,
}

impl Collector {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let sent: Arc<Mutex<Vec<Value>>> = Arc::default();
        let kept = Arc::clone(&sent);
        let take = move |axum::Json(body): axum::Json<Value>| {
            kept.lock().expect("whole").push(body);
            async { axum::Json(json!({})) }
        };
        let mut server = JoinSet::new();
        server.spawn(async { axum::serve(listener, axum::Router::new().route("/v1/traces", post(take))).await.expect("serves") });
        Self { url, sent, _server: server }
    }

    /// All traces: the spans of each by name.
    fn traces(&self) -> BTreeMap<String, BTreeMap<String, Span>> {
        let mut traces: BTreeMap<String, BTreeMap<String, Span>> = BTreeMap::new();
        let sent = self.sent.lock().expect("whole").clone();
        for of_one in sent.iter().flat_map(|body| list(&body["resourceSpans"])) {
            let resource = attributes(&of_one["resource"]);
            for span in list(&of_one["scopeSpans"]).flat_map(|scope| list(&scope["spans"])) {
                let text = |key: &str| span[key].as_str().unwrap_or_default().to_owned();
                let time = |key: &str| text(key).parse().unwrap_or_else(|_| panic!("{key}: {span}"));
                let read = Span {
                    service: resource["service.name"].clone(),
                    id: text("spanId"),
                    parent: text("parentSpanId"),
                    from: time("startTimeUnixNano"),
                    to: time("endTimeUnixNano"),
                    attributes: attributes(span),
                };
                traces.entry(text("traceId")).or_default().insert(text("name"), read);
            }
        }
        traces
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn attributes(of: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value["value"]["stringValue"].as_str().unwrap_or_default().to_owned();
    list(&of["attributes"]).map(|one| (one["key"].as_str().unwrap_or_default().to_owned(), text(one))).collect()
}

fn pod(name: &str, orchestrator: &str, collector: &Collector, folder: &Path) -> Process {
    let mut arguments = command();
    arguments.args(["adapter", "--orchestrator", orchestrator, "--pod", name, "--otlp-endpoint", &collector.url, "--token", POD]);
    arguments.arg("--data-dir").arg(folder.join(name));
    Process::spawn(name, folder, arguments)
}

async fn declare(http: &reqwest::Client, orchestrator: &str) {
    let document = json!({
        "name": "venue", "connector": "exec", "mode": "exclusive", "enabled": true, "lease_ttl": "2s",
        "settings": { "command": ["sleep", "600"] },
    });
    let answer = http.put(format!("{orchestrator}/v1/adapters/venue")).bearer_auth(ADMIN).json(&document).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.status());
}

/// The owner, once it is ACTIVE.
async fn owner(http: &reqwest::Client, orchestrator: &str, unlike: Option<&str>) -> String {
    eventually(SOON, async || {
        let answer =
            http.get(format!("{orchestrator}/v1/sessions/venue/0")).bearer_auth(ADMIN).send().await.map_err(|error| error.to_string())?;
        let session: Value = answer.json().await.map_err(|error| error.to_string())?;
        let owner = session["owner"]["pod"].as_str().filter(|pod| session["status"] == "ACTIVE" && Some(*pod) != unlike);
        owner.map(str::to_owned).ok_or_else(|| session.to_string())
    })
    .await
}

#[tokio::test]
async fn a_takeover_is_one_trace_from_the_last_heartbeat_to_the_connector() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let database = Database::create("traces").await;
    migrate(&database.url).await.expect("migrates");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("tokens")).expect("a folder");
    std::fs::write(folder.path().join("tokens/admin.installation"), ADMIN).expect("written");
    std::fs::write(folder.path().join("tokens/pod.adapters"), POD).expect("written");
    let collector = Collector::start().await;
    let (address, http) = (fixed_address(), reqwest::Client::new());
    let url = format!("http://{address}");
    let mut arguments = command();
    arguments.args(["orchestrator", "--listen", &address.to_string(), "--migrations", "none", "--tokens-dir"]);
    arguments.arg(folder.path().join("tokens")).env("DATABASE_URL", &database.app_url).env("CONNCENTRIC_OTLP_ENDPOINT", &collector.url);
    let mut orchestrator = Process::spawn("orchestrator", folder.path(), arguments);
    orchestrator.line_with("an access token was recorded").await;
    let mut pods = BTreeMap::new();
    for name in ["pod-1", "pod-2"] {
        let mut process = pod(name, &url, &collector, folder.path());
        process.line_with("registered as").await;
        pods.insert(name.to_owned(), process);
    }
    declare(&http, &url).await;
    let first = owner(&http, &url, None).await;
    // What is not sent yet dies with a process.
    eventually(SOON, async || {
        let traces = collector.traces();
        let whole =
            traces.values().any(|spans| ["claim", "append", "push", "start", "prepare"].iter().all(|name| spans.contains_key(*name)));
        holds(whole, format!("{traces:#?}"))
    })
    .await;
    pods.get_mut(&first).expect("ours").signal(Signal::KILL);
    let second = owner(&http, &url, Some(&first)).await;

    let wanted: BTreeSet<&str> = ["takeover", "silence", "append", "push", "start", "prepare"].into();
    let trace = eventually(SOON, async || {
        let traces = collector.traces();
        let whole = traces.values().find(|spans| spans.keys().map(String::as_str).collect::<BTreeSet<_>>() == wanted);
        whole.cloned().ok_or_else(|| format!("{traces:#?}"))
    })
    .await;
    let root = &trace["takeover"];
    assert_eq!(root.parent, "", "nothing is above it");
    for (name, parent) in
        [("silence", "takeover"), ("append", "takeover"), ("push", "takeover"), ("start", "takeover"), ("prepare", "start")]
    {
        assert_eq!(trace[name].parent, trace[parent].id, "{name}");
    }
    let services: BTreeSet<&str> = trace.values().map(|span| span.service.as_str()).collect();
    assert_eq!(services, ["conncentric-adapter", "conncentric-orchestrator"].into());
    assert_eq!(trace["start"].service, "conncentric-adapter");
    assert_eq!((&root.attributes["conncentric.pod"], &trace["silence"].attributes["conncentric.pod"]), (&second, &first));
    assert!(trace.values().all(|span| span.attributes["conncentric.session"] == "venue/0" && span.from <= span.to), "{trace:#?}");
    assert!(trace["silence"].to - trace["silence"].from >= TTL.as_nanos() * 9 / 10, "{trace:#?}");
    assert!(root.from <= trace["silence"].from && trace["silence"].to <= trace["append"].to, "{trace:#?}");
    assert!(trace["silence"].to <= trace["start"].to && trace["start"].from <= trace["prepare"].to, "{trace:#?}");

    assert_eq!(collector.traces().len(), 2, "the claim before is a trace of its own");
    orchestrator.signal(Signal::TERM);
    assert!(orchestrator.exit().await.success());
}

#[tokio::test]
async fn a_collector_that_is_not_there_holds_nobody_up() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let database = Database::create("traces_gone").await;
    migrate(&database.url).await.expect("migrates");
    let folder = tempfile::tempdir().expect("a folder");
    // Given back at once, so that nobody listens there.
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let mut arguments = command();
    arguments.args(["orchestrator", "--listen", "127.0.0.1:0", "--migrations", "none", "--otlp-endpoint", &format!("http://{gone}")]);
    let mut orchestrator = Process::spawn("orchestrator", folder.path(), {
        arguments.env("DATABASE_URL", &database.app_url);
        arguments
    });
    orchestrator.line_with("following the log").await;
    orchestrator.signal(Signal::TERM);
    assert!(orchestrator.exit().await.success());
}
