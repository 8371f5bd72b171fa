//! The running demo: its processes watched while it runs, and stopped in order at the end. [`super::start`] starts them.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::console::Console;
use super::folder::Folder;
use super::part::{self, Part, Stage};
use super::postgres::{Cluster, Halt};
use super::report::{self, Report};
use super::{Config, process};

/// How long a part may take to stop by itself. A pod drains, which takes at most 25 s.
const PATIENCE: Duration = Duration::from_secs(30);

/// Told to stop while it was starting.
#[derive(Debug, thiserror::Error)]
#[error("stopped while starting")]
pub(super) struct Interrupted;

/// A child of ours that ended.
struct Ended {
    name: String,
    pid: Option<u32>,
    status: io::Result<ExitStatus>,
}

pub(super) struct System {
    pub(super) config: Config,
    pub(super) folder: Folder,
    pub(super) console: Console,
    pub(super) shutdown: CancellationToken,
    /// Our own binary, which every part runs.
    pub(super) program: PathBuf,
    pub(super) cluster: Option<Cluster>,
    pub(super) parts: Vec<Part>,
    pub(super) report: Option<Report>,
    children: JoinSet<Ended>,
}

impl System {
    pub(super) fn new(config: Config, folder: Folder, console: Console, shutdown: CancellationToken) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("this program does not know where it lies")?;
        let (cluster, parts, report, children) = (None, Vec::new(), None, JoinSet::new());
        Ok(Self { config, folder, console, shutdown, program, cluster, parts, report, children })
    }

    /// Starts a part. Its end will be noticed.
    pub(super) fn launch(&mut self, part: Part) -> anyhow::Result<()> {
        let mut child = part.start(&self.folder, &self.program)?;
        let name = part.name.clone();
        self.children.spawn(async move { Ended { name, pid: child.id(), status: child.wait().await } });
        self.parts.push(part);
        Ok(())
    }

    /// Tries until there is an answer. Fails if a part ends meanwhile, or if we are told to stop.
    pub(super) async fn until<T>(&mut self, mut attempt: impl AsyncFnMut() -> Option<T>) -> anyhow::Result<T> {
        let mut tick = tokio::time::interval(Duration::from_millis(50));
        loop {
            tokio::select! {
                biased;
                () = self.shutdown.cancelled() => bail!(Interrupted),
                Some(ended) = self.children.join_next() => {
                    let Ended { name, status, .. } = ended?;
                    bail!("{name} {} while starting; {}", told(&status), report::last_words(&self.folder, &name));
                }
                _ = tick.tick() => if let Some(answer) = attempt().await {
                    return Ok(answer);
                }
            }
        }
    }

    /// Tells what happens to the parts, until it is told to stop.
    pub(super) async fn watch(&mut self) -> anyhow::Result<()> {
        let mut known = self.pids();
        let mut look = tokio::time::interval(Duration::from_millis(250));
        loop {
            tokio::select! {
                () = self.shutdown.cancelled() => return Ok(()),
                Some(ended) = self.children.join_next() => {
                    let Ended { name, pid, status } = ended?;
                    let again = self.folder.script(&name);
                    let pid = pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default();
                    self.tell(&name, format_args!("{pid} {}; start it again with {}", told(&status), again.display()));
                }
                _ = look.tick() => self.notice(&mut known)?,
            }
        }
    }

    /// Notices what was not our doing: parts that people started again, and a PostgreSQL that ended or was restarted.
    fn notice(&mut self, known: &mut BTreeMap<String, Option<i32>>) -> anyhow::Result<()> {
        let now = self.pids();
        for (name, pid) in &now {
            let before = known.get(name).copied().flatten();
            match pid {
                Some(pid) if Some(*pid) != before => {
                    // Whoever reads this looks into dev.json next.
                    self.note(name, *pid)?;
                    self.tell(name, format_args!(" runs again as pid {pid}"));
                }
                None if before.is_some() && name == POSTGRES => {
                    self.tell(name, format_args!(" ended; start it again with {}", self.pg_ctl_start()));
                }
                _ => {}
            }
        }
        *known = now;
        Ok(())
    }

    fn note(&mut self, name: &str, pid: i32) -> anyhow::Result<()> {
        let Some(report) = &mut self.report else { return Ok(()) };
        if name == POSTGRES {
            report.pids.postgres = Some(pid);
        } else {
            report.note(&self.parts, name, pid);
        }
        report.write(&self.folder)
    }

    /// The processes of all parts, with PostgreSQL.
    pub(super) fn pids(&self) -> BTreeMap<String, Option<i32>> {
        let parts = self.parts.iter().map(|part| (part.name.clone(), report::running(&self.folder, &part.name)));
        let cluster = self.cluster.iter().map(|cluster| (POSTGRES.to_owned(), cluster.pid().map(|pid| pid.as_raw_nonzero().get())));
        parts.chain(cluster).collect()
    }

    fn pg_ctl_start(&self) -> String {
        self.cluster.as_ref().map(Cluster::start_command).unwrap_or_default()
    }

    fn tell(&self, name: &str, what: std::fmt::Arguments<'_>) {
        self.console.say(format!("{}{what}", self.console.strong(name)));
    }

    /// Stops everything in order. Told once more to stop, stops everything at once.
    pub(super) async fn stop(&mut self) -> anyhow::Result<()> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let stopped = tokio::select! {
            stopped = self.stop_in_order() => stopped,
            _ = interrupt.recv() => self.stop_at_once().await,
            _ = terminate.recv() => self.stop_at_once().await,
        };
        Report::remove(&self.folder);
        stopped
    }

    async fn stop_in_order(&self) -> anyhow::Result<()> {
        for stage in Stage::IN_ORDER {
            self.stop_stage(stage, PATIENCE).await?;
        }
        if let Some(cluster) = &self.cluster {
            let step = self.console.step("PostgreSQL");
            step.now("stopping");
            cluster.stop(Halt::Fast).await?;
            step.done("stopped");
        }
        Ok(())
    }

    /// Stops the parts of a stage, those of earlier demos in this folder included.
    pub(super) async fn stop_stage(&self, stage: Stage, patience: Duration) -> anyhow::Result<()> {
        let names: Vec<_> = part::all(&self.folder)?.into_iter().filter(|name| Stage::of(name) == stage).collect();
        if names.iter().all(|name| part::running(&self.folder, name).is_none()) {
            return Ok(());
        }
        let step = self.console.step(stage.label());
        step.now("stopping");
        let forced = part::stop(&self.folder, &names, patience).await;
        if forced.is_empty() {
            step.done("stopped");
        } else {
            step.done(format!("stopped, by force: {}", self.console.bad(forced.join(", "))));
        }
        Ok(())
    }

    async fn stop_at_once(&self) -> anyhow::Result<()> {
        let names = part::all(&self.folder)?;
        part::kill(&self.folder, &names);
        let any = || names.iter().any(|name| part::running(&self.folder, name).is_some());
        process::ended(Duration::from_secs(5), any).await;
        if let Some(cluster) = &self.cluster {
            cluster.stop(Halt::Immediate).await?;
        }
        Ok(())
    }
}

const POSTGRES: &str = "PostgreSQL";

/// How a process ended, in words.
fn told(status: &io::Result<ExitStatus>) -> String {
    use std::os::unix::process::ExitStatusExt;
    match status {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(0), _) => "ended in order".to_owned(),
            (Some(code), _) => format!("ended with status {code}"),
            (None, Some(9)) => "was killed".to_owned(),
            (None, signal) => format!("was ended by signal {}", signal.unwrap_or(0)),
        },
        Err(error) => format!("ended ({error})"),
    }
}
