//! `plugin.yaml`: what a package says of itself.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::read::InvalidPackage;
use crate::domain::connector::{ActionDescriptor, Descriptor};
use crate::domain::name::{ConnectorName, PluginName};
use crate::domain::plugin::{PluginFacts, PluginVersion};

/// Its name at the top of the package.
pub const FILE: &str = "plugin.yaml";

/// Most bytes of it.
pub const LONGEST: u64 = 64 << 10;

/// The document as people write it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: PluginName,
    version: PluginVersion,
    connector: ConnectorName,
    #[serde(default)]
    description: String,
    #[serde(default = "anything")]
    settings_schema: Value,
    #[serde(default)]
    actions: Vec<ActionDescriptor>,
    platforms: BTreeMap<String, String>,
    licence: String,
}

fn anything() -> Value {
    Value::Object(serde_json::Map::new())
}

/// A package's own word on itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    pub name: PluginName,
    pub facts: PluginFacts,
}

impl Manifest {
    /// # Errors
    /// Names the field that is missing, unknown or wrong.
    pub fn parse(text: &str) -> Result<Self, InvalidPackage> {
        let document: Document = serde_saphyr::from_str(text).map_err(|error| InvalidPackage::new(FILE, error.to_string()))?;
        let Document { name, version, connector, description, settings_schema, actions, platforms, licence } = document;
        let descriptor = Descriptor { connector, description, settings_schema, actions, passes_any_action: false };
        let facts = PluginFacts { version, descriptor, platforms, licence };
        facts.check().map_err(|invalid| InvalidPackage::new(format!("{FILE}: {}", invalid.field), invalid.problem))?;
        Ok(Self { name, facts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "name: feed\nversion: 1.2.0\nconnector: feed\nplatforms: { any: feed.py }\nlicence: MIT\n";

    #[test]
    fn what_can_be_left_out_is_empty() {
        let manifest = Manifest::parse(GOOD).expect("a manifest");
        assert_eq!((manifest.name.as_str(), manifest.facts.version.to_string()), ("feed", "1.2.0".into()));
        assert_eq!(manifest.facts.descriptor.actions, vec![]);
    }

    #[test]
    fn errors_name_the_field() {
        for (line, field) in [("version: 1.2.0", "version"), ("licence: MIT", "licence"), ("platforms: { any: feed.py }", "platforms")] {
            let missing = Manifest::parse(&GOOD.replace(line, "")).expect_err(line).to_string();
            assert!(missing.contains(field), "{missing}");
        }
        for (line, wrong, field) in [
            ("version: 1.2.0", "version: '1.2'", "version"),
            ("name: feed", "name: ../feed", "name"),
            ("connector: feed", "connector: Feed", "connector"),
            ("any: feed.py", "any: ../feed.py", "platforms.any"),
            ("any: feed.py", "any: /feed.py", "platforms.any"),
            ("any: feed.py", "Linux X: feed.py", "platforms"),
            ("{ any: feed.py }", "{}", "platforms"),
            ("licence: MIT", "licence: MIT\nentry: feed.py", "entry"),
            ("licence: MIT", "licence: MIT\nsettings_schema: 7", "settings_schema"),
            ("licence: MIT", "licence: MIT\nactions: [{ name: restart }]", "actions[0].name"),
            ("licence: MIT", "licence: MIT\nactions: [{ name: a }, { name: a }]", "actions[1].name"),
        ] {
            let refused = Manifest::parse(&GOOD.replace(line, wrong)).expect_err(wrong).to_string();
            assert!(refused.starts_with(FILE) && refused.contains(field), "{wrong}: {refused}");
        }
    }
}
