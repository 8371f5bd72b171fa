//! Finds and kills what a guard left behind when it was itself killed.
//!
//! A guard that ends in order leaves nothing. If it was killed, the kernel kills the program, but not what the program had
//! started. All of those carry the mark of their run in their environment (unless they cleared it, which is beyond reach).

use uuid::Uuid;

/// The variable that carries the mark of a run.
pub(super) const MARK: &str = "CONNCENTRIC_RUN";

/// Kills every process with the mark, and says how many there were.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn kill_marked(run: Uuid) -> usize {
    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

    let mark = format!("{MARK}={run}");
    let Ok(processes) = std::fs::read_dir("/proc") else { return 0 };
    let kill = |name: std::ffi::OsString| {
        let pid = Pid::from_raw(name.to_str()?.parse().ok()?)?;
        // Opened first: should the id pass to another process after that, the signal reaches nobody.
        let process = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        let environment = std::fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).ok()?;
        let marked = environment.split(|&byte| byte == 0).any(|variable| variable == mark.as_bytes());
        if marked { pidfd_send_signal(process, Signal::KILL).ok() } else { None }
    };
    processes.flatten().filter_map(|entry| kill(entry.file_name())).count()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn kill_marked(_run: Uuid) -> usize {
    0
}
