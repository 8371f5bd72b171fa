//! Plugins are installed, placed by, and removed.

use super::words::*;

#[test]
fn a_plugin_is_at_one_version_and_may_go_back() {
    let world = given([])
        .when(install("p", "1.0.0", "feed", 1))
        .then([installed("p", "1.0.0", "feed", 1)])
        .afterwards()
        .when(install("p", "1.0.0", "feed", 1))
        .then_nothing()
        .afterwards()
        .when(install("p", "1.1.0", "feed", 2))
        .then([installed("p", "1.1.0", "feed", 2)])
        .afterwards();
    let again = given([installed("p", "1.0.0", "feed", 1), installed("p", "1.1.0", "feed", 2)]);
    again.when(install("p", "1.0.0", "feed", 1)).then([installed("p", "1.0.0", "feed", 1)]);
    world.when(install("p", "1.0.0", "feed", 3)).refused("plugin-version-taken");
}

#[test]
fn a_connector_is_brought_by_one() {
    for connector in ["exec", "tcp"] {
        let words = given([]).when(install("p", "1.0.0", connector, 1)).refused("connector-taken");
        assert!(words.contains("compiled in"), "{words}");
    }
    let words = given([installed("p", "1.0.0", "feed", 1)]).when(install("q", "1.0.0", "feed", 2)).refused("connector-taken");
    assert!(words.contains("plugin p"), "{words}");
    given([installed("p", "1.0.0", "feed", 1)]).contradicts(&installed("q", "1.0.0", "feed", 2), "plugin p brings connector feed already");
}

#[test]
fn what_an_adapter_needs_stays() {
    let used = || given([installed("p", "1.0.0", "feed", 1), declared("a", exclusive().connector("feed"))]);
    let words = used().when(remove_plugin("p")).refused("plugin-in-use");
    assert!(words.contains("named by a;"), "{words}");
    used().when(install("p", "2.0.0", "other", 2)).refused("plugin-in-use");
    used().and([deleted("a")]).when(remove_plugin("p")).then([plugin_removed("p")]);
    used().and([deleted("a")]).when(install("p", "2.0.0", "other", 2)).then([installed("p", "2.0.0", "other", 2)]);
    given([]).when(remove_plugin("p")).refused("plugin-unknown");
    given([]).contradicts(&plugin_removed("p"), "there is no plugin p");
}

#[test]
fn sessions_go_to_pods_of_a_platform_that_the_plugin_has() {
    let world = || given([installed("p", "1.0.0", "feed", 1), declared("a", exclusive().connector("feed")), enabled("a")]);
    world().when(register(pod("old"))).then([registered(pod("old"))]);
    world().when(register(pod("arm").platform("linux-aarch64"))).then([registered(pod("arm").platform("linux-aarch64"))]);
    world()
        .and([registered(pod("old"))])
        .when(register(pod("new").platform("linux-x86_64")))
        .then([registered(pod("new").platform("linux-x86_64")), placed("a/0", "new")]);
    let words = world().and([registered(pod("old"))]).when(claim("old", &["a/0"]));
    words.then_nothing().refusing(&[("a/0", "cannot-run-there")]);
}

#[test]
fn an_installation_brings_waiting_sessions_to_pods() {
    given([declared("a", exclusive().connector("feed")), enabled("a"), registered(pod("new").platform("linux-x86_64"))])
        .when(install("p", "1.0.0", "feed", 1))
        .then([installed("p", "1.0.0", "feed", 1), placed("a/0", "new")]);
}

#[test]
fn a_platform_is_a_word() {
    for platform in ["", "Linux", "linux x86", &"x".repeat(64)] {
        let words = given([]).when(register(pod("p").platform(platform))).refused("invalid-field");
        assert!(words.starts_with("platform: "), "{words}");
    }
}
