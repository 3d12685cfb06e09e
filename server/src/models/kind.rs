//! What can be trained, and how it is asked for.

use std::str::FromStr;

use opentrace_models::segment::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a model predicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Who of those that came lately will not come again.
    Churn,
    /// Who will do an event.
    Conversion,
    /// What somebody who bought will spend.
    Value,
    /// Which sorts of visitors there are.
    Segments,
    /// What a metric will be, by what many of its series have in common.
    Forecast,
    /// What somebody will look at next.
    Recommend,
}

/// How a model is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The days that churn, conversion and value look ahead.
    #[serde(default = "days")]
    pub days: u32,
    /// The event of a conversion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// How segments are found.
    #[serde(default)]
    pub method: Method,
    /// What is forecast.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granularity: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<String>,
    #[serde(default = "horizon")]
    pub horizon: u32,
    /// Seed of everything random.
    #[serde(default = "seed")]
    pub seed: u64,
    /// Whether a version that is better goes live by itself.
    #[serde(default = "yes")]
    pub promote: bool,
}

/// Options that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadOptions {
    pub field: &'static str,
    pub message: String,
}

fn days() -> u32 {
    30
}

fn horizon() -> u32 {
    28
}

fn seed() -> u64 {
    1
}

fn yes() -> bool {
    true
}

impl Kind {
    /// Every kind there is.
    pub const ALL: [Self; 6] =
        [Self::Churn, Self::Conversion, Self::Value, Self::Segments, Self::Forecast, Self::Recommend];

    /// Its name in requests and folders.
    pub fn name(self) -> &'static str {
        match self {
            Self::Churn => "churn",
            Self::Conversion => "conversion",
            Self::Value => "value",
            Self::Segments => "segments",
            Self::Forecast => "forecast",
            Self::Recommend => "recommend",
        }
    }

    /// Whether it gives every visitor a score.
    pub fn scores(self) -> bool {
        matches!(self, Self::Churn | Self::Conversion | Self::Value)
    }
}

/// The kinds that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the kinds are churn, conversion, value, segments, forecast and recommend")]
pub struct UnknownKind;

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or(UnknownKind)
    }
}

impl Options {
    /// Reads options; what is left out is as usual.
    ///
    /// # Errors
    /// The first mistake.
    pub fn read(kind: Kind, given: Value) -> Result<Self, BadOptions> {
        let bad = |field, message: String| BadOptions { field, message };
        let options = Self::of_upload(given)?;
        let named = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        match kind {
            Kind::Conversion if !named(&options.event) => {
                Err(bad("event", "a conversion needs `event`, the name of an event".to_owned()))
            }
            Kind::Forecast if !named(&options.metric) => {
                Err(bad("metric", "a forecast needs `metric`".to_owned()))
            }
            _ => Ok(options),
        }
    }

    /// Reads options of a model that was trained elsewhere. Without what it is about, it cannot be compared on
    /// what the site keeps, and is made live by force alone.
    ///
    /// # Errors
    /// The first mistake.
    pub fn of_upload(given: Value) -> Result<Self, BadOptions> {
        let bad = |field, message: String| BadOptions { field, message };
        let options: Self =
            serde_json::from_value(given).map_err(|error| bad("options", error.to_string()))?;
        if !(1..=365).contains(&options.days) {
            return Err(bad("days", "`days` must be from 1 to 365".to_owned()));
        }
        if !(1..=1_000).contains(&options.horizon) {
            return Err(bad("horizon", "`horizon` must be from 1 to 1000".to_owned()));
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn options_have_their_usual_values_and_name_their_mistakes() {
        let options = Options::read(Kind::Churn, json!({})).expect("usual options");
        assert_eq!((options.days, options.seed, options.promote), (30, 1, true));
        let field = |kind, given| Options::read(kind, given).expect_err("a mistake").field;
        assert_eq!(field(Kind::Churn, json!({ "days": 0 })), "days");
        assert_eq!(field(Kind::Conversion, json!({})), "event");
        assert_eq!(field(Kind::Forecast, json!({ "metric": "" })), "metric");
        assert_eq!(field(Kind::Segments, json!({ "metod": "k_means" })), "options");
        for kind in Kind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
        }
    }
}
