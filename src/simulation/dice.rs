//! Chance, all of it from one seed, so that a run can be had again.

use std::time::Duration;

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

pub(super) struct Dice(TestRng);

impl Dice {
    /// `purpose` keeps streams of one seed apart: leaving a fault out must not change what the others are.
    pub(super) fn new(seed: u64, purpose: u64) -> Self {
        let mut bytes = [1; 16];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8..].copy_from_slice(&(purpose + 1).to_le_bytes());
        Self(TestRng::from_seed(RngAlgorithm::XorShift, &bytes))
    }

    pub(super) fn number(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// 0 to `count` − 1; 0 if there is nothing to choose from.
    pub(super) fn below(&mut self, count: u64) -> u64 {
        if count == 0 { 0 } else { self.number() % count }
    }

    pub(super) fn index(&mut self, count: usize) -> usize {
        usize::try_from(self.below(count as u64)).expect("small")
    }

    /// True this many times in a million.
    pub(super) fn roll(&mut self, millionths: u64) -> bool {
        self.below(1_000_000) < millionths
    }

    pub(super) fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let span = u64::try_from(most.saturating_sub(least).as_micros()).expect("short");
        least + Duration::from_micros(self.below(span + 1))
    }

    pub(super) fn millis(&mut self, least: u64, most: u64) -> Duration {
        self.between(Duration::from_millis(least), Duration::from_millis(most))
    }
}
