//! How an answer is best drawn.

use serde::Serialize;
use serde_json::{Map, Value as Json};

/// A drawing of an answer: its form, what runs along it and what is measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chart {
    #[serde(rename = "type")]
    pub form: &'static str,
    /// The dimension along the axis.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    pub y: Vec<String>,
    /// The dimension that tells several lines or bars apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
    /// Groups to set off.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub highlight: Vec<String>,
    /// Whether the time before is drawn beside.
    pub compare: bool,
}

impl Chart {
    /// The drawing that fits a query.
    pub(crate) fn of(query: &Map<String, Json>, focus: &[String]) -> Self {
        let texts = |key: &str| -> Vec<String> {
            let list = query.get(key).and_then(Json::as_array);
            list.into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
        };
        let dimensions = texts("dimensions");
        let mut y = texts("metrics");
        if let Some(metric) = query.get("metric").and_then(Json::as_str) {
            y.push(metric.to_owned());
        }
        let time = dimensions.first().is_some_and(|name| name.starts_with("time"));
        let form = match query.get("kind").and_then(Json::as_str) {
            Some("funnel") => "funnel",
            Some("retention") => "heatmap",
            Some("journeys") => "sankey",
            Some("forecast") => "forecast",
            Some("anomalies") => "band",
            Some("insight") => "waterfall",
            Some("segments") => "table",
            _ if time => "line",
            _ if dimensions == ["visit:country"] && y.len() == 1 => "map",
            _ if y == ["percentage"] => "pie",
            _ if dimensions.len() == 1 => "bar",
            _ if dimensions.is_empty() => "number",
            _ => "table",
        };
        let mut rest = dimensions.into_iter();
        Self {
            form,
            x: rest.next(),
            y,
            series: rest.next(),
            highlight: focus.to_vec(),
            compare: query.contains_key("compare"),
        }
    }
}
