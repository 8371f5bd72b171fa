//! A heartbeat renews, and records what has changed.

use super::words::*;

fn running_on_pod_1() -> Given {
    given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1")), placed("a/0", "pod-1")])
}

#[test]
fn a_heartbeat_with_no_news_is_no_ledger_event() {
    running_on_pod_1().when(heartbeat("pod-1")).then_nothing();
    running_on_pod_1().and([active("a/0")]).when(reports("pod-1", "a/0", Active, None)).then_nothing();
}

#[test]
fn a_change_of_status_is_recorded_once() {
    running_on_pod_1()
        .when(reports("pod-1", "a/0", Active, None))
        .then([active("a/0")])
        .afterwards()
        .when(reports("pod-1", "a/0", Error, Some("connection refused")))
        .then([reported("a/0", Error, Some("connection refused"))])
        .afterwards()
        .when(reports("pod-1", "a/0", Error, Some("connection refused")))
        .then_nothing();
}

#[test]
fn another_reason_is_news_too() {
    running_on_pod_1()
        .and([reported("a/0", Error, Some("connection refused"))])
        .when(reports("pod-1", "a/0", Error, Some("login refused")))
        .then([reported("a/0", Error, Some("login refused"))]);
}

#[test]
fn that_a_session_is_inactive_is_said_by_its_release() {
    running_on_pod_1().and([active("a/0")]).when(reports("pod-1", "a/0", Inactive, None)).then_nothing();
}

#[test]
fn reasons_are_made_fit_for_storage() {
    running_on_pod_1().when(reports("pod-1", "a/0", Error, Some("nul \0"))).then([reported("a/0", Error, Some("nul \u{fffd}"))]);
    running_on_pod_1().when(reports("pod-1", "a/0", Error, Some(&"ä".repeat(501)))).then([reported("a/0", Error, Some(&"ä".repeat(500)))]);
    running_on_pod_1().when(reports("pod-1", "a/0", Claiming, Some(""))).then_nothing();
}

#[test]
fn what_a_pod_says_of_a_lease_that_is_not_its_own_is_ignored() {
    let world = || running_on_pod_1().and([registered(pod("pod-2"))]);
    world().when(reports("pod-2", "a/0", Active, None)).then_nothing();
    world().when(reports_under("pod-1", "a/0", token(3))).then_nothing();
    world().when(reports_under("pod-1", "a/0", token(99))).then_nothing();
    world().when(reports_under("pod-1", "nope/0", token(4))).then_nothing();
}

#[test]
fn a_heartbeat_of_an_unknown_pod_tells_it_to_register() {
    given([]).when(heartbeat("pod-1")).refused("pod-unknown");
    given([registered(pod("pod-1")), lost("pod-1", 15_000)]).when(heartbeat("pod-1")).refused("pod-unknown");
}

#[test]
fn a_pod_acts_only_for_itself() {
    running_on_pod_1().when(heartbeat("pod-1").spoken_with('b')).refused("not-your-pod");
}

#[test]
fn a_heartbeat_costs_nothing_but_itself_so_it_places_nothing() {
    given([registered(pod("pod-1")), declared("a", exclusive()), enabled("a")])
        .when(heartbeat("pod-1"))
        .then_nothing()
        .afterwards()
        .when(expire())
        .then([placed("a/0", "pod-1")]);
}
