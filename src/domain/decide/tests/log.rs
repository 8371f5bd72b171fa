//! What connectors say is kept for people, from those who own the session.

use super::words::*;

fn running_on_pod_1() -> Given {
    given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1")), placed("a/0", "pod-1"), registered(pod("pod-2"))])
}

#[test]
fn an_owner_may_say_something_of_its_session() {
    running_on_pod_1().when(says("pod-1", "a/0", "Connection Active")).then([logged("a/0", "Connection Active")]);
}

#[test]
fn nobody_else_may() {
    running_on_pod_1().when(says("pod-2", "a/0", "hello")).refusing(&[("a/0", "lease-not-held")]);
    running_on_pod_1().when(says_under("pod-1", "a/0", token(3))).refusing(&[("a/0", "lease-not-held")]);
    running_on_pod_1().when(says_under("pod-1", "nope/0", token(4))).refusing(&[("nope/0", "session-unknown")]);
    running_on_pod_1().when(says_under("pod-3", "a/0", token(4))).refused("pod-unknown");
}

#[test]
fn messages_are_made_fit_for_storage() {
    running_on_pod_1().when(says("pod-1", "a/0", "nul \0")).then([logged("a/0", "nul \u{fffd}")]);
    running_on_pod_1().when(says("pod-1", "a/0", &"ä".repeat(501))).then([logged("a/0", &"ä".repeat(500))]);
}
