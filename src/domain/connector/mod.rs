//! What is known of a connector before anything runs: its settings, and the actions that its sessions understand.

pub mod check;

use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::check::{InvalidFields, Texts, check_schema, problems};
use super::adapter::{AdapterSpec, InvalidField};
use super::fleet::Fleet;
use super::name::ConnectorName;
use super::secret;

/// The action that the control plane itself carries out, for sessions of every connector.
pub const RESTART: &str = "restart";

/// What [`RESTART`] is.
#[must_use]
pub fn restart() -> ActionDescriptor {
    let nothing = serde_json::json!({ "type": "object", "additionalProperties": false, "properties": {} });
    let description = "Closes the session and starts it again on the same pod, with the newest revision of its adapter.";
    ActionDescriptor { name: RESTART.into(), description: description.into(), parameters_schema: nothing }
}

/// A connector's own word on what it takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Descriptor {
    pub connector: ConnectorName,
    /// One sentence for people.
    pub description: String,
    /// JSON Schema 2020-12 of an adapter's `settings`.
    pub settings_schema: Value,
    /// Without [`RESTART`], which every connector has.
    #[serde(default)]
    pub actions: Vec<ActionDescriptor>,
    /// Whether sessions also get actions that are not declared here, unless the settings of their adapter list some.
    #[serde(default)]
    pub passes_any_action: bool,
}

/// An action that sessions of a connector understand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionDescriptor {
    pub name: String,
    #[serde(default)]
    pub description: String,
    /// JSON Schema 2020-12 of the parameters, which are always an object. Without one, any parameters are allowed.
    #[serde(default = "anything")]
    pub parameters_schema: Value,
}

fn anything() -> Value {
    Value::Object(serde_json::Map::new())
}

/// The connectors that are compiled in. Their files are read once; that all of them can be read is a test below.
static BUILT_IN: LazyLock<Vec<Arc<Descriptor>>> = LazyLock::new(|| {
    let texts = [include_str!("exec.json"), include_str!("tcp.json")];
    texts.iter().filter_map(|text| serde_json::from_str(text).ok()).map(Arc::new).collect()
});

/// What is known of a connector that is compiled in.
#[must_use]
pub fn built_in(connector: &ConnectorName) -> Option<&'static Descriptor> {
    BUILT_IN.iter().map(AsRef::as_ref).find(|descriptor| descriptor.connector == *connector)
}

impl Fleet {
    /// What is known of a connector; nothing of one that only some pod brings along.
    #[must_use]
    pub fn descriptor(&self, connector: &ConnectorName) -> Option<Arc<Descriptor>> {
        self.descriptors().find(|descriptor| descriptor.connector == *connector)
    }

    /// All connectors that something is known of, by name.
    pub fn descriptors(&self) -> impl Iterator<Item = Arc<Descriptor>> + use<'_> {
        let of_plugins = self.plugins().filter_map(|(_, plugin)| Some(Arc::new(plugin.newest()?.facts.descriptor.clone())));
        BUILT_IN.iter().cloned().chain(of_plugins)
    }

    /// Whether the settings are what the connector takes. Of a connector that nothing is known of, any settings are.
    ///
    /// # Errors
    /// Names every field that breaks a rule.
    pub fn check_settings(&self, spec: &AdapterSpec) -> Result<(), InvalidFields> {
        let settings = Value::Object(spec.settings.clone());
        let mut found = secret::problems(&settings, "settings");
        if let Some(descriptor) = self.descriptor(&spec.connector) {
            found.extend(problems(&descriptor.settings_schema, &settings, "settings", Texts::MayRefer));
            if descriptor.passes_any_action {
                found.extend(problems_of_actions(spec));
            }
        }
        InvalidFields::none(found)
    }
}

/// The actions that an adapter itself declares, for a connector that passes on any.
#[must_use]
pub fn declared_actions(spec: &AdapterSpec) -> Option<Vec<ActionDescriptor>> {
    serde_json::from_value(spec.settings.get("actions")?.clone()).ok()
}

/// The settings' own schema cannot say whether the schemas in them are any good.
fn problems_of_actions(spec: &AdapterSpec) -> Vec<InvalidField> {
    let actions = declared_actions(spec).unwrap_or_default();
    let bad = actions.iter().enumerate().filter_map(|(index, action)| {
        let problem = check_schema(&action.parameters_schema).err()?;
        Some(InvalidField::new(format!("settings.actions[{index}].parameters_schema"), format!("is no JSON Schema: {problem}")))
    });
    bad.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_built_in_descriptors_can_be_read() {
        let names: Vec<_> = BUILT_IN.iter().map(|descriptor| descriptor.connector.as_str()).collect();
        assert_eq!(names, ["exec", "tcp"]);
        for descriptor in BUILT_IN.iter() {
            assert_eq!(check_schema(&descriptor.settings_schema), Ok(()));
            for action in &descriptor.actions {
                assert_eq!(check_schema(&action.parameters_schema), Ok(()));
            }
        }
    }

    fn problems_with(connector: &str, settings: &Value) -> Vec<String> {
        let name = connector.parse().expect("a name");
        let descriptor = built_in(&name).expect("a descriptor");
        problems(&descriptor.settings_schema, settings, "settings", Texts::MayRefer).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_problem_names_its_field_and_the_fix() {
        let found = problems_with("exec", &json!({"comand": ["x"], "env": {"A": 1, "CONNCENTRIC_X": "x"}, "stop_timeout": "soon"}));
        let begins = [
            "settings.command: is required: The program and its arguments",
            "settings.comand: is unknown; there can be actions, command, env, stop_timeout",
            "settings.env.A: is a number, and must be a text",
            "settings.env.CONNCENTRIC_X: is not allowed as a name",
            "settings.stop_timeout: does not have the form",
        ];
        for begin in begins {
            assert!(found.iter().any(|problem| problem.starts_with(begin)), "{begin}: {found:#?}");
        }
        assert_eq!(found.len(), begins.len(), "{found:#?}");
        assert!(problems_with("exec", &json!({"command": []}))[0].starts_with("settings.command: "));
        assert!(problems_with("exec", &json!({"command": [""]}))[0].starts_with("settings.command[0]: "));
        assert!(problems_with("tcp", &json!({"address": "venue:0"}))[0].contains("write for example \"venue-b.example:7001\""));
        assert!(problems_with("tcp", &json!({"address": "venue:1", "login": 1}))[0].starts_with("settings.login: is nothing of what"));
    }

    #[test]
    fn a_reference_may_stand_for_any_scalar() {
        assert_eq!(
            problems_with("tcp", &json!({"address": "${env:ADDRESS}", "login": "${env:LOGIN}", "keepalive": "${file:/k}"})),
            [""; 0]
        );
        assert_eq!(problems_with("tcp", &json!({"address": "${env:HOST}:7001"})), [""; 0]);
        let schema =
            json!({"type": "object", "properties": {"port": {"type": "integer"}, "tls": {"type": "boolean"}, "user": {"type": "string"}}});
        let told = |value: &Value| problems(&schema, value, "settings", Texts::MayRefer).len();
        assert_eq!(told(&json!({"port": "${env:PORT}", "tls": "${env:TLS}"})), 0);
        assert_eq!(told(&json!({"port": "1${env:PORT}"})), 1, "what will be a text is no number");
        let mut resolved = json!({"port": "7001", "tls": "true", "user": "7"});
        check::convert(&schema, &mut resolved, &["/port".into(), "/tls".into(), "/user".into()]);
        assert_eq!(resolved, json!({"port": 7001, "tls": true, "user": "7"}));
    }
}
