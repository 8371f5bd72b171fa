//! A whole system of real processes: database, orchestrators, pods and the venue that they connect to.
//!
//! Every part can be killed, paused, ended and started again. What is the case is read where people read it: the API, the
//! event table, the venue's journal, the logs. Pods and orchestrators keep names and addresses over a restart.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use conncentric::client::{Call, Client, Error};
use conncentric::domain::command::{Command, CreateAccessToken};
use conncentric::domain::event::{Event, Recorded};
use conncentric::domain::identity::{BearerToken, Role};
use conncentric::domain::name::{Holder, SessionId};
use conncentric::domain::status::OperationalStatus;
use conncentric::domain::token::{FencingToken, Position};
use conncentric::log::{Connection, Entry, Purpose, migrate, read_tail, sql};
use conncentric::orchestrator::direct;
use conncentric::wire::access_token::{self, CreatedAccessToken};
use conncentric::wire::adapter::{AdapterDocument, PutAnswer};
use conncentric::wire::session::SessionView;
use reqwest::{Method, Url};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tempfile::TempDir;

use super::journal::Journal;
use super::postgres::Database;
use super::process::Process;
use super::wait::{SOON, eventually, holds};

/// A process that can be started again as it was.
#[derive(Debug)]
pub struct Part {
    name: String,
    folder: PathBuf,
    arguments: Vec<String>,
    starts: u32,
    process: Process,
}

impl Part {
    fn start(name: &str, folder: &Path, arguments: Vec<String>) -> Self {
        let process = launch(name, 1, folder, &arguments);
        Self { name: name.to_owned(), folder: folder.to_owned(), arguments, starts: 1, process }
    }

    /// Each start has a log of its own. The process before must have ended.
    pub fn start_again(&mut self) {
        assert!(!self.process.is_running(), "{} still runs", self.name);
        self.starts += 1;
        self.process = launch(&self.name, self.starts, &self.folder, &self.arguments);
    }
}

fn launch(name: &str, start: u32, folder: &Path, arguments: &[String]) -> Process {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    Process::start(&format!("{name}.{start}"), folder, &arguments)
}

impl Deref for Part {
    type Target = Process;
    fn deref(&self) -> &Process {
        &self.process
    }
}

impl DerefMut for Part {
    fn deref_mut(&mut self) -> &mut Process {
        &mut self.process
    }
}

/// Who owns a session under which token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pub holder: Holder,
    pub token: FencingToken,
}

impl Owner {
    pub fn pod(&self) -> &str {
        self.holder.pod.as_str()
    }
}

pub type Owners = BTreeMap<SessionId, Owner>;

/// A running system. Its fields are in the order in which it is taken down.
#[derive(Debug)]
pub struct System {
    pods: BTreeMap<String, Part>,
    venue: Part,
    orchestrators: Vec<Part>,
    pub database: Database,
    addresses: Vec<SocketAddr>,
    venue_address: SocketAddr,
    token: String,
    client: Client,
    folder: TempDir,
}

impl System {
    /// Starts orchestrators and the venue on a database of their own, and pods `pod-1` to `pod-N`, which know all orchestrators.
    pub async fn start(name: &str, orchestrators: usize, pods: usize) -> Self {
        let mut this = Self::start_on(Database::create(name).await, orchestrators).await;
        let urls = this.urls();
        for number in 1..=pods {
            this.add_pod(&format!("pod-{number}"), &urls).await;
        }
        this
    }

    /// The same on a given database and without pods.
    pub async fn start_on(database: Database, orchestrators: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        migrate(&database.url).await.expect("migrates");
        let token = first_token(&database).await;
        std::fs::write(folder.path().join("admin.token"), &token).expect("written");
        let addresses: Vec<SocketAddr> = (0..orchestrators).map(|_| fixed_address()).collect();
        let mut parts: Vec<Part> = (0..orchestrators).map(|i| orchestrator(i, addresses[i], &database, folder.path())).collect();
        let journal = folder.path().join("venue.jsonl").display().to_string();
        let arguments = ["venue", "--listen", "127.0.0.1:0", "--journal", &journal].map(str::to_owned).to_vec();
        let mut venue = Part::start("venue", folder.path(), arguments);
        let venue_address = venue.listening().await;
        for part in &mut parts {
            part.line_with("following the log").await;
        }
        let urls: Vec<Url> = addresses.iter().map(|address| url(*address)).collect();
        let client = Client::new(&urls, Some(&token)).expect("a client");
        Self { pods: BTreeMap::new(), venue, orchestrators: parts, database, addresses, venue_address, token, client, folder }
    }

