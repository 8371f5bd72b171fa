//! Content that lies in the database beside the log: events name it by its hash, and never hold its bytes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Most bytes of one piece of content.
pub const MAX_CONTENT: u64 = 64 << 20;

/// SHA-256 of some content, written as 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContentHash([u8; 32]);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a SHA-256 is written as 64 characters from 0-9 and a-f")]
pub struct InvalidContentHash;

impl ContentHash {
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl TryFrom<&[u8]> for ContentHash {
    type Error = InvalidContentHash;
    fn try_from(bytes: &[u8]) -> Result<Self, InvalidContentHash> {
        bytes.try_into().map(Self).map_err(|_| InvalidContentHash)
    }
}

impl FromStr for ContentHash {
    type Err = InvalidContentHash;
    fn from_str(text: &str) -> Result<Self, InvalidContentHash> {
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).map_err(|_| InvalidContentHash)?;
        Self::try_from(bytes.as_slice())
    }
}

impl TryFrom<String> for ContentHash {
    type Error = InvalidContentHash;
    fn try_from(text: String) -> Result<Self, InvalidContentHash> {
        text.parse()
    }
}

impl From<ContentHash> for String {
    fn from(hash: ContentHash) -> Self {
        hash.to_string()
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A piece of content, as events name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    pub sha256: ContentHash,
    /// In bytes.
    pub size: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_64_hex_digits() {
        let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(text.parse::<ContentHash>().expect("a hash").to_string(), text);
        for bad in ["", "e3", &text.to_uppercase(), &format!("{text}00"), &"x".repeat(64)] {
            assert_eq!(bad.parse::<ContentHash>(), Err(InvalidContentHash), "{bad}");
        }
    }
}
