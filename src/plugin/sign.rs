//! Signatures of packages: Ed25519 over the 32 bytes of a package's SHA-256.
//!
//! Keys are in the files that `openssl genpkey -algorithm ed25519` and `openssl pkey -pubout` write.

use std::path::{Path, PathBuf};

use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::domain::content::ContentHash;

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyProblem {
    #[error("cannot read the key {}: {error}", .path.display())]
    Unreadable { path: PathBuf, error: std::io::Error },
    #[error("{} holds no private Ed25519 key; `openssl genpkey -algorithm ed25519 -out FILE` makes one", .0.display())]
    NoPrivateKey(PathBuf),
    #[error("{} holds no public Ed25519 key; `openssl pkey -in PRIVATE -pubout -out FILE` writes one", .0.display())]
    NoPublicKey(PathBuf),
}

/// The signature of a package, in Base64, by a private key in a file.
pub fn sign(key: &Path, sha256: ContentHash) -> Result<String, KeyProblem> {
    let key = SigningKey::from_pkcs8_pem(&read(key)?).map_err(|_| KeyProblem::NoPrivateKey(key.to_owned()))?;
    Ok(data_encoding::BASE64.encode(&key.sign(sha256.as_bytes()).to_bytes()))
}

fn read(path: &Path) -> Result<String, KeyProblem> {
    std::fs::read_to_string(path).map_err(|error| KeyProblem::Unreadable { path: path.to_owned(), error })
}

/// Public keys that are trusted. With none, nothing needs a signature.
#[derive(Debug, Clone, Default)]
pub struct TrustedKeys(Vec<VerifyingKey>);

/// Why a package is not trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    #[error("the package is not signed, and must be; sign it with `conncentric plugin sign --key KEY`")]
    Unsigned,
    #[error("the signature is not of this package by a key that is trusted here")]
    Forged,
}

impl TrustedKeys {
    pub fn read(files: &[PathBuf]) -> Result<Self, KeyProblem> {
        let key = |path: &PathBuf| VerifyingKey::from_public_key_pem(&read(path)?).map_err(|_| KeyProblem::NoPublicKey(path.clone()));
        files.iter().map(key).collect::<Result<_, _>>().map(Self)
    }

    /// The id of the key that made a signature: the first 16 hex digits of its SHA-256. Nothing if no signature is asked for.
    pub fn check(&self, sha256: ContentHash, signature: Option<&str>) -> Result<Option<String>, Untrusted> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let bytes = data_encoding::BASE64.decode(signature.ok_or(Untrusted::Unsigned)?.as_bytes()).map_err(|_| Untrusted::Forged)?;
        let signature = Signature::from_slice(&bytes).map_err(|_| Untrusted::Forged)?;
        let made_it = self.0.iter().find(|key| key.verify_strict(sha256.as_bytes(), &signature).is_ok());
        made_it.map(|key| Some(id(key))).ok_or(Untrusted::Forged)
    }
}

fn id(key: &VerifyingKey) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(key.as_bytes())).chars().take(16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_of_one_package_by_one_key() {
        let (key, other) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
        let (hash, another) = (ContentHash::new([7; 32]), ContentHash::new([8; 32]));
        let signature = data_encoding::BASE64.encode(&key.sign(hash.as_bytes()).to_bytes());
        let trusted = TrustedKeys(vec![other.verifying_key(), key.verifying_key()]);
        assert_eq!(trusted.check(hash, Some(&signature)), Ok(Some(id(&key.verifying_key()))));
        assert_eq!(trusted.check(another, Some(&signature)), Err(Untrusted::Forged));
        assert_eq!(trusted.check(hash, None), Err(Untrusted::Unsigned));
        for bad in ["", "x", "AAAA"] {
            assert_eq!(trusted.check(hash, Some(bad)), Err(Untrusted::Forged), "{bad}");
        }
        assert_eq!(TrustedKeys(vec![other.verifying_key()]).check(hash, Some(&signature)), Err(Untrusted::Forged));
        assert_eq!(TrustedKeys::default().check(hash, None), Ok(None));
    }
}
