//! Reading an adapter's settings into a connector's own type, with errors that name the field.

use serde::de::DeserializeOwned;

use crate::domain::adapter::InvalidField;

/// The `settings` of an adapter document: an object whose meaning is the connector's own.
pub type Settings = serde_json::Map<String, serde_json::Value>;

/// Reads settings into a type.
///
/// # Errors
/// Names the field that is unknown, missing or of another type.
pub(super) fn read<T: DeserializeOwned>(settings: &Settings) -> Result<T, InvalidField> {
    serde_path_to_error::deserialize(serde_json::Value::Object(settings.clone())).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { "settings".to_owned() } else { format!("settings.{path}") };
        InvalidField::new(field, error.into_inner().to_string())
    })
}

/// Durations in settings are texts such as `5s`.
pub(super) mod duration {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, de};

    pub(in crate::connector) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(deserializer)?;
        let shown = || text.escape_debug().take(32).collect::<String>();
        humantime::parse_duration(&text)
            .map_err(|_| de::Error::custom(format!("\"{}\" is not a duration; write for example 5s or 500ms", shown())))
    }
}

/// Checks that a duration is within bounds.
///
/// # Errors
/// Names the field and the bounds.
pub(super) fn within(
    field: &str,
    value: std::time::Duration,
    min: std::time::Duration,
    max: std::time::Duration,
) -> Result<(), InvalidField> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    let text = humantime::format_duration;
    Err(InvalidField::new(field, format!("{} is out of bounds; give {} to {}", text(value), text(min), text(max))))
}
