//! `exec`: runs any program as a session, under its lease and a [guard].
//!
//! What the program sees and how it reports is in the contract for connector processes: environment variables, its settings
//! as a file, lines of JSON on standard output. It is never started by this process itself, but by a guard that kills it
//! when the lease's trust deadline passes.

mod actions;
mod output;
mod process;
pub mod program;
mod settings;
mod sweep;

use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;
use tokio::sync::mpsc::UnboundedReceiver;

use self::actions::UnderWay;
use self::process::GuardedProcess;
use self::settings::ExecSettings;
use super::action::Action;
use super::context::{SessionContext, StopSignal};
use super::guard::control::Control;
use super::lease::TrustedLease;
use super::{Connector, ConnectorError, Settings, guard};
use crate::domain::adapter::InvalidField;
use crate::domain::connector::built_in;
use crate::domain::name::ConnectorName;
use crate::time::since_boot;

/// The built-in `exec` connector.
#[derive(Debug)]
pub struct Exec {
    name: ConnectorName,
    /// The program that has the subcommand `guard`.
    guard: PathBuf,
}

impl Exec {
    /// # Errors
    /// Fails if the system does not say which file this process runs.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self::with_guard(guard::own_binary()?))
    }

    /// Starts guards from another binary than the one that runs.
    ///
    /// # Panics
    /// Never: its name is a valid one.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the name is a constant that a test checks")]
    pub fn with_guard(guard: PathBuf) -> Self {
        Self { name: ConnectorName::new("exec").expect("exec is a name"), guard }
    }
}

impl Connector for Exec {
    fn name(&self) -> &ConnectorName {
        &self.name
    }

    fn validate(&self, settings: &Settings) -> Result<(), InvalidField> {
        ExecSettings::read(settings).map(drop)
    }

    fn settings_schema(&self) -> Option<&serde_json::Value> {
        built_in(self.name()).map(|descriptor| &descriptor.settings_schema)
    }

    fn stop_timeout(&self, settings: &Settings) -> Duration {
        ExecSettings::read(settings).map_or(Duration::from_secs(5), |settings| settings.stop_timeout)
    }

    fn run(&self, session: SessionContext) -> BoxFuture<'static, Result<(), ConnectorError>> {
        let guard = self.guard.clone();
        Box::pin(async move { run(guard, ExecSettings::read(&session.facts.settings)?, session).await })
    }
}

async fn run(guard: PathBuf, settings: ExecSettings, mut session: SessionContext) -> Result<(), ConnectorError> {
    let (mut process, pipes) = GuardedProcess::start(&guard, &settings, &session).await?;
    let mut last_words = String::new();
    let (orders, under_way) = (session.take_actions(), UnderWay::default());
    let status = {
        let mut output = std::pin::pin!(output::follow(&session, &under_way, pipes.stdout, pipes.stderr, &mut last_words));
        let mut steering = std::pin::pin!(steer(pipes.stdin, session.lease.clone(), session.stop.clone(), orders, &under_way));
        let (mut talking, mut steered) = (true, true);
        let status = loop {
            tokio::select! {
                status = process.ended() => break status?,
                () = &mut output, if talking => talking = false,
                () = &mut steering, if steered => steered = false,
            }
        };
        if talking {
            // The last words are in the pipe already; a descendant that escaped everything must not keep us.
            let _ = tokio::time::timeout(Duration::from_millis(200), &mut output).await;
        }
        status
    };
    if session.stop.is_requested() { Ok(()) } else { Err(ConnectorError::new(obituary(status, &session.lease, &last_words))) }
}

/// Tells the guard what the pod knows, until the guard has been told to kill or is gone.
async fn steer(
    mut guard: ChildStdin,
    mut lease: TrustedLease,
    mut stop: StopSignal,
    mut orders: UnboundedReceiver<Action>,
    under_way: &UnderWay,
) {
    let mut force = stop.clone();
    let mut stopping = false;
    loop {
        let (control, last) = tokio::select! {
            () = force.forced() => (Control::Kill { kill: true }, true),
            by = stop.requested(), if !stopping => {
                stopping = true;
                (Control::stop(by.saturating_sub(since_boot())), false)
            }
            term = lease.changed() => (Control::deadline(term.until), false),
            Some(action) = orders.recv() => (Control::Line { line: under_way.begin(action) }, false),
        };
        let Ok(line) = control.to_line() else { return };
        if guard.write_all(line.as_bytes()).await.is_err() || last {
            break;
        }
    }
    // The guard takes the end of its input for the pod's death, so the input stays open until the guard ends.
    std::future::pending::<()>().await;
}

/// Why a program ended that nobody had asked to.
fn obituary(status: ExitStatus, lease: &TrustedLease, last_words: &str) -> String {
    use std::os::unix::process::ExitStatusExt;

    let how = match (status.code(), status.signal()) {
        _ if since_boot() >= lease.term().stop_at() => return "the program was stopped because its lease could not be renewed".into(),
        (Some(code @ 129..), _) => format!("the program was ended by signal {}", code - 128),
        (Some(code), _) => format!("the program ended with exit code {code}"),
        (None, Some(signal)) => format!("the program's guard was killed by signal {signal}"),
        (None, None) => "the program ended".into(),
    };
    if last_words.is_empty() { how } else { format!("{how}: {last_words}") }
}
