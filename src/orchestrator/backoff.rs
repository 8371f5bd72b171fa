//! How long to wait before the next try: longer each time, never the same for two processes.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(1);

/// Exponential from 50 ms to 1 s with jitter. Short, because while it waits no lease is renewed.
#[derive(Debug)]
pub(super) struct Backoff {
    wait: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { wait: FIRST }
    }
}

impl Backoff {
    pub(super) fn reset(&mut self) {
        self.wait = FIRST;
    }

    pub(super) fn next(&mut self) -> Duration {
        let full = self.wait;
        self.wait = (full * 2).min(LONGEST);
        full.mul_f64(0.5 + f64::from(random_byte()) / 512.0)
    }
}

fn random_byte() -> u8 {
    let mut byte = [0];
    // Without randomness everybody waits equally long, which is no worse than no jitter.
    let _ = getrandom::fill(&mut byte);
    byte[0]
}
