//! When a rule is broken.

use serde_json::{Value, json};

use super::Duration;

/// Above or below what is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Up,
    Down,
    Both,
}

impl Direction {
    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Both => "both",
        }
    }
}

/// What a change is measured against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Baseline {
    /// The window before.
    Previous,
    Day,
    Week,
}

impl Baseline {
    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Previous => "previous",
            Self::Day => "day",
            Self::Week => "week",
        }
    }

    /// Seconds from a window of the given length back to its baseline.
    pub fn shift(self, window: i64) -> i64 {
        match self {
            Self::Previous => window,
            Self::Day => 86_400,
            Self::Week => 604_800,
        }
    }
}

/// How readily a model speaks of an anomaly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sensitivity {
    Low,
    Medium,
    High,
}

impl Sensitivity {
    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// When a rule is broken.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// More than.
    Above { value: f64 },
    /// Less than.
    Below { value: f64 },
    /// By at least so many percent. From nothing there is no percentage: then it does not hold.
    Change { percent: f64, direction: Direction, over: Baseline },
    /// Outside the band in which a model expects it.
    Anomaly { sensitivity: Sensitivity },
    /// Outside the band that was forecast.
    ForecastBreach { direction: Direction },
    /// Nothing in the window; of a quotient, nothing to divide by.
    NoData,
    /// The event happened.
    Event { event: String },
    /// A value of the dimension that was not seen for as long as `memory`.
    NewValue { memory: Duration },
}

impl Condition {
    /// As the API gives and takes it.
    pub fn to_json(&self) -> Value {
        let mut body = match self {
            Self::Above { value } | Self::Below { value } => json!({ "value": value }),
            Self::Change { percent, direction, over } => {
                json!({ "percent": percent, "direction": direction.name(), "over": over.name() })
            }
            Self::Anomaly { sensitivity } => json!({ "sensitivity": sensitivity.name() }),
            Self::ForecastBreach { direction } => json!({ "direction": direction.name() }),
            Self::NoData => json!({}),
            Self::Event { event } => json!({ "event": event }),
            Self::NewValue { memory } => json!({ "memory": memory.to_string() }),
        };
        body["type"] = Value::from(self.name());
        body
    }

    /// In a few words, for people: `above 100`.
    pub fn words(&self) -> String {
        match self {
            Self::Above { value } => format!("above {value}"),
            Self::Below { value } => format!("below {value}"),
            Self::Change { percent, direction, over } => {
                let way = match direction {
                    Direction::Up => "up",
                    Direction::Down => "down",
                    Direction::Both => "up or down",
                };
                let over = match over {
                    Baseline::Previous => "the window before",
                    Baseline::Day => "the day before",
                    Baseline::Week => "the week before",
                };
                format!("{way} {percent} % on {over}")
            }
            Self::Anomaly { .. } => "unusual".to_owned(),
            Self::ForecastBreach { .. } => "outside the forecast".to_owned(),
            Self::NoData => "no data".to_owned(),
            Self::Event { event } => format!("the event {event}"),
            Self::NewValue { memory } => format!("not seen for {memory}"),
        }
    }

    /// Its name in the API.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Above { .. } => "above",
            Self::Below { .. } => "below",
            Self::Change { .. } => "change",
            Self::Anomaly { .. } => "anomaly",
            Self::ForecastBreach { .. } => "forecast_breach",
            Self::NoData => "no_data",
            Self::Event { .. } => "event",
            Self::NewValue { .. } => "new_value",
        }
    }

    /// Whether the running minute counts: where more events can only make it truer.
    pub(super) fn counts_running(&self, quotient: bool) -> bool {
        match self {
            Self::Above { .. } => !quotient,
            Self::Event { .. } | Self::NewValue { .. } => true,
            _ => false,
        }
    }

    /// Whether it can hold where nothing happens.
    pub fn holds_in_silence(&self) -> bool {
        match self {
            Self::Above { value } => *value < 0.0,
            Self::Event { .. } | Self::NewValue { .. } => false,
            Self::Below { .. }
            | Self::NoData
            | Self::Change { .. }
            | Self::Anomaly { .. }
            | Self::ForecastBreach { .. } => true,
        }
    }
}
