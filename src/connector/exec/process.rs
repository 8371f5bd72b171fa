//! A program under its guard, as the pod holds it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use uuid::Uuid;

use super::settings::{ExecSettings, RESERVED};
use super::sweep::{MARK, kill_marked};
use crate::connector::ConnectorError;
use crate::connector::context::{SessionContext, Term};
use crate::connector::guard::control::nanoseconds;

/// The file with the settings, in the folder of the session.
const SETTINGS: &str = "settings.json";

/// Variables of the pod that are none of the program's business: credentials above all.
const WITHHELD: [&str; 1] = ["DATABASE_URL"];

/// Ends with everything it started when it is dropped.
#[derive(Debug)]
pub(super) struct GuardedProcess {
    guard: Child,
    run: Uuid,
    /// Whether the guard ended by itself, and so left nothing behind.
    clean: bool,
    /// May hold secrets, so it does not outlive the run.
    settings: PathBuf,
}

#[derive(Debug)]
pub(super) struct Pipes {
    pub(super) stdin: ChildStdin,
    pub(super) stdout: ChildStdout,
    pub(super) stderr: ChildStderr,
}

impl GuardedProcess {
    pub(super) async fn start(guard: &Path, settings: &ExecSettings, session: &SessionContext) -> Result<(Self, Pipes), ConnectorError> {
        let prepared = prepare_folder(session).await;
        prepared.map_err(|e| ConnectorError::io(&format!("cannot prepare {}", session.facts.folder.display()), &e))?;
        let run = Uuid::new_v4();
        let mut command = command(guard, settings, session);
        let spawned = command.env(MARK, run.to_string()).spawn();
        let mut guard = spawned.map_err(|e| ConnectorError::io("cannot start the guard of the program", &e))?;
        let pipes = (guard.stdin.take(), guard.stdout.take(), guard.stderr.take());
        let this = Self { guard, run, clean: false, settings: session.facts.folder.join(SETTINGS) };
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(ConnectorError::new("the guard of the program has no pipes"));
        };
        Ok((this, Pipes { stdin, stdout, stderr }))
    }

    /// Waits until the program and all that it started are gone. Safe to cancel.
    pub(super) async fn ended(&mut self) -> Result<ExitStatus, ConnectorError> {
        let status = self.guard.wait().await.map_err(|e| ConnectorError::io("cannot wait for the guard of the program", &e))?;
        // A guard that has an exit code has reaped all descendants first. One that was killed could not.
        self.clean = status.code().is_some();
        self.sweep();
        self.clean = true;
        Ok(status)
    }

    /// A few rounds, for those who are just being started by others.
    fn sweep(&self) {
        for _ in 0..8 {
            if self.clean || kill_marked(self.run) == 0 {
                return;
            }
        }
    }
}

impl Drop for GuardedProcess {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.settings);
        if self.clean {
            return;
        }
        // SIGKILL works on a guard that is stopped too, and the kernel then kills the program.
        if let Some(pid) = self.guard.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
        self.sweep();
    }
}

fn command(guard: &Path, settings: &ExecSettings, session: &SessionContext) -> Command {
    let mut command = Command::new(guard);
    command.arg("guard");
    let term = session.lease.term();
    if term != Term::FOR_EVER {
        command.args(["--deadline-ns", &nanoseconds(term.until).to_string()]);
        command.args(["--lead-ms", &term.lead.as_millis().to_string()]);
    }
    command.arg("--").args(&settings.command);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with(RESERVED) || WITHHELD.contains(&name)) {
            command.env_remove(name);
        }
    }
    let facts = &session.facts;
    command
        .envs(&settings.env)
        .env("CONNCENTRIC_SESSION", facts.session.to_string())
        .env("CONNCENTRIC_ADAPTER", facts.session.adapter.as_str())
        .env("CONNCENTRIC_POD", facts.pod.as_str())
        .env("CONNCENTRIC_FENCING_TOKEN", facts.token.to_string())
        .env("CONNCENTRIC_ARTIFACTS", session.artifacts())
        .env("CONNCENTRIC_SETTINGS", facts.folder.join(SETTINGS))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own: Ctrl-C in the pod's terminal is the pod's business.
        .process_group(0)
        .kill_on_drop(true);
    command
}

/// Puts the settings where the program finds them, readable for this user alone: they may hold secrets.
async fn prepare_folder(session: &SessionContext) -> io::Result<()> {
    let folder = &session.facts.folder;
    tokio::fs::DirBuilder::new().recursive(true).mode(0o700).create(session.artifacts()).await?;
    let text = serde_json::to_vec_pretty(&session.facts.settings)?;
    // A new file each time, so that its mode is ours and a program that still reads the old one is not disturbed.
    let fresh = folder.join("settings.json.new");
    let _ = tokio::fs::remove_file(&fresh).await;
    let mut file = tokio::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh).await?;
    tokio::io::AsyncWriteExt::write_all(&mut file, &text).await?;
    tokio::io::AsyncWriteExt::flush(&mut file).await?;
    tokio::fs::rename(&fresh, folder.join(SETTINGS)).await
}
