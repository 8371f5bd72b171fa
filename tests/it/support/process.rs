//! Processes of our own binary: started, watched through their log, stopped, killed, paused.

use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;

use rustix::process::{Pid, Signal, kill_process};

use super::wait::{SOON, eventually};

/// A running `conncentric`, killed when dropped. Its log is shown if the test fails.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

/// The path of the binary under test. `CHAOS_BINARY` names another, into which a bug was planted.
pub fn binary() -> &'static Path {
    static BINARY: LazyLock<PathBuf> =
        LazyLock::new(|| std::env::var_os("CHAOS_BINARY").map_or_else(|| env!("CARGO_BIN_EXE_conncentric").into(), PathBuf::from));
    &BINARY
}

/// A command for the binary, with none of the settings of whoever runs the tests.
pub fn command() -> Command {
    let mut command = Command::new(binary());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CONNCENTRIC_") || text.starts_with("DATABASE_") || text.starts_with("PGSSL") || text == "RUST_LOG" {
            command.env_remove(&name);
        }
    }
    command
}

impl Process {
    /// Starts `conncentric ARGUMENTS…`; `folder` takes its log, which holds standard output and standard error.
    pub fn start(name: &str, folder: &Path, arguments: &[&str]) -> Self {
        let mut command = command();
        command.args(arguments);
        Self::spawn(name, folder, command)
    }

    /// The same for a command that needs more than arguments.
    pub fn spawn(name: &str, folder: &Path, mut command: Command) -> Self {
        let log = folder.join(format!("{name}.log"));
        let output = File::options().create(true).append(true).open(&log).expect("a log file");
        command.stdin(Stdio::null()).stdout(output.try_clone().expect("a second handle")).stderr(output);
        let child = command.spawn().unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        Self { name: name.to_owned(), child, log }
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub fn log(&self) -> String {
        let mut text = String::new();
        File::open(&self.log).and_then(|mut file| file.read_to_string(&mut text)).expect("the log can be read");
        text
    }

    /// Waits for the first line of the log that contains `text`.
    pub async fn line_with(&mut self, text: &str) -> String {
        eventually(SOON, async || {
            // In this order: what it wrote just before its end counts.
            let ended = self.child.try_wait().expect("our child");
            let found = self.log().lines().find(|line| line.contains(text)).map(str::to_owned);
            match (found, ended) {
                (Some(line), _) => Ok(line),
                (None, Some(status)) => panic!("{} ended before it wrote \"{text}\": {status}", self.name),
                (None, None) => Err(format!("{} has not written \"{text}\"", self.name)),
            }
        })
        .await
    }

    /// Waits until it says `listening on ADDRESS`, which is how a process on port 0 tells its port.
    pub async fn listening(&mut self) -> SocketAddr {
        let line = self.line_with("listening on ").await;
        let address = line.split("listening on ").nth(1).and_then(|rest| rest.split_whitespace().next());
        address.and_then(|address| address.parse().ok()).unwrap_or_else(|| panic!("no address in: {line}"))
    }

    /// Sends a signal: `Signal::KILL`, `STOP`, `CONT`, `TERM`.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap_or_else(|error| panic!("{} takes no signal: {error}", self.name));
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("our child").is_none()
    }

    /// Waits for its end.
    pub async fn exit(&mut self) -> ExitStatus {
        eventually(SOON, async || self.child.try_wait().expect("our child").ok_or_else(|| format!("{} still runs", self.name))).await
    }

    /// The same without a runtime, for drops.
    pub fn wait(&mut self) {
        let _ = self.child.wait();
    }

    /// `kill -9`, and waits for its end.
    pub async fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.exit().await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // An error means that it ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("---- log of {} ----\n{}", self.name, self.log());
        }
    }
}
