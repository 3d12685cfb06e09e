//! Where an address is: a look-up in an MMDB file, after which the address is dropped.
//!
//! Understands the layouts of the country and city databases of MaxMind, DB-IP and IPinfo and the
//! flat one of `@ip-location-db`. Wrong where a visitor comes through a VPN or a proxy abroad, and as
//! old as the file.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use compact_str::{CompactString, format_compact};
use maxminddb::Reader;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

/// A place, as far as known. Empty means unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// ISO 3166-1 alpha-2.
    pub country: CompactString,
    /// ISO 3166-2 (`DE-BY`), or the region's name where the database has no code.
    pub region: CompactString,
    pub city: CompactString,
}

/// Whether places are looked up, and if not why: for the log and the status page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// No file was named.
    Off,
    /// The file does not exist.
    Missing(PathBuf),
    /// The file cannot be read or is no MMDB.
    Unreadable(PathBuf, String),
    /// In use: what the file says it is, and the second since 1970 it was built.
    On { path: PathBuf, kind: String, built: u64 },
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off: no database was named"),
            Self::Missing(path) => write!(f, "off: there is no file {}", path.display()),
            Self::Unreadable(path, reason) => write!(f, "off: {} cannot be used: {reason}", path.display()),
            Self::On { path, kind, .. } => write!(f, "on: {kind} from {}", path.display()),
        }
    }
}

/// The open database, or none.
#[derive(Debug)]
pub struct Geo {
    reader: Option<Reader<Vec<u8>>>,
    status: Status,
}

impl Geo {
    /// Looks nothing up.
    pub fn off() -> Self {
        Self { reader: None, status: Status::Off }
    }

    /// Reads the whole file into memory. A file that is missing or broken turns look-ups off: events
    /// are worth taking without a country. [`Geo::status`] says so.
    pub fn open(path: &Path) -> Self {
        if !path.exists() {
            return Self { reader: None, status: Status::Missing(path.to_owned()) };
        }
        match Reader::open_readfile(path) {
            Ok(reader) => {
                let meta = reader.metadata();
                let (kind, built) = (meta.database_type.clone(), meta.build_epoch);
                Self { status: Status::On { path: path.to_owned(), kind, built }, reader: Some(reader) }
            }
            Err(error) => {
                Self { reader: None, status: Status::Unreadable(path.to_owned(), error.to_string()) }
            }
        }
    }

    /// Whether look-ups work.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// Where `ip` is. Private, reserved and unknown addresses are nowhere.
    pub fn place(&self, ip: IpAddr) -> Place {
        let ip = ip.to_canonical();
        let Some(reader) = &self.reader else { return Place::default() };
        if is_local(ip) {
            return Place::default();
        }
        // A damaged entry is as good as none: the file was checked to be an MMDB when it was opened.
        let record = reader.lookup(ip).ok().and_then(|found| found.decode::<Record<'_>>().ok().flatten());
        record.map(Place::from).unwrap_or_default()
    }
}

fn is_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified(),
        IpAddr::V6(ip) => {
            ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local() || ip.is_unicast_link_local()
        }
    }
}

/// The union of the layouts.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Record<'a> {
    #[serde(borrow)]
    country_code: Option<&'a str>,
    #[serde(borrow)]
    country: Option<Named<'a>>,
    #[serde(borrow)]
    subdivisions: Vec<Named<'a>>,
    #[serde(borrow)]
    region: Option<&'a str>,
    #[serde(borrow)]
    state1: Option<&'a str>,
    #[serde(borrow)]
    city: Option<Named<'a>>,
}

impl From<Record<'_>> for Place {
    fn from(record: Record<'_>) -> Self {
        let country = record.country.as_ref();
        let code = country.and_then(|country| country.code).or(record.country_code);
        let code = code.or(country.and_then(|country| country.name)).filter(|code| code.len() == 2);
        let mut country = CompactString::from(code.unwrap_or_default());
        country.make_ascii_uppercase();
        let region = record.subdivisions.first();
        let region = match region.and_then(|region| region.code) {
            Some(code) if !country.is_empty() => format_compact!("{country}-{code}"),
            _ => {
                let name = region.and_then(|region| region.name).or(record.region).or(record.state1);
                CompactString::from(name.unwrap_or_default())
            }
        };
        let city = record.city.and_then(|city| city.name).unwrap_or_default();
        Self { country, region, city: CompactString::from(city) }
    }
}

/// `{"iso_code", "names": {"en"}}`, or a bare text.
#[derive(Debug, Default)]
struct Named<'a> {
    code: Option<&'a str>,
    name: Option<&'a str>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Named<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Named<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name or a map with iso_code and names")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Named { code: None, name: Some(name) })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut named = Named::default();
                while let Some(key) = map.next_key::<&str>()? {
                    match key {
                        "iso_code" => named.code = Some(map.next_value()?),
                        "names" => named.name = map.next_value::<English<'de>>()?.en,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(named)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct English<'a> {
    #[serde(borrow)]
    en: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fixture(name: &str) -> Geo {
        Geo::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name))
    }

    fn at(geo: &Geo, ip: &str) -> (CompactString, CompactString, CompactString) {
        let Place { country, region, city } = geo.place(ip.parse().expect("an address"));
        (country, region, city)
    }

    #[test]
    fn a_city_database_fills_all_three() {
        let geo = fixture("city.mmdb");
        assert!(matches!(geo.status(), Status::On { .. }), "{}", geo.status());
        assert_eq!(at(&geo, "203.0.113.7"), ("DE".into(), "DE-BY".into(), "München".into()));
        assert_eq!(at(&geo, "::ffff:203.0.113.7"), ("DE".into(), "DE-BY".into(), "München".into()));
        assert_eq!(at(&geo, "2001:db8::1"), ("JP".into(), "Kyoto".into(), "".into()));
    }

    #[test]
    fn a_flat_country_database_fills_the_country() {
        let geo = fixture("country.mmdb");
        assert_eq!(at(&geo, "198.51.100.1"), ("AU".into(), "".into(), "".into()));
        assert_eq!(at(&geo, "203.0.113.7"), Default::default(), "not in the database");
    }

    #[test]
    fn local_addresses_are_nowhere() {
        let geo = fixture("city.mmdb");
        for ip in ["127.0.0.1", "10.1.2.3", "192.168.0.1", "::1", "fd00::1", "0.0.0.0"] {
            assert_eq!(geo.place(ip.parse().expect("an address")), Place::default(), "{ip}");
        }
    }

    #[test]
    fn a_missing_or_broken_file_turns_look_ups_off_and_says_so() {
        let missing = Geo::open(Path::new("/nowhere/geo.mmdb"));
        assert_eq!(missing.status().to_string(), "off: there is no file /nowhere/geo.mmdb");
        assert_eq!(missing.place([8, 8, 8, 8].into()), Place::default());
        let broken = Geo::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml").as_path());
        assert!(matches!(broken.status(), Status::Unreadable(..)), "{}", broken.status());
        assert_eq!(Geo::off().status(), &Status::Off);
    }

    proptest! {
        /// A damaged file is refused or answers something; it never panics.
        #[test]
        fn damage_is_survived(at in 0_usize..2000, byte in any::<u8>(), ip in any::<[u8; 4]>()) {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/city.mmdb");
            let mut bytes = std::fs::read(path).expect("the fixture");
            let at = at % bytes.len();
            bytes[at] = byte;
            if let Ok(reader) = Reader::from_source(bytes) {
                let geo = Geo { reader: Some(reader), status: Status::Off };
                let _ = geo.place(ip.into());
                let _ = geo.place([203, 0, 113, 7].into());
            }
        }
    }
}