    /// Starts the orchestrators, which must have ended, on another database. The one before is gone already.
    pub fn move_to(&mut self, database: Database) {
        std::mem::forget(std::mem::replace(&mut self.database, database));
        for (index, part) in self.orchestrators.iter_mut().enumerate() {
            part.arguments = orchestrator_arguments(index, self.addresses[index], &self.database);
            part.start_again();
        }
    }

    /// The access token of an administrator.
    pub fn token(&self) -> &str {
        &self.token
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the orchestrators listen.
    pub fn urls(&self) -> Vec<Url> {
        self.addresses.iter().map(|address| url(*address)).collect()
    }

    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    pub fn orchestrator(&mut self, index: usize) -> &mut Part {
        &mut self.orchestrators[index]
    }

    pub fn orchestrators(&mut self) -> &mut [Part] {
        &mut self.orchestrators
    }

    pub fn pod(&mut self, name: &str) -> &mut Part {
        self.pods.get_mut(name).expect("a pod that was started")
    }

    pub fn pods(&self) -> impl Iterator<Item = &str> {
        self.pods.keys().map(String::as_str)
    }

    /// Starts a pod that knows these orchestrators, with an access token of its own, and waits until it is registered.
    pub async fn add_pod(&mut self, pod: &str, orchestrators: &[Url]) {
        let request = access_token::CreateAccessToken { name: pod.to_owned(), role: Role::Pod, pod: Some(pod.parse().expect("a name")) };
        let created: CreatedAccessToken = self.call(Method::POST, "/v1/tokens", Some(&request)).await.expect("a token");
        std::fs::write(self.folder().join(format!("{pod}.token")), created.token).expect("written");
        let mut part = self.another_process(pod, pod, orchestrators);
        part.line_with("registered as").await;
        self.pods.insert(pod.to_owned(), part);
    }

    /// Starts one more process under the name and with the access token of a pod.
    pub fn another_process(&self, name: &str, pod: &str, orchestrators: &[Url]) -> Part {
        let path = |file: String| self.folder().join(file).display().to_string();
        let urls = orchestrators.iter().map(Url::as_str).collect::<Vec<_>>().join(",");
        let (token, data) = (path(format!("{pod}.token")), path(format!("{name}.data")));
        let arguments = ["adapter", "--orchestrator", &urls, "--pod", pod, "--token-file", &token, "--data-dir", &data];
        Part::start(name, self.folder(), arguments.map(str::to_owned).to_vec())
    }

    /// A document of an enabled exclusive adapter that holds a connection to the venue and says so ten times a second.
    pub fn to_venue(&self, name: &str, lease_ttl: Duration) -> AdapterDocument {
        let settings = json!({ "address": self.venue_address.to_string(), "login": true, "keepalive": "100ms" });
        document(name, "tcp", lease_ttl, &settings)
    }

    /// Adapters `venue-a`, `venue-b`, … to the venue.
    pub fn many_to_venue(&self, count: u8, lease_ttl: Duration) -> Vec<AdapterDocument> {
        (b'a'..b'a' + count).map(|letter| self.to_venue(&format!("venue-{}", char::from(letter)), lease_ttl)).collect()
    }

    /// Declares adapters and waits until all sessions that there are run.
    pub async fn declare(&self, documents: &[AdapterDocument]) -> Owners {
        for document in documents {
            let path = format!("/v1/adapters/{}", document.name);
            let _: PutAnswer = self.call(Method::PUT, &path, Some(document)).await.expect("declared");
        }
        self.until_active(SOON).await
    }

    /// Waits until every session is ACTIVE, wherever.
    #[track_caller]
    pub fn until_active(&self, within: Duration) -> impl Future<Output = Owners> {
        self.until_each(within, "is ACTIVE", |session| session.status == OperationalStatus::Active)
    }

    /// Sends a request to whichever orchestrator answers.
    pub async fn call<B: Serialize, T: DeserializeOwned>(&self, method: Method, path: &str, body: Option<&B>) -> Result<T, Error> {
        let call = Call { method, path, body, headers: &[], timeout: Duration::from_secs(10), repeatable: true };
        self.client.call(&call).await.map(|answer| answer.body)
    }

    pub async fn sessions(&self) -> Result<Vec<SessionView>, Error> {
        sessions(&self.client).await
    }

    /// The sessions as one orchestrator sees them, once it has caught up with the log.
    pub async fn sessions_at(&self, orchestrator: usize) -> Result<Vec<SessionView>, Error> {
        sessions(&Client::new(&[url(self.addresses[orchestrator])], Some(&self.token)).expect("a client")).await
    }

    /// Waits until every session is owned and as described, and says by whom.
    #[track_caller]
    pub fn until_each(&self, within: Duration, what: &str, is: impl Fn(&SessionView) -> bool) -> impl Future<Output = Owners> {
        eventually(within, async move || {
            let sessions = self.sessions().await.map_err(|error| error.to_string())?;
            let missing = sessions.iter().find(|session| !is(session));
            match missing {
                Some(session) => Err(format!("not every session {what}: {session:?}")),
                None => Ok(owners(sessions)),
            }
        })
    }

    /// Waits until every session is ACTIVE, and those named here under a larger token than then.
    #[track_caller]
    pub fn until_moved(&self, within: Duration, before: &Owners) -> impl Future<Output = Owners> {
        let moved = |session: &SessionView| {
            let token = before.get(&session.session).map(|owner| owner.token);
            session.status == OperationalStatus::Active && session.token > token
        };
        self.until_each(within, "runs under a new token", moved)
    }

    /// Waits until every session is ACTIVE on another pod than this one.
    #[track_caller]
    pub fn until_off(&self, within: Duration, pod: &str) -> impl Future<Output = Owners> {
        let off = move |session: &SessionView| {
            let owner = session.owner.as_ref().map(|owner| owner.pod.as_str());
            session.status == OperationalStatus::Active && owner.is_some_and(|owner| owner != pod)
        };
        self.until_each(within, "runs on another pod", off)
    }

    /// Waits until each of these pods has been heard `times` more by an orchestrator.
    pub async fn until_heard(&self, pods: &[&str], times: i64) {
        let database = self.database.connect().await;
        let head: i64 = database.query_one("select position from event_head", &[]).await.expect("a head").get(0);
        let statement = "select count(*) from heartbeat where position > $1 and pod = $2";
        for pod in pods {
            eventually(SOON, async || {
                let beats: i64 = database.query_one(statement, &[&head, pod]).await.map_err(|error| error.to_string())?.get(0);
                holds(beats >= times, format!("{pod} was heard {beats} times"))
            })
            .await;
        }
    }

    /// The event table, pulses included.
    pub async fn entries(&self) -> Vec<Entry> {
        let connection = Connection::open(&self.database.app_url, Purpose::Read).await.expect("connects");
        let statement = connection.statement(sql::READ_TAIL).await.expect("prepares");
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let after: Position = entries.last().map_or(0, Entry::position);
            let page = read_tail(&connection, &statement, after, 5000).await.expect("reads");
            if page.is_empty() {
                return entries;
            }
            entries.extend(page);
        }
    }

