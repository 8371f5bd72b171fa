//! A pod has closed sessions and gives them back.

use super::words::*;

/// Two pods; pod-1 runs a/0 under token 5.
fn running_on_pod_1() -> Given {
    given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1")), registered(pod("pod-2")), placed("a/0", "pod-1")])
}

#[test]
fn a_session_that_should_run_is_given_out_again_in_the_same_append() {
    running_on_pod_1().when(release("pod-1", &["a/0"])).then([released("a/0"), placed("a/0", "pod-1").because(New(1))]);
}

#[test]
fn the_end_of_a_move_is_a_handover_caused_by_the_release() {
    running_on_pod_1()
        .and([move_ordered("a/0", "pod-2")])
        .when(release("pod-1", &["a/0"]))
        .then([released_to_move("a/0").because(Nothing), handed_over("a/0", "pod-2").because(New(1))]);
}

#[test]
fn a_draining_pod_hands_over() {
    running_on_pod_1()
        .and([drained("pod-1")])
        .when(release("pod-1", &["a/0"]))
        .then([released_to_move("a/0"), handed_over("a/0", "pod-2").because(New(1))]);
}

#[test]
fn a_superseded_start_may_release_and_so_hands_over() {
    running_on_pod_1()
        .after(register(pod("pod-1#2")))
        .when(release("pod-1#1", &["a/0"]))
        .then([released_to_move("a/0"), handed_over("a/0", "pod-1#2").because(New(1))])
        .afterwards()
        .when(release_under("pod-1#1", "a/0", token(5)))
        .refused("pod-unknown");
}

#[test]
fn a_disabled_session_rests() {
    running_on_pod_1().and([disabled("a")]).when(release("pod-1", &["a/0"])).then([released("a/0")]);
    running_on_pod_1().and([move_ordered("a/0", "pod-2"), disabled("a")]).when(release("pod-1", &["a/0"])).then([released("a/0")]);
}

#[test]
fn a_token_from_the_past_or_of_somebody_else_releases_nothing() {
    let moved = || running_on_pod_1().and([released("a/0"), placed("a/0", "pod-2")]);
    moved().when(release_under("pod-1", "a/0", token(5))).then_nothing().refusing(&[("a/0", "lease-not-held")]);
    moved().when(release_under("pod-1", "a/0", token(7))).then_nothing().refusing(&[("a/0", "lease-not-held")]);
    moved()
        .and([disabled("a"), released("a/0")])
        .when(release_under("pod-2", "a/0", token(7)))
        .then_nothing()
        .refusing(&[("a/0", "lease-not-held")]);
}

#[test]
fn a_token_from_the_future_is_told_apart() {
    running_on_pod_1().when(release_under("pod-1", "a/0", token(6))).then_nothing().refusing(&[("a/0", "token-from-the-future")]);
    given([declared("a", exclusive()), registered(pod("pod-1"))])
        .when(release_under("pod-1", "a/0", token(1)))
        .then_nothing()
        .refusing(&[("a/0", "token-from-the-future")]);
}

#[test]
fn each_session_is_released_or_refused_on_its_own() {
    running_on_pod_1()
        .and([disabled("a")])
        .when(release_under("pod-1", "nope/0", token(5)))
        .then_nothing()
        .refusing(&[("nope/0", "session-unknown")]);
}

#[test]
fn the_same_release_again_changes_nothing() {
    running_on_pod_1()
        .and([disabled("a")])
        .after(release("pod-1", &["a/0"]))
        .when(release_under("pod-1", "a/0", token(5)))
        .then_nothing()
        .refusing(&[("a/0", "lease-not-held")]);
}

#[test]
fn a_pod_releases_only_for_itself() {
    running_on_pod_1().when(release("pod-1", &["a/0"]).spoken_with('b')).refused("not-your-pod");
    running_on_pod_1().when(release("pod-9", &["a/0"])).refused("pod-unknown");
}

#[test]
fn the_room_kept_for_a_move_is_not_given_to_anyone_else() {
    // Nobody has room for b, whatever its priority: the one free unit of pod-2 is kept for a.
    given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1").room(1)), placed("a/0", "pod-1")])
        .and([registered(pod("pod-2").room(1)), drained("pod-1"), move_ordered("a/0", "pod-2")])
        .when(put_enabled("b", exclusive().priority(900), true))
        .then([declared("b", exclusive().priority(900)), enabled("b")])
        .afterwards()
        .when(release("pod-1", &["a/0"]))
        .then([released_to_move("a/0"), handed_over("a/0", "pod-2")]);
}

#[test]
fn a_session_without_an_order_does_not_take_the_room_of_one_with() {
    given([declared("a", exclusive().priority(900)), enabled("a"), declared("b", exclusive()), enabled("b"), registered(pod("pod-1"))])
        .and([placed("a/0", "pod-1"), placed("b/0", "pod-1"), registered(pod("pod-2").room(1))])
        .after(move_to("b/0", "pod-2"))
        .after(drain("pod-1"))
        .when(release("pod-1", &["a/0", "b/0"]))
        .then([released_to_move("a/0"), released_to_move("b/0"), handed_over("b/0", "pod-2")]);
}
