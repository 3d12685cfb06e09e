//! A client of HTTP that connects to the address that was checked, and to no other.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::{Attempt, Policy};
use url::{Host, Url};

use super::address::{Allow, refused};

const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may take, unless somebody says otherwise.
pub const ANSWER: Duration = Duration::from_secs(10);
const REDIRECTS: usize = 3;

/// Why a target is not called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    #[error("`{0}` is in a private network; OPENTRACE_ALERTS_ALLOW_PRIVATE=true allows such targets")]
    Private(String),
    #[error("`{0}` has no address")]
    NoAddress(String),
    #[error("only http and https can be called")]
    Scheme,
    #[error("redirected more than {REDIRECTS} times")]
    Redirects,
    #[error("the client cannot be made: {0}")]
    Client(String),
}

impl GuardError {
    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Private(_) => "target_private",
            Self::NoAddress(_) => "target_unknown",
            Self::Scheme => "target_scheme",
            Self::Redirects => "target_redirects",
            Self::Client(_) => "client_failed",
        }
    }

    /// Whether asking again cannot help. A name that has no address may have one when the network is back.
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::NoAddress(_))
    }
}

/// The addresses of a name that may be called.
///
/// # Errors
/// [`GuardError::NoAddress`], and [`GuardError::Private`] where it has none but private ones.
pub async fn resolve(host: &str, allow: Allow) -> Result<Vec<SocketAddr>, GuardError> {
    let found = tokio::net::lookup_host((host, 0)).await;
    let found: Vec<SocketAddr> = found.map_err(|_| GuardError::NoAddress(host.to_owned()))?.collect();
    if found.is_empty() {
        return Err(GuardError::NoAddress(host.to_owned()));
    }
    let allowed: Vec<SocketAddr> =
        found.into_iter().filter(|address| !refused(address.ip(), allow)).collect();
    if allowed.is_empty() { Err(GuardError::Private(host.to_owned())) } else { Ok(allowed) }
}

/// Checks what a URL says by itself; names are checked when they are resolved.
pub(crate) fn check(url: &Url, allow: Allow) -> Result<(), GuardError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(GuardError::Scheme);
    }
    let address = match url.host() {
        None => return Err(GuardError::NoAddress(url.to_string())),
        Some(Host::Domain(_)) => return Ok(()),
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => IpAddr::V6(address),
    };
    if refused(address, allow) { Err(GuardError::Private(address.to_string())) } else { Ok(()) }
}

/// A client that resolves names by itself, checks redirects, and takes no proxy from the environment.
/// The caller checks the first URL. An answer may take as long as `patience`.
///
/// # Errors
/// [`GuardError::Client`].
pub fn client(allow: Allow, patience: Duration) -> Result<reqwest::Client, GuardError> {
    let failed = |error: &dyn std::fmt::Display| GuardError::Client(error.to_string());
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(Arc::new(Checked(allow)))
        .redirect(Policy::custom(move |attempt| redirect(attempt, allow)))
        .no_proxy()
        .referer(false)
        .connect_timeout(CONNECT)
        .timeout(patience)
        .user_agent(concat!("OpenTrace/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| failed(&error))
}

fn redirect(attempt: Attempt<'_>, allow: Allow) -> reqwest::redirect::Action {
    if attempt.previous().len() > REDIRECTS {
        return attempt.error(GuardError::Redirects);
    }
    match check(attempt.url(), allow) {
        Ok(()) => attempt.follow(),
        Err(error) => attempt.error(error),
    }
}

struct Checked(Allow);

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let allow = self.0;
        Box::pin(async move {
            let addresses = resolve(name.as_str(), allow).await?;
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}
