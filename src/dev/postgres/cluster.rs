//! One PostgreSQL cluster of our own: made, started, restarted, stopped.
//!
//! It listens on loopback only and asks everybody for a password. `pg_ctl` starts it, so it is no child of ours:
//! who restarts it with `pg_ctl` by hand takes nothing away from us.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use rustix::process::Pid;

use super::account::Account;
use super::binaries::Binaries;
use crate::dev::{process, secret};

/// The superuser of every cluster made here.
pub const SUPERUSER: &str = "conncentric";

/// Seconds that a start may take, recovery after a crash included, and that a stop may take.
const PATIENCE: &str = "120";

/// Longest path of a Unix socket that every system allows, less the socket's own name.
const LONGEST_SOCKET_FOLDER: usize = 80;

/// How to run a cluster.
#[derive(Debug, Clone)]
pub struct Options {
    /// The superuser's password, kept by the caller. Counts when the cluster is made.
    pub password: String,
    /// Lines of `postgresql.conf`, applied at each start.
    pub settings: Vec<(String, String)>,
}

/// How a server is told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halt {
    /// Ends connections, writes everything out.
    Fast,
    /// Stops dead, as a crash would. The next start recovers.
    Immediate,
}

impl Halt {
    /// As `pg_ctl stop -m` has it.
    fn mode(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Immediate => "immediate",
        }
    }
}

/// A running cluster. Dropping it does not stop it.
#[derive(Debug, Clone)]
pub struct Cluster {
    binaries: Binaries,
    account: Option<Account>,
    home: PathBuf,
    port: u16,
    password: String,
}

impl Cluster {
    /// Starts the cluster in `home`, a folder from [`super::place`], and makes it first if there is none.
    ///
    /// A server that a killed process left running there is stopped first. `port` is used if it is free, else another.
    pub async fn start(home: &Path, port: Option<u16>, options: &Options) -> anyhow::Result<Self> {
        let binaries = match made_by(home)? {
            Some(major) => Binaries::find_major(major).with_context(|| format!("{} was made by PostgreSQL {major}", home.display()))?,
            None => Binaries::find()?,
        };
        let account = Account::owning(home)?;
        let mut cluster = Self { binaries, account, home: home.to_owned(), port: port.unwrap_or(0), password: options.password.clone() };
        if made_by(home)?.is_none() {
            cluster.make().await?;
        }
        cluster.stop(Halt::Fast).await.context("the PostgreSQL that was left running cannot be stopped")?;
        cluster.forget_crashed().await?;
        cluster.start_at_free_port(options).await?;
        Ok(cluster)
    }

    /// Stops a server that a killed process may have left running in `home`.
    pub async fn halt(home: &Path) -> anyhow::Result<()> {
        let (Some(major), Some(_)) = (made_by(home)?, running(home)) else { return Ok(()) };
        let (binaries, account) = (Binaries::find_major(major)?, Account::owning(home)?);
        let left = Self { binaries, account, home: home.to_owned(), port: 0, password: String::new() };
        left.stop(Halt::Fast).await
    }

    /// A server refuses to start while the process that its predecessor's pid file names exists: also if that is dead and
    /// merely unreaped, as in containers whose first process does not reap, or if the number is another program's by now.
    /// Two servers on one data folder stay impossible, for they also find each other by their shared memory.
    async fn forget_crashed(&self) -> anyhow::Result<()> {
        let file = self.data().join("postmaster.pid");
        if let Some(pid) = process::read_pid(&file)
            && !process::ended(Duration::from_secs(2), || rustix::process::test_kill_process(pid).is_ok()).await
            && self.pid().is_none()
        {
            std::fs::remove_file(&file).with_context(|| format!("{} is stale and cannot be removed", file.display()))?;
        }
        Ok(())
    }

    /// Another process may take the port between our look and the server's start, so a few are tried.
    async fn start_at_free_port(&mut self, options: &Options) -> anyhow::Result<()> {
        let mut wanted = self.port;
        for _ in 0..5 {
            self.port = free_port(wanted)?;
            self.configure(&options.settings)?;
            match self.pg_ctl(&["start", "-l", "server.log"]).await {
                Err(_) if !is_free(self.port) => wanted = 0,
                done => return done.with_context(|| self.last_words()),
            }
        }
        bail!("PostgreSQL found no free port in five tries")
    }

    /// In a folder of another name first: a half-made cluster is never mistaken for one.
    async fn make(&self) -> anyhow::Result<()> {
        let (unfinished, password) = (self.home.join("data.new"), self.home.join("password.new"));
        super::place::remove(&unfinished)?;
        secret::keep(&password, &self.password)?;
        self.give(&password)?;
        let mut initdb = self.command("initdb");
        initdb.args(["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions"]);
        initdb.args(["--username", SUPERUSER]).arg("--pwfile").arg(&password).arg("--pgdata").arg(&unfinished);
        let made = run(initdb).await;
        std::fs::remove_file(&password)?;
        made.context("initdb failed")?;
        let main = unfinished.join("postgresql.conf");
        let text = std::fs::read_to_string(&main)? + "\ninclude = 'conncentric.conf'\n";
        std::fs::write(&main, text)?;
        std::fs::rename(&unfinished, self.data()).context("the new cluster cannot be put in its place")
    }

