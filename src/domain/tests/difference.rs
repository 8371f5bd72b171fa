//! Two fleets that ought to be one.

use super::facts::*;
use super::given::given;
use super::shapes::*;
use crate::domain::difference::Difference;
use crate::domain::fleet::Fleet;

fn running() -> Fleet {
    given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1")), placed("a/0", "pod-1")]).fleet
}

fn found(ours: &Fleet, theirs: &Fleet) -> Difference {
    ours.first_difference(theirs).expect("they differ")
}

#[test]
fn the_same_history_makes_no_difference() {
    assert_eq!(running().first_difference(&running()), None);
}

#[test]
fn what_differs_is_named_with_its_stream_and_both_sides() {
    let disabled = given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1")), placed("a/0", "pod-1"), disabled("a")]).fleet;
    let difference = found(&running(), &disabled);
    assert_eq!((difference.kind, difference.key.as_str(), difference.stream.as_str()), ("adapter", "a", "adapter:a"));
    assert!(difference.ours.contains("enabled: true") && difference.theirs.contains("enabled: false"), "{difference:?}");

    let active = given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1")), placed("a/0", "pod-1"), active("a/0")]).fleet;
    let difference = found(&running(), &active);
    assert_eq!((difference.kind, difference.stream.as_str()), ("session", "session:a/0"));
}

#[test]
fn what_only_one_side_has_is_nothing_on_the_other() {
    let vacant = given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1"))]).fleet;
    let without = given([declared("a", exclusive()), enabled("a")]).fleet;
    let difference = found(&vacant, &without);
    assert_eq!((difference.kind, difference.stream.as_str(), difference.theirs.as_str()), ("registration", "pod:pod-1", "nothing"));
    assert_eq!(found(&without, &vacant).ours, "nothing");
}
