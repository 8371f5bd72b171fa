//! An adapter is declared or revised.

use super::words::*;

#[test]
fn a_new_adapter_is_disabled() {
    given([registered(pod("pod-1"))]).when(put("a", exclusive())).then([declared("a", exclusive())]);
}

#[test]
fn the_same_document_again_changes_nothing() {
    given([declared("a", exclusive()), enabled("a")]).when(put_enabled("a", exclusive(), true)).then_nothing();
}

#[test]
fn a_document_without_a_state_leaves_the_state_alone() {
    given([declared("a", exclusive()), enabled("a")]).when(put("a", exclusive().priority(7))).then([revised("a", exclusive().priority(7))]);
}

#[test]
fn a_document_may_disable() {
    given([declared("a", exclusive()), enabled("a")]).when(put_enabled("a", exclusive(), false)).then([disabled("a")]);
}

#[test]
fn a_change_goes_ahead_on_the_revision_that_it_was_made_on() {
    let twice = || given([declared("a", exclusive()), revised("a", exclusive().priority(1))]);
    twice().when(put_if(Precondition::Revision(2), "a", exclusive(), None)).then([revised("a", exclusive())]);
    let words = twice().when(put_if(Precondition::Revision(1), "a", exclusive(), None)).refused("revision-stale");
    assert!(words.contains("revision 2, not 1"), "{words}");
}

#[test]
fn a_stale_revision_is_refused_even_if_nothing_would_change() {
    given([declared("a", exclusive())]).when(put_if(Precondition::Revision(9), "a", exclusive(), None)).refused("revision-stale");
}

#[test]
fn if_match_asks_for_an_adapter_that_exists() {
    given([]).when(put_if(Precondition::Revision(1), "a", exclusive(), None)).refused("adapter-missing");
    given([]).when(put_if(Precondition::Present, "a", exclusive(), None)).refused("adapter-missing");
    given([declared("a", exclusive())]).when(put_if(Precondition::Present, "a", exclusive(), None)).then([]);
}

#[test]
fn who_wants_to_create_does_not_overwrite() {
    given([]).when(put_if(Precondition::Absent, "a", exclusive(), None)).then([declared("a", exclusive())]);
    given([declared("a", exclusive())]).when(put_if(Precondition::Absent, "a", exclusive(), None)).refused("adapter-exists");
}

#[test]
fn rules_between_fields_are_checked_first() {
    let two_exclusive = AdapterSpec { replicas: 2, ..exclusive() };
    let carries_on = AdapterSpec { on_lease_loss: OnLeaseLoss::Continue, ..exclusive() };
    for (spec, field) in [(two_exclusive, "replicas"), (load_balanced(0), "replicas"), (carries_on, "on_lease_loss")] {
        let words = given([]).when(put("a", spec)).refused("invalid-field");
        assert!(words.starts_with(field), "{words}");
    }
    let words = given([]).when(put("a", exclusive().units(0))).refused("invalid-field");
    assert!(words.starts_with("placement.capacity"), "{words}");
}

#[test]
fn the_mode_of_a_running_adapter_stands() {
    let running = || given([declared("a", single()), enabled("a"), registered(pod("pod-1")), placed("a/0", "pod-1")]);
    running().when(put("a", exclusive())).refused("mode-in-use");
    running().when(put("a", AdapterSpec { on_lease_loss: OnLeaseLoss::Continue, ..single() })).refused("mode-in-use");
    running().after(disable(&["a"])).when(put("a", exclusive())).refused("mode-in-use");
    running().after(disable(&["a"])).after(release("pod-1", &["a/0"])).when(put("a", exclusive())).then([revised("a", exclusive())]);
}

#[test]
fn a_running_lease_keeps_the_timeout_that_it_was_claimed_with() {
    let world = given([declared("a", exclusive().ttl(5_000)), enabled("a"), registered(pod("pod-1")), placed("a/0", "pod-1")])
        .after(put("a", exclusive().ttl(1_000)));
    assert_eq!(world.session("a/0").lease.as_ref().expect("owned").ttl, ttl(5_000));
    world.silent("pod-1", 4_999).when(expire()).then_nothing();
}

#[test]
fn more_replicas_are_placed_at_once() {
    given([declared("a", load_balanced(1)), enabled("a"), registered(pod("pod-1")), registered(pod("pod-2")), placed("a/0", "pod-1")])
        .when(put("a", load_balanced(3)))
        .then([
            revised("a", load_balanced(3)).because(Nothing),
            placed("a/1", "pod-2").because(New(1)),
            placed("a/2", "pod-1").because(New(1)),
        ]);
}

#[test]
fn fewer_replicas_end_when_their_owners_have_closed_them() {
    let world = given([declared("a", load_balanced(2)), enabled("a"), registered(pod("pod-1"))])
        .and([placed("a/0", "pod-1"), placed("a/1", "pod-1")])
        .after(put("a", load_balanced(1)));
    let lease = world.session("a/1").lease.clone().expect("still owned");
    assert_eq!(world.fleet.stop_reason(&session("a/1"), &lease).as_deref(), Some("the adapter has fewer replicas now"));
    let world = world.when(release("pod-1", &["a/1"])).then([released("a/1")]).afterwards();
    assert!(world.fleet.session(&session("a/1")).is_none(), "it is not shown any more");
}

#[test]
fn a_session_that_returns_goes_on_with_larger_tokens() {
    let world = given([declared("a", load_balanced(2)), enabled("a"), registered(pod("pod-1"))])
        .and([placed("a/0", "pod-1"), placed("a/1", "pod-1")])
        .after(put("a", load_balanced(1)))
        .after(release("pod-1", &["a/1"]));
    let world = world.when(put("a", load_balanced(2))).then([revised("a", load_balanced(2)), placed("a/1", "pod-1")]).afterwards();
    assert!(world.session("a/1").last_token > Some(token(5)));
}

#[test]
fn a_higher_priority_counts_from_now_on() {
    given([declared("a", exclusive()), enabled("a"), declared("b", exclusive()), enabled("b")])
        .after(put("b", exclusive().priority(200)))
        .when(register(pod("pod-1").room(1)))
        .then([registered(pod("pod-1").room(1)), placed("b/0", "pod-1")]);
}

#[test]
fn room_that_a_change_needs_no_more_is_given_away() {
    let spec = || exclusive().label("zone", "b");
    given([declared("a", spec()), enabled("a"), registered(pod("pod-1"))])
        .when(put("a", exclusive()))
        .then([revised("a", exclusive()), placed("a/0", "pod-1").because(New(1))]);
}

#[test]
fn the_mode_may_be_any_while_nobody_owns_a_session() {
    assert_eq!(single().mode, Mode::Single);
    given([declared("a", single())]).when(put("a", exclusive())).then([revised("a", exclusive())]);
}

#[test]
fn declaring_and_enabling_at_once_also_finds_an_owner() {
    given([registered(pod("pod-1"))]).when(put_enabled("a", exclusive(), true)).then([
        declared("a", exclusive()).because(Nothing),
        enabled("a").because(New(1)),
        placed("a/0", "pod-1").because(New(2)),
    ]);
}
