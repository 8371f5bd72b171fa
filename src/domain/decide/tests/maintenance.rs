//! A maintenance takes down what is enabled, and brings back exactly that.

use super::words::*;

/// a and b are enabled, c was disabled by somebody.
fn three() -> Given {
    given([declared("a", exclusive()), enabled("a"), declared("b", exclusive()), enabled("b"), declared("c", exclusive())])
}

#[test]
fn it_takes_down_and_brings_back_what_was_enabled() {
    let under_way = three().when(begin_maintenance(&["a", "b", "c", "a"])).then([
        maintenance_began(&["a", "b"]),
        disabled("a").because(New(1)),
        disabled("b").because(New(1)),
    ]);
    under_way.afterwards().when(end_maintenance()).then([
        maintenance_ended(&["a", "b"]),
        enabled("a").because(New(1)),
        enabled("b").because(New(1)),
    ]);
}

#[test]
fn a_second_one_adds_to_the_first() {
    three().after(begin_maintenance(&["a"])).after(begin_maintenance(&["b"])).when(end_maintenance()).then([
        maintenance_ended(&["a", "b"]),
        enabled("a"),
        enabled("b"),
    ]);
}

#[test]
fn whoever_brings_an_adapter_back_meanwhile_has_done_so_for_good() {
    let world = three().after(begin_maintenance(&["a", "b"])).after(enable(&["a"])).after(disable(&["a"])).after(delete("b"));
    world.when(end_maintenance()).refused("no-maintenance");
}

#[test]
fn what_is_disabled_needs_no_maintenance() {
    three().when(begin_maintenance(&["c"])).then_nothing();
    three().when(end_maintenance()).refused("no-maintenance");
    three().when(begin_maintenance(&["a", "nope"])).refused("adapter-unknown");
}
