//! One program per data folder.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

/// Held while the program runs. The operating system lets go of it when the process ends, however
/// that happens.
#[derive(Debug)]
pub(crate) struct DataLock {
    _file: File,
}

/// Why the folder could not be taken.
#[derive(Debug)]
pub(crate) enum LockError {
    /// Another program has it.
    Taken,
    Io(io::Error),
}

impl DataLock {
    /// Creates the folder if need be and takes it.
    pub(crate) fn take(folder: &Path) -> Result<Self, LockError> {
        std::fs::create_dir_all(folder).map_err(LockError::Io)?;
        let path = folder.join("lock");
        let file =
            File::options().create(true).truncate(false).write(true).open(path).map_err(LockError::Io)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Taken),
            Err(TryLockError::Error(source)) => Err(LockError::Io(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_owner_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = DataLock::take(folder.path()).expect("free");
        assert!(matches!(DataLock::take(folder.path()), Err(LockError::Taken)));
        drop(first);
        assert!(DataLock::take(folder.path()).is_ok());
    }
}
