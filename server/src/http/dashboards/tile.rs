//! A tile: where it lies, how it is drawn, and what it asks.

use opentrace_query::{Vocabulary, parse};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::http::ApiError;
use crate::http::reports::Report;

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
    /// The question without `site_id`, in the words of `POST /api/v2/query` or of the chart's report;
    /// a text has none.
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
    Funnel,
    Sankey,
    Retention,
    Text,
}

impl Chart {
    /// The report that it draws, where it does not draw figures.
    fn report(self) -> Option<Report> {
        match self {
            Self::Funnel => Some(Report::Funnel),
            Self::Sankey => Some(Report::Journeys),
            Self::Retention => Some(Report::Retention),
            _ => None,
        }
    }
}

impl Tile {
    /// Whether it can be drawn: a tile that is kept is one that answers, or did when it was kept. `words` are the
    /// site's own, `held` the tiles that its page has already: what one of them asks stays as it is, also where a
    /// metric or a segment is gone that it names, so that the page can be changed all the same.
    pub(super) fn check(&self, site: &str, words: &Vocabulary, held: &[Self]) -> Result<(), ApiError> {
        self.lies()?;
        if held.iter().any(|one| one.chart == self.chart && one.query == self.query) {
            return Ok(());
        }
        self.answers(site, words)
    }

    fn lies(&self) -> Result<(), ApiError> {
        let wrong = |message: &'static str| Err(ApiError::bad_request("invalid_value", message));
        if self.w == 0 || self.h == 0 || self.x + self.w > COLUMNS || self.y + self.h > ROWS {
            return wrong("the tile does not lie on a page of 12 columns");
        }
        if self.title.chars().count() > LONGEST_TITLE || self.text.chars().count() > LONGEST_TEXT {
            return wrong("the tile says too much");
        }
        Ok(())
    }

    fn answers(&self, site: &str, words: &Vocabulary) -> Result<(), ApiError> {
        let wrong = |message: &'static str| Err(ApiError::bad_request("invalid_value", message));
        match (self.chart, self.asked(site)) {
            (Chart::Text, None) => Ok(()),
            (Chart::Text, Some(_)) => wrong("a text asks nothing"),
            (_, None) => wrong("the tile needs a `query`"),
            (chart, Some(query)) => {
                match chart.report() {
                    Some(report) => report.check(&query, words)?,
                    None => drop(parse::from_value_with(&query, words)?),
                }
                Ok(())
            }
        }
    }

    /// The report that it draws, where it does not draw figures.
    pub(super) fn report(&self) -> Option<Report> {
        self.chart.report()
    }

    /// The same figures day by day, for the line beneath a number.
    pub(super) fn by_day(&self, site: &str) -> Option<Value> {
        let mut query = self.asked(site).filter(|_| self.chart == Chart::Number)?;
        query["dimensions"] = json!(["time:day"]);
        query["include"] = json!({"time_labels": true, "partial_time_labels": true});
        Some(query)
    }

    /// Whether it asks for this metric.
    pub(super) fn has_metric(&self, name: &str) -> bool {
        let metrics = self.query.as_ref().and_then(|query| query.get("metrics")).and_then(Value::as_array);
        metrics.is_some_and(|metrics| metrics.iter().any(|metric| metric == name))
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
