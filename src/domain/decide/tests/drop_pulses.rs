//! Old pulses go, which is recorded and changes nothing else.

use std::ops::RangeInclusive;

use super::words::*;

#[test]
fn what_went_is_recorded_and_nothing_else_happens() {
    given([declared("a", exclusive()), registered(pod("pod-1")), enabled("a")])
        .when(drop_pulses(0, 1..=9, 6))
        .then([pulses_dropped(0, 1..=9, 6).because(Nothing)])
        .afterwards()
        .when(drop_pulses(1, 12..=12, 1))
        .then([pulses_dropped(1, 12..=12, 1)]);
}

#[test]
fn only_pulses_that_can_have_been_are_dropped() {
    for (positions, count) in [(1..=9, 10), (1..=9, 0), (RangeInclusive::new(9, 1), 1), (0..=9, 1), (i64::MIN..=i64::MAX, 1)] {
        given([]).when(drop_pulses(0, positions, count)).refused("invalid-field");
    }
}
