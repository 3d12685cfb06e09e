//! Names of places by their codes, as ISO 3166 has them.

use std::fmt::Write;
use std::sync::OnceLock;

/// What kind of code a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Places {
    /// ISO 3166-1 alpha-2.
    Countries,
    /// ISO 3166-2.
    Regions,
}

impl Places {
    /// SQL of the name of the place whose code `column` holds; a code that has no name is its own.
    ///
    /// Names are constants of the standard and are written out, because there are thousands.
    pub(crate) fn named(self, column: &str) -> String {
        format!("transform(toString({column}), {}, toString({column}))", self.lists())
    }

    /// The name of the place that has this code.
    pub(crate) fn name(self, code: &str) -> Option<&'static str> {
        match self {
            Self::Countries => rust_iso3166::from_alpha2(code).map(|country| country.name),
            Self::Regions => rust_iso3166::iso3166_2::from_code(code).map(|region| region.name),
        }
    }

    /// The lists of codes and of names.
    pub(crate) fn lists(self) -> &'static str {
        static COUNTRIES: OnceLock<String> = OnceLock::new();
        static REGIONS: OnceLock<String> = OnceLock::new();
        match self {
            Self::Countries => COUNTRIES.get_or_init(|| lists(countries())),
            Self::Regions => REGIONS.get_or_init(|| lists(regions())),
        }
    }
}

fn countries() -> impl Iterator<Item = (&'static str, &'static str)> {
    let all = rust_iso3166::ALL_ALPHA2.iter().filter_map(|code| rust_iso3166::from_alpha2(code));
    all.map(|country| (country.alpha2, country.name))
}

fn regions() -> impl Iterator<Item = (&'static str, &'static str)> {
    let all = rust_iso3166::ALL_ALPHA2.iter().filter_map(|code| rust_iso3166::from_alpha2(code));
    let regions = all.flat_map(|country| country.subdivisions().unwrap_or_default().to_vec());
    regions.map(|region| (region.code, region.name))
}

fn lists(places: impl Iterator<Item = (&'static str, &'static str)>) -> String {
    let (mut codes, mut names) = (String::new(), String::new());
    for (place, (code, name)) in places.enumerate() {
        let comma = if place == 0 { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(codes, "{comma}'{code}'");
        let _ = write!(names, "{comma}'{}'", name.replace('\'', "''"));
    }
    format!("[{codes}], [{names}]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_names() {
        assert!(countries().any(|place| place == ("EE", "Estonia")));
        assert!(regions().any(|place| place == ("DE-BE", "Berlin")));
        assert_eq!(Places::Countries.name("DE"), Some("Germany"));
        assert_eq!(Places::Regions.name("US-CA"), Some("California"));
        assert_eq!((Places::Countries.name("de?"), Places::Regions.name("")), (None, None));
        assert!(countries().count() > 240 && regions().count() > 4_000);
    }

    #[test]
    fn names_stay_within_their_quotes() {
        for kind in [Places::Countries, Places::Regions] {
            let lists = kind.lists();
            assert!(!lists.contains('\\') && !lists.contains('{') && !lists.contains('?'));
            assert_eq!(lists.matches('\'').count() % 2, 0);
        }
    }
}
