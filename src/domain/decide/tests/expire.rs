//! The leases of silent pods end, and successors take over in the same append.

use super::words::*;

/// pod-1 runs a/0, pod-2 stands by.
fn running_on_pod_1() -> Given {
    given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1")), registered(pod("pod-2")), placed("a/0", "pod-1")])
}

#[test]
fn a_lease_lasts_for_its_timeout() {
    running_on_pod_1().silent("pod-1", 4_999).when(expire()).then_nothing();
}

#[test]
fn expiry_and_takeover_are_one_append() {
    running_on_pod_1().silent("pod-1", 5_000).when(expire()).then([
        expired("a/0", 5_000).because(Nothing),
        lost("pod-1", 5_000),
        taken_over("a/0", "pod-2").because(New(1)),
    ]);
}

#[test]
fn each_takeover_names_the_expiry_of_its_own_session_as_its_cause() {
    running_on_pod_1().and([declared("b", exclusive()), enabled("b"), placed("b/0", "pod-1")]).silent("pod-1", 6_000).when(expire()).then(
        [
            expired("a/0", 6_000),
            expired("b/0", 6_000),
            lost("pod-1", 6_000),
            taken_over("a/0", "pod-2").because(New(1)),
            taken_over("b/0", "pod-2").because(New(2)),
        ],
    );
}

#[test]
fn the_takeover_follows_later_if_nobody_has_room_yet() {
    given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1")), placed("a/0", "pod-1")])
        .silent("pod-1", 5_000)
        .when(expire())
        .then([expired("a/0", 5_000), lost("pod-1", 5_000)])
        .afterwards()
        .when(register(pod("pod-2")))
        .then([registered(pod("pod-2")), taken_over("a/0", "pod-2").because(Past(5))]);
}

#[test]
fn the_important_are_taken_over_first() {
    given([declared("a", exclusive()), enabled("a"), declared("b", exclusive().priority(200)), enabled("b")])
        .and([registered(pod("pod-1")), placed("a/0", "pod-1"), placed("b/0", "pod-1"), registered(pod("pod-2").room(1))])
        .silent("pod-1", 5_000)
        .when(expire())
        .then([expired("a/0", 5_000), expired("b/0", 5_000), lost("pod-1", 5_000), taken_over("b/0", "pod-2")]);
}

/// Its short leases live on after the loss of sight, so it is not lost.
#[test]
fn whose_silence_has_ended_a_lease_does_not_get_it_back() {
    running_on_pod_1()
        .and([declared("b", exclusive().ttl(20_000)), enabled("b"), placed("b/0", "pod-1")])
        .silent("pod-1", 20_000)
        .void_up_to(5_000)
        .when(expire())
        .then([expired("b/0", 20_000), taken_over("b/0", "pod-2").because(New(1))]);
}

#[test]
fn each_lease_has_its_own_timeout() {
    running_on_pod_1()
        .and([declared("b", exclusive().ttl(20_000)), enabled("b"), placed("b/0", "pod-1")])
        .silent("pod-1", 5_000)
        .when(expire())
        .then([expired("a/0", 5_000), taken_over("a/0", "pod-2")]);
}

#[test]
fn a_pod_without_leases_is_lost_and_one_with_leases_is_not() {
    running_on_pod_1().silent("pod-2", 5_000).when(expire()).then([lost("pod-2", 5_000)]);
    running_on_pod_1()
        .and([declared("b", exclusive().ttl(1_000))])
        .silent("pod-1", 4_000)
        .silent("pod-2", 999)
        .when(expire())
        .then_nothing();
}

#[test]
fn a_draining_pod_is_lost_too() {
    running_on_pod_1().and([drained("pod-2")]).silent("pod-2", 5_000).when(expire()).then([lost("pod-2", 5_000)]);
}

#[test]
fn without_any_timeout_in_use_the_default_decides_who_is_lost() {
    given([registered(pod("pod-1"))]).silent("pod-1", 14_999).when(expire()).then_nothing();
    given([registered(pod("pod-1"))]).silent("pod-1", 15_000).when(expire()).then([lost("pod-1", 15_000)]);
}

#[test]
fn a_superseded_start_is_forgotten_with_its_last_lease() {
    let world = running_on_pod_1()
        .after(register(pod("pod-1#2")))
        .silent("pod-1#1", 5_000)
        .when(expire())
        .then([expired("a/0", 5_000), taken_over("a/0", "pod-1#2").because(New(1))])
        .afterwards();
    assert!(world.fleet.registration_of(&holder("pod-1#1")).is_none());
}

#[test]
fn a_move_that_the_owner_did_not_live_to_finish_still_goes_to_its_target() {
    running_on_pod_1()
        .and([registered(pod("pod-0")), registered(pod("pod-3")), move_ordered("a/0", "pod-3")])
        .silent("pod-1", 5_000)
        .when(expire())
        .then([expired("a/0", 5_000), lost("pod-1", 5_000), taken_over("a/0", "pod-3").because(New(1))]);
}

#[test]
fn when_everybody_is_silent_nobody_takes_over() {
    running_on_pod_1().silent("pod-1", 5_000).silent("pod-2", 5_000).when(expire()).then([
        expired("a/0", 5_000),
        lost("pod-1", 5_000),
        lost("pod-2", 5_000),
    ]);
}

#[test]
fn sessions_that_wait_for_each_other_s_rooms_are_not_each_other_s_cause() {
    // Heartbeats place nothing, so both wait when the next look is taken; neither claim led to the other.
    given([registered(pod("pod-1")), declared("a", exclusive()), enabled("a"), declared("b", exclusive()), enabled("b")])
        .when(expire())
        .then([placed("a/0", "pod-1").because(Nothing), placed("b/0", "pod-1").because(Nothing)]);
}

#[test]
fn a_dead_pod_does_not_get_back_what_it_lost_though_the_timeout_was_raised_since() {
    running_on_pod_1().after(put("a", exclusive().ttl(60_000))).silent("pod-1", 5_000).when(expire()).then([
        expired("a/0", 5_000),
        lost("pod-1", 5_000),
        taken_over("a/0", "pod-2").because(New(1)),
    ]);
}
