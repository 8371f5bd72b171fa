//! Names and identifiers, checked once at the door and trusted everywhere behind it.
//!
//! Names reach HTML, logs, SQL and Prometheus labels, so the alphabet is small on purpose.

use std::borrow::Borrow;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// Why a text is not a name. The message names the rule and is meant for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} \"{}\" is not valid: {rule}", shown(.given))]
pub struct InvalidName {
    kind: &'static str,
    given: String,
    rule: &'static str,
}

/// A refused name may be anything, a megabyte or an escape sequence among them.
fn shown(given: &str) -> String {
    let short: String = given.chars().take(64).flat_map(char::escape_debug).collect();
    if given.chars().count() > 64 { format!("{short}…") } else { short }
}

const NAME_RULE: &str = "a name has 1 to 63 characters from a-z, 0-9, '-' and '.', starts with a letter or digit and ends with one";
const INCARNATION_RULE: &str = "an incarnation has 1 to 64 characters from A-Z, a-z, 0-9, '-', '_' and '.'";
const ORDINAL_RULE: &str = "a session is written adapter/ordinal, for example venue-a/0";

/// The pattern `[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?`.
fn is_name(text: &str) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    (1..=63).contains(&bytes.len())
        && bytes.iter().all(|&b| alphanumeric(b) || b == b'-' || b == b'.')
        && bytes.first().is_some_and(|&b| alphanumeric(b))
        && bytes.last().is_some_and(|&b| alphanumeric(b))
}

fn is_incarnation(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// Reads a name straight from the text that it stands in: a fold of a million events reads five million of them.
fn from_text<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(deserializer: D) -> Result<T, D::Error> {
    struct Text<T>(PhantomData<T>);
    impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for Text<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(E::custom)
        }
    }
    deserializer.deserialize_str(Text(PhantomData))
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $check:path, $rule:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(into = "String")]
        pub struct $name(Arc<str>);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                from_text(deserializer)
            }
        }

        impl $name {
            /// # Errors
            /// Refuses a text outside the alphabet or length of this kind of name.
            pub fn new(text: &str) -> Result<Self, InvalidName> {
                if $check(text) {
                    Ok(Self(Arc::from(text)))
                } else {
                    Err(InvalidName { kind: $kind, given: text.to_owned(), rule: $rule })
                }
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.as_str().to_owned()
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

text_id!(
    /// The name of an adapter.
    AdapterName, "adapter", is_name, NAME_RULE
);
text_id!(
    /// The name of a pod. Two processes may use one name: only name and [`Incarnation`] together are a holder.
    PodName, "pod", is_name, NAME_RULE
);
text_id!(
    /// The type of a connector: `exec`, `tcp`, or what a plugin brings.
    ConnectorName, "connector", is_name, NAME_RULE
);
text_id!(
    /// What an action is called: `restart`, `set-sequence`, or what a connector declares.
    ActionName, "action", is_name, NAME_RULE
);
text_id!(
    /// The name of a plugin.
    PluginName, "plugin", is_name, NAME_RULE
);
text_id!(
    /// The name of an artifact.
    ArtifactName, "artifact", is_name, NAME_RULE
);
text_id!(
    /// The random id of one start of a pod process.
    Incarnation, "incarnation", is_incarnation, INCARNATION_RULE
);

/// `adapter/ordinal`: one running instance of an adapter, and the unit of ownership.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct SessionId {
    pub adapter: AdapterName,
    pub ordinal: u16,
}

impl<'de> Deserialize<'de> for SessionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

impl SessionId {
    #[must_use]
    pub fn new(adapter: AdapterName, ordinal: u16) -> Self {
        Self { adapter, ordinal }
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.adapter, self.ordinal)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for SessionId {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let invalid = || InvalidName { kind: "session", given: text.to_owned(), rule: ORDINAL_RULE };
        let (adapter, ordinal) = text.split_once('/').ok_or_else(invalid)?;
        let canonical = ordinal == "0" || !ordinal.starts_with(['0', '+']);
        let ordinal = ordinal.parse().ok().filter(|_| canonical).ok_or_else(invalid)?;
        Ok(Self { adapter: adapter.parse()?, ordinal })
    }
}

impl TryFrom<String> for SessionId {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<SessionId> for String {
    fn from(session: SessionId) -> Self {
        session.to_string()
    }
}

/// One start of one pod: what can hold a lease. A pod name alone never identifies a holder.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Holder {
    #[schema(value_type = String)]
    pub pod: PodName,
    #[schema(value_type = String)]
    pub incarnation: Incarnation,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.pod, self.incarnation)
    }
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.pod, self.incarnation)
    }
}

/// The number of a registration: 1 for the first pod that ever registered, 2 for the next. Pulses name pods by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct RegistrationId(pub i32);

impl fmt::Display for RegistrationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_pattern() {
        for good in ["a", "0", "venue-a", "fix.44", "a--b", &"x".repeat(63)] {
            assert!(PodName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", ".a", "A", "a_b", "a/b", "ä", "a b", "<b>", &"x".repeat(64)] {
            assert!(PodName::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_refusal_shows_the_name_escaped_and_cut() {
        let message = PodName::new(&"\u{1b}[31m".repeat(1000)).map_err(|e| e.to_string());
        let message = message.expect_err("refused");
        assert!(message.len() < 700 && !message.contains('\u{1b}'), "{message}");
    }

    #[test]
    fn sessions_are_adapter_slash_ordinal() {
        let session: SessionId = "venue-a/12".parse().expect("valid");
        assert_eq!((session.adapter.as_str(), session.ordinal), ("venue-a", 12));
        for bad in ["venue-a", "venue-a/", "venue-a/-1", "venue-a/01", "venue-a/+1", "venue-a/70000", "A/0", "a/0/0"] {
            assert!(bad.parse::<SessionId>().is_err(), "{bad}");
        }
    }
}
