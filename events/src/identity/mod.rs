//! Who sent an event, without saying who that is.
//!
//! A visitor is a keyed 64-bit hash (BLAKE3) of the length-prefixed site, root domain, address and
//! user agent, under a random key that belongs to one UTC day. Today's and the previous day's keys
//! are kept; the key of an older day is drawn when an event of that day first needs it and kept for
//! 24 hours. A key that is gone was overwritten in memory and on disk: from then on nobody, the
//! operator included, can tell whether a stored id belongs to a given address.
//!
//! In identified mode a person is the identifier the client sent, hashed under the installation's
//! permanent key, so that the identifier cannot be tried against ids that leak without the key file.
//!
//! Keeps: the keys, in memory and in one file of mode 0600 that goes into no backup; and the state
//! that lets a session cross midnight ([`continuity`]).
//!
//! Wrong when: two people share an address and a user agent (counted as one), one person changes
//! either (counted as two), the same person comes on two days (counted on each; by design).

pub mod continuity;
mod file;
mod keys;

use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use crate::ids::{SiteId, Timestamp, VisitorId};
use continuity::Continuity;
use keys::Ring;

/// The usual name of the key file inside the data directory. Backups leave it out.
pub const KEY_FILE: &str = "identity.keys";

/// Why identity is not to be had. Never the event's fault.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error("cannot {action} the identity key file {}", path.display())]
    Io { action: &'static str, path: PathBuf, source: std::io::Error },
    /// Drawing new keys instead would silently make new people of everybody, so a person decides.
    #[error(
        "the identity key file {} is damaged: {reason}; restore it, or delete it to start with new keys \
         (everybody is then counted as a new visitor, identified people too)",
        path.display()
    )]
    Corrupt { path: PathBuf, reason: &'static str },
    #[error("the operating system gave no random bytes")]
    Random(#[source] rand::rand_core::OsError),
}

impl IdentityError {
    /// Stable, for logs and answers.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "identity_keys_io",
            Self::Corrupt { .. } => "identity_keys_corrupt",
            Self::Random(_) => "identity_no_random",
        }
    }
}

/// What tells one visitor of a site from another. Borrowed, hashed and forgotten.
#[derive(Clone, Copy)]
pub struct Fingerprint<'a> {
    pub site: SiteId,
    /// The registrable domain of the page, so that subdomains see the same visitor.
    pub root: &'a str,
    /// Four or sixteen bytes of an IP address, or the host name an access log has in its place.
    pub address: &'a [u8],
    pub user_agent: &'a str,
}

impl std::fmt::Debug for Fingerprint<'_> {
    /// Shows nothing of the person, so that none ends in a log by accident.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fingerprint").field("site", &self.site).finish_non_exhaustive()
    }
}

/// Whose identifier a client sent, in identified mode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Named {
    /// `user_id`: somebody who signed in.
    User,
    /// `anonymous_id`: a device that the client remembers.
    Anonymous,
}

/// The keys and the state that makes ids of events. Shared by every collector.
#[derive(Debug)]
pub struct Identity {
    ring: RwLock<Ring>,
    continuity: RwLock<Continuity>,
}

impl Identity {
    /// Reads the key file, or makes one where there is none. Keys whose time is over are dropped.
    pub fn open(path: &Path, now: Timestamp) -> Result<Self, IdentityError> {
        let ring = Ring::open(path, now)?;
        Ok(Self { ring: RwLock::new(ring), continuity: RwLock::default() })
    }

    /// The id of an anonymous visitor whose event happened at `ts`.
    ///
    /// Draws the key of that day if there is none yet: it is on disk before this returns, so a
    /// crash cannot make two ids of one visitor. Says nothing to [`Identity::observe`].
    pub fn visitor(
        &self,
        who: &Fingerprint<'_>,
        ts: Timestamp,
        now: Timestamp,
    ) -> Result<VisitorId, IdentityError> {
        let day = ts.utc_day();
        loop {
            let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(key) = ring.day(day) {
                let fresh = hash(key, who);
                let continuity = self.continuity.read().unwrap_or_else(PoisonError::into_inner);
                if !continuity.crossed_into(day) {
                    return Ok(fresh);
                }
                let Some(key) = ring.day(day - 1) else { return Ok(fresh) };
                return Ok(continuity.choose(who.site, hash(key, who), fresh, ts));
            }
            drop(ring);
            self.draw(day, now)?;
        }
    }

