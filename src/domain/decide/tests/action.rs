//! Actions are ordered of running sessions, and answered by their owners.

use serde_json::json;

use super::words::*;
use crate::domain::action::Answer::{Done, Failed, Received};
use crate::domain::action::MAX_OPEN;

/// pod-1 runs a/0 under token 5, pod-2 could.
fn running_on_pod_1() -> Given {
    given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1").room(1)), registered(pod("pod-2")), placed("a/0", "pod-1")])
}

fn exec(settings: &serde_json::Value) -> AdapterSpec {
    AdapterSpec { settings: settings.as_object().expect("an object").clone(), ..exclusive().connector("exec") }
}

#[test]
fn an_action_is_ordered_once_and_answered_by_the_owner() {
    let next = json!({"next": 7});
    let world = running_on_pod_1()
        .when(order_action("a/0", "set-sequence", &next))
        .then([action_ordered("a/0", "set-sequence", &next).because(Nothing)])
        .afterwards();
    let world = world
        .when(answer_action("pod-1", "a/0", 6, Received, None))
        .then([action_answered("a/0", 6, Received, None).because(Past(6))])
        .afterwards();
    let world = world.when(answer_action("pod-1", "a/0", 6, Received, None)).then_nothing().afterwards();
    let world =
        world.when(answer_action("pod-1", "a/0", 6, Done, Some("ok"))).then([action_answered("a/0", 6, Done, Some("ok"))]).afterwards();
    world.when(answer_action("pod-1", "a/0", 6, Failed, None)).then_nothing().refusing(&[("a/0", "action-over")]);
}

#[test]
fn only_who_owns_the_session_answers() {
    let ordered = || running_on_pod_1().after(order_action("a/0", "reset", &json!({})));
    ordered().when(answer_action("pod-2", "a/0", 6, Done, None)).then_nothing().refusing(&[("a/0", "lease-not-held")]);
    ordered().when(answer_action("pod-9", "a/0", 6, Done, None)).refused("pod-unknown");
    ordered().when(answer_action("pod-1", "a/0", 5, Done, None)).then_nothing().refusing(&[("a/0", "action-over")]);
    // It moved meanwhile: the answer of the old owner comes too late, and the new one was never told.
    let moved = ordered().after(move_to("a/0", "pod-2")).after(release("pod-1", &["a/0"]));
    assert!(moved.session("a/0").lease.as_ref().is_some_and(|lease| lease.actions.is_empty()), "it is abandoned");
    moved.when(answer_action("pod-2", "a/0", 6, Done, None)).then_nothing().refusing(&[("a/0", "action-over")]);
}

#[test]
fn what_nobody_could_carry_out_is_refused() {
    let reset = || order_action("a/0", "reset", &json!({}));
    running_on_pod_1().when(order_action("x/0", "reset", &json!({}))).refused("session-unknown");
    running_on_pod_1().and([released("a/0")]).when(reset()).refused("not-owned");
    running_on_pod_1().and([disabled("a")]).when(reset()).refused("closing");
    running_on_pod_1().and([move_ordered("a/0", "pod-2")]).when(reset()).refused("moving-already");
    let words = running_on_pod_1().when(order_action("a/0", "fly", &json!({}))).refused("action-unsupported");
    assert!(words.contains("a/0 understands restart, reset, set-sequence"), "{words}");
    for (parameters, field) in
        [(json!({}), "parameters.next"), (json!({"next": 0}), "parameters.next"), (json!({"next": 1, "x": 1}), "parameters.x")]
    {
        let words = running_on_pod_1().when(order_action("a/0", "set-sequence", &parameters)).refused("invalid-field");
        assert!(words.starts_with(field), "{words}");
    }
    let long = json!({"text": "x".repeat(20_000)});
    let any = running_on_pod_1().and([
        released("a/0"),
        revised("a", exec(&json!({"command": ["x"]}))),
        registered(pod("pod-3").connector("exec")),
    ]);
    any.and([placed("a/0", "pod-3")]).when(order_action("a/0", "say", &long)).refused("invalid-field");
}

#[test]
fn exec_takes_any_action_unless_its_settings_list_some() {
    let running = |settings: &serde_json::Value| {
        given([declared("a", exec(settings)), enabled("a"), registered(pod("pod-1").connector("exec")), placed("a/0", "pod-1")])
    };
    let hello = || order_action("a/0", "hello", &json!({"x": 1}));
    running(&json!({"command": ["x"]})).when(hello()).then([action_ordered("a/0", "hello", &json!({"x": 1}))]);
    let listed = json!({"command": ["x"], "actions": [{"name": "bye"}, {"name": "set", "parameters_schema": {"required": ["x"]}}]});
    running(&listed).when(hello()).refused("action-unsupported");
    running(&listed).when(order_action("a/0", "bye", &json!({"x": 1}))).then([action_ordered("a/0", "bye", &json!({"x": 1}))]);
    running(&listed).when(order_action("a/0", "set", &json!({}))).refused("invalid-field");
}

#[test]
fn not_too_many_wait_at_a_time() {
    let mut world = running_on_pod_1();
    for _ in 0..MAX_OPEN {
        world = world.after(order_action("a/0", "reset", &json!({})));
    }
    world.when(order_action("a/0", "reset", &json!({}))).refused("too-many-actions");
}

#[test]
fn a_restart_is_a_handover_to_its_own_pod_with_the_newest_revision() {
    let world = running_on_pod_1()
        .and([revised("a", exclusive().priority(7))])
        .when(order_action("a/0", "restart", &json!({})))
        .then([action_ordered("a/0", "restart", &json!({})), move_ordered("a/0", "pod-1").because(New(1))])
        .afterwards();
    assert_eq!(world.owner("a/0"), Some("pod-1"), "it runs until it has closed");
    // The pod is full, and nobody else may come between.
    let world = world
        .when(release("pod-1", &["a/0"]))
        .then([
            action_answered("a/0", 7, Done, Some("the session was closed and starts again")).because(Past(7)),
            released_to_move("a/0"),
            handed_over("a/0", "pod-1").because(New(2)),
        ])
        .afterwards();
    let lease = world.session("a/0").lease.as_ref().expect("it is owned");
    assert_eq!((lease.revision, lease.actions.len()), (2, 0));
}

#[test]
fn a_session_is_not_closed_unless_its_pod_can_start_it_again() {
    let restart = || order_action("a/0", "restart", &json!({}));
    let refused = |world: Given, why: &str| {
        let words = world.when(restart()).refused("cannot-run-there");
        assert!(words.ends_with(why), "{words}");
    };
    refused(running_on_pod_1().and([revised("a", exclusive().label("zone", "b"))]), "it does not have the labels zone=b");
    refused(running_on_pod_1().and([revised("a", exclusive().connector("fix"))]), "it does not offer connector fix");
    refused(running_on_pod_1().and([revised("a", exclusive().units(2))]), "it has no room for 2 more");
    refused(running_on_pod_1().silent("pod-1", 5_000), "nothing was heard of it for too long");
    running_on_pod_1().after(restart()).when(restart()).refused("moving-already");
    running_on_pod_1().when(order_action("a/0", "restart", &json!({"now": true}))).refused("invalid-field");
}

#[test]
fn a_restart_that_is_overtaken_by_a_disable_is_abandoned() {
    running_on_pod_1()
        .after(order_action("a/0", "restart", &json!({})))
        .after(disable(&["a"]))
        .when(release("pod-1", &["a/0"]))
        .then([released("a/0")]);
}
