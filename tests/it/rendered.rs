//! What the chart renders, carried out: the commands, environment and probes of its containers as processes on a real PostgreSQL, in the order
//! in which Kubernetes would go about it. The objects are those of `tests/chart/snapshots/defaults.yaml`, which the chart's own test compares
//! with what Helm renders.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use conncentric::client::{Call, Client};
use conncentric::dev::secret::random_text;
use conncentric::domain::status::OperationalStatus;
use conncentric::wire::adapter::{AdapterDocument, PutAnswer};
use conncentric::wire::session::{MoveAnswer, MoveRequest, SessionView};
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::json;

use crate::support::journal::Journal;
use crate::support::kubelet::{Pod, Release, Secret};
use crate::support::postgres::{Database, Guarded};
use crate::support::process::{Process, command};
use crate::support::standby;
use crate::support::system::document;
use crate::support::wait::{SOON, eventually, holds};

const TTL: Duration = Duration::from_secs(5);
const SESSIONS: usize = 8;
const ORCHESTRATOR: &str = "core-conncentric-orchestrator";
const ADAPTER: &str = "core-conncentric-adapter";

/// Addresses of one cluster, which no other test on this machine has.
struct Network {
    first: u8,
}

/// What orchestrators started by one test may number; pods come after them.
const LAST_ORCHESTRATOR: u8 = 8;

impl Network {
    fn new() -> Self {
        static CLUSTERS: AtomicU8 = AtomicU8::new(0);
        Self { first: CLUSTERS.fetch_add(1, Ordering::Relaxed) * 20 }
    }

    fn address(&self, number: u8) -> String {
        let process = std::process::id();
        format!("127.{}.{}.{}", 64 + process / 250 % 64, process % 250, self.first + number)
    }
}

/// A release with its pods. Fields in the order in which they are taken down.
struct Cluster {
    orchestrators: Vec<Pod>,
    pods: Vec<Pod>,
    _venue: Process,
    venue_address: String,
    release: Release,
    admin: String,
    network: Network,
    started: u8,
    folder: tempfile::TempDir,
}

impl Cluster {
    /// `helm install`: the hooks, then everything at once.
    async fn install(database: &Database) -> Self {
        let rendered = include_str!("../chart/snapshots/defaults.yaml");
        let folder = tempfile::tempdir().expect("a folder");
        let journal = folder.path().join("venue.jsonl").display().to_string();
        let mut venue = Process::start("venue", folder.path(), &["venue", "--listen", "127.0.0.1:0", "--journal", &journal]);
        let venue_address = venue.listening().await.to_string();
        let release = Release::of(rendered);
        let (orchestrators, pods, admin) = (Vec::new(), Vec::new(), String::new());
        let mut this =
            Self { orchestrators, pods, _venue: venue, venue_address, release, admin, network: Network::new(), started: 0, folder };
        let orchestrators = (1..=LAST_ORCHESTRATOR).map(|number| this.network.address(number)).collect();
        // Before they are ready, here: who finds nobody at one address tries the next.
        this.release.service("core-conncentric-orchestrators", orchestrators);
        this.set_up(database).await;
        this
    }

    async fn set_up(&mut self, database: &Database) {
        self.make_secrets(database);
        self.run_hook().await;
        for _ in 0..self.replicas("Deployment", ORCHESTRATOR) {
            self.add_orchestrator().await;
        }
        for ordinal in 0..self.replicas("StatefulSet", ADAPTER) {
            self.add_pod(u8::try_from(ordinal).expect("few")).await;
        }
    }

    /// The Secret that users make, and the one of the chart's hook, whose tokens are random.
    fn make_secrets(&mut self, database: &Database) {
        let url = format!("{}?sslmode=disable", database.url);
        self.release.secret("conncentric-database", Secret::from([("url".into(), url)]));
        let made = self.release.object("Secret", "core-conncentric-tokens")["stringData"].as_object().expect("tokens").clone();
        let token = || format!("cct_{}_{}", &uuid::Uuid::new_v4().simple().to_string()[..16], random_text(43).expect("random"));
        let tokens: Secret = made.keys().map(|key| (key.clone(), token())).collect();
        self.admin.clone_from(&tokens["admin"]);
        self.release.secret("core-conncentric-tokens", tokens);
    }

    async fn run_hook(&mut self) {
        self.release.run_to_end("Job", "core-conncentric-migrate").await;
    }

    fn replicas(&self, kind: &str, name: &str) -> u64 {
        self.release.object(kind, name)["spec"]["replicas"].as_u64().expect("replicas")
    }

    async fn add_orchestrator(&mut self) {
        self.started += 1;
        let (name, address) = (format!("{ORCHESTRATOR}-{}", self.started), self.network.address(self.started));
        let pod = self.release.start("Deployment", ORCHESTRATOR, &name, &address).await;
        self.orchestrators.push(pod);
    }

