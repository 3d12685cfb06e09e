//! Passwords: what is good enough for one, and their hashes (argon2id, RFC 9106).

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::http::ApiError;

/// Characters.
const SHORTEST: usize = 10;
/// Bytes.
const LONGEST: usize = 1024;
/// Passwords that are hashed at once: each takes 19 MiB and a core for some tens of milliseconds.
const AT_ONCE: usize = 2;
/// The longest one waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// Nobody's password: what is compared with where there is no such person.
static NOBODY: LazyLock<String> = LazyLock::new(|| hashed(&super::new_key()).unwrap_or_default());

/// Hashes, a few at once.
#[derive(Debug)]
pub(super) struct Passwords {
    turns: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Passwords {
    /// The hash of a password in PHC form, with a salt of its own.
    pub(super) async fn hash(&self, password: &str) -> Result<String, ApiError> {
        let password = password.to_owned();
        self.take_turn(move || hashed(&password)).await?.map_err(|error| {
            tracing::error!(%error, "a password could not be hashed");
            ApiError::internal("hashing the password", &std::io::Error::other(error.to_string()))
        })
    }

    /// Whether a password is the one of a hash. Takes as long where there is no hash.
    pub(super) async fn verify(&self, password: &str, held: Option<&str>) -> Result<bool, ApiError> {
        let (password, held) = (password.to_owned(), held.map(str::to_owned));
        self.take_turn(move || {
            let fits = |hash: &str| {
                PasswordHash::new(hash)
                    .is_ok_and(|hash| argon().verify_password(password.as_bytes(), &hash).is_ok())
            };
            match held {
                Some(hash) => password.len() <= LONGEST && fits(&hash),
                None => {
                    std::hint::black_box(fits(&NOBODY));
                    false
                }
            }
        })
        .await
    }

    async fn take_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let busy = || ApiError::unavailable("busy", "too many people sign in at once", PATIENCE);
        // The semaphore is never closed, so an error is the timeout.
        let turn = timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        let turn = turn.map_err(|_| busy())?.map_err(|_| busy())?;
        let done = spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(|error| ApiError::internal("hashing the password", &error))
    }
}

/// OWASP's parameters for argon2id: 19 MiB, two passes, one lane.
fn argon() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

fn hashed(password: &str) -> Result<String, argon2::password_hash::Error> {
    Ok(argon().hash_password(password.as_bytes())?.to_string())
}

/// Refuses passwords that are guessed first. Rules about signs make nothing safer; length does.
pub(super) fn check(password: &str, email: &str) -> Result<(), ApiError> {
    let refused = |reason: String| ApiError::bad_request("invalid_value", reason).field("password");
    if password.chars().count() < SHORTEST {
        return Err(refused(format!("a password has at least {SHORTEST} characters"))
            .hint("a few words in a row are easy to remember and hard to guess"));
    }
    if password.len() > LONGEST {
        return Err(refused(format!("a password has at most {LONGEST} bytes")));
    }
    let mut signs = password.chars();
    let first = signs.next();
    if signs.all(|sign| Some(sign) == first) || password.to_lowercase() == email {
        return Err(refused("this password is one of the first that are tried".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_argon2id_and_salted() {
        let (one, other) =
            (hashed("correct horse").expect("a hash"), hashed("correct horse").expect("a hash"));
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, other);
    }

    #[tokio::test]
    async fn only_the_right_password_fits() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse").await.expect("a hash");
        for (text, held, fits) in [
            ("correct horse", Some(hash.as_str()), true),
            ("correct horsf", Some(&hash), false),
            ("", Some(&hash), false),
            ("correct horse", Some("nonsense"), false),
            ("correct horse", None, false),
        ] {
            assert_eq!(passwords.verify(text, held).await.expect("an answer"), fits, "{text} {held:?}");
        }
    }

    #[test]
    fn weak_passwords_are_refused() {
        for weak in ["", "short", "aaaaaaaaaaaaaa", "Ada@Example.com", &"x1".repeat(600)] {
            assert!(check(weak, "ada@example.com").is_err(), "{weak}");
        }
        assert!(check("correct horse", "ada@example.com").is_ok());
        assert!(check("größer äß!", "ada@example.com").is_ok(), "ten characters");
    }
}