    /// The ledger: every event but pulses.
    pub async fn events(&self) -> Vec<Recorded> {
        let ledger = |entry| if let Entry::Ledger(recorded) = entry { Some(*recorded) } else { None };
        self.entries().await.into_iter().filter_map(ledger).collect()
    }

    /// Events of which a part is asked for, for example all claims.
    pub async fn events_of<T: Clone>(&self, which: impl Fn(&Event) -> Option<&T>) -> Vec<T> {
        self.events().await.iter().filter_map(|recorded| which(&recorded.event).cloned()).collect()
    }

    pub fn journal(&self) -> Journal {
        Journal::read(&self.folder().join("venue.jsonl"))
    }

    /// Runs a command of people to its end, and gives back how it ended and what it printed.
    pub async fn cli(&self, arguments: &[&str]) -> (ExitStatus, String) {
        let mut process = self.start_cli(arguments);
        (process.exit().await, process.log())
    }

    /// Only starts it.
    pub fn start_cli(&self, arguments: &[&str]) -> Process {
        let servers = self.urls().iter().map(Url::to_string).collect::<Vec<_>>().join(",");
        let token = self.folder().join("admin.token").display().to_string();
        let all: Vec<&str> = arguments.iter().copied().chain(["--server", &servers, "--token-file", &token]).collect();
        Process::start(&format!("cli-{}", arguments.join("-").replace('/', ".")), self.folder(), &all)
    }

