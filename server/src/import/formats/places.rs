//! Codes of ISO 3166 for the names by which other programs know places.

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
    if name.is_empty() {
        return None;
    }
    if let Some((_, code)) = COUNTRIES.iter().find(|(known, _)| *known == name) {
        return Some(code);
    }
    let wanted = plain(name);
    let all = rust_iso3166::ALL_ALPHA2.iter().filter_map(|code| rust_iso3166::from_alpha2(code));
    let mut named = all.filter(|country| country.alpha2 == name || plain(country.name) == wanted);
    named.next().map(|country| country.alpha2)
}

/// The code of a region of a country by its name.
pub(super) fn region(country: &str, name: &str) -> Option<&'static str> {
    let country = rust_iso3166::from_alpha2(country)?;
    let wanted = plain(name);
    let regions = country.subdivisions()?;
    regions.iter().find(|region| plain(region.name) == wanted).map(|region| region.code)
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
