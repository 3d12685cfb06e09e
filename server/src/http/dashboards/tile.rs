//! A tile: where it lies, how it is drawn, and what it asks.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::http::ApiError;

/// Columns of a page.
const COLUMNS: u16 = 12;
/// The lowest row a tile may reach.
const ROWS: u16 = 500;
const LONGEST_TITLE: usize = 200;
const LONGEST_TEXT: usize = 5_000;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tile {
    #[serde(default)]
    title: String,
    chart: Chart,
    /// Column and row of the upper left corner, width and height.
    x: u16,
    y: u16,
    w: u16,
    h: u16,
    /// The question, in the words of `POST /api/v2/query` without `site_id`; a text has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    query: Option<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Chart {
    Line,
    Area,
    Bar,
    Stacked,
    Pie,
    Table,
    Number,
    Map,
    Heatmap,
    Text,
}

impl Tile {
    /// Whether it can be drawn: a tile that is kept is one that answers.
    pub(super) fn check(&self, site: &str) -> Result<(), ApiError> {
        let wrong = |message: &'static str| Err(ApiError::bad_request("invalid_value", message));
        if self.w == 0 || self.h == 0 || self.x + self.w > COLUMNS || self.y + self.h > ROWS {
            return wrong("the tile does not lie on a page of 12 columns");
        }
        if self.title.chars().count() > LONGEST_TITLE || self.text.chars().count() > LONGEST_TEXT {
            return wrong("the tile says too much");
        }
        match (self.chart, self.asked(site)) {
            (Chart::Text, None) => Ok(()),
            (Chart::Text, Some(_)) => wrong("a text asks nothing"),
            (_, None) => wrong("the tile needs a `query`"),
            (_, Some(query)) => {
                opentrace_query::parse(query.to_string().as_bytes())?;
                Ok(())
            }
        }
    }

    /// What it asks of the site.
    pub(super) fn asked(&self, site: &str) -> Option<Value> {
        let mut query = self.query.clone()?;
        query.insert("site_id".to_owned(), Value::from(site));
        Some(Value::Object(query))
    }
}

/// Tiles as they were kept.
pub(super) fn read(tiles: &str) -> Result<Vec<Tile>, ApiError> {
    serde_json::from_str(tiles).map_err(|error| ApiError::internal("reading a dashboard", &error))
}
