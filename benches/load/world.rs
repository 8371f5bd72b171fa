//! What is measured: a private PostgreSQL, and systems on databases of their own in it, each with orchestrators as processes.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use conncentric::client::{Call, Client as Api};
use conncentric::dev::postgres::{Cluster, Halt, Options, place, remove};
use conncentric::dev::secret::random_text;
use conncentric::domain::command::{self, CreateAccessToken};
use conncentric::domain::identity::{BearerToken, Role};
use conncentric::log::migrate;
use conncentric::orchestrator::direct;
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::Method;
use rustix::process::Pid;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_conncentric");

/// Requests of people in flight while a system is set up.
const SETTING_UP: usize = 16;

/// What people wait for an answer at most.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection to the database with what drives it.
#[derive(Debug)]
pub(crate) struct Database {
    pub client: Client,
    _driver: JoinSet<()>,
}

impl Database {
    pub(crate) async fn open(url: &str) -> anyhow::Result<Self> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        let mut driver = JoinSet::new();
        driver.spawn(async move { drop(connection.await) });
        Ok(Self { client, _driver: driver })
    }
}

/// The private PostgreSQL, with its default durability.
#[derive(Debug)]
pub(crate) struct Machine {
    pub home: PathBuf,
    cluster: Cluster,
}

impl Machine {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let home = place(&std::env::temp_dir().join(format!("conncentric-bench-{}", random_text(8)?)))?;
        // Room for the bare clients of the claims, 256 at once. What is made durable, and how, stays as it comes.
        let settings = vec![("max_connections".to_owned(), "300".to_owned())];
        let cluster = Cluster::start(&home, None, &Options { password: random_text(16)?, settings }).await?;
        Ok(Self { home, cluster })
    }

    pub(crate) fn url(&self, database: &str) -> String {
        self.cluster.url(database)
    }

    pub(crate) fn postgres(&self) -> Option<Pid> {
        self.cluster.pid()
    }

    pub(crate) async fn create(&self, database: &str) -> anyhow::Result<String> {
        let owner = Database::open(&self.url("postgres")).await?;
        owner.client.batch_execute(&format!("create database {database}")).await?;
        Ok(self.url(database))
    }

    /// For who needs the room on the disk again.
    pub(crate) async fn forget(&self, database: &str) -> anyhow::Result<()> {
        let owner = Database::open(&self.url("postgres")).await?;
        Ok(owner.client.batch_execute(&format!("drop database {database} with (force)")).await?)
    }

    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.cluster.stop(Halt::Fast).await?;
        remove(&self.home)
    }
}

/// One orchestrator, as a process.
#[derive(Debug)]
pub(crate) struct Orchestrator {
    process: Child,
    pub address: SocketAddr,
}

impl Orchestrator {
    pub(crate) fn start(database_url: &str, name: &str) -> anyhow::Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = Command::new(PROGRAM);
        command.args(["orchestrator", "--migrations", "none", "--name", name, "--listen", &address.to_string()]);
        command.env("DATABASE_URL", database_url).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn()?;
        let log = process.stderr.take().context("a log")?;
        let started = Self { process, address };
        let mut lines = BufReader::new(log).lines();
        for line in &mut lines {
            if line?.contains("following the log") {
                // Somebody must go on reading, or the orchestrator waits for room in the pipe.
                std::thread::spawn(move || lines.count());
                return Ok(started);
            }
        }
        anyhow::bail!("the orchestrator ended before it followed the log")
    }

    pub(crate) fn pid(&self) -> Option<Pid> {
        Pid::from_raw(self.process.id().cast_signed())
    }
}

impl Drop for Orchestrator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A system on a database of its own.
#[derive(Debug)]
pub(crate) struct World {
    pub database_url: String,
    pub database: Database,
    pub orchestrators: Vec<Orchestrator>,
    /// Opens everything that pods do, for all of them.
    pub pod_token: String,
    api: Api,
}

impl World {
    pub(crate) async fn start(machine: &Machine, name: &str, orchestrators: usize) -> anyhow::Result<Self> {
        let database_url = machine.create(name).await?;
        migrate(&database_url).await?;
        Self::on(database_url, orchestrators).await
    }

    /// On a database that is there, with whatever is in it.
    pub(crate) async fn on(database_url: String, orchestrators: usize) -> anyhow::Result<Self> {
        let admin = access_token(&database_url, Role::Admin).await?;
        let pod_token = access_token(&database_url, Role::Pod).await?;
        let orchestrators: Vec<Orchestrator> =
            (1..=orchestrators).map(|number| Orchestrator::start(&database_url, &format!("o-{number}"))).collect::<Result<_, _>>()?;
        let first = orchestrators.first().context("an orchestrator")?.address;
        let api = Api::new(&[format!("http://{first}").parse()?], Some(&admin))?;
        let database = Database::open(&database_url).await?;
        Ok(Self { database_url, database, orchestrators, pod_token, api })
    }

    pub(crate) fn address(&self, orchestrator: usize) -> anyhow::Result<SocketAddr> {
        Ok(self.orchestrators.get(orchestrator).context("an orchestrator")?.address)
    }

    /// Declares adapters.
    pub(crate) async fn declare(&self, documents: impl IntoIterator<Item = Value>) -> anyhow::Result<()> {
        let puts = documents.into_iter().map(async |document| {
            let path = format!("/v1/adapters/{}", document.get("name").and_then(Value::as_str).context("a name")?);
            self.call(Method::PUT, &path, &document).await
        });
        stream::iter(puts).buffer_unordered(SETTING_UP).try_for_each(async |_| Ok(())).await
    }

    /// Asks as the Portal does, and gives the length of the answer.
    pub(crate) async fn look(&self, path: &str) -> anyhow::Result<usize> {
        let call = Call::<()> { method: Method::GET, path, body: None, headers: &[], timeout: PATIENCE, repeatable: true };
        let mut answer = self.api.send(&call).await.with_context(|| path.to_owned())?;
        let mut length = 0;
        // Not kept: who heartbeats on this thread is not to wait while a list of everything is put together.
        while let Some(chunk) = answer.chunk().await? {
            length += chunk.len();
        }
        Ok(length)
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        let call = Call { method, path, body: Some(body), headers: &[], timeout: PATIENCE, repeatable: true };
        Ok(self.api.call::<_, Value>(&call).await?.body)
    }
}

async fn access_token(database_url: &str, role: Role) -> anyhow::Result<String> {
    let token = BearerToken::from_randomness(random_text(40)?.as_bytes().try_into()?);
    let create = CreateAccessToken { id: token.id().clone(), name: "bench".into(), role, pod: None, hash: token.hash() };
    direct::execute(database_url, command::Command::CreateAccessToken(create)).await?;
    Ok(token.reveal().to_owned())
}

/// An adapter whose sessions run where a label says. `replicas` of 1 make it exclusive.
pub(crate) fn document(name: &str, replicas: usize, lease_ttl: &str, label: (&str, &str)) -> Value {
    json!({
        "name": name, "connector": "tcp", "mode": if replicas == 1 { "exclusive" } else { "load_balanced" }, "replicas": replicas,
        "lease_ttl": lease_ttl, "enabled": true, "placement": { "labels": { label.0: label.1 } },
        "settings": { "address": "127.0.0.1:9000" },
    })
}

/// An adapter that nobody runs. Its timeout is the shortest in use, which is what paces the pods.
pub(crate) fn pace(lease_ttl: &str) -> Value {
    json!({ "name": "pace", "connector": "tcp", "mode": "exclusive", "lease_ttl": lease_ttl, "enabled": false, "settings": { "address": "127.0.0.1:9000" } })
}
