//! Other processes, known by their number: do they run, what is their command line, how to end them.
//!
//! Numbers are used again for other processes, so nobody here signals a number before its command line was recognised.
//! Deliberately absent: starting processes, and waiting for our own children.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// The command line of a running process, its arguments separated by blanks. `None` for one that is gone or only waits
/// to be reaped.
#[must_use]
pub fn command_line(pid: Pid) -> Option<String> {
    let number = pid.as_raw_nonzero().get();
    if !std::path::Path::new("/proc/self/cmdline").exists() {
        return command_line_by_ps(number);
    }
    // In the middle of an exec a process has no command line for a moment; processes of the kernel never have one.
    for _ in 0..1000 {
        let bytes = std::fs::read(format!("/proc/{number}/cmdline")).ok()?;
        if !bytes.is_empty() {
            return Some(String::from_utf8_lossy(&bytes).replace('\0', " ").trim_end().to_owned());
        }
        if is_dead(number) {
            return None;
        }
        std::thread::yield_now();
    }
    None
}

/// Whether a process on Linux only waits to be reaped. Its state follows the name, which may hold anything but ends in `)`.
fn is_dead(number: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['Z', 'X']))
}

/// For systems without `/proc`, such as macOS.
fn command_line_by_ps(number: i32) -> Option<String> {
    let output = std::process::Command::new("ps").args(["-ww", "-o", "stat=,command=", "-p", &number.to_string()]).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let (state, command) = text.trim().split_once(char::is_whitespace)?;
    (!state.starts_with('Z')).then(|| command.trim().to_owned())
}

/// Whether the process runs and was started with these arguments, the last ones of its command line.
#[must_use]
pub fn runs_with(pid: Pid, arguments: &str) -> bool {
    command_line(pid).is_some_and(|line| line.ends_with(arguments))
}

/// Sends a signal. A process that is gone already needs none, so that is no error.
pub fn signal(pid: Pid, signal: Signal) {
    if let Err(error) = kill_process(pid, signal)
        && error != rustix::io::Errno::SRCH
    {
        tracing::warn!(pid = pid.as_raw_nonzero().get(), %error, "a signal could not be sent");
    }
}

/// Waits until `running` is false, for at most `limit`. Says whether it is.
///
/// Only a parent is told of a process' end; for all others looking again and again is the only portable way.
pub async fn ended(limit: Duration, running: impl Fn() -> bool) -> bool {
    let mut look = tokio::time::interval(Duration::from_millis(20));
    let wait = async {
        while running() {
            look.tick().await;
        }
    };
    tokio::time::timeout(limit, wait).await.is_ok()
}

/// Reads a process number that somebody wrote into a file.
#[must_use]
pub fn read_pid(path: &std::path::Path) -> Option<Pid> {
    let text = std::fs::read_to_string(path).ok()?;
    Pid::from_raw(text.lines().next()?.trim().parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_process_is_known_by_its_command_line() {
        let mut child = tokio::process::Command::new("sleep").arg("987").spawn().expect("starts");
        let pid = Pid::from_raw(child.id().expect("runs").cast_signed()).expect("not zero");
        // Between fork and exec it still has our own command line.
        assert!(ended(Duration::from_secs(10), || !runs_with(pid, "sleep 987")).await, "{:?}", command_line(pid));
        assert!(!runs_with(pid, "sleep 98"));
        signal(pid, Signal::KILL);
        // It is dead from here on, though nobody has reaped it yet.
        assert!(ended(Duration::from_secs(10), || command_line(pid).is_some()).await);
        child.wait().await.expect("reaped");
        signal(pid, Signal::KILL);
    }
}
