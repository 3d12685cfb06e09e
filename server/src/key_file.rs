//! Keys of this installation, each drawn once and kept in a file of its own.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rand::TryRngCore;
use zeroize::Zeroizing;

/// The file of a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("cannot {action} {}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{} does not hold a key of 32 bytes", path.display())]
    Damaged { path: PathBuf },
}

/// Reads the key of a file, or draws one where there is none.
pub(crate) fn open(path: &Path) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
    let failed = |action| {
        let path = path.to_owned();
        move |source| KeyFileError::Io { action, path, source }
    };
    let mut key = Zeroizing::new([0; 32]);
    match File::open(path) {
        Ok(mut file) => {
            let mut bytes = Zeroizing::new(Vec::with_capacity(33));
            file.read_to_end(&mut bytes).map_err(failed("read"))?;
            if bytes.len() != key.len() {
                return Err(KeyFileError::Damaged { path: path.to_owned() });
            }
            key.copy_from_slice(&bytes);
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let random = rand::rngs::OsRng.try_fill_bytes(key.as_mut_slice());
            random.map_err(|error| failed("draw")(std::io::Error::other(error)))?;
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(path)
                .map_err(failed("create"))?;
            file.write_all(key.as_slice()).and_then(|()| file.sync_all()).map_err(failed("write"))?;
        }
        Err(error) => return Err(failed("open")(error)),
    }
    Ok(key)
}
