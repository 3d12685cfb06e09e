//! The keys that were given out, by the hash of their text.
//!
//! All of them are in memory: collection asks once per request and must not wait for the metadata
//! database, which stays the truth. The text of a key is shown once, when it is made, and is kept
//! nowhere.

use std::collections::HashMap;
use std::sync::RwLock;

use rand::Rng;
use rand::distr::Alphanumeric;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::rights::Grant;

/// What a key begins with, so that a scanner of leaked secrets can know one.
const PREFIX: &str = "ot_";
/// Characters after the prefix: 238 bits.
const LENGTH: usize = 40;

/// The hash of a key's text. A key is random and long, so a plain hash is enough: there is nothing
/// to guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyHash(pub [u8; 32]);

impl KeyHash {
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// Compares in a time that does not depend on where they differ.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// A new key's text.
pub fn new_key() -> String {
    let mut random = rand::rng();
    let text = (0..LENGTH).map(|_| char::from(random.sample(Alphanumeric)));
    PREFIX.chars().chain(text).collect()
}

/// All keys in force.
#[derive(Debug, Default)]
pub(super) struct KeyRing {
    by_hash: RwLock<HashMap<KeyHash, (Uuid, Grant)>>,
}

impl KeyRing {
    pub(super) fn insert(&self, hash: KeyHash, id: Uuid, grant: Grant) {
        self.write().insert(hash, (id, grant));
    }

    pub(super) fn remove(&self, id: Uuid) {
        self.write().retain(|_, (held, _)| *held != id);
    }

    /// What the holder of this text may do. The look-up goes by the hash, which nobody can steer, so
    /// its time tells nothing about the keys there are.
    pub(super) fn grant(&self, text: &str) -> Option<Grant> {
        let by_hash = self.by_hash.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        by_hash.get(&KeyHash::of(text)).map(|(_, grant)| *grant)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, HashMap<KeyHash, (Uuid, Grant)>> {
        // A writer changes one entry, so a poisoned ring is still whole.
        self.by_hash.write().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Reach, Scope, Who};

    #[test]
    fn a_key_is_known_until_it_is_removed() {
        let ring = KeyRing::default();
        let (id, text) = (Uuid::from_u128(1), new_key());
        let scopes = [Scope::Read].into_iter().collect();
        ring.insert(KeyHash::of(&text), id, Grant { who: Who::Key(id), scopes, reach: Reach::All });
        assert_eq!(ring.grant(&text).map(|grant| grant.who), Some(Who::Key(id)));
        assert_eq!(ring.grant(&new_key()), None);
        ring.remove(id);
        assert_eq!(ring.grant(&text), None);
    }

    #[test]
    fn keys_are_long_and_differ() {
        assert_eq!(new_key().len(), PREFIX.len() + LENGTH);
        assert_ne!(new_key(), new_key());
    }
}
