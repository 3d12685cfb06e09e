//! The country database that `npm ci` installs. Skipped, and said so, where it is not installed.

#![allow(clippy::print_stdout)] // a skipped test says that it was

use std::net::IpAddr;
use std::path::Path;

use opentrace_events::enrich::Geo;
use opentrace_events::enrich::geo::Status;

#[test]
fn the_installed_database_knows_countries() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../node_modules/@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb");
    let geo = Geo::open(&path);
    if let Status::Missing(path) = geo.status() {
        println!("skipped: {} is not installed", path.display());
        return;
    }
    assert!(matches!(geo.status(), Status::On { .. }), "{}", geo.status());
    for (ip, country) in
        [("8.8.8.8", "US"), ("193.0.6.139", "NL"), ("2001:67c:2e8:22::c100:68b", "NL"), ("10.0.0.1", "")]
    {
        let ip: IpAddr = ip.parse().expect("an address");
        assert_eq!(geo.place(ip).country, country, "{ip}");
    }
}