    /// The id of a person known by an identifier of the client's: the same on every day.
    pub fn named(&self, site: SiteId, kind: Named, id: &str) -> VisitorId {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        let mut hasher = blake3::Hasher::new_keyed(ring.installation());
        hasher.update(match kind {
            Named::User => b"user",
            Named::Anonymous => b"anon",
        });
        hasher.update(&site.0.to_le_bytes());
        hasher.update(id.as_bytes());
        first_64_bits(&hasher)
    }

    /// Notes that an event of a visitor was taken, so that a session can go on after midnight.
    pub fn observe(&self, site: SiteId, visitor: VisitorId, ts: Timestamp) {
        let known = self.continuity.read().unwrap_or_else(PoisonError::into_inner).knows(site, visitor, ts);
        if !known {
            self.continuity.write().unwrap_or_else(PoisonError::into_inner).observe(site, visitor, ts);
        }
    }

    /// Rebuilds what [`Identity::observe`] was told before a restart.
    ///
    /// Wants stored events of anonymous visitors in the order of their timestamps. Of each visitor who
    /// was there in the last 30 minutes before midnight, the first and the last event since then are
    /// enough: the first says that the visitor could come over, the last whether and how long.
    pub fn seed(&self, events: impl IntoIterator<Item = (SiteId, VisitorId, Timestamp)>) {
        let mut continuity = self.continuity.write().unwrap_or_else(PoisonError::into_inner);
        for (site, visitor, ts) in events {
            continuity.observe(site, visitor, ts);
        }
    }

    /// Drops the keys whose time is over and answers how many. To be called every few minutes; also
    /// happens whenever a key is drawn.
    ///
    /// After an error the keys are gone from memory and the next call tries the file again.
    pub fn forget(&self, now: Timestamp) -> Result<usize, IdentityError> {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        let forgotten = ring.forget(now);
        self.keep_continuity_of(&ring);
        forgotten
    }

    fn draw(&self, day: i32, now: Timestamp) -> Result<(), IdentityError> {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        let drawn = ring.draw(day, now);
        self.keep_continuity_of(&ring);
        drawn
    }

    fn keep_continuity_of(&self, ring: &Ring) {
        let mut continuity = self.continuity.write().unwrap_or_else(PoisonError::into_inner);
        continuity.keep(|day| ring.day(day).is_some());
    }
}

fn hash(key: &[u8; 32], who: &Fingerprint<'_>) -> VisitorId {
    // One buffer instead of many updates: BLAKE3 is fastest over whole blocks.
    let mut message = [0_u8; 512];
    let parts = [who.root.as_bytes(), who.address, who.user_agent.as_bytes()];
    let length = 4 + parts.iter().map(|part| 4 + part.len()).sum::<usize>();
    if length > message.len() {
        return hash_long(key, who.site, parts);
    }
    let mut end = 0;
    let mut put = |bytes: &[u8]| {
        message[end..end + bytes.len()].copy_from_slice(bytes);
        end += bytes.len();
    };
    put(&who.site.0.to_le_bytes());
    for part in parts {
        put(&prefix(part));
        put(part);
    }
    let digest = blake3::keyed_hash(key, &message[..length]);
    VisitorId(leading_64_bits(digest.as_bytes()))
}

fn hash_long(key: &[u8; 32], site: SiteId, parts: [&[u8]; 3]) -> VisitorId {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(&site.0.to_le_bytes());
    for part in parts {
        hasher.update(&prefix(part)).update(part);
    }
    first_64_bits(&hasher)
}

/// Lengths keep `("ab", "c")` and `("a", "bc")` apart.
fn prefix(part: &[u8]) -> [u8; 4] {
    // A request that could hold 4 GiB of header does not exist; a wrap would still be deterministic.
    (part.len() as u32).to_le_bytes()
}

fn first_64_bits(hasher: &blake3::Hasher) -> VisitorId {
    VisitorId(leading_64_bits(hasher.finalize().as_bytes()))
}

fn leading_64_bits(digest: &[u8; 32]) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_le_bytes(first)
}

#[cfg(test)]
mod tests;
