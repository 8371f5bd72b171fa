//! Keys in the files that `openssl genpkey -algorithm ed25519` and `openssl pkey -pubout` write.

use std::path::{Path, PathBuf};

use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use super::format::{Hash, SignedHead};
use crate::domain::token::{Epoch, Position};

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyProblem {
    #[error("cannot read the key {}: {source}", .path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{} holds no private Ed25519 key; `openssl genpkey -algorithm ed25519 -out FILE` makes one", .0.display())]
    NoSignKey(PathBuf),
    #[error("{} holds no public Ed25519 key; `openssl pkey -in PRIVATE -pubout -out FILE` writes one", .0.display())]
    NoVerifyKey(PathBuf),
}

/// Reads a private key: PKCS#8 in PEM.
pub fn read_sign_key(path: &Path) -> Result<SigningKey, KeyProblem> {
    SigningKey::from_pkcs8_pem(&read(path)?).map_err(|_| KeyProblem::NoSignKey(path.to_owned()))
}

/// Reads a public key in PEM.
pub fn read_verify_key(path: &Path) -> Result<VerifyingKey, KeyProblem> {
    VerifyingKey::from_public_key_pem(&read(path)?).map_err(|_| KeyProblem::NoVerifyKey(path.to_owned()))
}

fn read(path: &Path) -> Result<String, KeyProblem> {
    std::fs::read_to_string(path).map_err(|source| KeyProblem::Unreadable { path: path.to_owned(), source })
}

pub(super) fn sign(key: &SigningKey, position: Position, epoch: Epoch, hash: &[u8]) -> SignedHead {
    let signature = key.sign(SignedHead::message(position, epoch, hash).as_bytes());
    SignedHead {
        position,
        epoch,
        hash: Hash(hash.to_vec()),
        key: Hash(key.verifying_key().to_bytes().to_vec()),
        signature: Hash(signature.to_bytes().to_vec()),
    }
}

/// Checks a signed head with the key that is trusted, or else with the one that it names itself, which shows no more than that
/// whoever wrote it had a key.
pub(super) fn check(head: &SignedHead, trusted: Option<&VerifyingKey>) -> Result<(), String> {
    let named = head.key.0.as_slice().try_into().ok().and_then(|bytes: &[u8; 32]| VerifyingKey::from_bytes(bytes).ok());
    let named = named.ok_or("it names no Ed25519 key")?;
    if trusted.is_some_and(|trusted| *trusted != named) {
        return Err(format!("the head is signed with another key, {}", head.key));
    }
    let signature = Signature::from_slice(&head.signature.0).map_err(|_| "the signature does not have 64 bytes")?;
    let message = SignedHead::message(head.position, head.epoch, &head.hash.0);
    named.verify_strict(message.as_bytes(), &signature).map_err(|_| "the signature is not of this head".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_of_one_head_and_by_one_key() {
        let (key, other) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
        let head = sign(&key, 7, Epoch(1), &[9; 32]);
        assert_eq!(check(&head, None), Ok(()));
        assert_eq!(check(&head, Some(&key.verifying_key())), Ok(()));
        assert!(check(&head, Some(&other.verifying_key())).expect_err("another").contains("another key"));
        for forged in [
            SignedHead { position: 8, ..head.clone() },
            SignedHead { epoch: Epoch(2), ..head.clone() },
            SignedHead { hash: Hash(vec![8; 32]), ..head.clone() },
            SignedHead { key: Hash(other.verifying_key().to_bytes().to_vec()), ..head.clone() },
            SignedHead { key: Hash(vec![1]), ..head.clone() },
            SignedHead { signature: Hash(vec![0; 64]), ..head.clone() },
            SignedHead { signature: Hash(vec![]), ..head.clone() },
        ] {
            assert!(check(&forged, None).is_err(), "{forged:?}");
        }
    }

    #[test]
    fn files_without_a_key_are_told_what_to_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key.pem");
        assert!(read_sign_key(&path).expect_err("absent").to_string().starts_with("cannot read the key"));
        std::fs::write(&path, "not a key").expect("written");
        assert!(read_sign_key(&path).expect_err("no key").to_string().contains("openssl genpkey"));
        assert!(read_verify_key(&path).expect_err("no key").to_string().contains("-pubout"));
    }
}
