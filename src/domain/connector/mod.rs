//! What is known of a connector before anything runs: its settings, and the actions that its sessions understand.

use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fleet::Fleet;
use super::name::ConnectorName;

/// The action that the control plane itself carries out, for sessions of every connector.
pub const RESTART: &str = "restart";

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

impl Fleet {
    /// What is known of a connector; nothing of one that only some pod brings along.
    #[must_use]
    pub fn descriptor(&self, connector: &ConnectorName) -> Option<Arc<Descriptor>> {
        self.descriptors().find(|descriptor| descriptor.connector == *connector)
    }

    /// All connectors that something is known of, by name.
    pub fn descriptors(&self) -> impl Iterator<Item = Arc<Descriptor>> + use<'_> {
        BUILT_IN.iter().cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_descriptors_can_be_read() {
        let names: Vec<_> = BUILT_IN.iter().map(|descriptor| descriptor.connector.as_str()).collect();
        assert_eq!(names, ["exec", "tcp"]);
    }
}
