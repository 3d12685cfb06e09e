//! Snapshots of what cannot be rebuilt quickly: the ids of the deduplication window.
//!
//! Histories need no snapshot: they are fetched from ClickHouse when they are touched. Ids are saved
//! as of an epoch, and a snapshot becomes visible under its name only once that epoch is committed:
//! a restart then starts from the newest one and adds the ids of the committed epochs after it.
//! The two newest are kept; one that does not read back is passed over.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::dedup::Dedup;
use crate::journal::Epoch;

const KEPT: usize = 2;

/// The folder that holds the snapshots.
#[derive(Debug)]
pub(crate) struct Snapshots {
    folder: PathBuf,
}

/// A snapshot that is written but not yet valid.
#[derive(Debug)]
pub(crate) struct Pending {
    pub epoch: Epoch,
    path: PathBuf,
}

impl Snapshots {
    /// Opens the folder and removes what was left unfinished.
    pub(crate) fn open(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            // An earlier version counted in hours; its ids are read from ClickHouse.
            if path.extension().is_some_and(|extension| extension == "tmp" || extension == "snapshot") {
                fs::remove_file(path)?;
            }
        }
        Ok(Self { folder })
    }

    /// Writes the ids as of `epoch`; durable, but not valid before [`Snapshots::publish`].
    pub(crate) fn write(&self, epoch: Epoch, dedup: &Dedup) -> io::Result<Pending> {
        let bytes = postcard::to_stdvec(dedup).map_err(io::Error::other)?;
        let path = self.folder.join(format!("{epoch}.tmp"));
        let mut file = File::create(&path)?;
        file.write_all(blake3::hash(&bytes).as_bytes())?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        Ok(Pending { epoch, path })
    }

    /// Makes a written snapshot valid. Its epoch is committed.
    pub(crate) fn publish(&self, pending: &Pending) -> io::Result<()> {
        fs::rename(&pending.path, self.folder.join(format!("{}.ids", pending.epoch)))?;
        File::open(&self.folder)?.sync_all()?;
        let held = self.held()?;
        for epoch in &held[..held.len().saturating_sub(KEPT)] {
            fs::remove_file(self.folder.join(format!("{epoch}.ids")))?;
        }
        Ok(())
    }

    /// The newest valid snapshot of an epoch up to `committed`.
    pub(crate) fn newest(&self, committed: Epoch) -> io::Result<Option<(Epoch, Dedup)>> {
        for epoch in self.held()?.into_iter().rev().filter(|epoch| *epoch <= committed) {
            match read(&self.folder.join(format!("{epoch}.ids"))) {
                Ok(dedup) => return Ok(Some((epoch, dedup))),
                Err(error) => tracing::warn!(epoch, %error, "snapshot passed over"),
            }
        }
        Ok(None)
    }

    fn held(&self) -> io::Result<Vec<Epoch>> {
        let mut held = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            let epoch: Option<Epoch> = name.to_str().and_then(|name| name.strip_suffix(".ids")?.parse().ok());
            held.extend(epoch);
        }
        held.sort_unstable();
        Ok(held)
    }
}

fn read(path: &Path) -> io::Result<Dedup> {
    let bytes = fs::read(path)?;
    let (sum, body) = bytes.split_at_checked(blake3::OUT_LEN).ok_or_else(|| io::Error::other("cut short"))?;
    if blake3::hash(body).as_bytes() != sum {
        return Err(io::Error::other("the checksum does not match"));
    }
    postcard::from_bytes(body).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use opentrace_events::{SiteId, Timestamp};
    use uuid::Uuid;

    use super::*;

    fn with_ids(n: u128) -> Dedup {
        let mut dedup = Dedup::new(Duration::from_secs(86_400), 1000);
        for id in 0..n {
            dedup.insert(SiteId(1), Uuid::from_u128(id), Timestamp(1));
        }
        dedup
    }

    #[test]
    fn the_newest_whole_snapshot_up_to_the_committed_epoch_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let snapshots = Snapshots::open(folder.path().to_owned()).expect("opens");
        for epoch in [3, 5, 9] {
            let pending = snapshots.write(epoch, &with_ids(u128::from(epoch))).expect("writes");
            snapshots.publish(&pending).expect("publishes");
        }
        snapshots.write(11, &with_ids(11)).expect("writes, never published");
        assert_eq!(snapshots.held().expect("lists"), [5, 9], "two are kept");
        assert_eq!(snapshots.newest(20).expect("reads"), Some((9, with_ids(9))));
        assert_eq!(snapshots.newest(8).expect("reads"), Some((5, with_ids(5))));

        let path = folder.path().join("9.ids");
        let mut bytes = fs::read(&path).expect("reads");
        bytes[40] ^= 1;
        fs::write(&path, bytes).expect("writes");
        assert_eq!(
            snapshots.newest(20).expect("reads").map(|(epoch, _)| epoch),
            Some(5),
            "damage is passed over"
        );
        Snapshots::open(folder.path().to_owned()).expect("opens again");
        assert!(!folder.path().join("11.tmp").exists());
    }
}
