//! Who may do what: roles, access tokens and the actor named by every event (I9).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::name::PodName;

/// What an access token allows. Each human role includes the one before; `pod` stands apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Acts for a pod: registers, heartbeats, claims, releases. Sees nothing else.
    Pod,
    /// Reads everything but secrets.
    Viewer,
    /// Also enables, disables, drains, moves.
    Operator,
    /// Also declares and deletes adapters, stores and deletes artifacts, and makes and revokes access tokens.
    Admin,
}

impl Role {
    /// Whether a caller of this role may do what `needed` may.
    #[must_use]
    pub fn covers(self, needed: Role) -> bool {
        if needed == Self::Pod { self == Self::Pod } else { self != Self::Pod && self >= needed }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pod => "pod",
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        })
    }
}

/// The public half of an access token: names it in the log, opens nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccessTokenId(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an access token id has 16 characters from 0-9 and a-f; `conncentric token list` shows them")]
pub struct InvalidAccessTokenId;

impl FromStr for AccessTokenId {
    type Err = InvalidAccessTokenId;
    fn from_str(text: &str) -> Result<Self, InvalidAccessTokenId> {
        let valid = text.len() == 16 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if valid { Ok(Self(text.to_owned())) } else { Err(InvalidAccessTokenId) }
    }
}

impl TryFrom<String> for AccessTokenId {
    type Error = InvalidAccessTokenId;
    fn try_from(text: String) -> Result<Self, InvalidAccessTokenId> {
        text.parse()
    }
}

impl From<AccessTokenId> for String {
    fn from(id: AccessTokenId) -> Self {
        id.0
    }
}

impl fmt::Display for AccessTokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// SHA-256 of a whole access token, in hex. The token has 256 random bits, so no salt or slow hash is needed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenHash(String);

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// A bearer token: `cct_<id>_<secret>`. Printed once, never stored, never shown by `Debug`.
#[derive(Clone)]
pub struct BearerToken {
    id: AccessTokenId,
    text: String,
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BearerToken({}, …)", self.id)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an access token of conncentric: those begin with cct_")]
pub struct InvalidBearerToken;

impl BearerToken {
    /// Builds the token from 40 bytes of randomness, which the caller brings: the domain has none of its own.
    #[must_use]
    pub fn from_randomness(random: &[u8; 40]) -> Self {
        let (id, secret) = random.split_at(8);
        let id = AccessTokenId(data_encoding::HEXLOWER.encode(id));
        let text = format!("cct_{id}_{}", data_encoding::BASE64URL_NOPAD.encode(secret));
        Self { id, text }
    }

    #[must_use]
    pub fn id(&self) -> &AccessTokenId {
        &self.id
    }

    /// The whole token, secret included: to be shown to its owner once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash(data_encoding::HEXLOWER.encode(&Sha256::digest(self.text.as_bytes())))
    }

    /// Compares in constant time.
    #[must_use]
    pub fn matches(&self, hash: &TokenHash) -> bool {
        self.hash().0.as_bytes().ct_eq(hash.0.as_bytes()).into()
    }
}

impl FromStr for BearerToken {
    type Err = InvalidBearerToken;
    fn from_str(text: &str) -> Result<Self, InvalidBearerToken> {
        let (id, _) = text.strip_prefix("cct_").and_then(|rest| rest.split_once('_')).ok_or(InvalidBearerToken)?;
        let id = id.parse().map_err(|_| InvalidBearerToken)?;
        Ok(Self { id, text: text.to_owned() })
    }
}

/// An access token as the log knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    pub name: String,
    pub role: Role,
    pub pod: Option<PodName>,
    pub hash: TokenHash,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn human_roles_include_each_other_and_pods_stand_apart() {
        assert!(Role::Admin.covers(Role::Operator) && Role::Operator.covers(Role::Viewer));
        assert!(!Role::Viewer.covers(Role::Operator));
        assert!(Role::Pod.covers(Role::Pod) && !Role::Pod.covers(Role::Viewer));
        assert!(!Role::Admin.covers(Role::Pod), "an admin must not speak for a pod");
    }

    #[test]
    fn a_bearer_token_round_trips_and_matches_only_itself() {
        let token = BearerToken::from_randomness(&[7; 40]);
        let parsed: BearerToken = token.reveal().parse().expect("parses");
        assert_eq!(parsed.id(), token.id());
        assert!(parsed.matches(&token.hash()));
        let forged: BearerToken = format!("{}x", token.reveal()).parse().expect("parses");
        assert!(!forged.matches(&token.hash()));
    }

    #[test]
    fn other_texts_are_no_bearer_tokens() {
        for text in ["", "cct_", "cct_zz_1", "Bearer x", "cct_0123456789abcdeg_x"] {
            assert!(text.parse::<BearerToken>().is_err(), "{text}");
        }
    }
}
