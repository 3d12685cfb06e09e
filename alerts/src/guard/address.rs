//! Which addresses are nobody's business but this network's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether targets in private networks may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allow {
    PublicOnly,
    Private,
}

/// Whether an address is not of the public internet: see the special-purpose address registries of IANA
/// (RFC 6890). Addresses of IPv4 inside those of IPv6 are judged as what they lead to.
pub fn refused(address: IpAddr, allow: Allow) -> bool {
    allow == Allow::PublicOnly
        && match address {
            IpAddr::V4(address) => special_v4(address),
            IpAddr::V6(address) => embedded(address).map_or_else(|| special_v6(address), special_v4),
        }
}

fn special_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || matches!(
            (a, b, c),
            (0 | 224..=255, _, _) | (100, 64..=127, _) | (192, 0, 0) | (192, 88, 99) | (198, 18 | 19, _)
        )
}

fn special_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // Only 2000::/3 is given out; of it some parts are not for the public.
    first & 0xe000 != 0x2000 || (first == 0x2001 && (second < 0x0200 || second == 0x0db8)) || first == 0x3fff
}

/// The address of IPv4 that is reached through one of IPv6: mapped, compatible, NAT64 or 6to4.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match (a, b, c, d, e, f) {
        (0, 0, 0, 0, 0, 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) => Some(of(g, h)),
        (0, 0, 0, 0, 0, 0) if g != 0 => Some(of(g, h)),
        (0x2002, ..) => Some(of(b, c)),
        _ => None,
    }
}
