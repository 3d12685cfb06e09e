//! Who may do what: the one place where that is decided.
//!
//! A request is let in by a bearer key (its hash is in the metadata database), by the admin token of
//! the configuration, or, where the program runs open, by coming from this machine to read. The
//! answer is a proof ([`Allowed`], [`OnSite`]) that the rest of the program asks for.

mod keys;
mod rights;

use opentrace_events::Sites;
use opentrace_store::meta::KeyRecord;
use uuid::Uuid;

use self::keys::KeyRing;
pub use self::keys::{KeyHash, new_key};
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
    sites: Sites,
    /// Whether anybody on this machine may read.
    open: bool,
}

impl Gate {
    /// A gate that knows no keys yet.
    pub fn new(admin: Option<&Secret>, sites: Sites, open: bool) -> Self {
        let admin = admin.map(|token| KeyHash::of(token.reveal()));
        Self { admin, ring: KeyRing::default(), sites, open }
    }

    /// Lets a key in. A scope that this program does not know allows nothing.
    pub fn add_record(&self, key: &KeyRecord) {
        let scopes = key.scopes.iter().filter_map(|name| name.parse::<Scope>().ok()).collect();
        let reach = key.site.map_or(Reach::All, Reach::One);
        self.ring.insert(KeyHash(key.hash), key.id, Grant { who: Who::Key(key.id), scopes, reach });
    }

    /// Lets the key in no longer.
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
        let Some(header) = call.headers.get("authorization") else {
            let local = self.open && call.is_local() && call.names_local_host();
            return if local {
                Ok(everything(Who::Local, Scope::Read))
            } else {
                Err(ApiError::unauthorised("no API key"))
            };
        };
        let token = header
            .to_str()
            .ok()
            .and_then(bearer)
            .ok_or_else(|| ApiError::unauthorised("the Authorization header holds no bearer key"))?;
        if self.admin.is_some_and(|admin| admin.matches(&KeyHash::of(token))) {
            return Ok(everything(Who::Admin, Scope::Admin));
        }
        self.ring.grant(token).ok_or_else(|| ApiError::unauthorised("unknown API key"))
    }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
