//! People who sign in with a browser.
//!
//! The first one, who owns the server, shows the code that the program prints when it starts without
//! anybody; coming from this machine is not enough, because everybody does behind a proxy that says
//! nothing of its clients. Who signs in gets a cookie that scripts cannot read and other sites cannot
//! make the browser send. A request that changes something shows a second text, too, which only a
//! page of this server can have read.
//!
//! People and sessions are in memory beside the metadata database: every request asks.

mod attempts;
mod password;
mod session;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use opentrace_store::meta::{PersonRecord, SessionRecord};
use opentrace_store::{Meta, StoreError};
use uuid::Uuid;

use self::attempts::Attempts;
use self::password::Passwords;
pub(crate) use self::session::Cookie;
use super::keys::{KeyHash, new_key};
use crate::clock;
use crate::http::{ApiError, Call};

/// How long somebody stays signed in.
const SESSION: Duration = Duration::from_secs(30 * 24 * 3600);
const LONGEST_EMAIL: usize = 254;
const LONGEST_NAME: usize = 200;

/// Somebody who may sign in.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    pub id: Uuid,
    pub email: String,
    pub name: String,
    password: String,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What the first person says about themselves.
#[derive(Debug)]
pub(crate) struct Founder<'a> {
    pub(crate) email: &'a str,
    pub(crate) name: &'a str,
    pub(crate) password: &'a str,
}

/// Everybody who may sign in, and every browser somebody is signed in with.
#[derive(Debug)]
pub struct People {
    meta: Meta,
    passwords: Passwords,
    attempts: Attempts,
    held: RwLock<Held>,
    /// What the first person has to show.
    code: KeyHash,
}

#[derive(Debug, Default)]
struct Held {
    people: Vec<Arc<Person>>,
    sessions: HashMap<KeyHash, SessionRecord>,
}

impl People {
    /// Everybody in the metadata database, and the code for the first one where there is nobody.
    pub async fn open(meta: Meta) -> Result<(Self, Option<String>), StoreError> {
        let people: Vec<_> = meta.people().await?.into_iter().map(|person| Arc::new(person.into())).collect();
        let sessions = meta.sessions().await?.into_iter();
        let sessions = sessions.map(|session| (KeyHash(session.hash), session)).collect();
        let code = new_key();
        let shown = people.is_empty().then(|| code.clone());
        let code = KeyHash::of(&code);
        let held = RwLock::new(Held { people, sessions });
        let (passwords, attempts) = (Passwords::default(), Attempts::default());
        Ok((Self { meta, passwords, attempts, held, code }, shown))
    }

    /// Whether somebody owns the server.
    pub(crate) fn is_anybody(&self) -> bool {
        !self.read().people.is_empty()
    }

    /// Whether this is the code for the first person.
    pub(super) fn is_code(&self, text: &str) -> bool {
        self.code.matches(&KeyHash::of(text))
    }

    /// Who is signed in with the browser that sent this.
    pub(crate) fn signed_in(&self, call: &Call) -> Option<(Arc<Person>, Cookie)> {
        let cookie = Cookie::of(call)?;
        let held = self.read();
        let session = held.sessions.get(&cookie.hash())?;
        let person = held.people.iter().find(|person| person.id == session.person)?;
        (session.expires_at > clock::now().0).then(|| (Arc::clone(person), cookie))
    }

    /// What somebody is called of whom an act is kept, as [`super::Who`] writes them; `None` of programs, of who is
    /// gone, and of who did not say their name.
    pub(crate) fn called(&self, who: &str) -> Option<String> {
        let id: Uuid = who.strip_prefix("person ")?.parse().ok()?;
        let held = self.read();
        let person = held.people.iter().find(|person| person.id == id)?;
        Some(person.name.clone()).filter(|name| !name.is_empty())
    }

    /// Makes the first person. The caller has shown the code or the admin token.
    pub(super) async fn found(&self, founder: Founder<'_>) -> Result<Arc<Person>, ApiError> {
        let email = checked_email(founder.email)?;
        let name = founder.name.trim();
        if name.chars().count() > LONGEST_NAME {
            return Err(ApiError::bad_request("invalid_value", "the name is too long").field("name"));
        }
        password::check(founder.password, &email)?;
        let record = PersonRecord {
            id: Uuid::now_v7(),
            email,
            name: name.to_owned(),
            password: self.passwords.hash(founder.password).await?,
            created_at: clock::now().0,
        };
        self.meta.create_owner(&record).await?;
        let person = Arc::new(Person::from(record));
        self.write().people.push(Arc::clone(&person));
        Ok(person)
    }

