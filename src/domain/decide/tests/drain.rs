//! A pod hands over all that it has.

use super::words::*;
use crate::domain::decide::preview_drain;

/// pod-1 runs a/0 and b/0; pod-2 has room for one.
fn crowded() -> Given {
    given([declared("a", exclusive()), enabled("a"), declared("b", exclusive()), enabled("b"), registered(pod("pod-1"))]).and([
        placed("a/0", "pod-1"),
        placed("b/0", "pod-1"),
        registered(pod("pod-2").room(1)),
    ])
}

#[test]
fn orders_are_given_only_where_there_is_room() {
    crowded().when(drain("pod-1")).then([drained("pod-1").because(Nothing), move_ordered("a/0", "pod-2").because(New(1))]);
}

#[test]
fn the_rest_follows_when_room_appears() {
    crowded()
        .after(drain("pod-1"))
        .when(register(pod("pod-3")))
        .then([registered(pod("pod-3")), move_ordered("b/0", "pod-3").because(New(1))]);
}

#[test]
fn an_order_once_given_is_not_given_again() {
    crowded().after(drain("pod-1")).when(drain("pod-1")).then_nothing();
    crowded().after(drain("pod-1")).when(expire()).then_nothing();
}

#[test]
fn what_should_not_run_is_not_handed_over() {
    crowded().and([disabled("a"), disabled("b")]).when(drain("pod-1")).then([drained("pod-1")]);
}

#[test]
fn a_draining_pod_gets_nothing_new() {
    given([registered(pod("pod-1")), drained("pod-1"), declared("a", exclusive())])
        .when(enable(&["a"]))
        .then([enabled("a")])
        .afterwards()
        .when(undrain("pod-1"))
        .then([resumed("pod-1"), placed("a/0", "pod-1").because(New(1))]);
}

#[test]
fn a_pod_drains_itself_and_only_itself() {
    crowded().when(drain_self("pod-1")).then([drained("pod-1"), move_ordered("a/0", "pod-2")]);
    crowded().when(drain_self("pod-1").spoken_with('b')).refused("not-your-pod");
    crowded().after(register(pod("pod-1#2"))).when(drain_self("pod-1#1")).refused("pod-superseded");
}

#[test]
fn only_pods_that_are_there_are_drained_and_taken_back() {
    given([]).when(drain("pod-1")).refused("pod-unknown");
    given([]).when(undrain("pod-1")).refused("pod-unknown");
    crowded().when(undrain("pod-1")).refused("not-draining");
}

#[test]
fn orders_given_stand_when_the_drain_ends() {
    let world = crowded().after(drain("pod-1")).when(undrain("pod-1")).then([resumed("pod-1")]).afterwards();
    world.when(release("pod-1", &["a/0"])).then([released_to_move("a/0"), handed_over("a/0", "pod-2")]);
}

#[test]
fn a_new_start_of_a_draining_pod_is_ready() {
    crowded()
        .after(drain("pod-1"))
        .when(register(pod("pod-1#2")))
        .then([registered(pod("pod-1#2"))])
        .afterwards()
        .when(release("pod-1#1", &["b/0"]))
        .then([released_to_move("b/0"), handed_over("b/0", "pod-1#2")]);
}

#[test]
fn a_preview_says_where_each_session_would_go_and_changes_nothing() {
    let world = crowded();
    let preview = preview_drain(&world.fleet, &pod_name("pod-1"), &world.silences).expect("known");
    assert_eq!(preview, [(session("a/0"), Some(pod_name("pod-2"))), (session("b/0"), None)]);
    let draining = world.after(drain("pod-1"));
    assert_eq!(preview_drain(&draining.fleet, &pod_name("pod-1"), &draining.silences).expect("known"), preview);
    assert!(preview_drain(&draining.fleet, &pod_name("pod-9"), &draining.silences).is_err());
}

#[test]
fn several_orders_that_wait_for_the_same_room_are_not_each_other_s_cause() {
    crowded()
        .and([drained("pod-1"), registered(pod("pod-3"))])
        .when(expire())
        .then([move_ordered("a/0", "pod-2").because(Nothing), move_ordered("b/0", "pod-3").because(Nothing)]);
}

#[test]
fn replicas_spread_over_the_pods_that_they_are_handed_to() {
    given([declared("a", load_balanced(2)), enabled("a"), declared("b", exclusive()), enabled("b"), registered(pod("pod-1"))])
        .and([placed("a/0", "pod-1"), placed("a/1", "pod-1")])
        .and([registered(pod("pod-2").room(100)), registered(pod("pod-3").room(4)), placed("b/0", "pod-3")])
        .when(drain("pod-1"))
        .then([drained("pod-1"), move_ordered("a/0", "pod-2"), move_ordered("a/1", "pod-3")]);
}

#[test]
fn the_important_are_handed_over_first() {
    crowded().and([revised("b", exclusive().priority(200))]).when(drain("pod-1")).then([drained("pod-1"), move_ordered("b/0", "pod-2")]);
}
