//! A pod that has nothing left to run says goodbye.

use super::words::*;

#[test]
fn a_pod_that_has_released_everything_leaves() {
    given([registered(pod("pod-1"))]).when(leave("pod-1")).then([left("pod-1")]);
}

#[test]
fn a_pod_that_holds_sessions_does_not() {
    given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1")), placed("a/0", "pod-1")])
        .when(leave("pod-1"))
        .refused("pod-holds-sessions");
}

#[test]
fn a_pod_leaves_only_for_itself_and_once() {
    given([registered(pod("pod-1"))]).when(leave("pod-1").spoken_with('b')).refused("not-your-pod");
    given([registered(pod("pod-1"))]).after(leave("pod-1")).when(leave("pod-1")).refused("pod-unknown");
}

#[test]
fn a_target_that_leaves_before_the_handover_is_replaced_by_whoever_has_room() {
    given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1")), placed("a/0", "pod-1")])
        .and([registered(pod("pod-2")), registered(pod("pod-3")), drained("pod-1"), move_ordered("a/0", "pod-2")])
        .after(leave("pod-2"))
        .when(release("pod-1", &["a/0"]))
        .then([released_to_move("a/0"), handed_over("a/0", "pod-3")]);
}
