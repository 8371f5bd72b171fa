//! The whole system of real processes, with the network of our making between every two parts.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::client::{Answer, Orchestrators};
use crate::clock::{self, Clock};
use crate::faults::Target;
use crate::network::Link;
use crate::network::heartbeats::Heartbeats;
use crate::network::tap::Tap;
use crate::network::weather::Conditions;
use crate::parts::Part;
use crate::server::Servers;
use crate::support::postgres::{Database, Guarded};
use crate::support::process::{Process, command};
use crate::support::system::fixed_address;
use crate::support::wait::{SOON, eventually, holds};
use crate::witness;

pub const PODS: usize = 3;
pub const ORCHESTRATORS: usize = 2;

/// The longest lease timeout in use.
pub const LONGEST: Duration = Duration::from_secs(2);

/// The adapters whose sessions must exist once, with their lease timeouts in milliseconds.
const EXCLUSIVE: [(&str, u64); 8] = [
    ("fast-a", 1000),
    ("fast-b", 1000),
    ("slow-a", 2000),
    ("slow-b", 2000),
    ("program", 1500),
    ("program-b", 1000),
    ("program-c", 1000),
    ("toggled", 1500),
];

/// The lease timeout of an exclusive session.
pub fn exclusive(session: &str) -> Option<Duration> {
    let adapter = session.split('/').next()?;
    EXCLUSIVE.iter().find(|(name, _)| *name == adapter).map(|(_, millis)| Duration::from_millis(*millis))
}

/// A route through the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    PodToOrchestrator(usize, usize),
    PodToWitness(usize),
    /// Our own, on which nothing ever happens.
    HarnessToDatabase,
    ToDatabase(usize),
    ClientsTo(usize),
}

/// A running system. Its fields are in the order in which it is taken down.
#[derive(Debug)]
pub struct Arena {
    pub pods: Vec<Part>,
    /// Second processes under the names of pods.
    pub twins: Vec<Part>,
    twins_made: u32,
    pub orchestrators: Vec<Part>,
    _witness: Process,
    _links: Vec<Link>,
    pub network: BTreeMap<Route, Conditions>,
    pub tap: Arc<Tap>,
    pub heartbeats: Arc<Heartbeats>,
    pub clocks: BTreeMap<Target, Clock>,
    pub clients: Orchestrators,
    pub pod_tokens: Vec<String>,
    pub folder: TempDir,
    /// A superuser's, of whichever server is the primary.
    pub database_url: String,
    pub servers: Arc<Mutex<Servers>>,
    pub postgres: Guarded,
}

pub fn pod_name(index: usize) -> String {
    format!("pod-{}", index + 1)
}

impl Arena {
    /// Starts everything, declares the adapters, and waits until every session is ACTIVE.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let postgres = Guarded::start().await;
        let database = Database::create_in(&postgres, "chaos").await;
        run_to_end(&["migrate"], &database.url).expect("migrates");
        let admin = run_to_end(&["token", "create", "--role", "admin", "--name", "chaos"], &database.url).expect("a first token");
        let (witness, witness_address) = start_witness(folder.path()).await;

        let mut network = BTreeMap::new();
        let mut links = Vec::new();
        let tap = Arc::<Tap>::default();
        let by_pod: BTreeMap<String, Conditions> = (0..PODS).map(|pod| (pod_name(pod), Conditions::new(witness_address))).collect();
        network.extend((0..PODS).map(|pod| (Route::PodToWitness(pod), by_pod[&pod_name(pod)].clone())));
        let to_witness = Link::of_pods(by_pod, tap.clone()).await;
        let mut build = Builder { network: &mut network, links: &mut links };

