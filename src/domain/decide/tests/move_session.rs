//! One session is moved to a named pod.

use super::words::*;

/// pod-1 runs a/0, pod-2 could.
fn running_on_pod_1() -> Given {
    given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1")), registered(pod("pod-2").room(1)), placed("a/0", "pod-1")])
}

#[test]
fn the_owner_is_asked_and_keeps_the_session_until_it_has_closed_it() {
    let world = running_on_pod_1().when(move_to("a/0", "pod-2")).then([move_ordered("a/0", "pod-2").because(Nothing)]).afterwards();
    assert_eq!(world.owner("a/0"), Some("pod-1"));
    let world = world.after(release("pod-1", &["a/0"]));
    assert_eq!(world.owner("a/0"), Some("pod-2"));
}

#[test]
fn the_target_keeps_room() {
    running_on_pod_1()
        .after(move_to("a/0", "pod-2"))
        .and([declared("b", exclusive()), enabled("b")])
        .when(claim("pod-2", &["b/0"]))
        .then([placed("b/0", "pod-1")])
        .refusing(&[("b/0", "cannot-run-there")]);
}

#[test]
fn the_unknown_is_named() {
    running_on_pod_1().when(move_to("nope/0", "pod-2")).refused("adapter-unknown");
    running_on_pod_1().when(move_to("a/1", "pod-2")).refused("session-unknown");
    running_on_pod_1().when(move_to("a/0", "pod-9")).refused("pod-unknown");
}

#[test]
fn only_what_runs_is_moved() {
    running_on_pod_1().and([released("a/0")]).when(move_to("a/0", "pod-2")).refused("not-owned");
    running_on_pod_1().and([disabled("a")]).when(move_to("a/0", "pod-2")).refused("adapter-disabled");
}

#[test]
fn a_session_is_not_moved_to_where_it_is_or_twice() {
    running_on_pod_1().when(move_to("a/0", "pod-1")).refused("owned-already");
    running_on_pod_1()
        .and([registered(pod("pod-3"))])
        .after(move_to("a/0", "pod-2"))
        .when(move_to("a/0", "pod-3"))
        .refused("moving-already");
}

#[test]
fn it_may_move_from_a_superseded_start_to_the_newer_one() {
    running_on_pod_1().after(register(pod("pod-1#2"))).when(move_to("a/0", "pod-1")).then([move_ordered("a/0", "pod-1")]);
}

#[test]
fn the_target_must_be_able_to_run_it_and_the_refusal_says_what_it_lacks() {
    let refused = |world: Given, why: &str| {
        let words = world.when(move_to("a/0", "pod-2")).refused("cannot-run-there");
        assert_eq!(words, format!("a/0 cannot run on pod-2: {why}"));
    };
    let full = [declared("b", exclusive()), enabled("b"), placed("b/0", "pod-2")];
    refused(running_on_pod_1().and(full), "it has no room for 1 more");
    refused(running_on_pod_1().and([drained("pod-2")]), "it is draining");
    refused(running_on_pod_1().silent("pod-2", 5_000), "nothing was heard of it for too long");
    refused(running_on_pod_1().and([revised("a", exclusive().label("zone", "b"))]), "it does not have the labels zone=b");
    refused(running_on_pod_1().and([revised("a", exclusive().connector("fix"))]), "it does not offer connector fix");
}

#[test]
fn a_session_that_is_closing_for_good_is_not_moved() {
    given([declared("a", load_balanced(2)), enabled("a"), registered(pod("pod-1")), placed("a/0", "pod-1"), placed("a/1", "pod-1")])
        .and([revised("a", load_balanced(1)), registered(pod("pod-2"))])
        .when(move_to("a/1", "pod-2"))
        .refused("session-unknown");
}
