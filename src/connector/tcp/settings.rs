//! The settings of a `tcp` adapter, and the lines they lead to.

use std::time::Duration;

use serde::Deserialize;

use crate::connector::context::SessionFacts;
use crate::connector::settings::{Settings, duration, read, within};
use crate::domain::adapter::InvalidField;

const DEFAULT_LOGIN: &str = "LOGIN session={session} token={token} pod={pod}";

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TcpSettings {
    /// `host:port`
    pub(super) address: String,
    #[serde(default)]
    login: Login,
    /// The time between two keep-alive lines.
    #[serde(default = "one_second", deserialize_with = "duration::deserialize")]
    pub(super) keepalive: Duration,
    /// For the connection, and once more for the answer to the login line.
    #[serde(default = "two_seconds", deserialize_with = "duration::deserialize")]
    pub(super) connect_timeout: Duration,
}

/// `true` for the usual login line, `false` for none, or a template.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected true, false, or a line with {session}, {token} and {pod}")]
enum Login {
    Usual(bool),
    Template(String),
}

impl Default for Login {
    fn default() -> Self {
        Self::Usual(false)
    }
}

fn one_second() -> Duration {
    Duration::from_secs(1)
}

fn two_seconds() -> Duration {
    Duration::from_secs(2)
}

impl TcpSettings {
    pub(super) fn read(settings: &Settings) -> Result<Self, InvalidField> {
        let this: Self = read(settings)?;
        let port = this.address.rsplit_once(':').filter(|(host, _)| !host.is_empty()).and_then(|(_, port)| port.parse::<u16>().ok());
        if port.is_none_or(|port| port == 0) {
            let shown: String = this.address.escape_debug().take(64).collect();
            return Err(InvalidField::new("settings.address", format!("\"{shown}\" is not host:port; write for example venue:7001")));
        }
        if let Login::Template(template) = &this.login
            && (template.is_empty() || template.len() > 1024 || template.contains(char::is_control))
        {
            return Err(InvalidField::new("settings.login", "a login template is one line of 1 to 1024 characters"));
        }
        let hour = Duration::from_hours(1);
        within("settings.keepalive", this.keepalive, Duration::from_millis(10), hour)?;
        within("settings.connect_timeout", this.connect_timeout, Duration::from_millis(10), hour)?;
        Ok(this)
    }

    /// The login line, if there is to be one.
    pub(super) fn login_line(&self, facts: &SessionFacts) -> Option<String> {
        match &self.login {
            Login::Usual(false) => None,
            Login::Usual(true) => Some(fill(DEFAULT_LOGIN, facts)),
            Login::Template(template) => Some(fill(template, facts)),
        }
    }
}

pub(super) fn keepalive_line(facts: &SessionFacts) -> String {
    fill("KEEPALIVE session={session} token={token} pod={pod}", facts)
}

pub(super) fn logout_line(facts: &SessionFacts) -> String {
    fill("LOGOUT session={session} token={token} pod={pod}", facts)
}

/// The line that an action is carried out by; the other side answers `OK` or `REFUSED` and why. Nothing if it is not one of ours.
pub(super) fn action_line(name: &str, parameters: &Settings, facts: &SessionFacts) -> Option<String> {
    const WHO: &str = "session={session} token={token} pod={pod}";
    match name {
        "reset" => Some(fill(&format!("RESET {WHO}"), facts)),
        "set-sequence" => {
            let next = parameters.get("next")?.as_u64().filter(|next| *next >= 1)?;
            Some(fill(&format!("SEQUENCE {WHO} next={next}"), facts))
        }
        _ => None,
    }
}

/// None of the values can hold a brace, so one replacement cannot make up another.
fn fill(template: &str, facts: &SessionFacts) -> String {
    let line = template.replace("{session}", &facts.session.to_string());
    line.replace("{token}", &facts.token.to_string()).replace("{pod}", facts.pod.as_str()) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &serde_json::Value) -> Result<TcpSettings, String> {
        TcpSettings::read(json.as_object().expect("an object")).map_err(|e| e.to_string())
    }

    #[test]
    fn errors_name_the_field_and_the_fix() {
        for (json, message) in [
            (serde_json::json!({}), "settings: missing field `address`"),
            (serde_json::json!({"address": "venue"}), "settings.address: \"venue\" is not host:port; write for example venue:7001"),
            (serde_json::json!({"address": "venue:0"}), "settings.address: \"venue:0\" is not host:port; write for example venue:7001"),
            (serde_json::json!({"address": 1}), "settings.address: invalid type: integer `1`, expected a string"),
            (
                serde_json::json!({"address": "v:1", "keepalive": "soon"}),
                "settings.keepalive: \"soon\" is not a duration; write for example 5s or 500ms",
            ),
            (serde_json::json!({"address": "v:1", "keepalive": "1ms"}), "settings.keepalive: 1ms is out of bounds; give 10ms to 1h"),
            (
                serde_json::json!({"address": "v:1", "login": 1}),
                "settings.login: expected true, false, or a line with {session}, {token} and {pod}",
            ),
            (
                serde_json::json!({"address": "v:1", "login": "a\nb"}),
                "settings.login: a login template is one line of 1 to 1024 characters",
            ),
        ] {
            assert_eq!(read(&json).expect_err("refused"), message);
        }
        assert!(read(&serde_json::json!({"address": "v:1", "adress": 1})).expect_err("refused").contains("unknown field `adress`"));
    }

    #[test]
    fn addresses_may_be_names_and_ipv6() {
        for address in ["venue:1", "10.0.0.1:65535", "[::1]:7001"] {
            assert!(read(&serde_json::json!({ "address": address })).is_ok(), "{address}");
        }
    }
}