        let clocks = clocks(&postgres);
        let database_url = rerouted(&database.url, build.link(Route::HarnessToDatabase, database_address(&database)).await);
        let addresses: Vec<SocketAddr> = (0..ORCHESTRATORS).map(|_| fixed_address()).collect();
        let mut orchestrators = Vec::new();
        let mut client_urls = Vec::new();
        for (index, address) in addresses.iter().enumerate() {
            let way = build.link(Route::ToDatabase(index), database_address(&database)).await;
            let url = rerouted(&database.app_url, way);
            let part = orchestrator(index, *address, &url, folder.path());
            orchestrators.push(part.under(&clocks[&Target::Orchestrator(index)]));
            client_urls.push(format!("http://{}", build.link(Route::ClientsTo(index), *address).await));
        }
        let (mut pods, heartbeats) = (Vec::new(), Arc::<Heartbeats>::default());
        for pod in 0..PODS {
            let mut urls = Vec::new();
            for (index, address) in addresses.iter().enumerate() {
                urls.push(format!("http://{}", build.overheard(Route::PodToOrchestrator(pod, index), *address, &heartbeats).await));
            }
            pods.push(pod_part(&pod_name(pod), &pod_name(pod), &urls, folder.path()).under(&clocks[&Target::Pod(pod)]));
        }
        let to_database =
            |(route, way): (&Route, &Conditions)| matches!(route, Route::ToDatabase(_) | Route::HarnessToDatabase).then(|| way.clone());
        let ways = network.iter().filter_map(to_database).collect();
        let servers = Servers::new(&postgres.cluster, &clocks[&Target::Database], ways, database_url.clone());
        // With the clock, and with the standby that makes every commit wait.
        servers.restart("fast").await;
        // It goes with its cluster; by then another server may be the primary.
        std::mem::forget(database);
        let clients = Orchestrators::new(client_urls, admin.trim().to_owned());
        let to = to_witness.address;
        links.push(to_witness);
        let mut this = Self {
            pods,
            twins: Vec::new(),
            twins_made: 0,
            orchestrators,
            _witness: witness,
            _links: links,
            network,
            tap,
            heartbeats,
            clocks,
            clients,
            pod_tokens: Vec::new(),
            folder,
            database_url,
            servers: Arc::new(Mutex::new(servers)),
            postgres,
        };
        this.begin(to).await;
        this
    }

    async fn begin(&mut self, witness: SocketAddr) {
        self.servers.lock().await.attach().await;
        for part in &mut self.orchestrators {
            part.start().await;
            part.process().line_with("following the log").await;
        }
        for pod in 0..PODS {
            let name = pod_name(pod);
            let answer = self
                .clients
                .send(
                    pod % ORCHESTRATORS,
                    Method::POST,
                    "/v1/tokens",
                    Some(&json!({ "name": name, "role": "pod", "pod": name })),
                    Uuid::new_v4(),
                )
                .await;
            let Answer::Done(body) = answer else { panic!("no token: {answer:?}") };
            let token = body["token"].as_str().expect("a token").to_owned();
            std::fs::write(self.folder.path().join(format!("{name}.token")), &token).expect("written");
            self.pod_tokens.push(token);
            self.pods[pod].start().await;
        }
        for document in adapters(witness) {
            let path = format!("/v1/adapters/{}", document["name"].as_str().expect("a name"));
            let answer = self.clients.send(0, Method::PUT, &path, Some(&document), Uuid::new_v4()).await;
            assert!(matches!(answer, Answer::Done(_)), "{answer:?}");
        }
        self.settle(SOON).await;
    }

    /// Waits until every session is ACTIVE.
    #[track_caller]
    pub fn settle(&self, within: Duration) -> impl Future<Output = Value> {
        eventually(within, async || {
            let answer = self.clients.get_from_any("/v1/sessions").await.ok_or("no orchestrator answers")?;
            let sessions = answer["sessions"].as_array().cloned().unwrap_or_default();
            let waiting = sessions.iter().find(|session| session["admin_state"] == "ENABLED" && session["status"] != "ACTIVE");
            holds(waiting.is_none() && !sessions.is_empty(), format!("not ACTIVE: {waiting:?}")).map(|()| answer)
        })
    }

    pub fn on(&self, route: Route) -> &Conditions {
        &self.network[&route]
    }

    /// A second process under a pod's name, as a mistaken operator starts.
    pub async fn start_twin(&mut self, pod: usize) {
        self.twins_made += 1;
        let name = format!("twin-{}-{}", pod + 1, self.twins_made);
        let mut twin = self.pods[pod].twin(&name);
        twin.start().await;
        self.twins.push(twin);
    }
}

/// A wall clock for each part. The library lies where the server's user can read it.
fn clocks(postgres: &Guarded) -> BTreeMap<Target, Clock> {
    let library = clock::library(postgres.cluster.home());
    let pods = (0..PODS).map(|pod| (Target::Pod(pod), pod_name(pod)));
    let orchestrators = (0..ORCHESTRATORS).map(|index| (Target::Orchestrator(index), format!("orchestrator-{index}")));
    let all = pods.chain(orchestrators).chain([(Target::Database, "database".to_owned())]);
    all.map(|(target, name)| (target, Clock::new(&library, &name))).collect()
}

