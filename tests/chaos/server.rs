//! The database as two servers: a primary and, while there is one, a standby without which nothing is acknowledged.

use std::io::{Read, Seek};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use conncentric::dev::postgres::Cluster;
use tokio::time::sleep;

use crate::clock::Clock;
use crate::network::weather::Conditions;

/// A data folder and the port of the server that runs on it.
#[derive(Debug, Clone)]
struct Server {
    data: PathBuf,
    port: u16,
}

impl Server {
    /// The same settings as the first server's, on a port of its own.
    fn configure(&self, with_standby: bool) {
        let file = self.data.join("conncentric.conf");
        let text = std::fs::read_to_string(&file).expect("settings");
        let kept = text.lines().filter(|line| !line.starts_with("port ") && !line.starts_with("synchronous_standby_names "));
        let names = if with_standby { "*" } else { "" };
        let own = [format!("port = '{}'", self.port), format!("synchronous_standby_names = '{names}'")];
        let lines: Vec<String> = kept.map(str::to_owned).chain(own).collect();
        // In place, so that it stays the server's own.
        std::fs::write(&file, lines.join("\n") + "\n").expect("written");
    }
}

/// Both servers, and the ways that lead to whichever is the primary.
#[derive(Debug)]
pub struct Servers {
    cluster: Cluster,
    clock: Clock,
    ways: Vec<Conditions>,
    /// A superuser's URL through a way of our own.
    url: String,
    primary: Server,
    standby: Option<Server>,
    made: u32,
}

impl Servers {
    pub fn new(cluster: &Cluster, clock: &Clock, ways: Vec<Conditions>, url: String) -> Self {
        let primary = Server { data: cluster.data(), port: cluster.port() };
        Self { cluster: cluster.clone(), clock: clock.clone(), ways, url, primary, standby: None, made: 0 }
    }

    /// Restarts the primary: `fast` as an operator does, `immediate` as a crash would.
    pub async fn restart(&self, mode: &str) {
        self.pg_ctl(&self.primary, &["stop", "-m", mode]).await;
        // After a crash the server does not start before the last of its old processes has ended.
        for _ in 0..20 {
            if attempt(self.pg_ctl_command(&self.primary, &["start", "-l", "server.log"])).await.is_ok() {
                return;
            }
            sleep(Duration::from_millis(250)).await;
        }
        panic!("the database does not start again; its log is {}", self.log().display());
    }

    /// Makes a standby of the primary, and has every commit wait for it from then on.
    pub async fn attach(&mut self) {
        if self.standby.is_some() {
            return;
        }
        self.made += 1;
        let data = self.cluster.home().join(format!("standby-{}", self.made));
        let port = free_port();
        let password = self.url.split(['/', ':', '@']).nth(4).expect("a password").to_owned();
        let mut copy = self.command("pg_basebackup");
        copy.args(["-h", "127.0.0.1", "-U", conncentric::dev::postgres::SUPERUSER, "-R", "-X", "stream", "-c", "fast", "--no-sync"]);
        copy.arg("-p").arg(self.primary.port.to_string()).arg("-D").arg(&data).env("PGPASSWORD", password);
        run(copy).await;
        let standby = Server { data, port };
        standby.configure(false);
        self.pg_ctl(&standby, &["start", "-l", "server.log"]).await;
        self.primary.configure(true);
        self.pg_ctl(&self.primary, &["reload"]).await;
        assert!(in_step(&self.url).await, "the standby does not get in step");
        self.standby = Some(standby);
    }

    /// The primary stops dead, and the standby takes its place. Nothing that was acknowledged may be missing there.
    pub async fn fail_over(&mut self) {
        self.attach().await;
        // After a crash the server shows what it had committed, and the standby may not have all of that yet. Nobody would promote it then.
        assert!(in_step(&self.url).await, "the standby does not get in step again");
        let next = self.standby.take().expect("just attached");
        self.pg_ctl(&self.primary, &["stop", "-m", "immediate"]).await;
        self.pg_ctl(&next, &["promote"]).await;
        let _ = std::fs::remove_dir_all(&self.primary.data);
        for way in &self.ways {
            way.lead_to(SocketAddr::from(([127, 0, 0, 1], next.port)));
        }
        self.primary = next;
    }

    /// Stops what the owner of the cluster does not know of.
    pub async fn end(self) {
        for server in [Some(self.primary.clone()), self.standby.clone()].into_iter().flatten() {
            if server.data.exists() {
                self.pg_ctl(&server, &["stop", "-m", "immediate"]).await;
            }
        }
    }

    async fn pg_ctl(&self, server: &Server, arguments: &[&str]) {
        run(self.pg_ctl_command(server, arguments)).await;
    }

    fn pg_ctl_command(&self, server: &Server, arguments: &[&str]) -> std::process::Command {
        let mut command = self.command("pg_ctl");
        command.args(arguments).args(["-s", "-t", "60", "-D"]).arg(&server.data);
        if arguments[0] != "reload" {
            command.arg("-w");
        }
        command
    }

    fn command(&self, program: &str) -> std::process::Command {
        let mut command = std::process::Command::new(self.program(program));
        command.current_dir(self.cluster.home()).envs(self.clock.environment());
        command.stdin(Stdio::null()).stdout(Stdio::null());
        self.cluster.lend_user(&mut command);
        command
    }

    fn program(&self, name: &str) -> PathBuf {
        self.cluster.binaries().program(name)
    }

    /// Where all servers write what they do.
    pub fn log(&self) -> PathBuf {
        self.cluster.home().join("server.log")
    }
}

/// Waits until no commit is acknowledged without the standby. The server may be about to start.
async fn in_step(url: &str) -> bool {
    for _ in 0..600 {
        if let Ok((client, connection)) = tokio_postgres::connect(url, tokio_postgres::NoTls).await {
            let look = client.query_opt("select 1 from pg_stat_replication where sync_state = 'sync'", &[]);
            let row = tokio::select! { row = look => row.ok().flatten(), _ = connection => None };
            if row.is_some() {
                return true;
            }
        }
        sleep(Duration::from_millis(50)).await;
    }
    false
}

async fn run(command: std::process::Command) {
    if let Err(said) = attempt(command).await {
        panic!("{said}");
    }
}

/// An error is what it said.
async fn attempt(command: std::process::Command) -> Result<(), String> {
    let shown = format!("{command:?}");
    // To a file and not a pipe: a server that was started keeps it open.
    let errors = tempfile::tempfile().expect("a file");
    let mut command = command;
    command.stderr(errors.try_clone().expect("a second handle"));
    let ended = tokio::time::timeout(Duration::from_secs(90), tokio::process::Command::from(command).status()).await;
    let status = ended.unwrap_or_else(|_| panic!("{shown} does not end")).expect("it runs");
    if status.success() {
        return Ok(());
    }
    let (mut said, mut errors) = (String::new(), errors);
    errors.rewind().and_then(|()| errors.read_to_string(&mut said)).expect("reads");
    Err(format!("{shown}: {status}: {said}"))
}

fn free_port() -> u16 {
    crate::support::system::fixed_address().port()
}
