//! Where in their countries the people of generated traffic are: regions by ISO 3166-2, and cities.

use super::world::Weighted;

/// A region and a city of it.
pub(super) type Place = (&'static str, &'static str);

/// The places of a country, the capital of its traffic first.
pub(super) fn places_of(country: &str) -> &'static [Weighted<Place>] {
    PLACES.iter().find(|(code, _)| *code == country).map_or(NOWHERE, |(_, places)| places)
}

const NOWHERE: &[Weighted<Place>] = &[(("", ""), 1)];

const PLACES: &[(&str, &[Weighted<Place>])] = &[
    (
        "US",
        &[
            (("US-NY", "New York"), 26),
            (("US-CA", "San Francisco"), 22),
            (("US-CA", "Los Angeles"), 18),
            (("US-TX", "Austin"), 14),
            (("US-WA", "Seattle"), 12),
            (("US-IL", "Chicago"), 12),
            (("US-MA", "Boston"), 9),
            (("US-FL", "Miami"), 8),
            (("US-CO", "Denver"), 7),
            (("US-GA", "Atlanta"), 7),
        ],
    ),
    (
        "DE",
        &[
            (("DE-BE", "Berlin"), 24),
            (("DE-BY", "Munich"), 20),
            (("DE-HH", "Hamburg"), 14),
            (("DE-NW", "Cologne"), 14),
            (("DE-HE", "Frankfurt am Main"), 11),
            (("DE-BW", "Stuttgart"), 9),
            (("DE-SN", "Leipzig"), 8),
        ],
    ),
    (
        "GB",
        &[
            (("GB-ENG", "London"), 50),
            (("GB-ENG", "Manchester"), 14),
            (("GB-SCT", "Edinburgh"), 10),
            (("GB-WLS", "Cardiff"), 6),
        ],
    ),
    (
        "FR",
        &[
            (("FR-IDF", "Paris"), 48),
            (("FR-ARA", "Lyon"), 16),
            (("FR-PAC", "Marseille"), 10),
            (("FR-OCC", "Toulouse"), 10),
        ],
    ),
    (
        "IN",
        &[
            (("IN-KA", "Bengaluru"), 30),
            (("IN-MH", "Mumbai"), 22),
            (("IN-DL", "New Delhi"), 16),
            (("IN-TN", "Chennai"), 12),
        ],
    ),
    ("NL", &[(("NL-NH", "Amsterdam"), 40), (("NL-ZH", "Rotterdam"), 18), (("NL-UT", "Utrecht"), 14)]),
    (
        "CA",
        &[
            (("CA-ON", "Toronto"), 36),
            (("CA-QC", "Montreal"), 22),
            (("CA-BC", "Vancouver"), 22),
            (("CA-AB", "Calgary"), 12),
        ],
    ),
    (
        "BR",
        &[
            (("BR-SP", "São Paulo"), 46),
            (("BR-RJ", "Rio de Janeiro"), 22),
            (("BR-MG", "Belo Horizonte"), 12),
            (("BR-PR", "Curitiba"), 8),
        ],
    ),
    ("JP", &[(("JP-13", "Tokyo"), 50), (("JP-27", "Osaka"), 20), (("JP-23", "Nagoya"), 10)]),
    ("PL", &[(("PL-14", "Warsaw"), 34), (("PL-12", "Kraków"), 18), (("PL-02", "Wrocław"), 14)]),
    ("ES", &[(("ES-MD", "Madrid"), 36), (("ES-CT", "Barcelona"), 30), (("ES-VC", "Valencia"), 12)]),
    (
        "AU",
        &[
            (("AU-NSW", "Sydney"), 38),
            (("AU-VIC", "Melbourne"), 34),
            (("AU-QLD", "Brisbane"), 16),
            (("AU-WA", "Perth"), 10),
        ],
    ),
    ("IT", &[(("IT-25", "Milan"), 34), (("IT-62", "Rome"), 28), (("IT-21", "Turin"), 10)]),
    ("SE", &[(("SE-AB", "Stockholm"), 46), (("SE-O", "Gothenburg"), 18), (("SE-M", "Malmö"), 12)]),
    ("CH", &[(("CH-ZH", "Zurich"), 44), (("CH-GE", "Geneva"), 18), (("CH-BE", "Bern"), 12)]),
    ("AT", &[(("AT-9", "Vienna"), 52), (("AT-6", "Graz"), 12), (("AT-4", "Linz"), 10)]),
    ("KR", &[(("KR-11", "Seoul"), 60), (("KR-26", "Busan"), 14)]),
    (
        "MX",
        &[(("MX-CMX", "Mexico City"), 46), (("MX-JAL", "Guadalajara"), 16), (("MX-NLE", "Monterrey"), 14)],
    ),
];

#[cfg(test)]
mod tests {
    use super::super::world::COUNTRIES;
    use super::*;

    #[test]
    fn every_country_has_regions_of_its_own() {
        for ((country, _), _) in COUNTRIES {
            let places = places_of(country);
            assert!(places.len() > 1, "{country}");
            for ((region, city), share) in places {
                assert!(region.starts_with(&format!("{country}-")) && !city.is_empty() && *share > 0);
            }
        }
    }
}