struct Builder<'a> {
    network: &'a mut BTreeMap<Route, Conditions>,
    links: &'a mut Vec<Link>,
}

impl Builder<'_> {
    async fn link(&mut self, route: Route, server: SocketAddr) -> SocketAddr {
        let conditions = Conditions::new(server);
        let link = Link::through(conditions.clone()).await;
        self.keep(route, conditions, link)
    }

    async fn overheard(&mut self, route: Route, server: SocketAddr, heartbeats: &Arc<Heartbeats>) -> SocketAddr {
        let conditions = Conditions::new(server);
        let link = Link::overheard(conditions.clone(), heartbeats.clone()).await;
        self.keep(route, conditions, link)
    }

    fn keep(&mut self, route: Route, conditions: Conditions, link: Link) -> SocketAddr {
        let address = link.address;
        self.network.insert(route, conditions);
        self.links.push(link);
        address
    }
}

/// The adapters of a run: connections that our own connectors hold, and programs that know nothing of leases.
fn adapters(witness: SocketAddr) -> Vec<Value> {
    let tcp = json!({ "address": witness.to_string(), "login": true, "keepalive": "50ms" });
    let program = include_str!("program.sh");
    let environment = json!({ "WITNESS_HOST": witness.ip().to_string(), "WITNESS_PORT": witness.port().to_string() });
    let exec = json!({ "command": ["bash", "-c", program], "env": environment, "stop_timeout": "600ms" });
    let document = |name: &str, connector: &str, mode: &str, ttl: &str, settings: &Value| json!({ "name": name, "connector": connector, "mode": mode, "lease_ttl": ttl, "enabled": true, "settings": settings });
    let exclusive = EXCLUSIVE.iter().map(|(name, millis)| {
        let (connector, settings) = if name.starts_with("program") { ("exec", &exec) } else { ("tcp", &tcp) };
        document(name, connector, "exclusive", &format!("{millis}ms"), settings)
    });
    let mut balanced = document("balanced", "tcp", "load_balanced", "2s", &tcp);
    balanced["replicas"] = json!(2);
    exclusive.chain([document("alone", "tcp", "single", "1500ms", &tcp), balanced]).collect()
}

fn orchestrator(index: usize, address: SocketAddr, database_url: &str, folder: &Path) -> Part {
    let (name, address) = (format!("orchestrator-{index}"), address.to_string());
    let arguments = ["orchestrator", "--listen", &address, "--migrations", "none", "--name", &name, "--log-format", "json"];
    Part::new(&name, folder, arguments.map(str::to_owned).to_vec()).with("DATABASE_URL", database_url)
}

fn pod_part(name: &str, pod: &str, urls: &[String], folder: &Path) -> Part {
    let path = |file: String| folder.join(file).display().to_string();
    let (urls, token, data) = (urls.join(","), path(format!("{pod}.token")), path(format!("{name}.data")));
    let arguments = ["adapter", "--orchestrator", &urls, "--pod", pod, "--token-file", &token, "--data-dir", &data, "--log-format", "json"];
    Part::new(name, folder, arguments.map(str::to_owned).to_vec())
}

async fn start_witness(folder: &Path) -> (Process, SocketAddr) {
    let mut command = std::process::Command::new(std::env::current_exe().expect("a path"));
    command.args(["tests::the_witness", "--exact", "--ignored", "--nocapture"]).env(witness::ENVIRONMENT, folder);
    let process = Process::spawn("witness", folder, command);
    let read = async || {
        std::fs::read_to_string(witness::port_in(folder)).map_err(|error| error.to_string())?.parse().map_err(|_| "no address".to_owned())
    };
    let address = eventually::<SocketAddr, String>(SOON, read).await;
    (process, address)
}

/// Runs a command of ours on the database and gives back what it printed.
pub fn run_to_end(arguments: &[&str], database_url: &str) -> Result<String, String> {
    let output = command().args(arguments).env("DATABASE_URL", database_url).output().expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stdout) + &text(&output.stderr)) }
}

fn database_address(database: &Database) -> SocketAddr {
    let (_, place) = database.app_url.split_once('@').expect("a URL with credentials");
    place.split_once('/').expect("a URL with a database").0.parse().expect("an address")
}

fn rerouted(url: &str, way: SocketAddr) -> String {
    let (credentials, place) = url.split_once('@').expect("a URL with credentials");
    format!("{credentials}@{way}/{}", place.split_once('/').expect("a URL with a database").1)
}
