//! The ring of keys: one per UTC day, and one that stays.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rand::TryRngCore;
use zeroize::Zeroizing;

use super::{IdentityError, file};
use crate::ids::{DAY_MS, Timestamp};

/// How long the key of an older day is kept after it was drawn.
pub(super) const OLD_DAY_KEY_MS: i64 = DAY_MS;

/// Boxed so that moving the map's nodes leaves no copy behind; overwritten when dropped.
pub(super) type Key = Box<Zeroizing<[u8; 32]>>;

/// The key of one day.
pub(super) struct DayKey {
    pub(super) key: Key,
    pub(super) drawn_at: Timestamp,
}

/// What the file holds.
pub(super) struct Keys {
    pub(super) installation: Key,
    pub(super) days: BTreeMap<i32, DayKey>,
}

/// The keys and the file they are kept in. Every change is on disk before it is used.
pub(super) struct Ring {
    path: PathBuf,
    keys: Keys,
    /// The file still holds keys that memory has dropped.
    stale: bool,
}

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ring")
            .field("path", &self.path)
            .field("days", &self.keys.days.len())
            .finish_non_exhaustive()
    }
}

impl Ring {
    pub(super) fn open(path: &Path, now: Timestamp) -> Result<Self, IdentityError> {
        file::remove_leftover(path);
        let keys = match file::read(path)? {
            Some(keys) => keys,
            None => {
                let keys = Keys { installation: random()?, days: BTreeMap::new() };
                file::replace(path, &keys)?;
                keys
            }
        };
        let mut ring = Self { path: path.to_owned(), keys, stale: false };
        ring.forget(now)?;
        Ok(ring)
    }

    pub(super) fn day(&self, day: i32) -> Option<&[u8; 32]> {
        self.keys.days.get(&day).map(|day| &**day.key)
    }

    pub(super) fn installation(&self) -> &[u8; 32] {
        &self.keys.installation
    }

    /// Makes the key of `day` unless there is one by now, and drops what is over.
    pub(super) fn draw(&mut self, day: i32, now: Timestamp) -> Result<(), IdentityError> {
        if self.keys.days.contains_key(&day) {
            return Ok(());
        }
        self.drop_expired(now);
        self.keys.days.insert(day, DayKey { key: random()?, drawn_at: now });
        let written = file::replace(&self.path, &self.keys);
        match &written {
            Ok(()) => self.stale = false,
            // Not on disk: an id made with it could not be made again after a crash.
            Err(_) => drop(self.keys.days.remove(&day)),
        }
        written
    }

    pub(super) fn forget(&mut self, now: Timestamp) -> Result<usize, IdentityError> {
        let dropped = self.drop_expired(now);
        if self.stale {
            file::replace(&self.path, &self.keys)?;
            self.stale = false;
        }
        Ok(dropped)
    }

    fn drop_expired(&mut self, now: Timestamp) -> usize {
        let before = self.keys.days.len();
        let yesterday = now.utc_day() - 1;
        self.keys.days.retain(|&day, key| day >= yesterday || now.0 - key.drawn_at.0 < OLD_DAY_KEY_MS);
        let dropped = before - self.keys.days.len();
        self.stale |= dropped > 0;
        dropped
    }
}

fn random() -> Result<Key, IdentityError> {
    let mut key = Box::new(Zeroizing::new([0; 32]));
    rand::rngs::OsRng.try_fill_bytes(key.as_mut_slice()).map_err(IdentityError::Random)?;
    Ok(key)
}