    async fn add_pod(&mut self, ordinal: u8) {
        let pod = self.start_pod(ordinal).await;
        self.pods.push(pod);
    }

    async fn start_pod(&mut self, ordinal: u8) -> Pod {
        let (name, address) = (format!("{ADAPTER}-{ordinal}"), self.network.address(LAST_ORCHESTRATOR + 1 + ordinal));
        self.release.start("StatefulSet", ADAPTER, &name, &address).await
    }

    /// `helm upgrade`: the hook, one orchestrator more and then one less, then pods from the highest number down.
    async fn upgrade(&mut self) {
        self.run_hook().await;
        let strategy = &self.release.object("Deployment", ORCHESTRATOR)["spec"]["strategy"]["rollingUpdate"];
        assert_eq!((&strategy["maxSurge"], &strategy["maxUnavailable"]), (&json!(1), &json!(0)));
        for _ in 0..self.orchestrators.len() {
            self.add_orchestrator().await;
            self.orchestrators.remove(0).terminate().await;
        }
        let wait = self.release.object("StatefulSet", ADAPTER)["spec"]["minReadySeconds"].as_u64().expect("seconds");
        for ordinal in (0..self.pods.len()).rev() {
            self.pods.remove(ordinal).terminate().await;
            let pod = self.start_pod(u8::try_from(ordinal).expect("few")).await;
            pod.stays_ready(Duration::from_secs(wait)).await;
            self.pods.insert(ordinal, pod);
        }
    }

    fn client(&self) -> Client {
        let urls: Vec<Url> = self.orchestrators.iter().map(|pod| format!("http://{}:8080", pod.address).parse().expect("a URL")).collect();
        Client::new(&urls, Some(&self.admin)).expect("a client")
    }

    async fn call<T: serde::de::DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<T, String> {
        let call = Call { method, path, body, headers: &[], timeout: Duration::from_secs(10), repeatable: true };
        self.client().call(&call).await.map(|answer| answer.body).map_err(|error| error.to_string())
    }

    async fn declare(&self) {
        for number in 0..SESSIONS {
            let settings = json!({ "address": self.venue_address, "login": true, "keepalive": "50ms" });
            let document: AdapterDocument = document(&format!("venue-{number}"), "tcp", TTL, &settings);
            let body = serde_json::to_value(&document).expect("JSON");
            let _: PutAnswer = self.call(Method::PUT, &format!("/v1/adapters/venue-{number}"), Some(&body)).await.expect("declared");
        }
    }

    async fn until_active(&self) -> Vec<SessionView> {
        #[derive(Deserialize)]
        struct List {
            sessions: Vec<SessionView>,
        }
        eventually(SOON, async || {
            let list: List = self.call(Method::GET, "/v1/sessions", None).await?;
            let waiting = list.sessions.iter().find(|session| session.status != OperationalStatus::Active);
            holds(waiting.is_none() && list.sessions.len() == SESSIONS, format!("not all ACTIVE: {waiting:?}"))?;
            Ok::<_, String>(list.sessions)
        })
        .await
    }

    /// How often each kind of claim is in the log, and how many leases expired.
    async fn history(&self, database: &Database) -> (i64, i64) {
        let client = database.connect().await;
        let count = "select count(*) filter (where type = 'SessionClaimed' and data->>'kind' = 'handover'), \
                     count(*) filter (where type = 'LeaseExpired') from event";
        let row = client.query_one(count, &[]).await.expect("counts");
        (row.get(0), row.get(1))
    }

    /// How many sessions a pod has.
    async fn share_of(&self, ordinal: u8) -> usize {
        let name = format!("{ADAPTER}-{ordinal}");
        let owned = |session: &&SessionView| session.owner.as_ref().is_some_and(|owner| owner.pod.as_str() == name);
        self.until_active().await.iter().filter(owned).count()
    }

    /// Runs a command of people, which must succeed, and gives back all that it said.
    fn cli(&self, arguments: &[&str]) -> String {
        let mut command = command();
        let server = format!("http://{}:8080", self.orchestrators[0].address);
        let output = command.args(arguments).args(["--server", &server, "--token", &self.admin]).output().expect("it runs");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{said}");
        said
    }

    fn journal(&self) -> Journal {
        Journal::read(&self.folder.path().join("venue.jsonl"))
    }
}

/// From the last line of each owner to the login of the next, as the venue heard them.
fn gaps(journal: &Journal) -> Vec<Duration> {
    let mut last = std::collections::BTreeMap::new();
    let mut gaps = Vec::new();
    for line in journal.0.iter().filter(|line| line.kind == "line" && line.accepted) {
        let key = line.session.clone().expect("a session");
        if let Some((token, at)) = last.insert(key, (line.token, line.at()))
            && token != line.token
        {
            gaps.push(line.at().saturating_sub(at));
        }
    }
    gaps.sort();
    gaps
}

fn tell(text: &str) {
    writeln!(std::io::stderr(), "rendered: {text}").expect("told");
}

