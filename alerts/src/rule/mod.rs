//! What a rule is: what it watches and when it is broken. Whom it tells is said in its [`Draft`] and looked up
//! apart: channels come and go, and a rule is judged all the same.
//!
//! A rule is a value without state; [`crate::evaluate`] holds what became of it. JSON of the API and
//! TOML of files are read by the same code ([`parse`]), so that both have the same fields and errors.

mod condition;
mod error;
mod fields;
mod file;
mod measure;
mod mute;
mod parse;
mod span;
#[cfg(test)]
mod tests;

use std::fmt;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use condition::{Baseline, Condition, Direction, Sensitivity};
pub use error::RuleError;
pub(crate) use fields::Fields;
pub use file::{Change, Diff, Differing, RuleFile, diff};
pub use measure::{Measure, Part};
pub use mute::{Mute, MuteSpan};
pub use parse::{Draft, Resolver, Source, Target, draft};
pub(crate) use span::offset;
pub use span::{Duration, Span};

/// Names a rule for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RuleId(pub Uuid);

/// Names a channel for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChannelId(pub Uuid);

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Models begin with so many windows of the past, of so many seconds at most.
const WINDOWS_LEARNED: i64 = 2_000;
const LEARNED_AT_MOST: i64 = 28 * 86_400;

/// One alert per value of a dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grouping {
    pub dimension: String,
    /// How many alerts of the rule may be open at once.
    pub limit: usize,
}

/// A rule that can be evaluated.
#[derive(Clone, Debug)]
pub struct Rule {
    pub id: RuleId,
    /// The site's number.
    pub site: u32,
    pub name: String,
    pub measure: Measure,
    pub condition: Condition,
    pub window: Duration,
    pub grouping: Option<Grouping>,
    /// How long the condition must hold before the alert fires.
    pub hold: Duration,
    /// Part of the threshold, 0 to 1, by which a value must come back before the alert is resolved.
    pub hysteresis: f64,
    /// How long after an alert was resolved the next may fire.
    pub cooldown: Duration,
    /// Fewer than this in the window, and nothing is said: of a quotient its divisor, of anything
    /// else the events of the site.
    pub minimum: i64,
    pub mute: Mute,
    /// The site's time zone; hours and days of series are cut by it.
    pub zone: TimeZone,
    /// Milliseconds since 1970. A rule says nothing of windows that began before.
    pub created_at: i64,
}

impl Rule {
    /// The stretch that is judged at `now` (seconds since 1970). Conditions that more can only make
    /// truer count the minute that is running; others wait until it is over. Where a model says what is
    /// expected it is judged window by window, because that is what models learn from; else at every step.
    pub fn span(&self, now: i64) -> Span {
        let running = self.condition.counts_running(self.measure.divisor.is_some());
        let span = Span::ending(now, self.measure.grain(self.window), self.window, &self.zone, running);
        match self.condition {
            Condition::Anomaly { .. } | Condition::ForecastBreach { .. } => span.aligned(&self.zone),
            _ => span,
        }
    }

    /// Whether an alert may fire with the event that breaks the rule, rather than when a minute is over.
    pub fn fires_on_the_spot(&self) -> bool {
        self.hold.seconds() == 0 && self.condition.counts_running(self.measure.divisor.is_some())
    }

    /// How far back from now a cell may matter, in seconds.
    pub fn lookback(&self) -> i64 {
        let window = self.window.seconds();
        let before = match &self.condition {
            Condition::Change { over, .. } => over.shift(window),
            Condition::NewValue { memory } => memory.seconds(),
            Condition::Anomaly { .. } | Condition::ForecastBreach { .. } => {
                (WINDOWS_LEARNED * window).min(LEARNED_AT_MOST)
            }
            _ => 0,
        };
        // The window, a step on either side, and what may still be corrected.
        before + 2 * window + 2 * 86_400
    }
}
