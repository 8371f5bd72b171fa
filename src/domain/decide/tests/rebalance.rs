//! Load is evened out when somebody asks, by so many moves and no more.

use super::words::*;

/// pod-1 runs four sessions; pod-2 came late and has none.
fn all_on_pod_1() -> Given {
    let declared = ["a", "b", "c", "d"].map(|name| declared(name, exclusive()));
    let enabled = ["a", "b", "c", "d"].map(enabled);
    let placed = ["a/0", "b/0", "c/0", "d/0"].map(|session| placed(session, "pod-1"));
    given(declared).and(enabled).and([registered(pod("pod-1"))]).and(placed).and([registered(pod("pod-2"))])
}

#[test]
fn a_pod_that_came_late_gets_its_share_and_no_more() {
    all_on_pod_1().when(rebalance(10)).then([move_ordered("a/0", "pod-2").because(Nothing), move_ordered("b/0", "pod-2").because(Nothing)]);
}

#[test]
fn no_more_is_moved_than_was_allowed_and_the_next_order_goes_on() {
    let world = all_on_pod_1().after(rebalance(1)).after(release("pod-1", &["a/0"]));
    assert_eq!((world.owner("a/0"), world.owner("b/0")), (Some("pod-2"), Some("pod-1")));
    world.when(rebalance(1)).then([move_ordered("b/0", "pod-2")]);
}

#[test]
fn what_is_on_its_way_counts_as_having_arrived() {
    all_on_pod_1().after(rebalance(10)).when(rebalance(10)).then_nothing();
}

#[test]
fn where_a_move_would_only_turn_things_round_nothing_moves() {
    given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1")), placed("a/0", "pod-1"), registered(pod("pod-2"))])
        .when(rebalance(10))
        .then_nothing();
    // Two of three: the third would make it one of three here and two of three there.
    given(["a", "b", "c"].map(|name| declared(name, exclusive())))
        .and(["a", "b", "c"].map(enabled))
        .and([registered(pod("pod-1")), placed("a/0", "pod-1"), placed("b/0", "pod-1"), registered(pod("pod-2")), placed("c/0", "pod-2")])
        .when(rebalance(10))
        .then_nothing();
}

#[test]
fn shares_of_capacity_are_compared_and_the_least_important_go_first() {
    given([declared("a", exclusive().priority(5)), declared("b", exclusive()), enabled("a"), enabled("b")])
        .and([registered(pod("pod-1").room(10)), placed("a/0", "pod-1"), placed("b/0", "pod-1"), registered(pod("pod-2").room(100))])
        .when(rebalance(10))
        .then([move_ordered("a/0", "pod-2"), move_ordered("b/0", "pod-2")]);
}

#[test]
fn draining_and_silent_pods_get_nothing() {
    all_on_pod_1().and([drained("pod-2")]).when(rebalance(10)).then_nothing();
    all_on_pod_1().silent("pod-2", 60_000).when(rebalance(10)).then_nothing();
}

#[test]
fn replicas_stay_apart() {
    given([declared("a", load_balanced(2)), enabled("a"), registered(pod("pod-1").room(4)), registered(pod("pod-2").room(100))])
        .and([placed("a/0", "pod-1"), placed("a/1", "pod-2")])
        .when(rebalance(10))
        .then_nothing();
}

#[test]
fn the_bound_is_bounded() {
    all_on_pod_1().when(rebalance(0)).refused("invalid-field");
    all_on_pod_1().when(rebalance(101)).refused("invalid-field");
}
