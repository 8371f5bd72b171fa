//! Processor time and memory of processes, as the kernel counts them.

use std::time::Duration;

use rustix::process::Pid;

/// Processor time that a process has used, and its children that have ended.
pub(crate) fn used(pid: Pid) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    // The name of the program, in brackets, may contain anything.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = fields.split_whitespace().skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum();
    let frequency = rustix::param::clock_ticks_per_second().max(1);
    Duration::from_secs_f64(ticks as f64 / frequency as f64)
}

/// The same of a server with its children, which PostgreSQL has one of for each connection.
pub(crate) fn used_by_family(parent: Pid) -> Duration {
    let children = std::fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let parent_of: i32 = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
        if parent_of == parent.as_raw_nonzero().get() { Pid::from_raw(pid) } else { None }
    });
    used(parent) + children.map(used).sum::<Duration>()
}

/// Megabytes that a process holds in memory now.
pub(crate) fn megabytes(pid: Pid) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|field| field.parse::<f64>().ok()).unwrap_or_default() / 1024.0
}