#[tokio::test]
async fn what_the_chart_renders_installs_upgrades_and_scales_without_a_takeover() {
    let database = Database::create("rendered").await;
    let mut cluster = Cluster::install(&database).await;
    let probed = cluster.release.run_to_end("Pod", "core-conncentric-probe").await;
    assert!(probed.contains("after it was moved"), "{probed}");
    cluster.declare().await;
    cluster.until_active().await;
    let (before, _) = cluster.history(&database).await;

    cluster.upgrade().await;
    cluster.until_active().await;
    let (after, expired) = cluster.history(&database).await;
    assert_eq!(expired, 0, "an upgrade is no takeover");
    assert!(after > before, "pods handed over");
    let gaps = gaps(&cluster.journal());
    assert_eq!(i64::try_from(gaps.len()), Ok(after - before));
    let worst = gaps.last().expect("a handover");
    tell(&format!(
        "{} handovers in a rolling upgrade: a session is away for {:?} in the median, {worst:?} at worst",
        gaps.len(),
        gaps[gaps.len() / 2]
    ));
    assert!(*worst < TTL, "nobody waited for a lease to run out");

    // The pod that was upgraded last came back to nothing; it gets its share, and asked again nothing moves.
    assert_eq!(cluster.share_of(0).await, 0);
    let said = cluster.cli(&["rebalance", "--max-moves", "3", "--wait"]);
    assert!(said.contains("3 sessions move"), "{said}");
    cluster.cli(&["rebalance", "--wait"]);
    assert_eq!((cluster.share_of(0).await, cluster.share_of(1).await), (SESSIONS / 2, SESSIONS / 2));
    let said = cluster.cli(&["rebalance"]);
    assert!(said.contains("nothing to move"), "{said}");
    assert_eq!(cluster.history(&database).await, (after + i64::try_from(SESSIONS / 2).expect("few"), 0), "four handovers, no takeover");

    // One more pod, which gets a session, and goes again.
    cluster.add_pod(2).await;
    let order = serde_json::to_value(MoveRequest { to: format!("{ADAPTER}-2").parse().expect("a name"), dry_run: false }).expect("JSON");
    let _: MoveAnswer = cluster.call(Method::POST, "/v1/sessions/venue-0/0/move", Some(&order)).await.expect("moves");
    let there = |sessions: &[SessionView]| {
        sessions.iter().any(|session| session.owner.as_ref().is_some_and(|owner| owner.pod.as_str().ends_with("-2")))
    };
    eventually(SOON, async || holds(there(&cluster.until_active().await), "not there yet")).await;
    cluster.pods.pop().expect("three").terminate().await;
    assert!(!there(&cluster.until_active().await), "it handed over before it went");
    assert_eq!(cluster.history(&database).await.1, 0, "scaling is no takeover");
    cluster.journal().assert_one_believer_at_a_time();
}

#[tokio::test]
async fn a_lost_cluster_comes_back_from_a_dump_and_the_values() {
    let (first, dump) = (Guarded::start().await, tempfile::NamedTempFile::new().expect("a file"));
    let database = Database::create_in(&first, "rendered_lost").await;
    let mut cluster = Cluster::install(&database).await;
    cluster.declare().await;
    let before = cluster.until_active().await;
    save(&first, &database, dump.path()).await;
    for pod in cluster.orchestrators.drain(..).chain(cluster.pods.drain(..)) {
        pod.kill().await;
    }
    std::mem::forget(database);
    first.end();

    let second = Guarded::start().await;
    let database = Database::create_in(&second, "rendered_back").await;
    let mut pg_restore = program(&second, "pg_restore");
    pg_restore.args(["--exit-on-error", "--no-privileges", "-d", &database.url]).stdin(std::fs::File::open(dump.path()).expect("the dump"));
    standby::run(pg_restore).await;
    let began = std::time::Instant::now();
    cluster.set_up(&database).await;
    // The dump tells of owners that are gone; what counts is who came after them.
    eventually(SOON, async || {
        let after = cluster.until_active().await;
        let old = before.iter().zip(&after).find(|(old, new)| new.session != old.session || new.token <= old.token);
        holds(old.is_none(), format!("as in the dump: {old:?}"))
    })
    .await;
    tell(&format!("every session ACTIVE {:.1} s after the installation on a restored dump began", began.elapsed().as_secs_f64()));
    cluster.journal().assert_tokens_never_shrink();
    drop(cluster);
    drop(database);
    second.end();
}

async fn save(guarded: &Guarded, database: &Database, dump: &Path) {
    let mut pg_dump = program(guarded, "pg_dump");
    pg_dump.args(["-Fc", "-d", &database.url]).stdout(std::fs::File::create(dump).expect("a file"));
    standby::run(pg_dump).await;
}

fn program(guarded: &Guarded, name: &str) -> Command {
    let mut command = Command::new(guarded.cluster.binaries().program(name));
    command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
    command
}
