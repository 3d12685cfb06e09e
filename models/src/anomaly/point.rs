//! What the detector says about one point.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The detector's answer for one point. Every number is finite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// How much of an anomaly, in `[0, 1]`. The score rates news: while something already reported goes
    /// on, it is low until the series does something louder. Compare it with [`Sensitivity::threshold`].
    pub score: f64,
    /// What was expected before the value was seen, in the units of the series.
    pub expected: f64,
    /// Lower edge of the band that holds 99 % of ordinary values.
    pub lower: f64,
    /// Upper edge of the same band.
    pub upper: f64,
    /// What it is: set when the score passes [`Sensitivity::Medium`], and while that event lasts.
    pub kind: Option<Kind>,
    /// Why, for the point that raised the event.
    pub reason: Option<Reason>,
}

/// The shape of an anomaly, as far as it can be told at that point: a spike that stays becomes a level
/// shift after a few points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Higher than expected.
    Spike,
    /// Lower than expected.
    Drop,
    /// The values stay where they jumped to.
    LevelShift,
    /// The values drifted away over many points.
    Trend,
    /// A value is missing where there usually is one.
    Missing,
}

impl Kind {
    /// The name in files and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Spike => "spike",
            Kind::Drop => "drop",
            Kind::LevelShift => "level_shift",
            Kind::Trend => "trend",
            Kind::Missing => "missing",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which memory was surprised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Against {
    /// The last few points.
    Recent,
    /// The last hundred points or so.
    Usual,
    /// The long-run level.
    LongRun,
    /// This hour of the day.
    TimeOfDay,
    /// This time of the week.
    TimeOfWeek,
    /// That there is a value at all.
    Presence,
}

impl fmt::Display for Against {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Against::Recent => "the recent level",
            Against::Usual => "the usual level",
            Against::LongRun => "the long-run level",
            Against::TimeOfDay => "this hour of the day",
            Against::TimeOfWeek => "this time of the week",
            Against::Presence => "a value",
        })
    }
}

/// Why a point is an anomaly, in numbers; `Display` says it in words.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// What it was compared with.
    pub against: Against,
    /// Value minus what that memory expected.
    pub deviation: f64,
    /// Share of past deviations of this sign that were at least as large, about.
    pub rarity: f64,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.against == Against::Presence {
            return write!(f, "no value; {:.2} % of points had none", self.rarity * 100.0);
        }
        let direction = if self.deviation < 0.0 { "below" } else { "above" };
        let share = self.rarity * 100.0;
        write!(
            f,
            "{:.4} {direction} {}; {share:.2} % of points were as far",
            self.deviation.abs(),
            self.against
        )
    }
}

/// How loud a point must be before somebody is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// Only what is far outside anything seen.
    Low,
    /// The default.
    #[default]
    Medium,
    /// Tell early, at the price of about twice as many alerts.
    High,
}

impl Sensitivity {
    /// The score at or above which a point is an alert.
    pub fn threshold(self) -> f64 {
        match self {
            Sensitivity::Low => 0.98,
            Sensitivity::Medium => 0.97,
            Sensitivity::High => 0.95,
        }
    }
}
