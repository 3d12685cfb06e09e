//! What keeps alerts from doing harm: secrets that cannot leak, and targets that may be called.

mod address;
mod client;
mod secret;
#[cfg(test)]
mod tests;

pub use address::{Allow, refused};
pub(crate) use client::check;
pub use client::{ANSWER, GuardError, client, resolve};
pub use secret::{Secret, Vault, VaultError};
