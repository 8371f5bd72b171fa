//! A pod claims sessions by name.

use super::words::*;

/// Two sessions that pod-1 could not run, so that both wait, and pod-2 that can.
fn waiting() -> Given {
    given([registered(pod("pod-2")), declared("a", exclusive()), declared("b", exclusive()), enabled("a"), enabled("b")])
}

#[test]
fn a_vacant_session_is_granted() {
    waiting().when(claim("pod-2", &["b/0"])).then([granted("b/0", "pod-2"), placed("a/0", "pod-2")]).refusing(&[]);
}

#[test]
fn what_the_pod_owns_already_is_granted_as_it_is() {
    waiting().and([placed("a/0", "pod-2"), placed("b/0", "pod-2")]).when(claim("pod-2", &["a/0", "a/0"])).then_nothing().refusing(&[]);
}

#[test]
fn each_session_is_granted_or_refused_on_its_own() {
    waiting()
        .and([registered(pod("pod-1")), placed("a/0", "pod-1"), declared("c", exclusive())])
        .when(claim("pod-2", &["a/0", "b/0", "c/0", "nope/0", "b/1"]))
        .then([granted("b/0", "pod-2").because(Nothing)])
        .refusing(&[("a/0", "owned-by-another"), ("c/0", "adapter-disabled"), ("nope/0", "adapter-unknown"), ("b/1", "session-unknown")]);
}

#[test]
fn a_pod_gets_by_name_only_what_it_could_run() {
    let refused = |spec: AdapterSpec| {
        given([registered(pod("pod-1").room(2)), declared("a", spec), enabled("a")])
            .when(claim("pod-1", &["a/0"]))
            .then_nothing()
            .refusing(&[("a/0", "cannot-run-there")]);
    };
    refused(exclusive().connector("fix"));
    refused(exclusive().label("zone", "b"));
    refused(exclusive().units(3));
}

#[test]
fn a_draining_pod_gets_nothing() {
    waiting().and([drained("pod-2")]).when(claim("pod-2", &["a/0"])).then_nothing().refusing(&[("a/0", "cannot-run-there")]);
}

#[test]
fn room_is_counted_within_one_claim() {
    given([registered(pod("pod-1").room(1)), declared("a", exclusive()), declared("b", exclusive()), enabled("a"), enabled("b")])
        .when(claim("pod-1", &["b/0", "a/0"]))
        .then([granted("b/0", "pod-1")])
        .refusing(&[("a/0", "cannot-run-there")]);
}

#[test]
fn the_expiry_before_it_is_the_cause_of_a_claim_by_name() {
    given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1")), placed("a/0", "pod-1"), expired("a/0", 5_000)])
        .and([registered(pod("pod-2"))])
        .when(claim("pod-2", &["a/0"]))
        .then([granted("a/0", "pod-2").because(Past(5))]);
}

#[test]
fn only_registered_pods_claim_and_only_for_themselves() {
    waiting().when(claim("pod-9", &["a/0"])).refused("pod-unknown");
    waiting().when(claim("pod-2#0", &["a/0"])).refused("pod-superseded");
    waiting().when(claim("pod-2", &["a/0"]).spoken_with('b')).refused("not-your-pod");
}
