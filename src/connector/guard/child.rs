//! The last step before the program: ties its life to the guard's, then becomes it.
//!
//! A process of its own because the death signal must be set by the process that is to die, between fork and exec, and this
//! crate runs no unsafe code there.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use anyhow::Context;
use clap::Args;
use rustix::process::Pid;

/// `conncentric guard-child`
#[derive(Debug, Clone, Args)]
pub struct ChildArgs {
    /// The process id of the guard.
    #[arg(long)]
    pub guard: i32,
    /// The program and its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    pub command: Vec<String>,
}

/// Sets the death signal and executes the program; comes back only if that fails, with a shell's exit code for it.
///
/// # Errors
/// Fails if the death signal cannot be set or the guard is gone: an unguarded program must not start.
pub fn run_child(args: ChildArgs) -> anyhow::Result<ExitCode> {
    let ChildArgs { guard, command } = args;
    die_with_parent()?;
    // A guard that died before the signal was set would never be noticed.
    anyhow::ensure!(rustix::process::getppid() == Pid::from_raw(guard), "the guard is gone");
    let (program, arguments) = command.split_first().context("no program is named")?;
    let error = Command::new(program).args(arguments).exec();
    let code = if error.kind() == std::io::ErrorKind::NotFound { 127 } else { 126 };
    // Straight to standard error, which the pod reads: no logging need be set up in this process.
    let _ = writeln!(std::io::stderr(), "cannot run {program}: {error}");
    Ok(ExitCode::from(code))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn die_with_parent() -> anyhow::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).context("cannot tie the program to its guard")
}

/// Other systems know no death signal: there a program outlives a guard that is killed, until the pod notices.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[expect(clippy::unnecessary_wraps, reason = "can fail elsewhere")]
fn die_with_parent() -> anyhow::Result<()> {
    Ok(())
}
