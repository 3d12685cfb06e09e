//! Events as they are stored, in the order they are read fastest: by UTC day, person and time.
//!
//! An export is as of an epoch, and a cursor remembers it, so that what comes in meanwhile changes
//! no page and nothing is missed or repeated. Keeps nothing between pages. Wrong when a person is
//! erased between two pages: then their events are missing from the later ones.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use clickhouse::query::BytesCursor;
use serde_json::{Value as Json, json};

use crate::error::QueryError;
use crate::filter::Filter;
use crate::parse::{dates, filters};
use crate::plan::Shape;
use crate::query::{DateRange, Query};
use crate::range::Range;
use crate::run::Asking;
use crate::sql::{self, Context};
use crate::vocabulary::Vocabulary;
use crate::{nearest, rows};

/// Rows that one page may have in a format that is written piece by piece.
pub const STREAMED_ROWS: u64 = 1_000_000;
/// And in one that is written as a whole.
pub const WHOLE_ROWS: u64 = 200_000;

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Csv,
    Ndjson,
    Parquet,
    Arrow,
}

/// A request for events.
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    pub format: Format,
    pub date_range: DateRange,
    /// About events; attributes of visits are those an event itself came with.
    pub filters: Vec<Filter>,
    pub limit: u64,
    /// Where an earlier page ended.
    pub after: Option<Cursor>,
}

/// The last row of a page, and the epoch the export is as of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub(crate) epoch: u64,
    pub(crate) ts: i64,
    pub(crate) visitor: u64,
    pub(crate) partition: u64,
    pub(crate) offset: u64,
}

/// A page, before its rows are read.
#[derive(Debug)]
pub struct Page {
    /// Rows that there are from the beginning of the page on.
    pub rows: u64,
    /// Where the next page begins, if the page is cut.
    pub next: Option<Cursor>,
    statement: sql::Statement,
}

impl Format {
    /// Every format by its name.
    pub const ALL: [(&'static str, Self); 4] =
        [("csv", Self::Csv), ("ndjson", Self::Ndjson), ("parquet", Self::Parquet), ("arrow", Self::Arrow)];

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Arrow => "application/vnd.apache.arrow.stream",
        }
    }

    /// The most rows of a page.
    pub fn most(self) -> u64 {
        match self {
            Self::Csv | Self::Ndjson => STREAMED_ROWS,
            Self::Parquet | Self::Arrow => WHOLE_ROWS,
        }
    }

    fn of_store(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Ndjson => "JSONEachRow",
            Self::Parquet => "Parquet",
            Self::Arrow => "ArrowStream",
        }
    }

    /// What stands before the rows of a page.
    pub fn head(self) -> Bytes {
        match self {
            Self::Csv => {
                let names: Vec<_> = sql::export::COLUMNS.iter().map(|(name, _)| *name).collect();
                Bytes::from(names.join(",") + "\n")
            }
            _ => Bytes::new(),
        }
    }
}

impl Cursor {
    /// As a word for addresses.
    pub fn written(&self) -> String {
        let Self { epoch, ts, visitor, partition, offset } = self;
        URL_SAFE_NO_PAD.encode(json!([epoch, ts, visitor, partition, offset]).to_string())
    }

    fn read(word: &str) -> Option<Self> {
        let parts: (u64, i64, u64, u64, u64) =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(word).ok()?).ok()?;
        let (epoch, ts, visitor, partition, offset) = parts;
        Some(Self { epoch, ts, visitor, partition, offset })
    }
}

impl Export {
    /// Reads a request from the parts of an address.
    ///
    /// # Errors
    /// The first mistake, with its name.
    pub fn read(part: impl Fn(&str) -> Option<String>, vocabulary: &Vocabulary) -> Result<Self, QueryError> {
        let format = match part("format") {
            None => Format::Ndjson,
            Some(given) => {
                let known = Format::ALL.iter().find(|(name, _)| *name == given);
                known.map(|(_, format)| *format).ok_or_else(|| unknown_format(&given))?
            }
        };
        let date_range = match (part("from"), part("to"), part("date_range")) {
            (None, None, None) => DateRange::All,
            (None, None, Some(word)) => dates::date_range(&Json::from(word), "date_range")?,
            (Some(from), Some(to), None) => dates::date_range(&json!([from, to]), "from")?,
            _ => {
                return Err(QueryError::Invalid {
                    field: "from".to_owned(),
                    message: "`from` and `to` belong together, and not to `date_range`".to_owned(),
                    hint: Some("from=2024-01-01&to=2024-01-31".to_owned()),
                });
            }
        };
        let filters = match part("filters") {
            None => Vec::new(),
            Some(text) => {
                let value = serde_json::from_str(&text).map_err(|_| QueryError::Expected {
                    field: "filters".to_owned(),
                    expected: "filters in JSON".to_owned(),
                })?;
                filters::filters(&value, "filters", vocabulary)?
            }
        };
        for (place, filter) in filters.iter().enumerate() {
            crate::define::condition(filter, &format!("filters[{place}]"))?;
        }
        let limit = match part("limit") {
            None => format.most(),
            Some(text) => {
                let limit = text.parse().ok().filter(|limit| (1..=format.most()).contains(limit));
                limit.ok_or_else(|| QueryError::Expected {
                    field: "limit".to_owned(),
                    expected: format!("a whole number from 1 to {}", format.most()),
                })?
            }
        };
        let after = match part("cursor") {
            None => None,
            Some(word) => Some(Cursor::read(&word).ok_or_else(|| QueryError::Expected {
                field: "cursor".to_owned(),
                expected: "what `X-Next-Cursor` said".to_owned(),
            })?),
        };
        Ok(Self { format, date_range, filters, limit, after })
    }
}

