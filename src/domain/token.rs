//! Fencing tokens and epochs (design 13).

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// A place in the log: 1 for the first event, without gaps.
pub type Position = i64;

/// Bits of a token that hold the position of the claim; the epoch stands above them.
const POSITION_BITS: u32 = 40;

/// The number of the history that the log is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub i32);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// `epoch << 40 | position of the claim`: one integer that only grows for a session, across failover and restore too.
///
/// In JSON a decimal string, because it outgrows the integers that JavaScript can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FencingToken(i64);

/// A position or epoch that does not fit into a token, or a text that is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a fencing token is a positive decimal number below 2^63")]
pub struct InvalidToken;

impl FencingToken {
    /// # Errors
    /// Refuses positions of 2^40 and above and epochs of 2^23 and above: a token must never wrap round.
    pub fn new(epoch: Epoch, position: Position) -> Result<Self, InvalidToken> {
        let fits = (1..1_i64 << POSITION_BITS).contains(&position) && (0..1_i32 << 23).contains(&epoch.0);
        if fits { Ok(Self((i64::from(epoch.0) << POSITION_BITS) | position)) } else { Err(InvalidToken) }
    }

    /// # Errors
    /// Refuses zero and negative numbers, which no claim ever gave out.
    pub fn from_i64(value: i64) -> Result<Self, InvalidToken> {
        if value > 0 { Ok(Self(value)) } else { Err(InvalidToken) }
    }

    #[must_use]
    pub fn as_i64(self) -> i64 {
        self.0
    }

    #[must_use]
    pub fn position(self) -> Position {
        self.0 & ((1 << POSITION_BITS) - 1)
    }

    #[must_use]
    pub fn epoch(self) -> Epoch {
        Epoch(i32::try_from(self.0 >> POSITION_BITS).unwrap_or(i32::MAX))
    }
}

impl fmt::Display for FencingToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for FencingToken {
    type Err = InvalidToken;
    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        text.parse().map_err(|_| InvalidToken).and_then(Self::from_i64)
    }
}

impl Serialize for FencingToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FencingToken {
    /// Takes the decimal string that we write, and a plain number from people who type requests by hand.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Token;
        impl Visitor<'_> for Token {
            type Value = FencingToken;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a fencing token as a decimal string")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<FencingToken, E> {
                text.parse().map_err(E::custom)
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<FencingToken, E> {
                FencingToken::from_i64(value).map_err(E::custom)
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<FencingToken, E> {
                i64::try_from(value).map_err(|_| InvalidToken).and_then(FencingToken::from_i64).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_epoch_outranks_any_position() {
        let last_of_old = FencingToken::new(Epoch(1), (1 << 40) - 1).expect("fits");
        let first_of_new = FencingToken::new(Epoch(2), 1).expect("fits");
        assert!(first_of_new > last_of_old);
        assert_eq!((first_of_new.epoch(), first_of_new.position()), (Epoch(2), 1));
    }

    #[test]
    fn nothing_wraps_round() {
        for (epoch, position) in [(0, 0), (0, 1 << 40), (1 << 23, 1), (-1, 1)] {
            assert!(FencingToken::new(Epoch(epoch), position).is_err());
        }
    }

    #[test]
    fn json_carries_a_decimal_string() {
        let token = FencingToken::new(Epoch(1), 7).expect("fits");
        let json = serde_json::to_string(&token).expect("serialises");
        assert_eq!(json, "\"1099511627783\"");
        assert_eq!(serde_json::from_str::<FencingToken>(&json).expect("parses"), token);
        assert!(serde_json::from_str::<FencingToken>("\"-1\"").is_err());
    }
}
