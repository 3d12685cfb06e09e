//! The key file: small, replaced as a whole, never half written, and overwritten before it is let go.
//!
//! Layout, little endian: the mark `OTKEYS1\n`; the installation key (32 bytes); the number of day
//! keys (u32); per day its number since 1970 (i32), when its key was drawn (i64, ms) and the key (32
//! bytes); a BLAKE3 hash of everything before (32 bytes).

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::IdentityError;
use super::keys::{DayKey, Key, Keys};
use crate::ids::Timestamp;

const MARK: &[u8; 8] = b"OTKEYS1\n";
const KEY: usize = 32;
const HEAD: usize = MARK.len() + KEY + 4;
const ENTRY: usize = 4 + 8 + KEY;
const CHECKSUM: usize = 32;
/// Readable and writable by the owner alone.
const MODE: u32 = 0o600;

/// The keys in the file, or `None` where there is no file.
pub(super) fn read(path: &Path) -> Result<Option<Keys>, IdentityError> {
    let failed = |action| move |source| IdentityError::Io { action, path: path.to_owned(), source };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("open")(error)),
    };
    let meta = file.metadata().map_err(failed("inspect"))?;
    if meta.permissions().mode() & 0o777 != MODE {
        file.set_permissions(std::fs::Permissions::from_mode(MODE)).map_err(failed("protect"))?;
    }
    // Reserved at once: growing would leave copies of keys in freed memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(meta.len() as usize + 1));
    file.read_to_end(&mut bytes).map_err(failed("read"))?;
    decode(&bytes).map(Some).map_err(|reason| IdentityError::Corrupt { path: path.to_owned(), reason })
}

/// Replaces the file by one that holds `keys`. When this returns, the new file is on disk and the
/// bytes of the old one were overwritten, as far as the file system lets anybody overwrite.
pub(super) fn replace(path: &Path, keys: &Keys) -> Result<(), IdentityError> {
    let failed = |action| move |source| IdentityError::Io { action, path: path.to_owned(), source };
    remove_leftover(path);
    let next = next_to(path);
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(MODE).open(&next).map_err(failed("create"))?;
    let written = file.write_all(&encode(keys)).and_then(|()| file.sync_all());
    if let Err(error) = written {
        remove_leftover(path);
        return Err(failed("write")(error));
    }
    // Held open across the rename: a crash in between leaves either the old keys or the new ones.
    let old = OpenOptions::new().write(true).open(path).ok();
    std::fs::rename(&next, path).map_err(failed("replace"))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("sync"))?;
    if let Some(old) = old {
        overwrite(old);
    }
    Ok(())
}

/// Removes what a crash in the middle of [`replace`] left: it may hold keys.
pub(super) fn remove_leftover(path: &Path) {
    let next = next_to(path);
    if let Ok(file) = OpenOptions::new().write(true).open(&next) {
        overwrite(file);
        // If it cannot be removed, creating it anew fails and says so.
        let _ = std::fs::remove_file(&next);
    }
}

fn next_to(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".next");
    PathBuf::from(name)
}

/// Best effort: a file system that copies on write keeps the old bytes until it reuses the blocks,
/// and nothing here can change that.
fn overwrite(mut file: File) {
    let length = file.metadata().map_or(0, |meta| meta.len());
    let zeros = vec![0_u8; length as usize];
    let _ = file.rewind().and_then(|()| file.write_all(&zeros)).and_then(|()| file.sync_all());
}

fn encode(keys: &Keys) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(HEAD + keys.days.len() * ENTRY + CHECKSUM));
    bytes.extend_from_slice(MARK);
    bytes.extend_from_slice(keys.installation.as_slice());
    // One entry per day between 1970 and tomorrow: far from four billion.
    bytes.extend_from_slice(&(keys.days.len() as u32).to_le_bytes());
    for (day, entry) in &keys.days {
        bytes.extend_from_slice(&day.to_le_bytes());
        bytes.extend_from_slice(&entry.drawn_at.0.to_le_bytes());
        bytes.extend_from_slice(entry.key.as_slice());
    }
    let checksum = blake3::hash(&bytes);
    bytes.extend_from_slice(checksum.as_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Result<Keys, &'static str> {
    let Some((body, checksum)) = bytes.split_last_chunk::<CHECKSUM>() else { return Err("it is too short") };
    if body.len() < HEAD || !body.starts_with(MARK) {
        return Err("it does not begin as a key file does");
    }
    if blake3::hash(body).as_bytes() != checksum {
        return Err("its checksum does not fit");
    }
    let (installation, rest) = body[MARK.len()..].split_at(KEY);
    let (count, entries) = rest.split_at(4);
    if entries.len() % ENTRY != 0 || (entries.len() / ENTRY).to_le_bytes()[..4] != *count {
        return Err("its length does not fit");
    }
    let days = entries.chunks_exact(ENTRY).map(|entry| {
        let drawn_at = Timestamp(i64::from_le_bytes(array(&entry[4..12])));
        (i32::from_le_bytes(array(&entry[..4])), DayKey { key: key(&entry[12..]), drawn_at })
    });
    Ok(Keys { installation: key(installation), days: days.collect::<BTreeMap<_, _>>() })
}

fn key(bytes: &[u8]) -> Key {
    let mut key = Box::new(Zeroizing::new([0; KEY]));
    key.copy_from_slice(bytes);
    key
}

/// `bytes` has `N` bytes: every caller cuts it so.
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(bytes);
    array
}