fn unknown_format(given: &str) -> QueryError {
    let names = || Format::ALL.iter().map(|(name, _)| *name);
    QueryError::Invalid {
        field: "format".to_owned(),
        message: format!("unknown format `{}`", crate::parse::json::shortened(given)),
        hint: Some(match nearest::nearest(given, names()) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("use {}", names().collect::<Vec<_>>().join(", ")),
        }),
    }
}

impl Asking<'_> {
    /// Finds out how many rows there are and where the page ends.
    ///
    /// # Errors
    /// See [`QueryError::blame`].
    pub async fn export(&self, export: &Export) -> Result<Page, QueryError> {
        let range = self.range(&export.date_range).await?;
        let (query, shape) =
            (Query { filters: export.filters.clone(), ..Query::default() }, Shape::default());
        let epoch = match &export.after {
            Some(cursor) => cursor.epoch,
            None => self.newest().await?,
        };
        let context = self.exported(&query, &range, &shape);
        let count =
            rows::fetch(self.client, &sql::export::count(context, export, epoch)?, self.budget).await?;
        let rows = count.first().and_then(|row| row.first()).and_then(Json::as_u64).unwrap_or_default();
        let next = if rows > export.limit {
            let last =
                rows::fetch(self.client, &sql::export::last(context, export, epoch)?, self.budget).await?;
            let numbers: Option<Vec<_>> =
                last.first().map(|row| row.iter().map(|value| value.as_str().unwrap_or_default()).collect());
            let unreadable = || QueryError::Row { message: "no end of a page".to_owned() };
            let [ts, visitor, partition, offset] = numbers.as_deref().unwrap_or_default() else {
                return Err(unreadable());
            };
            let number = |text: &str| text.parse().map_err(|_| unreadable());
            Some(Cursor {
                epoch,
                ts: ts.parse().map_err(|_| unreadable())?,
                visitor: number(visitor)?,
                partition: number(partition)?,
                offset: number(offset)?,
            })
        } else {
            None
        };
        Ok(Page { rows, next, statement: sql::export::page(context, export, epoch)? })
    }

    /// The rows of a page, in pieces.
    ///
    /// # Errors
    /// See [`QueryError::blame`]; later ones come with the pieces.
    pub fn pieces(&self, page: &Page, format: Format) -> Result<BytesCursor, QueryError> {
        rows::stream(self.client, &page.statement, format.of_store(), self.budget)
    }

    fn exported<'b>(&'b self, query: &'b Query, range: &'b Range, shape: &'b Shape) -> Context<'b> {
        Context { site: self.site, query, range, shape, filters: &query.filters, goals: self.goals }
    }

    /// The newest epoch that is stored of the site.
    async fn newest(&self) -> Result<u64, QueryError> {
        let found = rows::fetch(self.client, &sql::export::newest(self.site), self.budget).await?;
        Ok(found.first().and_then(|row| row.first()).and_then(Json::as_u64).unwrap_or_default())
    }
}

/// How many times as long as a question an export may take.
pub(crate) const PATIENCE: u32 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(parts: &[(&str, &str)]) -> Result<Export, QueryError> {
        let part =
            |name: &str| parts.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Export::read(part, &Vocabulary::default())
    }

    #[test]
    fn cursors_are_read_as_they_were_written() {
        let cursor = Cursor { epoch: 7, ts: -5, visitor: u64::MAX, partition: 3, offset: 1 << 60 };
        let export = read(&[("cursor", &cursor.written())]).expect("an export");
        assert_eq!(export.after, Some(cursor));
        assert_eq!(export.limit, STREAMED_ROWS);
    }

    #[test]
    fn mistakes_are_named() {
        for (parts, field) in [
            (&[("format", "cvs")][..], "format"),
            (&[("from", "2024-01-01")], "from"),
            (&[("limit", "0")], "limit"),
            (&[("format", "parquet"), ("limit", "1000000")], "limit"),
            (&[("cursor", "x")], "cursor"),
            (&[("filters", "[")], "filters"),
            (&[("filters", "[[\"is\",\"visit:exit_page\",[\"/\"]]]")], "filters[0]"),
        ] {
            assert_eq!(read(parts).expect_err("a mistake").field(), Some(field), "{parts:?}");
        }
    }
}
