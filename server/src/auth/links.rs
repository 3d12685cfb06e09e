//! Who was given a link: they may read what is on the page it leads to, after its password where it
//! has one.
//!
//! Passwords that fitted are remembered as hashes of link and password, so that a page of many tiles
//! does not cost a slow hash for each: 1,000 of 32 bytes.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Mutex;

use opentrace_store::meta::{DashboardRecord, LinkRecord};
use warp::http::StatusCode;

use super::keys::KeyHash;
use super::{Allowed, Gate, Grant, OnSite, Reach, Read, Scope, Who};
use crate::http::ApiError;

const MOST_REMEMBERED: usize = 1_000;

/// Passwords of links that fitted.
#[derive(Debug, Default)]
pub(super) struct Opened(Mutex<HashSet<KeyHash>>);

impl Gate {
    /// The page of a link with the proof that it may be read; `None` where there is no such link.
    pub(crate) async fn open_link(
        &self,
        token: &str,
        password: Option<&str>,
        from: IpAddr,
    ) -> Result<Option<(OnSite<Read>, DashboardRecord)>, ApiError> {
        let Some(record) = self.people.meta().shared_dashboard(token).await? else { return Ok(None) };
        if let Some(link) = &record.link {
            self.check_password(link, password, from).await?;
        }
        let scopes = [Scope::Read].into_iter().collect();
        let grant = Grant { who: Who::Link(record.id), scopes, reach: Reach::One(record.site) };
        let proof = Allowed::from_grant(grant).zip(self.sites.get(record.site));
        Ok(proof.and_then(|(allowed, site)| allowed.narrow(site)).map(|proof| (proof, record)))
    }

    /// Whether pages of other sites may show the page of a link in a frame.
    pub(crate) async fn link_may_be_embedded(&self, token: &str) -> bool {
        let found = self.people.meta().shared_dashboard(token).await;
        found.ok().flatten().and_then(|record| record.link).is_some_and(|link| link.embed)
    }

    async fn check_password(
        &self,
        link: &LinkRecord,
        sent: Option<&str>,
        from: IpAddr,
    ) -> Result<(), ApiError> {
        let Some(held) = &link.password else { return Ok(()) };
        let asked = || {
            ApiError::new(StatusCode::UNAUTHORIZED, "password_required", "this link has a password")
                .hint("send it as `X-Share-Password`")
        };
        let sent = sent.filter(|sent| !sent.is_empty()).ok_or_else(asked)?;
        let fitted = KeyHash::of(&format!("{held} {sent}"));
        if self.opened.lock().contains(&fitted) {
            return Ok(());
        }
        if !self.people.fits_link(sent, held, &link.token, from).await? {
            return Err(ApiError::new(StatusCode::UNAUTHORIZED, "wrong_password", "the password is wrong"));
        }
        let mut opened = self.opened.lock();
        if opened.len() >= MOST_REMEMBERED {
            opened.clear();
        }
        opened.insert(fitted);
        Ok(())
    }
}

impl Opened {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<KeyHash>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
