//! A new epoch: leases are confirmed or end, and nothing is granted that may still be held by history that was lost.

use super::words::*;

/// pod-1 runs a/0 with a timeout of 5 s, pod-2 stands by; then the database turns out to have lost history.
fn begun() -> Given {
    given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1")), registered(pod("pod-2")), placed("a/0", "pod-1")])
        .in_a_new_epoch()
}

#[test]
fn an_owner_that_knows_the_epoch_and_trusts_its_lease_keeps_it() {
    begun()
        .when(confirms("pod-1", "a/0"))
        .then([confirmed("a/0"), active("a/0")])
        .afterwards()
        .into_the_epoch(5_000)
        .when(expire())
        .then([epoch_settled(5_000)]);
}

#[test]
fn the_word_of_an_owner_counts_only_once_it_knows_the_epoch() {
    begun().when(speaks_in(1, true, "pod-1", "a/0")).then([active("a/0")]);
}

#[test]
fn the_word_of_an_owner_counts_only_while_it_trusts_its_lease() {
    begun().when(speaks_in(2, false, "pod-1", "a/0")).then([active("a/0")]);
}

#[test]
fn a_lease_that_nobody_confirms_ends_with_its_timeout_and_the_session_gets_a_new_token() {
    begun().into_the_epoch(4_999).when(expire()).then_nothing();
    begun().into_the_epoch(5_000).when(expire()).then([
        expired("a/0", 5_000).because(Past(6)),
        epoch_settled(5_000).because(Past(6)),
        taken_over("a/0", "pod-1").because(New(1)),
    ]);
}

#[test]
fn a_vacant_session_waits_until_nobody_can_hold_it_any_more() {
    let vacant = given([declared("a", exclusive()), enabled("a")]).in_a_new_epoch();
    let waiting = vacant.after(register(pod("pod-1")));
    assert_eq!(waiting.owner("a/0"), None);
    waiting.into_the_epoch(5_000).when(expire()).then([epoch_settled(5_000), placed("a/0", "pod-1")]);
}

#[test]
fn nobody_gets_a_session_by_name_or_by_a_move_meanwhile() {
    begun().when(claim("pod-1", &["a/0"])).refusing(&[("a/0", "epoch-settling")]);
    assert!(begun().when(move_to("a/0", "pod-2")).refused("epoch-settling").contains("epoch 2"));
}

#[test]
fn a_draining_pod_keeps_what_nobody_else_may_be_given_yet() {
    begun().after(confirms("pod-1", "a/0")).when(drain("pod-1")).then([drained("pod-1")]);
}
