//! The key that receipts are signed with: drawn once, kept in a file of its own.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};

use super::receipt::{Receipt, Signature};
use crate::key_file::{self, KeyFileError};

/// Under the data folder.
const FILE: &str = "receipts.key";

/// Signs receipts.
#[derive(Debug)]
pub struct Signer {
    key: SigningKey,
}

impl Signer {
    /// Reads the key under `data`, or draws one where there is none.
    pub fn open(data: &Path) -> Result<Self, KeyFileError> {
        let seed = key_file::open(&data.join(FILE))?;
        Ok(Self { key: SigningKey::from_bytes(&seed) })
    }

    /// The receipt as JSON, with a signature over what it says.
    pub(super) fn sign(&self, receipt: &Receipt) -> String {
        let text = |receipt: &Receipt| serde_json::to_string(receipt).unwrap_or_default();
        let mut receipt = Receipt { signature: None, ..receipt.clone() };
        let signed = text(&receipt);
        receipt.signature = Some(Signature {
            algorithm: "Ed25519".to_owned(),
            public_key: STANDARD.encode(self.key.verifying_key().as_bytes()),
            value: STANDARD.encode(self.key.sign(signed.as_bytes()).to_bytes()),
            signed,
        });
        text(&receipt)
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signature as Value, Verifier, VerifyingKey};
    use opentrace_events::SiteId;
    use opentrace_pipeline::Erased;
    use opentrace_store::meta::ErasureRecord;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_receipt_is_verified_by_who_knows_the_key_and_by_nobody_after_a_change() {
        let folder = tempfile::tempdir().expect("a folder");
        let signer = Signer::open(folder.path()).expect("a key");
        let record = ErasureRecord {
            id: Uuid::from_u128(1),
            site: SiteId(1),
            subject: "user_id".to_owned(),
            digest: "blake3:00".to_owned(),
            visitors: Vec::new(),
            requested_at: 1_000,
            receipt: None,
        };
        let receipt =
            Receipt::of(&record, "a.example").complete(&Erased { epoch: 7, events: 3, ..Erased::default() });
        let stored = signer.sign(&receipt);
        let read = Receipt::read(&stored).expect("reads back");
        let signature = read.signature.clone().expect("is signed");
        let unsigned = Receipt { signature: None, ..read };
        assert_eq!(
            serde_json::to_string(&unsigned).expect("text"),
            signature.signed,
            "what is shown was signed"
        );

        // The key is the same after a restart.
        let again = Signer::open(folder.path()).expect("a key");
        let key: [u8; 32] =
            STANDARD.decode(&signature.public_key).expect("base64").try_into().expect("32 bytes");
        assert_eq!(&key, again.key.verifying_key().as_bytes());
        let key = VerifyingKey::from_bytes(&key).expect("a key");
        let value: [u8; 64] =
            STANDARD.decode(&signature.value).expect("base64").try_into().expect("64 bytes");
        let value = Value::from_bytes(&value);
        assert!(key.verify(signature.signed.as_bytes(), &value).is_ok());
        let changed = signature.signed.replace("\"events\":3", "\"events\":2");
        assert!(key.verify(changed.as_bytes(), &value).is_err());
    }
}