    /// Lets a pause or an outage last. For scenarios whose very subject is how long something takes; never to wait for anything.
    pub fn lasts(duration: Duration) -> tokio::time::Sleep {
        tokio::time::sleep(duration)
    }
}

#[derive(Deserialize)]
struct SessionList {
    sessions: Vec<SessionView>,
}

async fn sessions(client: &Client) -> Result<Vec<SessionView>, Error> {
    let timeout = Duration::from_secs(10);
    let call = Call::<()> { method: Method::GET, path: "/v1/sessions", body: None, headers: &[], timeout, repeatable: true };
    Ok(client.call::<(), SessionList>(&call).await?.body.sessions)
}

/// The owners of all sessions that have one.
pub fn owners(sessions: Vec<SessionView>) -> Owners {
    let owner = |view: SessionView| Some((view.session, Owner { holder: view.owner?, token: view.token? }));
    sessions.into_iter().filter_map(owner).collect()
}

/// An enabled exclusive adapter.
pub fn document(name: &str, connector: &str, lease_ttl: Duration, settings: &serde_json::Value) -> AdapterDocument {
    let lease_ttl = format!("{}ms", lease_ttl.as_millis());
    let document =
        json!({ "name": name, "connector": connector, "mode": "exclusive", "lease_ttl": lease_ttl, "enabled": true, "settings": settings });
    serde_json::from_value(document).expect("a document")
}

fn orchestrator(index: usize, address: SocketAddr, database: &Database, folder: &Path) -> Part {
    Part::start(&format!("orchestrator-{index}"), folder, orchestrator_arguments(index, address, database))
}

fn orchestrator_arguments(index: usize, address: SocketAddr, database: &Database) -> Vec<String> {
    let (name, address) = (format!("orchestrator-{index}"), address.to_string());
    let arguments = ["orchestrator", "--listen", &address, "--database-url", &database.app_url, "--migrations", "none", "--name", &name];
    arguments.map(str::to_owned).to_vec()
}

async fn first_token(database: &Database) -> String {
    let mut random = [0; 40];
    getrandom::fill(&mut random).expect("randomness");
    let token = BearerToken::from_randomness(&random);
    let create = CreateAccessToken { id: token.id().clone(), name: "tests".into(), role: Role::Admin, pod: None, hash: token.hash() };
    direct::execute(&database.url, Command::CreateAccessToken(create)).await.expect("a token");
    token.reveal().to_owned()
}

fn url(address: SocketAddr) -> Url {
    format!("http://{address}").parse().expect("a URL")
}

/// How often a test tries what must go well every time: once, unless `CONNCENTRIC_TIMES` says otherwise.
pub fn times() -> usize {
    std::env::var("CONNCENTRIC_TIMES").map_or(1, |text| text.parse().expect("a number"))
}

/// An address that an orchestrator finds free again after a restart: below the ports that outgoing connections take.
pub fn fixed_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 150).expect("small") * 100;
    let candidates = std::iter::repeat_with(|| 12_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 15_000);
    let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
    candidates.map(address).find(|address| TcpListener::bind(address).is_ok()).expect("a free port")
}
