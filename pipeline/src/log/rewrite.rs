//! Rewriting the embedded log's file without somebody's events.
//!
//! A database file keeps the bytes of what was replaced until it needs the room. So the log is copied
//! into a new file, with marks in the place of the events, and the old file is removed. Most is
//! copied while appends go on; the writer adds what came meanwhile and changes the files over.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use hashbrown::HashSet;
use opentrace_events::{Event, SiteId, VisitorId};
use redb::{Database, ReadableDatabase, ReadableTable};

use super::codec::{self, Encoded};
use super::embedded::{CHUNKS, META, open_file, storage};
use super::{LogError, Offset, Partition, erased_mark, partition_of};

/// Chunks copied in one transaction.
const AT_ONCE: usize = 256;

/// Whose events are to be erased, before which offsets.
#[derive(Clone, Debug)]
pub(super) struct Erase {
    pub site: SiteId,
    pub visitors: HashSet<VisitorId>,
    pub until: Vec<Offset>,
}

impl Erase {
    fn meets(&self, event: &Event) -> bool {
        event.site == self.site && self.visitors.contains(&event.visitor)
    }

    /// Whether a partition may hold such events.
    fn touches(&self, partition: Partition, partitions: Partition) -> bool {
        self.visitors.iter().any(|visitor| partition_of(self.site, *visitor, partitions) == partition)
    }
}

/// A copy of the log that lacks the events, up to the moment it was begun.
pub(super) struct Rewritten {
    db: Database,
    path: PathBuf,
    target: PathBuf,
    /// Where the copy ends: the key after the last chunk, per partition.
    copied: Vec<Offset>,
    pub erased: u64,
}

impl Rewritten {
    /// Copies the log.
    pub(super) fn of(
        from: &Database,
        target: &Path,
        cache_bytes: usize,
        partitions: Partition,
        erase: &Erase,
    ) -> Result<Self, LogError> {
        let mut path = target.as_os_str().to_owned();
        path.push(".next");
        let path = PathBuf::from(path);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(file(error)),
            _ => {}
        }
        let db = open_file(&path, cache_bytes)?;
        let mut rewritten =
            Self { db, path, target: target.to_owned(), copied: vec![0; usize::from(partitions)], erased: 0 };
        rewritten.copy_meta(from)?;
        for partition in 0..partitions {
            let erase = Some(erase).filter(|erase| erase.touches(partition, partitions));
            rewritten.copy(from, partition, erase)?;
        }
        Ok(rewritten)
    }

    /// Adds what was appended since, makes the copy the log, and gives it.
    pub(super) fn finish(mut self, from: &Database) -> Result<Database, LogError> {
        for partition in 0..self.copied.len() as Partition {
            self.copy(from, partition, None)?;
        }
        fs::rename(&self.path, &self.target).map_err(file)?;
        let folder = self.target.parent().unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(file)?;
        Ok(self.db)
    }

    fn copy_meta(&self, from: &Database) -> Result<(), LogError> {
        let held = from.begin_read().map_err(storage)?.open_table(META).map_err(storage)?;
        let transaction = self.db.begin_write().map_err(storage)?;
        {
            let mut meta = transaction.open_table(META).map_err(storage)?;
            for entry in held.iter().map_err(storage)? {
                let (key, value) = entry.map_err(storage)?;
                meta.insert(key.value(), value.value()).map_err(storage)?;
            }
            transaction.open_table(CHUNKS).map_err(storage)?;
        }
        transaction.commit().map_err(storage)
    }

    /// Copies the chunks of a partition that are not there yet.
    fn copy(&mut self, from: &Database, partition: Partition, erase: Option<&Erase>) -> Result<(), LogError> {
        let held = from.begin_read().map_err(storage)?.open_table(CHUNKS).map_err(storage)?;
        let start = self.copied[usize::from(partition)];
        let mut chunks = held.range((partition, start)..=(partition, u64::MAX)).map_err(storage)?.peekable();
        while chunks.peek().is_some() {
            let transaction = self.db.begin_write().map_err(storage)?;
            {
                let mut table = transaction.open_table(CHUNKS).map_err(storage)?;
                for entry in chunks.by_ref().take(AT_ONCE) {
                    let (key, value) = entry.map_err(storage)?;
                    let (_, first) = key.value();
                    let damaged = |reason| LogError::Damaged { partition, offset: first, reason };
                    let stored = value.value();
                    let header = codec::header(stored).map_err(damaged)?;
                    let until = |erase: &&Erase| {
                        first < erase.until.get(usize::from(partition)).copied().unwrap_or(0)
                    };
                    match erase.filter(until) {
                        Some(erase) => {
                            let (bytes, erased) = without(stored, erase).map_err(damaged)?;
                            self.erased += erased;
                            table.insert((partition, first), bytes.as_slice()).map_err(storage)?;
                        }
                        None => drop(table.insert((partition, first), stored).map_err(storage)?),
                    }
                    self.copied[usize::from(partition)] = first + u64::from(header.count);
                }
            }
            transaction.commit().map_err(storage)?;
        }
        Ok(())
    }
}

/// A stored chunk with marks in the place of the events, and how many there were.
fn without(stored: &[u8], erase: &Erase) -> Result<(Vec<u8>, u64), String> {
    let events = codec::decode(stored)?;
    let erased = events.iter().filter(|event| erase.meets(event)).count() as u64;
    if erased == 0 {
        return Ok((stored.to_vec(), 0));
    }
    let mark = erased_mark();
    let mut encoded = Encoded::default();
    for event in &events {
        encoded.push(if erase.meets(event) { &mark } else { event }).map_err(|error| error.to_string())?;
    }
    Ok((codec::frame(&encoded, codec::header(stored)?.written_at), erased))
}

fn file(error: std::io::Error) -> LogError {
    LogError::Storage(error.to_string())
}
