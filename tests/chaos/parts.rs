//! Processes that are killed, paused and started again under their names.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::clock::Clock;
use crate::support::process::{Process, command};

/// One part of the system, which may be running or not.
#[derive(Debug)]
pub struct Part {
    pub name: String,
    folder: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    starts: u32,
    process: Option<Process>,
}

impl Part {
    pub fn new(name: &str, folder: &Path, arguments: Vec<String>) -> Self {
        Self { name: name.to_owned(), folder: folder.to_owned(), arguments, environment: Vec::new(), starts: 0, process: None }
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    pub fn under(self, clock: &Clock) -> Self {
        clock.environment().into_iter().fold(self, |part, (name, value)| part.with(name, value))
    }

    /// Another process with the same arguments, under a name of its own.
    pub fn twin(&self, name: &str) -> Self {
        let environment = self.environment.clone();
        let arguments = self.arguments.iter().map(|argument| argument.replace(&format!("{}.data", self.name), &format!("{name}.data")));
        Self { environment, ..Self::new(name, &self.folder, arguments.collect()) }
    }

    /// Starts it, as a supervisor does. What still ends is given a moment.
    pub async fn start(&mut self) {
        if let Some(process) = &mut self.process
            && process.is_running()
            && tokio::time::timeout(Duration::from_secs(5), process.exit()).await.is_err()
        {
            self.kill().await;
        }
        self.starts += 1;
        let mut command = command();
        command.args(&self.arguments).envs(self.environment.iter().map(|(name, value)| (name, value)));
        self.process = Some(Process::spawn(&format!("{}.{}", self.name, self.starts), &self.folder, command));
    }

    pub fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("it was started")
    }

    pub fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(Process::is_running)
    }

    /// `kill -9`. What is dead already stays so.
    pub async fn kill(&mut self) {
        if self.is_running() {
            self.process().kill().await;
        }
    }

    /// Sends a signal to it, and with `family` to all that it has started, while it runs.
    pub fn signal(&mut self, signal: Signal, family: bool) {
        if !self.is_running() {
            return;
        }
        let pid = self.process().pid();
        // The parent first: it must not start more meanwhile.
        let _ = kill_process(pid, signal);
        for child in if family { descendants(pid) } else { Vec::new() } {
            let _ = kill_process(child, signal);
        }
    }
}

/// All processes that descend from this one.
fn descendants(of: Pid) -> Vec<Pid> {
    let parents: Vec<(Pid, Pid)> = std::fs::read_dir("/proc")
        .expect("processes")
        .filter_map(|entry| {
            let pid = entry.ok()?.file_name().to_str()?.parse().ok().and_then(Pid::from_raw)?;
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok().and_then(Pid::from_raw)?;
            Some((pid, parent))
        })
        .collect();
    let mut found = vec![of];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(parents.iter().filter(|(_, its)| *its == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found.remove(0);
    found
}
