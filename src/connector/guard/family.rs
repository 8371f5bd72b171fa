//! The child, its group, and whatever else descends from it: signalling and reaping.
//!
//! The guard is the subreaper of its descendants: one that left the group, or whose parent died, becomes the guard's own
//! child. The id of a child that was not reaped yet cannot be used again, so only own children are ever signalled, and only
//! the thread that signals also reaps. Killing a layer makes the next layer the guard's children, and so on until none is left.

use std::collections::BTreeSet;

use rustix::process::{Pid, Signal, WaitOptions, kill_process, kill_process_group, wait};

/// The processes of one session.
#[derive(Debug)]
pub(super) struct Family {
    leader: Pid,
    /// As a shell tells it: the leader's exit code, or 128 and its signal. Nothing while it runs.
    code: Option<u8>,
    terminated: BTreeSet<i32>,
}

impl Family {
    #[must_use]
    pub(super) fn new(leader: Pid) -> Self {
        Self { leader, code: None, terminated: BTreeSet::new() }
    }

    #[must_use]
    pub(super) fn code(&self) -> Option<u8> {
        self.code
    }

    /// Collects all children that have ended.
    pub(super) fn reap(&mut self) {
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            self.terminated.remove(&pid.as_raw_nonzero().get());
            if pid == self.leader {
                let code = status.exit_status().or_else(|| status.terminating_signal().map(|signal| 128 + signal));
                self.code = Some(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX));
            }
        }
    }

    /// Asks everyone to end who was not asked before.
    pub(super) fn terminate(&mut self) {
        if self.code.is_none() && self.terminated.insert(self.leader.as_raw_nonzero().get()) {
            // Whoever is gone needs no signal.
            let _ = kill_process_group(self.leader, Signal::TERM);
        }
        for pid in own_children() {
            if pid != self.leader && self.terminated.insert(pid.as_raw_nonzero().get()) {
                let _ = kill_process(pid, Signal::TERM);
            }
        }
    }

    pub(super) fn kill(&self) {
        // The group's id belongs to it while its leader is not reaped; later the members come up as own children.
        if self.code.is_none() {
            let _ = kill_process_group(self.leader, Signal::KILL);
        }
        for pid in own_children() {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// Makes orphaned descendants this process' children, where the system can.
pub(super) fn adopt_descendants() {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        // Refused by no kernel since 3.4; then descendants that leave the process group would be out of reach.
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn own_children() -> Vec<Pid> {
    listed_children().unwrap_or_else(scanned_children)
}

/// The kernel's own list. Nothing if it was built without.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn listed_children() -> Option<Vec<Pid>> {
    let mut children = Vec::new();
    for task in std::fs::read_dir("/proc/self/task").ok()?.flatten() {
        let text = std::fs::read_to_string(task.path().join("children")).ok()?;
        children.extend(text.split_ascii_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)));
    }
    Some(children)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn scanned_children() -> Vec<Pid> {
    let me = rustix::process::getpid();
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let child_of_mine = |pid: Pid| {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
        // The program's name is in parentheses and may hold anything; the state and the parent follow the last one.
        let parent = stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(1)?.parse().ok()?;
        (Pid::from_raw(parent) == Some(me)).then_some(pid)
    };
    processes.flatten().filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)).filter_map(child_of_mine).collect()
}

/// Without a subreaper there are no adopted children; the leader is signalled with its group.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn own_children() -> Vec<Pid> {
    Vec::new()
}
