//! An adapter is deleted.

use super::words::*;

#[test]
fn a_disabled_adapter_that_nobody_runs_is_deleted() {
    given([declared("a", exclusive())]).when(delete("a")).then([deleted("a")]);
    given([]).when(delete("a")).refused("adapter-unknown");
}

#[test]
fn an_enabled_adapter_is_not() {
    given([declared("a", exclusive()), enabled("a")]).when(delete("a")).refused("adapter-enabled");
}

#[test]
fn an_owned_session_holds_it_until_it_is_closed() {
    let closing = given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1")), placed("a/0", "pod-1"), disabled("a")]);
    let words = closing.when(delete("a")).refused("session-owned");
    assert!(words.contains("a/0"), "{words}");
    given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1")), placed("a/0", "pod-1"), disabled("a"), released("a/0")])
        .when(delete("a"))
        .then([deleted("a")]);
}

#[test]
fn a_surplus_session_that_is_still_owned_holds_it_too() {
    given([declared("a", load_balanced(2)), enabled("a"), registered(pod("pod-1")), placed("a/0", "pod-1"), placed("a/1", "pod-1")])
        .and([revised("a", load_balanced(1)), disabled("a"), released("a/0")])
        .when(delete("a"))
        .refused("session-owned");
}

#[test]
fn only_the_revision_that_was_read_is_deleted() {
    given([declared("a", exclusive())]).when(delete_if(Precondition::Revision(2), "a")).refused("revision-stale");
    given([declared("a", exclusive())]).when(delete_if(Precondition::Revision(1), "a")).then([deleted("a")]);
}

#[test]
fn an_adapter_of_the_same_name_starts_anew_and_its_tokens_still_grow() {
    let world = given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1")), placed("a/0", "pod-1"), disabled("a")])
        .and([released("a/0"), deleted("a"), declared("a", exclusive())])
        .when(enable(&["a"]))
        .then([enabled("a"), placed("a/0", "pod-1")])
        .afterwards();
    assert_eq!(world.session("a/0").last_token, Some(token(10)), "larger than token 4 of its namesake");
}
