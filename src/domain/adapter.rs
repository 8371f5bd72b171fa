//! What an operator configures: the adapter and its rules.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::name::ConnectorName;

/// A value that breaks a rule. `field` is a path into the request or document, as its author wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct InvalidField {
    pub field: String,
    pub problem: String,
}

impl InvalidField {
    #[must_use]
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }
}

/// How many instances an adapter wants, and whether two at a time would do harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// One instance, no standby wanted.
    Single,
    /// One active instance and standbys; never two (active/passive).
    Exclusive,
    /// Several instances share the work (active/active).
    LoadBalanced,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Single => "single",
            Self::Exclusive => "exclusive",
            Self::LoadBalanced => "load_balanced",
        })
    }
}

/// What a pod does with a session whose lease it can no longer trust (design 15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnLeaseLoss {
    /// Stop before the trust deadline.
    #[default]
    Stop,
    /// Carry on until told otherwise. Never for exclusive adapters.
    Continue,
}

/// The lease timeout: how long a pod may be silent before another takes over. 500 ms to 1 h.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct LeaseTtl(u32);

impl LeaseTtl {
    pub const MIN: Self = Self(500);
    pub const MAX: Self = Self(3_600_000);
    pub const DEFAULT: Self = Self(15_000);

    /// # Errors
    /// Refuses less than 500 ms and more than 1 h.
    pub fn from_millis(millis: u32) -> Result<Self, InvalidField> {
        let ttl = Self(millis);
        if (Self::MIN..=Self::MAX).contains(&ttl) {
            Ok(ttl)
        } else {
            Err(InvalidField::new("lease_ttl", format!("{millis} ms is out of bounds; give 500ms to 1h")))
        }
    }

    #[must_use]
    pub fn as_millis(self) -> u32 {
        self.0
    }

    #[must_use]
    pub fn as_duration(self) -> Duration {
        Duration::from_millis(u64::from(self.0))
    }
}

impl Default for LeaseTtl {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl TryFrom<u32> for LeaseTtl {
    type Error = InvalidField;
    fn try_from(millis: u32) -> Result<Self, InvalidField> {
        Self::from_millis(millis)
    }
}

impl From<LeaseTtl> for u32 {
    fn from(ttl: LeaseTtl) -> Self {
        ttl.0
    }
}

impl FromStr for LeaseTtl {
    type Err = InvalidField;
    fn from_str(text: &str) -> Result<Self, InvalidField> {
        let duration = humantime::parse_duration(text).map_err(|_| {
            InvalidField::new("lease_ttl", format!("\"{}\" is not a duration; write for example 15s or 500ms", text.escape_debug()))
        })?;
        Self::from_millis(u32::try_from(duration.as_millis()).unwrap_or(u32::MAX))
    }
}

impl fmt::Display for LeaseTtl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.as_duration()).fmt(f)
    }
}

pub type Labels = BTreeMap<String, String>;

/// Where a session may run, and how much room it takes there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// Labels that a pod must carry.
    pub labels: Labels,
    /// Units of a pod's capacity that one session takes.
    pub capacity: u32,
}

impl Default for Placement {
    fn default() -> Self {
        Self { labels: Labels::new(), capacity: 1 }
    }
}

/// A valid adapter configuration, without its name and administrative state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdapterSpec {
    pub connector: ConnectorName,
    pub mode: Mode,
    pub replicas: u16,
    pub lease_ttl_ms: LeaseTtl,
    /// Higher is taken over first when many leases expire at once.
    pub priority: i32,
    pub placement: Placement,
    pub on_lease_loss: OnLeaseLoss,
    pub artifacts: Vec<String>,
    /// What the connector gets; its meaning is the connector's own.
    pub settings: serde_json::Map<String, serde_json::Value>,
}

impl AdapterSpec {
    pub const MAX_REPLICAS: u16 = 1000;
    pub const DEFAULT_PRIORITY: i32 = 100;

