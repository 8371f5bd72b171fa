//! The settings of an `exec` adapter.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::connector::settings::{Settings, duration, read, within};
use crate::domain::adapter::InvalidField;
use crate::domain::connector::ActionDescriptor;

/// Names that the child gets from the pod, and adapters therefore may not set.
pub(super) const RESERVED: &str = "CONNCENTRIC_";

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExecSettings {
    /// The program and its arguments.
    pub(super) command: Vec<String>,
    #[serde(default)]
    pub(super) env: BTreeMap<String, String>,
    /// From SIGTERM to SIGKILL.
    #[serde(default = "five_seconds", deserialize_with = "duration::deserialize")]
    pub(super) stop_timeout: Duration,
    /// For whoever orders actions; the program gets what is ordered.
    #[serde(default, rename = "actions")]
    _actions: Vec<ActionDescriptor>,
}

impl ExecSettings {
    /// Of a program that is not named by settings.
    pub(super) fn of(command: Vec<String>, env: BTreeMap<String, String>) -> Self {
        Self { command, env, stop_timeout: five_seconds(), _actions: Vec::new() }
    }
}

fn five_seconds() -> Duration {
    Duration::from_secs(5)
}

impl ExecSettings {
    pub(super) fn read(settings: &Settings) -> Result<Self, InvalidField> {
        let this: Self = read(settings)?;
        if this.command.first().is_none_or(String::is_empty) {
            return Err(InvalidField::new("settings.command", "no program is named; write for example [my-engine, --config, a.cfg]"));
        }
        for (index, argument) in this.command.iter().enumerate() {
            if argument.contains('\0') {
                return Err(InvalidField::new(format!("settings.command[{index}]"), "an argument cannot hold the character U+0000"));
            }
        }
        for (name, value) in &this.env {
            let field = || format!("settings.env.{}", name.escape_debug().take(64).collect::<String>());
            if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
                return Err(InvalidField::new(field(), "names are not empty and hold no '='; neither names nor values hold U+0000"));
            }
            if name.starts_with(RESERVED) {
                return Err(InvalidField::new(field(), "names that begin with CONNCENTRIC_ are set by the pod; choose another"));
            }
        }
        within("settings.stop_timeout", this.stop_timeout, Duration::ZERO, Duration::from_mins(5))?;
        Ok(this)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_field_and_the_fix() {
        for (json, message) in [
            (serde_json::json!({}), "settings: missing field `command`"),
            (serde_json::json!({"command": []}), "settings.command: no program is named; write for example [my-engine, --config, a.cfg]"),
            (serde_json::json!({"command": "ls -l"}), "settings.command: invalid type: string \"ls -l\", expected a sequence"),
            (serde_json::json!({"command": ["ls", "\0"]}), "settings.command[1]: an argument cannot hold the character U+0000"),
            (
                serde_json::json!({"command": ["ls"], "env": {"CONNCENTRIC_SESSION": "x"}}),
                "settings.env.CONNCENTRIC_SESSION: names that begin with CONNCENTRIC_ are set by the pod; choose another",
            ),
            (serde_json::json!({"command": ["ls"], "stop_timeout": "1h"}), "settings.stop_timeout: 1h is out of bounds; give 0s to 5m"),
            (
                serde_json::json!({"command": ["ls"], "stop_timeout": 5}),
                "settings.stop_timeout: invalid type: integer `5`, expected a string",
            ),
        ] {
            let error = ExecSettings::read(json.as_object().expect("an object")).expect_err("refused");
            assert_eq!(error.to_string(), message);
        }
    }
}
