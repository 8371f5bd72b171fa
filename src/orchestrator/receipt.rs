//! Receipts: what a pod was told of the log, signed, so that it can prove later what was acknowledged.
//!
//! A database that lost history does not know what it lost. The pods do; but one that makes things up must not be able to stop
//! all grants. So only what an orchestrator of this very log has signed counts. To pods a receipt is opaque.

use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::domain::token::Epoch;
use crate::wire::push::AsOf;

/// Signs and checks receipts of one log.
#[derive(Clone)]
pub struct Receipts {
    key: Arc<[u8]>,
    /// The last that was signed. All heartbeats between two ledger events are given the same one, and bring it back.
    last: Arc<Mutex<Option<Signed>>>,
}

#[derive(Clone)]
struct Signed {
    as_of: AsOf,
    receipt: Arc<str>,
}

impl std::fmt::Debug for Receipts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Receipts")
    }
}

impl Receipts {
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self { key: key.into(), last: Arc::default() }
    }

    /// `EPOCH.POSITION.SIGNATURE`.
    #[must_use]
    pub fn sign(&self, as_of: AsOf) -> String {
        if let Some(last) = self.last().filter(|last| last.as_of == as_of) {
            return (*last.receipt).to_owned();
        }
        let receipt = self.sign_anew(as_of);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Signed { as_of, receipt: receipt.as_str().into() });
        receipt
    }

    fn last(&self) -> Option<Signed> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn sign_anew(&self, as_of: AsOf) -> String {
        let text = format!("{}.{}", as_of.epoch, as_of.ledger_position);
        let signature = self.mac(&text).map(|mac| HEXLOWER.encode(&mac.finalize().into_bytes())).unwrap_or_default();
        format!("{text}.{signature}")
    }

    /// What a receipt proves; nothing if it is not one of this log's.
    #[must_use]
    pub fn read(&self, receipt: &str) -> Option<AsOf> {
        // Compared in constant time, as the signature is, or a forger could find it out piece by piece.
        if let Some(last) = self.last().filter(|last| last.receipt.as_bytes().ct_eq(receipt.as_bytes()).into()) {
            return Some(last.as_of);
        }
        let (text, signature) = receipt.rsplit_once('.')?;
        let signature = HEXLOWER.decode(signature.as_bytes()).ok()?;
        self.mac(text)?.verify_slice(&signature).ok()?;
        let (epoch, position) = text.split_once('.')?;
        Some(AsOf { epoch: Epoch(epoch.parse().ok()?), ledger_position: position.parse().ok()? })
    }

    fn mac(&self, text: &str) -> Option<Hmac<Sha256>> {
        // Any length of key will do, so there always is one.
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(text.as_bytes());
        Some(mac)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_proves_what_was_signed_and_nothing_else() {
        let (ours, theirs) = (Receipts::new(b"one key"), Receipts::new(b"another key"));
        let as_of = AsOf { epoch: Epoch(3), ledger_position: 1200 };
        let receipt = ours.sign(as_of);
        assert_eq!(ours.read(&receipt), Some(as_of));
        assert_eq!(ours.sign(as_of), receipt);
        let later = AsOf { ledger_position: 1201, ..as_of };
        let latest = ours.sign(later);
        assert_eq!((ours.read(&receipt), ours.read(&latest)), (Some(as_of), Some(later)), "the last one is not the only one");
        assert_eq!(theirs.read(&receipt), None);
        for forged in
            [receipt.replacen("1200", "9999", 1), receipt.replacen('3', "4", 1), String::new(), "1.2".into(), "1.2.".into(), "..".into()]
        {
            assert_eq!(ours.read(&forged), None, "{forged}");
        }
    }
}
