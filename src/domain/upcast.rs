//! Old events read as if they had been written today: one step from each version to the next, applied to the data as JSON.
//!
//! What was written once must be readable for ever, so steps are added here and never removed. Absent on purpose: any way to
//! skip an event or to guess at one. A step sees the data of its event and nothing else, so that it gives the same at every time.

use std::ops::Range;

use serde_json::Value;

use super::event::UnreadableEvent;

/// One step: data of `kind` as version `from` wrote it becomes data as version `from + 1` did.
#[derive(Debug, Clone, Copy)]
pub struct Upcast {
    pub kind: &'static str,
    pub from: i16,
    pub step: fn(Value) -> Value,
}

/// Every step that history needs.
pub const UPCASTS: &[Upcast] = &[
    // Version 1 knew of no platforms: such a pod runs no plugin.
    Upcast {
        kind: "PodRegistered",
        from: 1,
        step: |mut data| {
            if let Some(members) = data.as_object_mut() {
                members.insert("platform".into(), Value::Null);
            }
            data
        },
    },
];

/// Takes data through the versions of a range, whose end is the version to arrive at.
pub(super) fn upcast(steps: &[Upcast], kind: &str, versions: Range<i16>, data: Value) -> Result<Value, UnreadableEvent> {
    let no_such = || UnreadableEvent::NoSuchVersion { kind: kind.to_owned(), version: versions.start };
    versions.clone().try_fold(data, |data, version| {
        let found = steps.iter().find(|upcast| upcast.kind == kind && upcast.from == version).ok_or_else(no_such)?;
        Ok((found.step)(data))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::event::Event;

    /// Version 2 named who is meant, version 3 counts in milliseconds.
    const STEPS: &[Upcast] = &[
        Upcast {
            kind: "Greeted",
            from: 2,
            step: |data| json!({"who": data["who"], "after_ms": data["after_s"].as_u64().map(|s| s * 1000)}),
        },
        Upcast { kind: "Greeted", from: 1, step: |data| json!({"who": "world", "after_s": data["after_s"]}) },
        Upcast { kind: "Parted", from: 1, step: |_| json!("not this one") },
    ];

    #[test]
    fn steps_are_taken_one_after_the_other() {
        let now = upcast(STEPS, "Greeted", 1..3, json!({"after_s": 5})).expect("known");
        assert_eq!(now, json!({"who": "world", "after_ms": 5000}));
        assert_eq!(
            upcast(STEPS, "Greeted", 2..3, json!({"who": "you", "after_s": 1})).expect("known"),
            json!({"who": "you", "after_ms": 1000})
        );
    }

    #[test]
    fn a_version_that_never_was_is_an_error() {
        for version in [0, -1] {
            let error = upcast(STEPS, "Greeted", version..3, json!({})).expect_err("never written");
            assert_eq!(error.to_string(), format!("Greeted was never written with schema version {version}"));
            assert!(matches!(Event::read("PodLeft", version, b"{}"), Err(UnreadableEvent::NoSuchVersion { .. })));
        }
    }

    /// A type whose version was raised without a step could not read its own past.
    #[test]
    fn every_older_version_has_its_step() {
        for (kind, current) in Event::TYPES {
            let steps: Vec<i16> = UPCASTS.iter().filter(|upcast| upcast.kind == *kind).map(|upcast| upcast.from).collect();
            let mut sorted = steps.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (1..*current).collect::<Vec<_>>(), "{kind}");
        }
    }
}
