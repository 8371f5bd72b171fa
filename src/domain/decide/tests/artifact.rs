//! Artifacts are stored, named by adapters, and deleted.

use super::words::*;

#[test]
fn every_other_content_is_a_version_and_the_same_is_none() {
    given([])
        .when(put_artifact("x", 1))
        .then([artifact_stored("x", 1, 1)])
        .afterwards()
        .when(put_artifact("x", 1))
        .then_nothing()
        .afterwards()
        .when(put_artifact("x", 2))
        .then([artifact_stored("x", 2, 2)]);
}

#[test]
fn to_go_back_is_to_store_an_older_version_once_more() {
    let two = || given([artifact_stored("x", 1, 1), artifact_stored("x", 2, 2)]);
    let back_to = |number| put_artifact_if(Precondition::None, "x", ArtifactSource::Version(number));
    two().when(back_to(1)).then([artifact_stored("x", 3, 1)]);
    two().when(back_to(2)).then_nothing();
    two().when(back_to(3)).refused("artifact-unknown");
    given([]).when(back_to(1)).refused("artifact-unknown");
}

#[test]
fn only_what_was_read_is_replaced() {
    let one = || given([artifact_stored("x", 1, 1)]);
    let put_if = |precondition| put_artifact_if(precondition, "x", upload(2));
    one().when(put_if(Precondition::Revision(1))).then([artifact_stored("x", 2, 2)]);
    one().when(put_if(Precondition::Revision(2))).refused("artifact-stale");
    one().when(put_if(Precondition::Absent)).refused("artifact-exists");
    given([]).when(put_if(Precondition::Absent)).then([artifact_stored("x", 1, 2)]);
    given([]).when(put_if(Precondition::Present)).refused("artifact-missing");
    one().when(delete_artifact_if(Precondition::Revision(2), "x")).refused("artifact-stale");
}

#[test]
fn what_comes_back_out_as_a_header_is_checked() {
    for media_type in ["text", "a/b\r\nc: d", "a/\u{e9}", &"a/".repeat(200)] {
        let source = ArtifactSource::Upload { content: content(1), media_type: Some(media_type.to_owned()) };
        let words = given([]).when(put_artifact_if(Precondition::None, "x", source)).refused("invalid-field");
        assert!(words.starts_with("Content-Type: "), "{words}");
    }
}

#[test]
fn an_adapter_names_what_there_is() {
    let stored = || given([artifact_stored("x", 1, 1), artifact_stored("x", 2, 2)]);
    for good in [["x"], ["x@1"], ["x@2"]] {
        stored().when(put("a", exclusive().artifacts(&good))).then([declared("a", exclusive().artifacts(&good))]);
    }
    for (bad, field, fix) in [
        (vec!["y"], "artifacts[0]: ", "conncentric artifact put y FILE"),
        (vec!["x", "y"], "artifacts[1]: ", "there is no artifact y"),
        (vec!["x@3"], "artifacts[0]: ", "conncentric artifact list x"),
        (vec!["x@0"], "artifacts[0]: ", "write for example fix44@3"),
        (vec!["../x"], "artifacts[0]: ", "is not valid"),
        (vec!["x", "x@1"], "artifacts[1]: ", "x is named twice"),
    ] {
        let words = stored().when(put("a", exclusive().artifacts(&bad))).refused("invalid-field");
        assert!(words.starts_with(field) && words.contains(fix), "{words}");
    }
}

/// Older programs took any text for the name of an artifact.
#[test]
fn history_may_name_what_never_was() {
    let old = || given([declared("a", exclusive().artifacts(&["never stored"]))]);
    old().when(put_enabled("a", exclusive().artifacts(&["never stored"]), true)).then([enabled("a")]);
    old().when(put("a", exclusive().artifacts(&["never stored"]).priority(7))).refused("invalid-field");
    old().when(put("a", exclusive())).then([revised("a", exclusive())]);
}

#[test]
fn what_an_adapter_names_is_not_deleted() {
    let used = || {
        given([artifact_stored("x", 1, 1), declared("b", exclusive().artifacts(&["x@1"])), declared("a", exclusive().artifacts(&["x"]))])
    };
    let words = used().when(delete_artifact("x")).refused("artifact-in-use");
    assert!(words.contains("a, b"), "{words}");
    used().and([revised("a", exclusive()), deleted("b")]).when(delete_artifact("x")).then([artifact_deleted("x")]);
    given([]).when(delete_artifact("x")).refused("artifact-unknown");
}

#[test]
fn numbers_go_on_after_a_deletion() {
    let gone = || given([artifact_stored("x", 1, 1), artifact_deleted("x")]);
    gone().when(delete_artifact("x")).refused("artifact-unknown");
    gone().when(put("a", exclusive().artifacts(&["x"]))).refused("invalid-field");
    gone().when(put_artifact("x", 1)).then([artifact_stored("x", 2, 1)]);
}