    /// Settings are in a file and not in arguments, so that `pg_ctl restart` by hand keeps them.
    fn configure(&self, settings: &[(String, String)]) -> anyhow::Result<()> {
        let socket = self.home.join("socket");
        let has_socket = socket.as_os_str().len() <= LONGEST_SOCKET_FOLDER;
        if has_socket && !socket.exists() {
            std::fs::DirBuilder::new().mode(0o700).create(&socket)?;
            self.give(&socket)?;
        }
        let socket = if has_socket { socket.display().to_string() } else { String::new() };
        let own = [("listen_addresses", "127.0.0.1".into()), ("port", self.port.to_string()), ("unix_socket_directories", socket)];
        let own = own.iter().map(|(name, value)| (*name, value.as_str()));
        let given = settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let lines: Vec<_> = own.chain(given).map(|(name, value)| format!("{name} = '{}'", value.replace('\'', "''"))).collect();
        let file = self.data().join("conncentric.conf");
        secret::keep(&file, &lines.join("\n"))?;
        self.give(&file)
    }

    /// The URL of a database for the superuser.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.url_of(SUPERUSER, &self.password, database)
    }

    /// The URL of a database for another role.
    #[must_use]
    pub fn url_of(&self, role: &str, password: &str, database: &str) -> String {
        format!("postgres://{role}:{password}@127.0.0.1:{}/{database}", self.port)
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    #[must_use]
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The name or number of the user that the server runs as, if that is not ourselves.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        self.account.as_ref().map(|account| account.name.as_str())
    }

    /// The process number of the running server, which a restart changes. `None` if it does not run.
    #[must_use]
    pub fn pid(&self) -> Option<Pid> {
        running(&self.home)
    }

    /// Stops the server and starts it again, as an operator would.
    pub async fn restart(&self) -> anyhow::Result<()> {
        self.pg_ctl(&["restart", "-m", "fast", "-l", "server.log"]).await.with_context(|| self.last_words())
    }

    /// Stops the server. One that does not run is stopped already.
    pub async fn stop(&self, halt: Halt) -> anyhow::Result<()> {
        match self.pid() {
            Some(_) => self.pg_ctl(&["stop", "-m", halt.mode()]).await,
            None => Ok(()),
        }
    }

    /// What people type to start the server again.
    #[must_use]
    pub fn start_command(&self) -> String {
        let (program, data) = (self.binaries.program("pg_ctl"), self.data());
        let command = format!("{} start -D {} -l {}", program.display(), data.display(), self.home.join("server.log").display());
        self.account
            .as_ref()
            .map_or(command.clone(), |account| format!("setpriv --reuid {} --regid {} --clear-groups {command}", account.uid, account.gid))
    }

    /// Makes a command run as the user that the server runs as, for instance a shell that watches over the server.
    pub fn lend_user(&self, command: &mut std::process::Command) {
        use std::os::unix::process::CommandExt;
        if let Some(account) = &self.account {
            command.uid(account.uid).gid(account.gid);
        }
    }

    /// The data folder, which PostgreSQL's own programs want to be told.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    fn give(&self, path: &Path) -> anyhow::Result<()> {
        self.account.as_ref().map_or(Ok(()), |account| account.give(path))
    }

    async fn pg_ctl(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let mut command = self.command("pg_ctl");
        command.args(arguments).args(["-s", "-w", "-t", PATIENCE, "-D"]).arg(self.data());
        run(command).await
    }

    fn command(&self, program: &str) -> tokio::process::Command {
        let mut command = std::process::Command::new(self.binaries.program(program));
        self.as_server(&mut command);
        command.into()
    }

    /// Runs a program as the server's user, untouched by our environment, our folder and Ctrl-C in our terminal.
    fn as_server(&self, command: &mut std::process::Command) {
        use std::os::unix::process::CommandExt;
        for (name, _) in std::env::vars_os() {
            let name_text = name.to_string_lossy();
            if name_text.starts_with("PG") || name_text.starts_with("LC_") {
                command.env_remove(&name);
            }
        }
        command.env("LC_ALL", "C").current_dir(&self.home).process_group(0);
        command.stdin(Stdio::null());
        self.lend_user(command);
    }

    /// What the server wrote last; `pg_ctl` itself only says "examine the log output".
    fn last_words(&self) -> String {
        let path = self.home.join("server.log");
        let log = std::fs::read_to_string(&path).unwrap_or_default();
        let mut lines: Vec<_> = log.lines().rev().take(5).collect();
        lines.reverse();
        format!("PostgreSQL {} does not start; the end of {}:\n{}", self.binaries.version(), path.display(), lines.join("\n"))
    }
}

/// The process number of the server that runs in `home`.
fn running(home: &Path) -> Option<Pid> {
    let data = home.join("data");
    let pid = process::read_pid(&data.join("postmaster.pid"))?;
    // After a crash the file names a process that is long gone, or worse, another one.
    process::command_line(pid)?.contains(&data.display().to_string()).then_some(pid)
}

/// The major version that made the cluster in `home`, if there is one.
fn made_by(home: &Path) -> anyhow::Result<Option<u16>> {
    let path = home.join("data").join("PG_VERSION");
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.trim().parse().with_context(|| format!("{} holds no version", path.display()))?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

/// `wanted` if it is free, else any that is.
pub(crate) fn free_port(wanted: u16) -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, wanted)).or_else(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
    Ok(listener.and_then(|listener| listener.local_addr()).context("no port is free on 127.0.0.1")?.port())
}

pub(crate) fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Runs a program to its end; its error output becomes the error.
async fn run(mut command: tokio::process::Command) -> anyhow::Result<()> {
    let program = command.as_std().get_program().display().to_string();
    let output = command.output().await.with_context(|| format!("{program} cannot be run"))?;
    ensure!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}
