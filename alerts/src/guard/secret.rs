//! Secrets of channels: encrypted where they are kept, and never printed.

use std::fmt;

use chacha20poly1305::aead::rand_core::RngCore;
use chacha20poly1305::aead::{Aead, KeyInit, OsRng, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::{Zeroize, Zeroizing};

const NONCE: usize = 24;
const KEY: usize = 32;

/// A token, password or signing key. It is shown only to the code that sends it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The secret itself: for requests, not for people.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why a secret cannot be kept or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    #[error("the key for secrets must be 64 hexadecimal digits")]
    Key,
    /// Another key, another owner, or bytes that were changed.
    #[error("a stored secret cannot be read with this key")]
    Unreadable,
}

impl VaultError {
    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Key => "secret_key_invalid",
            Self::Unreadable => "secret_unreadable",
        }
    }
}

/// Encrypts secrets with XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha).
#[derive(Clone)]
pub struct Vault(XChaCha20Poly1305);

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(…)")
    }
}

impl Vault {
    /// With the key itself.
    pub fn with_key(key: &[u8; KEY]) -> Self {
        Self(XChaCha20Poly1305::new(key.into()))
    }

    /// With a key of 64 hexadecimal digits, as it is in a file or the environment.
    ///
    /// # Errors
    /// [`VaultError::Key`].
    pub fn new(key: &str) -> Result<Self, VaultError> {
        let key = key.trim().as_bytes();
        if key.len() != 2 * KEY || !key.iter().all(u8::is_ascii_hexdigit) {
            return Err(VaultError::Key);
        }
        let digit = |byte: u8| (char::from(byte).to_digit(16).unwrap_or_default()) as u8;
        let mut bytes = [0_u8; KEY];
        for (byte, pair) in bytes.iter_mut().zip(key.chunks_exact(2)) {
            *byte = digit(pair[0]) << 4 | digit(pair[1]);
        }
        let vault = Self(XChaCha20Poly1305::new(&bytes.into()));
        bytes.zeroize();
        Ok(vault)
    }

    /// A nonce and what is sealed; `owner` must be the same when it is opened.
    ///
    /// # Errors
    /// [`VaultError::Unreadable`] for secrets of more than 256 GiB.
    pub fn seal(&self, owner: &str, secret: &Secret) -> Result<Vec<u8>, VaultError> {
        let mut nonce = [0; NONCE];
        OsRng.fill_bytes(&mut nonce);
        let payload = Payload { msg: secret.reveal().as_bytes(), aad: owner.as_bytes() };
        let text = self.0.encrypt(&XNonce::from(nonce), payload).map_err(|_| VaultError::Unreadable)?;
        let mut sealed = nonce.to_vec();
        sealed.extend(text);
        Ok(sealed)
    }

    /// The secret that was sealed for `owner`.
    ///
    /// # Errors
    /// [`VaultError::Unreadable`].
    pub fn open(&self, owner: &str, sealed: &[u8]) -> Result<Secret, VaultError> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE>().ok_or(VaultError::Unreadable)?;
        let payload = Payload { msg: text, aad: owner.as_bytes() };
        let text = self.0.decrypt(&XNonce::from(*nonce), payload).map_err(|_| VaultError::Unreadable)?;
        String::from_utf8(text).map(Secret::new).map_err(|_| VaultError::Unreadable)
    }
}
