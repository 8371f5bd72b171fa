//! The small process that stands between a pod and the program of an `exec` session (design 12).
//!
//! `pod → guard → guard-child → program`. The guard kills the program and all that descends from it when the trust deadline
//! passes without being extended, however the pod is: stopped, hung or dead. If the guard itself is killed, the kernel kills
//! the program. Absent on purpose: tokio, the network, and anything that could block: the guard writes to no pipe but the
//! child's standard input, and that from a thread that nobody waits for.

pub mod child;
pub mod control;
mod family;
pub mod plan;

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{ChildStdin, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

pub use self::child::{ChildArgs, run_child};
use self::control::Control;
use self::family::Family;
use self::plan::{Plan, Verdict};
use crate::time::since_boot;

/// While it kills, how soon a guard looks again for descendants that have become its children.
const NEXT_LAYER: Duration = Duration::from_millis(10);

/// `conncentric guard`
#[derive(Debug, Clone, Args)]
pub struct GuardArgs {
    /// Until when the lease is trusted, in nanoseconds since boot; without it the session may outlive its lease.
    #[arg(long)]
    pub deadline_ns: Option<u64>,
    /// How long before the deadline the program gets SIGTERM, in milliseconds.
    #[arg(long, default_value_t = 500)]
    pub lead_ms: u64,
    /// The program and its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    pub command: Vec<String>,
}

enum Event {
    Control(Control),
    /// Standard input ended, so the pod is dead.
    Orphaned,
    /// A child ended and waits to be reaped.
    Exited,
    NoneLeft,
}

/// Runs the program under guard until it and all its descendants are gone. Ends with the program's exit code, or 128 and the
/// number of the signal that ended it.
///
/// # Errors
/// Fails if the program's process cannot be made.
pub fn run_guard(args: GuardArgs) -> anyhow::Result<ExitCode> {
    let GuardArgs { deadline_ns, lead_ms, command } = args;
    family::adopt_descendants();
    let lead = Duration::from_millis(lead_ms);
    let plan = Plan::new(deadline_ns.map(Duration::from_nanos), lead);
    let (leader, stdin) = spawn(&command)?;
    let (events, inbox) = sync_channel(16);
    let lines = feed(stdin);
    let reaped = announce_exits(events.clone());
    thread::spawn(move || read_controls(&events));
    // Timers do not count the time that the machine is suspended, so the guard looks at the clock now and then.
    let look = (lead / 4).clamp(Duration::from_millis(10), Duration::from_millis(250));
    Ok(ExitCode::from(Guard { plan, family: Family::new(leader), lines, reaped, orderly: false, look }.run(&inbox)))
}

struct Guard {
    plan: Plan,
    family: Family,
    lines: SyncSender<String>,
    reaped: SyncSender<()>,
    /// Whether the program was asked to end. One that ends unasked leaves nothing behind that would be worth waiting for.
    orderly: bool,
    look: Duration,
}

impl Guard {
    fn run(mut self, inbox: &Receiver<Event>) -> u8 {
        loop {
            let event = inbox.recv_timeout(self.act());
            match event {
                Ok(Event::Control(control)) => self.obey(control),
                Ok(Event::Orphaned) => self.plan.orphan(since_boot()),
                Ok(Event::Exited) => {
                    self.family.reap();
                    // The announcer ends only after this thread has let it.
                    let _ = self.reaped.try_send(());
                }
                Ok(Event::NoneLeft) | Err(RecvTimeoutError::Disconnected) => return self.family.code().unwrap_or(u8::MAX),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn obey(&mut self, control: Control) {
        match control {
            Control::Deadline { deadline_ns } => self.plan.extend(Duration::from_nanos(deadline_ns)),
            Control::Stop { stop } => self.plan.stop(since_boot(), Duration::from_millis(stop.timeout_ms)),
            Control::Kill { kill: true } => self.plan.stop(since_boot(), Duration::ZERO),
            Control::Kill { kill: false } => {}
            // A program that does not read its input loses lines; the guard never waits for it.
            Control::Line { line } => drop(self.lines.try_send(line)),
        }
    }

    /// Does what is due, and says how long nothing else will be.
    fn act(&mut self) -> Duration {
        let now = since_boot();
        let abandoned = self.family.code().is_some() && !self.orderly;
        match self.plan.verdict(now) {
            _ if abandoned => self.family.kill(),
            Verdict::Kill => self.family.kill(),
            Verdict::Terminate => {
                self.orderly = true;
                self.family.terminate();
            }
            Verdict::Run => return self.plan.next_change(now).map_or(self.look, |at| at.saturating_sub(now).min(self.look)),
        }
        NEXT_LAYER
    }
}

/// Starts the program; the family reaps it, together with its descendants.
fn spawn(command: &[String]) -> anyhow::Result<(Pid, ChildStdin)> {
    let guard = rustix::process::getpid().as_raw_nonzero().to_string();
    // The death signal follows the thread that spawns; this is the main thread, which lives as long as the guard.
    let mut child = Command::new(own_binary()?)
        .args(["guard-child", "--guard", &guard, "--"])
        .args(command)
        .stdin(Stdio::piped())
        .process_group(0)
        .spawn()
        .context("cannot start the program's process")?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("the program has no process id")?;
    let stdin = child.stdin.take().context("the program has no standard input")?;
    Ok((pid, stdin))
}

/// The program that guards and their children are: this one, also after its file was replaced by a newer one.
///
/// # Errors
/// Fails if the system does not say which file this process runs.
pub fn own_binary() -> std::io::Result<PathBuf> {
    let path = std::env::current_exe()?;
    let itself = PathBuf::from(OsString::from("/proc/self/exe"));
    Ok(if !path.exists() && itself.exists() { itself } else { path })
}

/// Says once for each child that ended that it waits to be reaped, and waits until it was.
///
/// Only the guard's own thread reaps: while it sends signals no process id may pass to somebody else.
fn announce_exits(events: SyncSender<Event>) -> SyncSender<()> {
    let (reaped, acknowledged) = sync_channel(1);
    thread::spawn(move || {
        loop {
            match waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
                Ok(_) => {
                    if events.send(Event::Exited).is_err() || acknowledged.recv().is_err() {
                        return;
                    }
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => {
                    let _ = events.send(Event::NoneLeft);
                    return;
                }
            }
        }
    });
    reaped
}

/// Passes control lines on until standard input ends. A line that is none is skipped: newer pods may say more.
fn read_controls(events: &SyncSender<Event>) {
    let mut input = BufReader::new(std::io::stdin());
    let mut line = Vec::new();
    let limit = u64::try_from(control::MAX_LINE).unwrap_or(u64::MAX);
    loop {
        line.clear();
        match (&mut input).take(limit).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        if let Ok(control) = serde_json::from_slice(&line)
            && events.send(Event::Control(control)).is_err()
        {
            return;
        }
    }
    let _ = events.send(Event::Orphaned);
}

/// Writes lines to the program's standard input, from a thread that may wait for it as long as it likes.
fn feed(mut stdin: ChildStdin) -> SyncSender<String> {
    let (lines, queue) = sync_channel::<String>(64);
    thread::spawn(move || {
        while let Ok(line) = queue.recv() {
            if writeln!(stdin, "{line}").and_then(|()| stdin.flush()).is_err() {
                return;
            }
        }
    });
    lines
}
