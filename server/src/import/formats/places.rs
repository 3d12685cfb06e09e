//! Codes of ISO 3166 for the names by which other programs know places.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::OnceLock;

use rust_iso3166::CountryCode;

/// Names in use that are not those of the standard.
const COUNTRIES: &[(&str, &str)] = &[
    ("United States", "US"),
    ("United Kingdom", "GB"),
    ("Russia", "RU"),
    ("South Korea", "KR"),
    ("North Korea", "KP"),
    ("Turkey", "TR"),
    ("Vietnam", "VN"),
    ("Taiwan", "TW"),
    ("Laos", "LA"),
    ("Syria", "SY"),
    ("Brunei", "BN"),
    ("Palestine", "PS"),
    ("Kosovo", "XK"),
    ("Cape Verde", "CV"),
    ("Congo - Kinshasa", "CD"),
    ("Congo - Brazzaville", "CG"),
    ("Myanmar (Burma)", "MM"),
    ("Macau", "MO"),
];

/// The code of a country by its name, or by its code.
pub(super) fn country(name: &str) -> Option<&'static str> {
    static CODES: OnceLock<HashMap<String, &'static str>> = OnceLock::new();
    if let Some((_, code)) = COUNTRIES.iter().find(|(known, _)| *known == name) {
        return Some(code);
    }
    if let Some(country) = rust_iso3166::from_alpha2(name).filter(|country| country.alpha2 == name) {
        return Some(country.alpha2);
    }
    let codes = CODES.get_or_init(|| first(countries().map(|country| (plain(country.name), country.alpha2))));
    codes.get(&plain(name)).copied()
}

/// The code of a region of a country by its name.
pub(super) fn region(country: &str, name: &str) -> Option<&'static str> {
    static CODES: OnceLock<HashMap<(&'static str, String), &'static str>> = OnceLock::new();
    let country = rust_iso3166::from_alpha2(country)?.alpha2;
    let codes = CODES.get_or_init(|| {
        first(countries().flat_map(|country| {
            let regions = country.subdivisions().unwrap_or_default().to_vec().into_iter();
            regions.map(move |region| ((country.alpha2, plain(region.name)), region.code))
        }))
    });
    codes.get(&(country, plain(name))).copied()
}

fn countries() -> impl Iterator<Item = CountryCode> {
    rust_iso3166::ALL_ALPHA2.iter().filter_map(|code| rust_iso3166::from_alpha2(code))
}

/// Codes by name; of several with one name the first.
fn first<K: Eq + Hash>(named: impl Iterator<Item = (K, &'static str)>) -> HashMap<K, &'static str> {
    let mut codes = HashMap::new();
    named.for_each(|(name, code)| {
        codes.entry(name).or_insert(code);
    });
    codes
}

/// A name without what the standard adds to it: `Iran (Islamic Republic of)`, `Bolivia, Plurinational State of`.
fn plain(name: &str) -> String {
    let short = name.split(['(', ',', '[']).next().unwrap_or_default();
    short.replace('&', "and").replace('’', "'").trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_known_by_the_names_that_are_used() {
        for (name, code) in [
            ("Germany", "DE"),
            ("United States", "US"),
            ("Iran", "IR"),
            ("Bolivia", "BO"),
            ("Netherlands", "NL"),
            ("Bosnia & Herzegovina", "BA"),
            ("Côte d’Ivoire", "CI"),
            ("FR", "FR"),
        ] {
            assert_eq!(country(name), Some(code), "{name}");
        }
        assert_eq!((country(""), country("Atlantis")), (None, None));
        assert_eq!(region("US", "California"), Some("US-CA"));
        assert_eq!((region("US", "Bavaria"), region("", "Bavaria"), region("US", "")), (None, None, None));
    }
}
