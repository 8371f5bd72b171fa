//! Which pod gets a session: what fits first, then what is heard of, then where it ran, then spread, then load, then the name.

use super::words::*;
use crate::domain::name::PodName;
use crate::domain::placement::{NoPlace, choose};

/// The pod that would get a session.
fn choice(world: &Given, id: &str) -> Result<PodName, NoPlace> {
    let chosen = choose(&world.fleet, &session(id), None, &world.silences)?;
    Ok(world.fleet.registration(chosen).expect("it was chosen").holder.pod.clone())
}

fn chosen(world: &Given, id: &str) -> String {
    choice(world, id).expect("a pod").to_string()
}

#[test]
fn the_least_loaded_share_wins_and_then_the_name() {
    let world = || given([declared("a", exclusive()), enabled("a"), registered(pod("pod-2")), registered(pod("pod-1"))]);
    assert_eq!(chosen(&world(), "a/0"), "pod-1");
    let world = world().and([declared("b", exclusive()), enabled("b"), placed("b/0", "pod-1")]);
    assert_eq!(chosen(&world, "a/0"), "pod-2");
    let world = world.and([declared("c", exclusive()), enabled("c"), placed("c/0", "pod-2"), registered(pod("pod-3").room(1))]);
    assert_eq!(chosen(&world, "a/0"), "pod-3", "an empty small pod before a large one in use");
}

#[test]
fn a_session_stays_with_the_pod_that_it_ran_on() {
    let world = given([declared("a", exclusive()), enabled("a"), declared("b", exclusive()), enabled("b")])
        .and([registered(pod("pod-1")), registered(pod("pod-2")), placed("a/0", "pod-2"), placed("b/0", "pod-2")])
        .and([disabled("a"), released("a/0"), enabled("a")]);
    assert_eq!(chosen(&world, "a/0"), "pod-2", "though pod-1 is empty");
}

#[test]
fn a_pod_that_missed_heartbeats_comes_last_and_a_silent_one_not_at_all() {
    let world = || given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1")), registered(pod("pod-2"))]);
    assert_eq!(chosen(&world().silent("pod-1", 2_500), "a/0"), "pod-1");
    assert_eq!(chosen(&world().silent("pod-1", 2_501), "a/0"), "pod-2");
    assert_eq!(chosen(&world().silent("pod-1", 4_999).silent("pod-2", 5_000), "a/0"), "pod-1");
    assert_eq!(choice(&world().silent("pod-1", 5_000).silent("pod-2", 5_000), "a/0"), Err(NoPlace::Silent));
}

#[test]
fn replicas_spread_before_load_is_looked_at() {
    let world = given([declared("a", load_balanced(2)), enabled("a"), declared("b", exclusive().units(5)), enabled("b")]).and([
        registered(pod("pod-1")),
        registered(pod("pod-2")),
        placed("b/0", "pod-2"),
        placed("a/0", "pod-1"),
    ]);
    assert_eq!(chosen(&world, "a/1"), "pod-2");
}

#[test]
fn labels_and_connectors_must_match() {
    let spec = exclusive().connector("fix").label("zone", "a");
    let world = given([declared("a", spec), enabled("a")])
        .and([registered(pod("pod-1").connector("fix").label("zone", "b")), registered(pod("pod-2").label("zone", "a"))]);
    assert_eq!(choice(&world, "a/0"), Err(NoPlace::NoLabels("zone=a".into())));
    let world = world.and([registered(pod("pod-3").connector("fix").label("zone", "a").label("rack", "7"))]);
    assert_eq!(chosen(&world, "a/0"), "pod-3");
}

#[test]
fn the_obstacle_that_is_named_is_the_one_nearest_to_being_overcome() {
    let world = given([declared("a", exclusive().units(9)), enabled("a")]);
    let words = |world: &Given| choice(world, "a/0").expect_err("no place").to_string();
    assert_eq!(words(&world), "no pod is registered");
    let world = world.and([registered(pod("pod-1")), drained("pod-1")]);
    assert_eq!(words(&world), "no pod takes new sessions: they are draining");
    let world = world.and([registered(pod("pod-2").room(8))]);
    assert_eq!(words(&world), "no pod has room for 9 more");
}

#[test]
fn a_pod_that_is_left_out_is_not_said_to_be_missing() {
    let world = given([declared("a", exclusive()), enabled("a"), registered(pod("pod-1")), placed("a/0", "pod-1")]);
    let elsewhere = |world: &Given| choose(&world.fleet, &session("a/0"), Some(&"pod-1".parse().expect("a name")), &world.silences);
    assert_eq!(elsewhere(&world), Err(NoPlace::NoOtherPod));
    let world = world.and([registered(pod("pod-2")), drained("pod-2")]);
    assert_eq!(elsewhere(&world), Err(NoPlace::Draining), "there is another, and it is why");
}

#[test]
fn units_fill_a_pod_exactly() {
    given([declared("a", load_balanced(4).units(3)), enabled("a")]).when(register(pod("pod-1").room(9))).then([
        registered(pod("pod-1").room(9)),
        placed("a/0", "pod-1"),
        placed("a/1", "pod-1"),
        placed("a/2", "pod-1"),
    ]);
}

#[test]
fn the_important_are_served_first_and_equals_by_name() {
    given([declared("c", exclusive()), enabled("c"), declared("b", exclusive()), enabled("b")])
        .and([declared("z", exclusive().priority(101)), enabled("z")])
        .when(register(pod("pod-1").room(2)))
        .then([registered(pod("pod-1").room(2)), placed("z/0", "pod-1"), placed("b/0", "pod-1")]);
}

#[test]
fn a_large_session_that_does_not_fit_does_not_hold_up_a_small_one() {
    given([declared("a", exclusive().units(5).priority(900)), enabled("a"), declared("b", exclusive()), enabled("b")])
        .when(register(pod("pod-1").room(4)))
        .then([registered(pod("pod-1").room(4)), placed("b/0", "pod-1")]);
}

#[test]
fn a_pod_that_others_would_have_been_taken_from_gets_nothing_new() {
    let world = given([declared("a", exclusive().ttl(3_600_000)), enabled("a"), registered(pod("pod-1"))])
        .and([declared("b", exclusive().ttl(2_000))])
        .silent("pod-1", 2_000);
    assert_eq!(choice(&world, "a/0"), Err(NoPlace::Silent));
}

#[test]
fn a_long_timeout_does_not_make_a_pod_that_is_gone_look_well() {
    // Heartbeats come at least every 5 s, whatever the timeout: nobody waits an hour to learn that pod-1 is gone.
    let world = || given([declared("a", exclusive().ttl(3_600_000)), enabled("a"), registered(pod("pod-1")), registered(pod("pod-2"))]);
    assert_eq!(chosen(&world().silent("pod-1", 10_000), "a/0"), "pod-1");
    assert_eq!(chosen(&world().silent("pod-1", 10_001), "a/0"), "pod-2");
}
