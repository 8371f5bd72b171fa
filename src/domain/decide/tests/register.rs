//! A pod registers: a standing claim for whatever it may run.

use super::words::*;

fn running_on_pod_1() -> Given {
    given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1")), placed("a/0", "pod-1")])
}

#[test]
fn a_pod_gets_what_waits_for_one() {
    given([declared("a", exclusive()), enabled("a")])
        .when(register(pod("pod-1")))
        .then([registered(pod("pod-1")).because(Nothing), placed("a/0", "pod-1").because(New(1))]);
}

#[test]
fn a_new_pod_takes_nothing_from_others() {
    running_on_pod_1().when(register(pod("pod-2"))).then([registered(pod("pod-2"))]);
}

#[test]
fn registering_again_changes_nothing() {
    running_on_pod_1().when(register(pod("pod-1"))).then_nothing();
}

#[test]
fn a_registration_stands_as_it_is() {
    running_on_pod_1().when(register(pod("pod-1").room(9))).refused("registration-differs");
    running_on_pod_1().when(register(pod("pod-1").label("zone", "b"))).refused("registration-differs");
    running_on_pod_1().when(register(pod("pod-1").connector("fix"))).refused("registration-differs");
}

#[test]
fn another_access_token_does_not_speak_for_a_registered_pod() {
    running_on_pod_1().when(register(pod("pod-1").with_token('b'))).refused("not-your-pod");
}

#[test]
fn a_newer_start_gets_the_name_and_the_older_keeps_its_leases() {
    let world = running_on_pod_1().when(register(pod("pod-1#2"))).then([registered(pod("pod-1#2"))]).afterwards();
    let lease = world.session("a/0").lease.clone().expect("still owned");
    assert_eq!(lease.holder, holder("pod-1#1"));
}

#[test]
fn the_leases_of_the_older_start_go_to_the_newer_once_they_expire() {
    running_on_pod_1()
        .after(register(pod("pod-1#2")))
        .silent("pod-1#1", 5_000)
        .when(expire())
        .then([expired("a/0", 5_000), taken_over("a/0", "pod-1#2").because(New(1))]);
}

#[test]
fn the_older_start_is_not_renewed_any_more() {
    let superseded = || running_on_pod_1().after(register(pod("pod-1#2")));
    superseded().when(heartbeat("pod-1#1")).refused("pod-superseded");
    superseded().when(claim("pod-1#1", &["a/0"])).refused("pod-superseded");
    superseded().when(leave("pod-1#1")).refused("pod-superseded");
}

#[test]
fn a_former_start_does_not_come_back_by_a_delayed_request() {
    running_on_pod_1().after(register(pod("pod-1#2"))).when(register(pod("pod-1#1"))).refused("pod-superseded");
    running_on_pod_1()
        .after(register(pod("pod-1#2")))
        .after(register(pod("pod-1#3")))
        .when(register(pod("pod-1#1")))
        .refused("pod-superseded");
}

#[test]
fn a_lost_pod_may_register_again() {
    given([registered(pod("pod-1")), lost("pod-1", 15_000)]).when(register(pod("pod-1"))).then([registered(pod("pod-1"))]);
}

#[test]
fn limits_are_checked() {
    given([]).when(register(pod("pod-1").room(0))).then([registered(pod("pod-1").room(0))]);
    let words = given([]).when(register(pod("pod-1").room(1_000_001))).refused("invalid-field");
    assert!(words.starts_with("capacity: "), "{words}");
    let words = given([]).when(register(pod("pod-1").label("zone", "a b"))).refused("invalid-field");
    assert!(words.starts_with("labels.zone: "), "{words}");
    let many = (0..257).fold(pod("pod-1"), |pod, n| pod.connector(&format!("c{n}")));
    let words = given([]).when(register(many)).refused("invalid-field");
    assert!(words.starts_with("connectors: "), "{words}");
}

#[test]
fn a_former_start_that_still_holds_leases_stays_superseded_when_the_newer_is_gone() {
    running_on_pod_1().after(register(pod("pod-1#2"))).after(leave("pod-1#2")).when(register(pod("pod-1#1"))).refused("pod-superseded");
}
