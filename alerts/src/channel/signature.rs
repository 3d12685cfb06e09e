//! Signatures of Standard Webhooks: `v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::guard::Secret;

const PREFIX: &str = "whsec_";
/// What the specification asks of a key, in bytes.
const LENGTH: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret that cannot sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("secret: must be `whsec_` and 24 to 64 bytes in base64")]
pub struct SignatureError;

impl SignatureError {
    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        "secret_invalid"
    }
}

/// The secret in use, and while receivers change over also the one before it.
#[derive(Clone, Debug)]
pub struct Keys {
    current: Secret,
    previous: Option<Secret>,
}

impl Keys {
    /// With one secret, `whsec_` and base64.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn new(current: Secret) -> Result<Self, SignatureError> {
        bytes(&current)?;
        Ok(Self { current, previous: None })
    }

    /// A new secret that nobody has seen.
    pub fn random() -> Self {
        Self {
            current: Secret::new(format!("{PREFIX}{}", STANDARD.encode(rand::random::<[u8; 32]>()))),
            previous: None,
        }
    }

    /// Signs with another secret from now on, and with this one beside it until [`Keys::settle`].
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn rotate(self, to: Secret) -> Result<Self, SignatureError> {
        bytes(&to)?;
        Ok(Self { current: to, previous: Some(self.current) })
    }

    /// Ends a change of secrets.
    #[must_use]
    pub fn settle(self) -> Self {
        Self { previous: None, ..self }
    }

    /// The secret in use.
    pub fn current(&self) -> &Secret {
        &self.current
    }
}

/// The value of `webhook-signature`: one signature for each key, separated by spaces.
///
/// # Errors
/// [`SignatureError`].
pub fn sign(keys: &Keys, id: &str, timestamp: i64, body: &[u8]) -> Result<String, SignatureError> {
    let mut signatures = Vec::with_capacity(2);
    for secret in [Some(&keys.current), keys.previous.as_ref()].into_iter().flatten() {
        let mut mac = Hmac::<Sha256>::new_from_slice(&bytes(secret)?).map_err(|_| SignatureError)?;
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        signatures.push(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())));
    }
    Ok(signatures.join(" "))
}

fn bytes(secret: &Secret) -> Result<zeroize::Zeroizing<Vec<u8>>, SignatureError> {
    let text = secret.reveal().strip_prefix(PREFIX).ok_or(SignatureError)?;
    let key = zeroize::Zeroizing::new(STANDARD.decode(text).map_err(|_| SignatureError)?);
    if LENGTH.contains(&key.len()) { Ok(key) } else { Err(SignatureError) }
}