    /// Who this is, by e-mail address and password. Whether the address or the password is wrong is
    /// not told, not even by the time it takes.
    pub(crate) async fn recognise(
        &self,
        email: &str,
        password: &str,
        from: IpAddr,
    ) -> Result<Arc<Person>, ApiError> {
        let email = email.trim().to_lowercase();
        self.attempts
            .note(from, &email)
            .map_err(|wait| ApiError::too_many("too_many_attempts", "too many attempts to sign in", wait))?;
        let person = self.read().people.iter().find(|person| person.email == email).map(Arc::clone);
        let held = person.as_deref().map(|person| person.password.as_str());
        let right = self.passwords.verify(password, held).await?;
        match person.filter(|_| right) {
            Some(person) => {
                self.attempts.recognised(from, &email);
                Ok(person)
            }
            None => Err(ApiError::new(
                warp::http::StatusCode::UNAUTHORIZED,
                "wrong_password",
                "the e-mail address or the password is wrong",
            )),
        }
    }

    /// Signs a browser in and returns what it is to show from now on.
    pub(crate) async fn sign_in(&self, person: &Person) -> Result<Cookie, ApiError> {
        let cookie = Cookie::new();
        let expires_at = clock::now().0 + SESSION.as_millis() as i64; // 30 days
        let session = SessionRecord { hash: cookie.hash().0, person: person.id, expires_at };
        self.meta.insert_session(&session).await?;
        let now = clock::now().0;
        let mut held = self.write();
        held.sessions.retain(|_, session| session.expires_at > now);
        held.sessions.insert(cookie.hash(), session);
        Ok(cookie)
    }

    /// Signs a browser out.
    pub(crate) async fn sign_out(&self, cookie: &Cookie) -> Result<(), ApiError> {
        self.write().sessions.remove(&cookie.hash());
        Ok(self.meta.delete_session(&cookie.hash().0).await?)
    }

    /// Gives somebody another password and signs them out everywhere.
    pub(crate) async fn set_password(&self, person: &Person, password: &str) -> Result<(), ApiError> {
        password::check(password, &person.email)?;
        let hash = self.passwords.hash(password).await?;
        self.meta.set_password(person.id, &hash).await?;
        let mut held = self.write();
        held.sessions.retain(|_, session| session.person != person.id);
        for held in held.people.iter_mut().filter(|held| held.id == person.id) {
            *held = Arc::new(Person { password: hash.clone(), ..Person::clone(held) });
        }
        Ok(())
    }

    /// The hash of a link's password.
    pub(crate) async fn hash_for_link(&self, password: &str) -> Result<String, ApiError> {
        self.passwords.hash(password).await
    }

    /// Whether this is the password of a link. Attempts are counted as those to sign in are.
    pub(super) async fn fits_link(
        &self,
        password: &str,
        held: &str,
        link: &str,
        from: IpAddr,
    ) -> Result<bool, ApiError> {
        self.attempts
            .note(from, link)
            .map_err(|wait| ApiError::too_many("too_many_attempts", "too many attempts", wait))?;
        let fits = self.passwords.verify(password, Some(held)).await?;
        if fits {
            self.attempts.recognised(from, link);
        }
        Ok(fits)
    }

    /// Where people and links are kept, for the rest of this folder.
    pub(super) fn meta(&self) -> &Meta {
        &self.meta
    }

    fn read(&self) -> RwLockReadGuard<'_, Held> {
        self.held.read().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn write(&self) -> RwLockWriteGuard<'_, Held> {
        // A writer changes one entry after the other, each of which is whole.
        self.held.write().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl From<PersonRecord> for Person {
    fn from(record: PersonRecord) -> Self {
        Self { id: record.id, email: record.email, name: record.name, password: record.password }
    }
}

fn checked_email(email: &str) -> Result<String, ApiError> {
    let email = email.trim().to_lowercase();
    let parts = email.split_once('@').filter(|(before, after)| !before.is_empty() && after.len() > 1);
    let odd = |c: char| c.is_whitespace() || c.is_control();
    if parts.is_none() || email.len() > LONGEST_EMAIL || email.contains(odd) {
        return Err(ApiError::bad_request("invalid_value", "this is no e-mail address")
            .field("email")
            .hint("it is the name you sign in with, as in ada@example.com"));
    }
    Ok(email)
}
