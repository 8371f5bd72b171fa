//! The start of the demo, step by step.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use reqwest::{Method, Url};

use super::console::Step;
use super::database::Database;
use super::folder::Remembered;
use super::part::Stage;
use super::postgres::{self, Cluster, Options};
use super::report::{Pids, Report, Venue};
use super::system::{Interrupted, System};
use super::{adapters, plan, report, secret};
use crate::client::{Call, Client};

/// How long what an earlier demo left running may take to stop.
const LEFTOVERS: Duration = Duration::from_secs(10);

impl System {
    /// Starts everything and writes `ready` on standard output.
    pub(super) async fn start(&mut self) -> anyhow::Result<()> {
        let begun = crate::time::since_boot();
        ensure!(self.config.orchestrators > 0, "--orchestrators 0 leaves nobody to talk to; give at least 1");
        ensure!(self.config.pods > 0, "--pods 0 leaves nobody to run a session; give at least 1");
        self.clear_away().await?;
        // Only now, because orchestrators that were left running had their ports.
        self.check_ports()?;

        let database = self.database().await?;
        self.check_interrupted()?;
        let token = self.prepare(&database).await?;
        self.check_interrupted()?;

        let venue = self.start_venue().await?;
        let urls = self.start_orchestrators(&database).await?;
        let client = Client::new(&urls, Some(&token))?;
        // Before the adapters, so that these find all pods there and spread: nothing is moved later to balance the load.
        self.start_pods(&client).await?;
        self.declare_adapters(&client, &venue).await?;

        let report = self.report(token, &database, venue)?;
        report.write(&self.folder)?;
        report.tell(&self.console, &self.folder, &self.program);
        self.report = Some(report);
        let took = crate::time::since_boot().saturating_sub(begun);
        self.console.say(self.console.good(format!("Ready after {:.1} s.", took.as_secs_f64())));
        say_ready().context("standard output is closed")
    }

    fn check_interrupted(&self) -> anyhow::Result<()> {
        ensure!(!self.shutdown.is_cancelled(), Interrupted);
        Ok(())
    }

    /// Stops what a killed demo left running here, and forgets everything if that is wanted.
    async fn clear_away(&self) -> anyhow::Result<()> {
        Report::remove(&self.folder);
        self.folder.furnish()?;
        for stage in Stage::IN_ORDER {
            self.stop_stage(stage, LEFTOVERS).await?;
        }
        let home = match self.folder.remembered() {
            Ok(remembered) => remembered.postgres_home,
            // What cannot be read any more is no reason to refuse a new beginning.
            Err(_) if self.config.reset => None,
            Err(error) => return Err(error),
        };
        let home = home.unwrap_or_else(|| self.folder.path("postgres"));
        Cluster::halt(&home).await.context("the PostgreSQL that was left running cannot be stopped")?;
        if self.config.reset {
            postgres::remove(&home)?;
            self.folder.empty()?;
            self.folder.furnish()?;
        }
        Ok(())
    }

    fn check_ports(&self) -> anyhow::Result<()> {
        let last = self.config.port.checked_add(self.config.orchestrators - 1).filter(|_| self.config.port > 0);
        ensure!(
            last.is_some(),
            "--port {} leaves no ports for {} orchestrators; give for example 8080",
            self.config.port,
            self.config.orchestrators
        );
        for port in plan::ports(&self.config) {
            ensure!(
                postgres::is_free(port),
                "port {port} on 127.0.0.1 is in use by another program; give --port another one (orchestrators take that and the next {})",
                self.config.orchestrators - 1
            );
        }
        Ok(())
    }

