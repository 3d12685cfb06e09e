//! What somebody may do, as types: a handler that needs a right takes the proof of it.
//!
//! The parts of the program that hold data are only handed out against a proof
//! ([`crate::http::state`]), and only this folder can make one. A handler that forgets to ask does
//! not compile.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;
use std::sync::Arc;

use opentrace_events::{Site, SiteId};
use serde::{Deserialize, Serialize};

/// What a key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Send events.
    Collect,
    /// Ask questions.
    Read,
    /// Change a site's settings.
    Write,
    /// All of these, and create sites and keys.
    Admin,
}

impl Scope {
    /// Every scope there is.
    pub const ALL: [Self; 4] = [Self::Collect, Self::Read, Self::Write, Self::Admin];

    /// Its name in requests and in the metadata database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Collect => "collect",
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(name: &str) -> Result<Self, UnknownScope> {
        Self::ALL.into_iter().find(|scope| scope.name() == name).ok_or(UnknownScope)
    }
}

/// A scope that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the scopes are collect, read, write and admin")]
pub struct UnknownScope;

/// A set of scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// Whether the set allows this: it holds the scope or `admin`.
    pub fn allow(self, scope: Scope) -> bool {
        self.0 & (bit(scope) | bit(Scope::Admin)) != 0
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().map(bit).fold(0, |set, bit| set | bit))
    }
}

const fn bit(scope: Scope) -> u8 {
    1 << scope as u8
}

/// Who is asking. Goes into derived ids and, one day, the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// Holds the token of the configuration.
    Admin,
    /// Holds the key with this id.
    Key(uuid::Uuid),
    /// Signed in; the person with this id.
    Person(uuid::Uuid),
    /// Was given the link to the page with this id.
    Link(uuid::Uuid),
    /// Anybody on this machine, where the program runs open.
    Local,
    /// A browser that sends what its visitor does.
    Browser,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Admin => f.write_str("admin token"),
            Self::Key(id) => write!(f, "key {id}"),
            Self::Person(id) => write!(f, "person {id}"),
            Self::Link(id) => write!(f, "link {id}"),
            Self::Local => f.write_str("local"),
            Self::Browser => f.write_str("browser"),
        }
    }
}

/// Which sites a grant reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    All,
    One(SiteId),
}

impl Reach {
    pub fn covers(self, site: SiteId) -> bool {
        match self {
            Self::All => true,
            Self::One(only) => only == site,
        }
    }
}

/// Who somebody is and what they may do where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    pub who: Who,
    pub scopes: Scopes,
    pub reach: Reach,
}

/// A right that a handler may need.
pub trait Right: fmt::Debug {
    const SCOPE: Scope;
}

macro_rules! rights {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}

        impl Right for $name {
            const SCOPE: Scope = Scope::$name;
        }
    )*};
}

rights! {
    /// To send events.
    Collect
    /// To ask questions.
    Read
    /// To change a site.
    Write
    /// To create sites and keys.
    Admin
}

/// Proof of a right, on the sites the grant reaches.
#[derive(Debug)]
pub struct Allowed<R> {
    grant: Grant,
    right: PhantomData<fn() -> R>,
}

/// Proof of a right on one site that exists.
#[derive(Debug)]
pub struct OnSite<R> {
    site: Arc<Site>,
    right: PhantomData<fn() -> R>,
}

impl<R: Right> Allowed<R> {
    /// The proof, if the grant holds the scope.
    pub(super) fn from_grant(grant: Grant) -> Option<Self> {
        grant.scopes.allow(R::SCOPE).then_some(Self { grant, right: PhantomData })
    }
}

impl Allowed<Collect> {
    /// What every browser may do.
    pub(super) fn browser() -> Self {
        let scopes = [Scope::Collect].into_iter().collect();
        Self { grant: Grant { who: Who::Browser, scopes, reach: Reach::All }, right: PhantomData }
    }
}

impl<R> Allowed<R> {
    pub fn who(&self) -> Who {
        self.grant.who
    }

    pub fn reach(&self) -> Reach {
        self.grant.reach
    }

    pub fn scopes(&self) -> Scopes {
        self.grant.scopes
    }

    /// The proof for this site, if the grant reaches it.
    pub(super) fn narrow(&self, site: Arc<Site>) -> Option<OnSite<R>> {
        self.grant.reach.covers(site.id).then_some(OnSite { site, right: PhantomData })
    }
}

impl<R> OnSite<R> {
    pub fn site(&self) -> &Arc<Site> {
        &self.site
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admin_allows_everything_and_the_others_only_themselves() {
        let all = [Scope::Collect, Scope::Read, Scope::Write, Scope::Admin];
        for held in all {
            let scopes: Scopes = [held].into_iter().collect();
            for wanted in all {
                assert_eq!(
                    scopes.allow(wanted),
                    held == wanted || held == Scope::Admin,
                    "{held:?} {wanted:?}"
                );
            }
            assert_eq!(held.name().parse(), Ok(held));
        }
        assert!(all.into_iter().all(|scope| !Scopes::default().allow(scope)));
        assert_eq!("root".parse::<Scope>(), Err(UnknownScope));
    }
}
