//! Who may do what: the one place where that is decided.
//!
//! A request is let in by a bearer key (its hash is in the metadata database), by the admin token of
//! the configuration, by the cookie of somebody who signed in, by a shared link to read one page,
//! or, where the program runs open, by coming from this machine to read. The answer is a proof ([`Allowed`], [`OnSite`]) that the rest of
//! the program asks for.

mod keys;
mod links;
mod people;
mod rights;

use std::sync::Arc;

use opentrace_events::Sites;
use opentrace_store::meta::KeyRecord;
use uuid::Uuid;

use self::keys::KeyRing;
pub use self::keys::{KeyHash, new_key};
use self::links::Opened;
pub(crate) use self::people::{Cookie, Founder};
pub use self::people::{People, Person};
pub use self::rights::{
    Admin, Allowed, Collect, Grant, OnSite, Reach, Read, Right, Scope, Scopes, UnknownScope, Who, Write,
};
use crate::config::Secret;
use crate::http::{ApiError, Call};

/// Decides.
#[derive(Debug)]
pub struct Gate {
    admin: Option<KeyHash>,
    ring: KeyRing,
    people: People,
    opened: Opened,
    sites: Sites,
    /// Whether anybody on this machine may read.
    open: bool,
}

impl Gate {
    /// A gate that knows no keys yet.
    pub fn new(admin: Option<&Secret>, people: People, sites: Sites, open: bool) -> Self {
        let admin = admin.map(|token| KeyHash::of(token.reveal()));
        Self { admin, ring: KeyRing::default(), people, opened: Opened::default(), sites, open }
    }

    /// Who may sign in. What they may do is asked here.
    pub(crate) fn people(&self) -> &People {
        &self.people
    }

    /// Makes the first person, for who shows the code that was printed at the start or the admin token.
    pub(crate) async fn found(
        &self,
        call: &Call,
        code: Option<&str>,
        founder: Founder<'_>,
    ) -> Result<Arc<Person>, ApiError> {
        if self.people.is_anybody() {
            return Err(ApiError::conflict("exists", "this server has an owner"));
        }
        let shown = code.is_some_and(|code| self.people.is_code(code.trim()) || self.is_admin(code.trim()));
        if !shown && self.token(call)?.is_none_or(|token| !self.is_admin(token)) {
            return Err(ApiError::forbidden("this is not the code of this server")
                .field("code")
                .hint("it is in the lines that the program printed when it started"));
        }
        self.people.found(founder).await
    }

    /// Lets a key in. A scope that this program does not know allows nothing.
    pub fn add_record(&self, key: &KeyRecord) {
        let scopes = key.scopes.iter().filter_map(|name| name.parse::<Scope>().ok()).collect();
        let reach = key.site.map_or(Reach::All, Reach::One);
        self.ring.insert(KeyHash(key.hash), key.id, Grant { who: Who::Key(key.id), scopes, reach });
    }

    /// Lets the key in no longer.
    /// A new key that may read everything, for the program itself. It is kept nowhere and ends with it.
    pub(crate) fn reader(&self) -> Secret {
        let (id, text) = (Uuid::now_v7(), new_key());
        let scopes = [Scope::Read].into_iter().collect();
        self.ring.insert(KeyHash::of(&text), id, Grant { who: Who::Key(id), scopes, reach: Reach::All });
        Secret::new(text)
    }

    pub fn remove(&self, id: Uuid) {
        self.ring.remove(id);
    }

    /// Proof that the caller may do `R` on some site: 401 for who is nobody, 403 for who may not.
    pub(crate) fn allow<R: Right>(&self, call: &Call) -> Result<Allowed<R>, ApiError> {
        let grant = self.grant(call)?;
        Allowed::from_grant(grant)
            .ok_or_else(|| ApiError::forbidden(format!("this key lacks the scope `{}`", R::SCOPE.name())))
    }

    /// Who the caller is, whatever they may do: 401 for who is nobody.
    pub(crate) fn known(&self, call: &Call) -> Result<Grant, ApiError> {
        self.grant(call)
    }

    /// Proof that anybody may send what a visitor does, as far as a browser is believed.
    pub(crate) fn browser(&self) -> Allowed<Collect> {
        Allowed::browser()
    }

    /// Proof for one site. Who may not see every site does not learn which ones exist.
    pub(crate) fn on_site<R: Right>(
        &self,
        allowed: &Allowed<R>,
        domain: &str,
    ) -> Result<OnSite<R>, ApiError> {
        let site = self.sites.find(domain);
        if site.is_none() && allowed.reach() == Reach::All {
            return Err(ApiError::unknown_site(domain));
        }
        site.and_then(|site| allowed.narrow(site))
            .ok_or_else(|| ApiError::forbidden("this key is bound to another site").field("site_id"))
    }

    fn grant(&self, call: &Call) -> Result<Grant, ApiError> {
        let everything = |who, scope| Grant { who, scopes: [scope].into_iter().collect(), reach: Reach::All };
        if let Some(token) = self.token(call)? {
            if self.is_admin(token) {
                return Ok(everything(Who::Admin, Scope::Admin));
            }
            return self.ring.grant(token).ok_or_else(|| ApiError::unauthorised("unknown API key"));
        }
        if let Some((person, cookie)) = self.people.signed_in(call) {
            if !call.method.is_safe() && !cookie.is_confirmed(call) {
                return Err(ApiError::forbidden("no page of this server sent this")
                    .hint("send the `csrf` of `GET /api/v1/session` as `X-CSRF-Token`"));
            }
            return Ok(everything(Who::Person(person.id), Scope::Admin));
        }
        if self.open && call.is_local() && call.names_local_host() {
            return Ok(everything(Who::Local, Scope::Read));
        }
        Err(ApiError::unauthorised("no API key"))
    }

    /// The bearer token of the request, if it has one.
    fn token<'a>(&self, call: &'a Call) -> Result<Option<&'a str>, ApiError> {
        let Some(header) = call.headers.get("authorization") else { return Ok(None) };
        let token = header.to_str().ok().and_then(bearer);
        token.map(Some).ok_or_else(|| ApiError::unauthorised("the Authorization header holds no bearer key"))
    }

    fn is_admin(&self, token: &str) -> bool {
        self.admin.is_some_and(|admin| admin.matches(&KeyHash::of(token)))
    }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