    async fn database(&mut self) -> anyhow::Result<Database> {
        let step = self.console.step("PostgreSQL");
        if let Some(url) = &self.config.database_url {
            let database = Database::at(url, &self.folder).await?;
            step.done(database.without_password());
            return Ok(database);
        }
        step.now("starting");
        let mut remembered = self.folder.remembered()?;
        let wanted = self.folder.path("postgres");
        let home = match &remembered.postgres_home {
            Some(home) if home.is_dir() => home.clone(),
            _ => postgres::place(&wanted)?,
        };
        // Before it starts, so that it is found whatever happens to us.
        remembered.postgres_home = Some(home.clone());
        self.folder.remember(&remembered)?;
        let password = secret::remembered(&self.folder.path("postgres-password"))?;
        let settings = vec![("max_connections".to_owned(), "200".to_owned())];
        let cluster = Cluster::start(&home, remembered.postgres_port, &Options { password, settings }).await?;
        // From here on it is ours to stop, even if the next line fails.
        let cluster = self.cluster.insert(cluster);
        remembered.postgres_port = Some(cluster.port());
        self.folder.remember(&remembered)?;
        let database = Database::on(cluster, &self.folder).await?;
        let user = cluster.account().map(|user| format!(" as user {user}")).unwrap_or_default();
        let elsewhere =
            if home == wanted { String::new() } else { format!(" in {}, because that user cannot reach the data folder", home.display()) };
        step.done(format!("{} on port {}{user}{elsewhere}", cluster.binaries().version(), cluster.port()));
        Ok(database)
    }

    /// Brings the schema up to date and makes the tokens, those of an earlier start included if they are of this database.
    async fn prepare(&self, database: &Database) -> anyhow::Result<String> {
        let step = self.console.step("schema");
        step.now("migrating");
        self.run_once(&["migrate"], database).await?;
        database.grant().await?;
        let with = if database.has_application_role() { "" } else { ", orchestrators use the owner's role" };
        step.done(format!("up to date{with}"));

        let step = self.console.step("tokens");
        self.forget_tokens_of_others(database)?;
        let admin = self.token(&["--role", "admin", "--name", "dev-admin"], &self.folder.path("token"), database).await?;
        for pod in plan::pod_names(&self.config) {
            self.token(&["--role", "pod", "--name", &pod, "--pod", &pod], &self.folder.pod_token(&pod), database).await?;
        }
        step.done(format!("one for you, and one for each of {} pods", self.config.pods));
        Ok(admin)
    }

    fn forget_tokens_of_others(&self, database: &Database) -> anyhow::Result<()> {
        let remembered = self.folder.remembered()?;
        // A private PostgreSQL may change its port, and is the same database still.
        let identity = if self.cluster.is_some() { "private".to_owned() } else { database.without_password() };
        if remembered.database.as_ref().is_some_and(|known| *known != identity) {
            postgres::remove(&self.folder.path("tokens"))?;
            let _ = std::fs::remove_file(self.folder.path("token"));
            self.folder.furnish()?;
        }
        self.folder.remember(&Remembered { database: Some(identity), ..remembered })
    }

    async fn token(&self, flags: &[&str], file: &std::path::Path, database: &Database) -> anyhow::Result<String> {
        if let Some(token) = secret::read(file)? {
            return Ok(token);
        }
        let printed = self.run_once(&[&["token", "create"], flags].concat(), database).await?;
        let token = printed.lines().last().context("token create printed no token")?.trim().to_owned();
        secret::keep(file, &token)?;
        Ok(token)
    }

