//! Adapters are enabled and disabled.

use super::words::*;

#[test]
fn enabling_finds_owners_at_once() {
    given([declared("a", exclusive()), registered(pod("pod-1"))])
        .when(enable(&["a"]))
        .then([enabled("a").because(Nothing), placed("a/0", "pod-1").because(New(1))]);
}

#[test]
fn disabling_takes_nothing_away_it_asks_the_owner_to_close() {
    let world = given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1")), placed("a/0", "pod-1")])
        .when(disable(&["a"]))
        .then([disabled("a")])
        .afterwards();
    assert_eq!(world.owner("a/0"), Some("pod-1"));
    world.when(release("pod-1", &["a/0"])).then([released("a/0").because(Nothing)]);
}

#[test]
fn what_is_disabled_is_not_claimed_when_its_owner_dies() {
    given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1")), registered(pod("pod-2")), placed("a/0", "pod-1")])
        .and([disabled("a")])
        .silent("pod-1", 5_000)
        .when(expire())
        .then([expired("a/0", 5_000), lost("pod-1", 5_000)]);
}

#[test]
fn one_unknown_name_refuses_all() {
    let world = || given([declared("a", exclusive()), declared("b", exclusive())]);
    let words = world().when(enable(&["a", "nope", "b", "neither"])).refused("adapter-unknown");
    assert!(words.contains("nope, neither"), "{words}");
    world().when(disable(&["nope"])).refused("adapter-unknown");
}

#[test]
fn those_in_the_wanted_state_are_left_alone_and_a_name_given_twice_counts_once() {
    given([declared("a", exclusive()), enabled("a"), declared("b", exclusive())]).when(enable(&["a", "b", "b"])).then([enabled("b")]);
}

#[test]
fn all_means_every_adapter() {
    given([declared("a", exclusive()), enabled("a"), declared("b", exclusive()), declared("c", exclusive()), enabled("c")])
        .when(disable_all())
        .then([disabled("a"), disabled("c")]);
    given([]).when(disable_all()).then_nothing();
}

#[test]
fn a_reason_is_kept_and_one_that_cannot_be_stored_is_refused() {
    given([declared("a", exclusive()), enabled("a")])
        .when(set_enabled(&["a"], false, Some("new certificates")))
        .then([disabled_for("a", "new certificates")]);
    given([declared("a", exclusive())]).when(set_enabled(&["a"], true, Some("nul \0"))).refused("invalid-field");
}

#[test]
fn a_session_that_failed_over_before_maintenance_is_placed_anew_after_it() {
    let world = given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1")), placed("a/0", "pod-1")])
        .and([expired("a/0", 5_000), lost("pod-1", 5_000)])
        .after(disable(&["a"]))
        .after(register(pod("pod-2")));
    world.when(enable(&["a"])).then([enabled("a"), placed("a/0", "pod-2").because(New(1))]);
}

#[test]
fn enabling_again_before_the_owner_has_closed_leaves_it_the_owner() {
    let world = given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1")), placed("a/0", "pod-1")])
        .after(disable(&["a"]))
        .when(enable(&["a"]))
        .then([enabled("a")])
        .afterwards();
    // It had begun to close, and says so: then it gets a new start with a new token.
    world.when(release("pod-1", &["a/0"])).then([released("a/0"), placed("a/0", "pod-1").because(New(1))]);
}

#[test]
fn each_claim_names_the_enabling_of_its_own_adapter_as_its_cause() {
    given([declared("a", exclusive()), declared("b", exclusive()), registered(pod("pod-1"))]).when(enable(&["a", "b"])).then([
        enabled("a"),
        enabled("b"),
        placed("a/0", "pod-1").because(New(1)),
        placed("b/0", "pod-1").because(New(2)),
    ]);
}
