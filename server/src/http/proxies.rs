//! Which address a request came from.
//!
//! `X-Forwarded-For` is read from right to left and believed as long as the one who wrote the entry
//! is a trusted proxy. Wrong when a trusted proxy passes on what its clients claim without adding
//! their address.

use std::net::{IpAddr, SocketAddr};
use std::sync::Once;

use ipnet::IpNet;
use warp::http::HeaderMap;

/// The proxies whose word is taken.
#[derive(Debug)]
pub struct Proxies {
    trusted: Vec<IpNet>,
    warned: Once,
}

impl Proxies {
    pub fn new(trusted: Vec<IpNet>) -> Self {
        Self { trusted, warned: Once::new() }
    }

    /// The client's address: the nearest one that is not a trusted proxy.
    pub fn client(&self, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.ip().to_canonical();
        for entry in headers.get_all("x-forwarded-for").iter().rev() {
            for text in entry.to_str().unwrap_or_default().rsplit(',') {
                if !self.trusts(client) {
                    self.warn_once();
                    return client;
                }
                let Some(before) = address(text.trim()) else { return client };
                client = before;
            }
        }
        client
    }

    fn trusts(&self, ip: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&ip))
    }

    /// Somebody behind a proxy that nobody configured would see all visitors as one.
    fn warn_once(&self) {
        if self.trusted.is_empty() {
            self.warned.call_once(|| {
                tracing::warn!("ignoring X-Forwarded-For, because `trusted_proxies` is not set");
            });
        }
    }
}

/// An address with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches('"');
    let ip = text.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()));
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    ip.or_else(bracketed).map(|ip: IpAddr| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let proxies = Proxies::new(trusted.iter().map(|text| text.parse().expect("a network")).collect());
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().expect("a header"));
        }
        let peer = SocketAddr::new(peer.parse().expect("an address"), 1);
        proxies.client(peer, &headers).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let nets = ["10.0.0.0/8", "fd00::/8"];
        for (trusted, peer, forwarded, want) in [
            (&[][..], "10.0.0.1", &["1.2.3.4"][..], "10.0.0.1"),
            (&nets, "10.0.0.1", &["1.2.3.4"], "1.2.3.4"),
            (&nets, "9.9.9.9", &["1.2.3.4"], "9.9.9.9"),
            // What the client claims stands to the left of what the proxy saw.
            (&nets, "10.0.0.1", &["6.6.6.6, 1.2.3.4"], "1.2.3.4"),
            (&nets, "10.0.0.1", &["6.6.6.6, 1.2.3.4, 10.0.0.2"], "1.2.3.4"),
            (&nets, "10.0.0.1", &["6.6.6.6", "1.2.3.4"], "1.2.3.4"),
            (&nets, "10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            (&nets, "10.0.0.1", &["1.2.3.4, nonsense"], "10.0.0.1"),
            (&nets, "10.0.0.1", &[], "10.0.0.1"),
            (&nets, "::ffff:10.0.0.1", &["::ffff:1.2.3.4"], "1.2.3.4"),
            (&nets, "fd00::1", &["[2001:db8::1]:443"], "2001:db8::1"),
            (&nets, "10.0.0.1", &["1.2.3.4:5555"], "1.2.3.4"),
        ] {
            assert_eq!(client(trusted, peer, forwarded), want, "{peer} {forwarded:?}");
        }
    }
}
