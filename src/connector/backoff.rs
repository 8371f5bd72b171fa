//! Pauses between tries that grow, with a random part so that many who failed together do not come back together.

use std::time::Duration;

/// How long to wait before the next try.
#[derive(Debug, Clone)]
pub struct Backoff {
    min: Duration,
    max: Duration,
    failures: u32,
}

impl Backoff {
    #[must_use]
    pub const fn new(min: Duration, max: Duration) -> Self {
        Self { min, max, failures: 0 }
    }

    /// The pause after one more failure: it doubles up to the maximum, and is shortened at random by up to a half.
    pub fn next_pause(&mut self) -> Duration {
        let grown = self.min.saturating_mul(1 << self.failures.min(20)).min(self.max);
        self.failures = self.failures.saturating_add(1);
        jittered(grown)
    }

    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

/// Half of the pause, and a random part of the other half.
#[must_use]
pub fn jittered(pause: Duration) -> Duration {
    // Without randomness the pause is merely predictable.
    let random = getrandom::u32().unwrap_or(u32::MAX);
    pause / 2 + (pause / 2).mul_f64(f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_begin_anew() {
        let (min, max) = (Duration::from_millis(100), Duration::from_secs(5));
        let mut backoff = Backoff::new(min, max);
        let pauses: Vec<_> = (0..40).map(|_| backoff.next_pause()).collect();
        assert!(pauses[0] <= min && pauses[0] >= min / 2, "{pauses:?}");
        assert!(pauses[39] <= max && pauses[39] >= max / 2, "{pauses:?}");
        backoff.reset();
        assert!(backoff.next_pause() <= min);
    }
}
