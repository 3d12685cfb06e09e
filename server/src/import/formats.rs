//! What files may hold: each format turns lines into events in the native shape.

mod access_log;
mod csv;
mod ga4;
mod native;
mod ndjson;
mod places;
mod umami;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use self::access_log::AccessLog;
use self::csv::Csv;
use self::ga4::Ga4;
use self::ndjson::Ndjson;
use self::umami::Umami;

/// Turns the lines of an import into events.
pub(crate) trait Reader {
    /// Whether lines are records of CSV, which have a head and in quotes may hold line ends.
    fn has_records(&self) -> bool {
        false
    }

    /// The head of a file. An error says what is wrong with it, for people.
    fn head(&mut self, _record: &[u8]) -> Result<(), String> {
        Ok(())
    }

    /// Appends the event of a line as one JSON object without a line end. An error is the reason why
    /// the line is no event; nothing has been appended then.
    fn event(&mut self, line: &[u8], to: &mut Vec<u8>) -> Result<(), &'static str>;
}

/// Makes a reader for an import of a site.
type Open = fn(site: &str) -> Box<dyn Reader>;

/// Every format there is, by name.
const FORMATS: &[(&str, Open)] = &[
    ("combined", |site| Box::new(AccessLog::combined(site))),
    ("common", |site| Box::new(AccessLog::common(site))),
    ("csv", |site| Box::new(Csv::new(site))),
    ("ga4", |site| Box::new(Ga4::new(site))),
    ("ndjson", |site| Box::new(Ndjson::new(site))),
    ("umami", |site| Box::new(Umami::new(site))),
];

/// A format, chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Format(Open);

/// The names of all formats.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().map(|(name, _)| *name)
}

impl Format {
    pub(crate) fn named(name: &str) -> Option<Self> {
        FORMATS.iter().find(|(known, _)| *known == name).map(|(_, open)| Self(*open))
    }

    /// A reader for one import.
    pub(crate) fn reader(self, site: &str) -> Box<dyn Reader> {
        self.0(site)
    }
}

/// Reads a format from the command line; one that does not exist is refused with the list of those
/// that do.
pub(crate) fn parser() -> impl TypedValueParser<Value = Format> {
    let names = PossibleValuesParser::new(names());
    names.try_map(|name| Format::named(&name).ok_or("unknown format"))
}