    /// Runs one of our own commands on the database to its end.
    async fn run_once(&self, arguments: &[&str], database: &Database) -> anyhow::Result<String> {
        let mut command = tokio::process::Command::new(&self.program);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"CONNCENTRIC_")) {
            command.env_remove(name);
        }
        command.args(arguments).env("DATABASE_URL", &database.owner_url).process_group(0).stdin(Stdio::null());
        let output = command.output().await?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "conncentric {}: {}", arguments.join(" "), said.trim());
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    async fn start_venue(&mut self) -> anyhow::Result<Venue> {
        let step = self.console.step("venue");
        let mut remembered = self.folder.remembered()?;
        let port = postgres::free_port(remembered.venue_port.unwrap_or(0))?;
        remembered.venue_port = Some(port);
        self.folder.remember(&remembered)?;
        let address = format!("127.0.0.1:{port}");
        self.launch(plan::venue(&self.folder, &address))?;
        self.until(async || tokio::net::TcpStream::connect(&address).await.ok()).await?;
        step.done(&address);
        Ok(Venue { address, journal: self.folder.path("venue.jsonl").display().to_string(), pid: 0 })
    }

    async fn start_orchestrators(&mut self, database: &Database) -> anyhow::Result<Vec<Url>> {
        let step = self.console.step("orchestrators");
        step.now("starting");
        for part in plan::orchestrators(&self.config, database) {
            self.launch(part)?;
        }
        let texts = plan::orchestrator_urls(&self.config);
        let urls = texts.iter().map(|url| Url::parse(url)).collect::<Result<Vec<_>, _>>()?;
        for url in &urls {
            let client = Client::new(std::slice::from_ref(url), None)?;
            let readiness = Call::<()> {
                method: Method::GET,
                path: "/readyz",
                body: None,
                headers: &[],
                timeout: Duration::from_secs(2),
                repeatable: true,
            };
            self.until(async || client.send(&readiness).await.ok()).await?;
        }
        step.done(texts.join(" "));
        Ok(urls)
    }

    async fn declare_adapters(&mut self, client: &Client, venue: &Venue) -> anyhow::Result<()> {
        let step = self.console.step("adapters");
        let (all, changed) = adapters::apply(client, self.config.lease_ttl, &venue.address).await.with_context(|| {
            format!(
                "the demo's adapters cannot be declared (if it is the token that is refused, --reset starts {} anew)",
                self.folder.root().display()
            )
        })?;
        self.until_active(client, &step).await?;
        step.done(format!("{all} ACTIVE, {changed} of them new or changed, lease timeout {}", self.config.lease_ttl));
        Ok(())
    }

    async fn start_pods(&mut self, client: &Client) -> anyhow::Result<()> {
        let step = self.console.step("pods");
        for part in plan::pods(&self.config, &self.folder) {
            self.launch(part)?;
        }
        let names = plan::pod_names(&self.config);
        self.until(async || match adapters::registered_pods(client).await {
            Ok(registered) if names.iter().all(|name| registered.contains(name)) => Some(()),
            Ok(registered) => {
                step.now(format!("{} of {} registered", registered.len(), names.len()));
                None
            }
            Err(error) => {
                step.now(error.to_string());
                None
            }
        })
        .await?;
        step.done(names.join(" "));
        Ok(())
    }

    async fn until_active(&mut self, client: &Client, step: &Step) -> anyhow::Result<()> {
        let (console, mut told) = (self.console.clone(), crate::time::since_boot());
        self.until(async || {
            let waiting_for = match adapters::not_active(client).await {
                Ok(behind) if behind.is_empty() => return Some(()),
                Ok(behind) => behind.join(", "),
                Err(error) => error.to_string(),
            };
            let now = crate::time::since_boot();
            if now.saturating_sub(told) > Duration::from_secs(10) {
                told = now;
                console.say(console.faint(format!("still waiting: {waiting_for}")));
            }
            step.now(waiting_for);
            None
        })
        .await
    }

    fn report(&self, token: String, database: &Database, venue: Venue) -> anyhow::Result<Report> {
        let postgres = self.cluster.as_ref().and_then(Cluster::pid).map(|pid| pid.as_raw_nonzero().get());
        let mut report = Report {
            urls: plan::orchestrator_urls(&self.config),
            token,
            database_url: database.owner_url.clone(),
            app_database_url: database.application_url.clone(),
            pids: Pids { postgres, ..Pids::default() },
            venue,
        };
        for part in &self.parts {
            let pid = report::running(&self.folder, &part.name);
            let pid =
                pid.with_context(|| format!("{} ended while starting; {}", part.name, report::last_words(&self.folder, &part.name)))?;
            report.note(&self.parts, &part.name, pid);
        }
        Ok(report)
    }
}

/// The one line on standard output.
fn say_ready() -> std::io::Result<()> {
    use std::io::Write;
    let mut output = std::io::stdout().lock();
    output.write_all(b"ready\n")?;
    output.flush()
}