    /// Whether a running session would have to start again to be as `newer` says. The rest takes effect by itself.
    #[must_use]
    pub fn runs_otherwise(&self, newer: &Self) -> bool {
        let fixed = |spec: &Self| (spec.lease_ttl_ms, spec.placement.capacity);
        self.connector != newer.connector
            || self.settings != newer.settings
            || self.artifacts != newer.artifacts
            || fixed(self) != fixed(newer)
    }

    /// The rules between fields, which no single field's type can hold.
    ///
    /// # Errors
    /// Names the first field that breaks a rule.
    pub fn check(&self) -> Result<(), InvalidField> {
        let refuse = |field: &str, problem: String| Err(InvalidField::new(field, problem));
        match (self.mode, self.replicas) {
            (_, 0) => return refuse("replicas", "0 replicas run nothing; disable the adapter instead".into()),
            (Mode::LoadBalanced, n) if n > Self::MAX_REPLICAS => {
                return refuse("replicas", format!("{n} is more than the {} that one adapter may have", Self::MAX_REPLICAS));
            }
            (Mode::Single | Mode::Exclusive, n) if n > 1 => {
                return refuse("replicas", format!("{n} replicas need mode load_balanced; {} has exactly one session", self.mode));
            }
            _ => {}
        }
        if self.mode == Mode::Exclusive && self.on_lease_loss == OnLeaseLoss::Continue {
            return refuse("on_lease_loss", "continue could leave two owners, so exclusive adapters must stop".into());
        }
        if self.placement.capacity == 0 {
            return refuse("placement.capacity", "a session takes at least 1 unit of a pod's capacity".into());
        }
        check_labels("placement.labels", &self.placement.labels)?;
        for (i, artifact) in self.artifacts.iter().enumerate() {
            check_text(&format!("artifacts[{i}]"), artifact)?;
        }
        check_json("settings", &self.settings)
    }
}

/// Labels are short printable texts, and few.
///
/// # Errors
/// Names the first label that is not.
pub fn check_labels(field: &str, labels: &Labels) -> Result<(), InvalidField> {
    if labels.len() > 64 {
        return Err(InvalidField::new(field, format!("{} labels are more than the 64 allowed", labels.len())));
    }
    let plain = |text: &str| text.len() <= 63 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b));
    for (key, value) in labels {
        if key.is_empty() || !plain(key) || !plain(value) {
            let shown: String = key.chars().take(64).flat_map(char::escape_debug).collect();
            return Err(InvalidField::new(
                format!("{field}.{shown}"),
                "keys and values have at most 63 characters from A-Z, a-z, 0-9, '-', '_', '.' and '/'",
            ));
        }
    }
    Ok(())
}

/// JSON that PostgreSQL can store: it refuses the character U+0000 in jsonb.
pub(super) fn check_json(field: &str, object: &serde_json::Map<String, serde_json::Value>) -> Result<(), InvalidField> {
    object.iter().try_for_each(|(key, value)| {
        check_text(field, key)?;
        check_value(&format!("{field}.{}", key.escape_debug()), value)
    })
}

fn check_value(field: &str, value: &serde_json::Value) -> Result<(), InvalidField> {
    match value {
        serde_json::Value::String(text) => check_text(field, text),
        serde_json::Value::Array(items) => items.iter().enumerate().try_for_each(|(i, item)| check_value(&format!("{field}[{i}]"), item)),
        serde_json::Value::Object(object) => check_json(field, object),
        _ => Ok(()),
    }
}

/// Texts that reach the log must not hold U+0000, which PostgreSQL cannot store.
///
/// # Errors
/// Names the field whose text holds one.
pub fn check_text(field: &str, text: &str) -> Result<(), InvalidField> {
    if text.contains('\0') { Err(InvalidField::new(field, "the character U+0000 cannot be stored; remove it")) } else { Ok(()) }
}
