//! Clocks. Everything that reads one reads it here, so that the rest can be told the time.

use std::time::Duration;

/// Time since boot, suspend included: the clock by which a pod keeps its trust deadlines (design 9).
///
/// Never steps, and is the same for every process of a machine, so a pod can hand a deadline to its guard processes.
#[must_use]
pub fn since_boot() -> Duration {
    // macOS counts suspend in CLOCK_MONOTONIC; Linux has a clock of its own for it.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let clock = rustix::time::ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let clock = rustix::time::ClockId::Monotonic;
    let now = rustix::time::clock_gettime(clock);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// The machine's wall clock, for showing times to people. Nothing is ever decided by it (design 9).
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that reads it, for display")]
pub fn wall_clock() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}
