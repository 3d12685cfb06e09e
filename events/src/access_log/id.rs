//! Ids of imported lines, made from their content: importing a file twice changes nothing.
//!
//! The id covers the site, the time, the request, the referrer, the status and the size, and how many
//! equal ones came before it in the same import. It leaves out the address and the user agent on
//! purpose: ids are stored for ever, their hash has no key (the next import must find the same ids), and
//! an id that covered the address would let anybody who holds the table try all four billion of them.
//!
//! Wrong when: a log is cut between two equal lines of the same second and its parts are imported one by
//! one (the later line is taken for the earlier), or a line is edited between imports (it counts again).

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashMap;
use uuid::Uuid;

use super::PageView;
use crate::accept::hashed_id;

/// Gives the lines of one import their ids. Keeps 16 bytes per different line.
#[derive(Debug, Default)]
pub struct LineIds {
    /// How often each content came, by a hash of it. Two contents that meet in 64 bits only make one of
    /// them skip a number, and their ids differ all the same.
    seen: HashMap<u64, u32>,
    hasher: RandomState,
}

impl LineIds {
    /// The id of the next line of the import.
    pub fn next(&mut self, site: &str, view: &PageView<'_>) -> Uuid {
        let content = (site, view.ts, view.target, view.referrer, view.status, view.bytes);
        let seen = self.seen.entry(self.hasher.hash_one(content)).or_insert(0);
        let id = line_id(site, view, *seen);
        *seen += 1;
        id
    }
}

/// The id of the line that `occurrence` equal ones came before.
fn line_id(site: &str, view: &PageView<'_>, occurrence: u32) -> Uuid {
    let bytes = view.bytes.map_or(-1, |bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
    hashed_id(&[
        b"access log line",
        site.as_bytes(),
        &view.ts.0.to_le_bytes(),
        b"GET",
        view.target.as_bytes(),
        view.referrer.as_bytes(),
        &view.status.to_le_bytes(),
        &bytes.to_le_bytes(),
        &occurrence.to_le_bytes(),
    ])
}
