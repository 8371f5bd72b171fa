//! Clocks of single machines: each begins anywhere and runs a little fast or slow.

use std::time::Duration;

use super::dice::Dice;

/// Most that a clock runs fast or slow, in millionths. Real ones stay below 500.
const DRIFT: u64 = 10_000;

/// True time is the time since the run began. No part of the system can read it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    ahead: Duration,
    rate: u64,
}

impl Clock {
    pub(super) fn new(dice: &mut Dice) -> Self {
        Self { ahead: dice.millis(0, 3_600_000), rate: 1_000_000 - DRIFT + dice.below(2 * DRIFT) }
    }

    pub(super) fn reads(&self, now: Duration) -> Duration {
        self.ahead + Duration::from_nanos(u64::try_from(now.as_nanos()).expect("short") / 1000 * self.rate / 1000)
    }

    /// The true time at which it reads this, or a little later.
    pub(super) fn when(&self, reading: Duration) -> Duration {
        let since = u64::try_from(reading.saturating_sub(self.ahead).as_micros()).expect("short");
        Duration::from_micros(since * 1_000_000 / self.rate + 2)
    }
}
