//! A streaming standby of a test's own cluster, and its promotion.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use conncentric::dev::postgres::{Cluster, Halt, SUPERUSER};
use tokio_postgres::Client;

use super::postgres::{Guarded, connect};
use super::system::fixed_address;
use super::wait::{SOON, eventually, holds};

/// What a commit on the primary waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replication {
    /// The standby has it.
    Synchronous,
    /// Nothing: the standby may lag behind.
    Asynchronous,
}

#[derive(Debug)]
pub struct Standby {
    primary: Cluster,
    data: PathBuf,
    url: String,
    pub port: u16,
}

impl Standby {
    /// Copies the primary, starts the copy, and waits until it follows.
    pub async fn attach(guarded: &Guarded, replication: Replication) -> Self {
        let primary = guarded.cluster.clone();
        let (data, port) = (primary.home().join("standby"), fixed_address().port());
        let url = primary.url("postgres");
        let this = Self { data, url: url.replace(&format!(":{}/", primary.port()), &format!(":{port}/")), port, primary };
        let mut copy = this.command("pg_basebackup");
        copy.args(["-R", "-X", "stream", "-c", "fast", "--no-sync", "-d", &url]).arg("-D").arg(&this.data);
        run(copy).await;
        this.configure();
        this.pg_ctl(&["start", "-w", "-l", "standby.log"]).await;
        let primary = connect(&url).await;
        if replication == Replication::Synchronous {
            set(&primary, "synchronous_standby_names", "*").await;
        }
        let state = if replication == Replication::Synchronous { "sync" } else { "async" };
        eventually(SOON, async || {
            let statement = "select count(*) from pg_stat_replication where state = 'streaming' and sync_state = $1";
            let count: i64 = primary.query_one(statement, &[&state]).await.map_err(|error| error.to_string())?.get(0);
            holds(count == 1, format!("{count} {state} standbys"))
        })
        .await;
        this
    }

    fn configure(&self) {
        let file = self.data.join("conncentric.conf");
        let text = std::fs::read_to_string(&file).expect("settings");
        let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("port ")).collect();
        // In place, so that it stays the server's own.
        std::fs::write(&file, format!("{}\nport = '{}'\n", kept.join("\n"), self.port)).expect("written");
    }

    /// Nothing of the primary reaches it from now on.
    pub async fn cut_off(&self) {
        let standby = connect(&self.url).await;
        set(&standby, "primary_conninfo", "").await;
        eventually(SOON, async || {
            let row = standby.query_one("select count(*) from pg_stat_wal_receiver", &[]).await.map_err(|error| error.to_string())?;
            holds(row.get::<_, i64>(0) == 0, "it still receives")
        })
        .await;
    }

    /// The primary stops dead, and this takes its place.
    pub async fn promote(&self) {
        self.primary.stop(Halt::Immediate).await.expect("stops");
        self.pg_ctl(&["promote", "-w"]).await;
        // Nobody stands by for it.
        set(&connect(&self.url).await, "synchronous_standby_names", "").await;
    }

    pub async fn end(self) {
        self.pg_ctl(&["stop", "-w", "-m", "immediate"]).await;
    }

    async fn pg_ctl(&self, arguments: &[&str]) {
        let mut command = self.command("pg_ctl");
        command.args(arguments).args(["-s", "-D"]).arg(&self.data);
        run(command).await;
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.primary.binaries().program(program));
        command.current_dir(self.primary.home()).env_remove("PGUSER").env("PGAPPNAME", SUPERUSER);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.primary.lend_user(&mut command);
        command
    }
}

async fn set(client: &Client, name: &str, value: &str) {
    client.batch_execute(&format!("alter system set {name} = '{value}'")).await.expect("set");
    client.batch_execute("select pg_reload_conf()").await.expect("reloaded");
}

/// Runs a program to its end, which must be a good one.
pub async fn run(command: Command) {
    let shown = format!("{command:?}");
    let status = tokio::process::Command::from(command).status().await.expect("it runs");
    assert!(status.success(), "{shown}: {status}");
}
