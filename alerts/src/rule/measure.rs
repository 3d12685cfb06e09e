//! What a rule watches: one series, or the quotient of two.

use crate::series::{Grain, SeriesId};

use super::Duration;

/// One series and whether its cells may be added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub series: SeriesId,
    /// Counts and sums may; people may not, for one who comes twice is one.
    pub additive: bool,
}

/// A number over a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    pub part: Part,
    /// Of a quotient.
    pub divisor: Option<Part>,
    /// What the stored number, or the quotient of stored numbers, is multiplied by to be shown.
    pub scale: f64,
}

impl Measure {
    /// A count or a sum.
    pub const fn sum(series: SeriesId) -> Self {
        Self { part: Part { series, additive: true }, divisor: None, scale: 1.0 }
    }

    /// A number of people.
    pub const fn people(series: SeriesId) -> Self {
        Self { part: Part { series, additive: false }, divisor: None, scale: 1.0 }
    }

    /// A quotient of two sums.
    pub const fn ratio(of: SeriesId, by: SeriesId, scale: f64) -> Self {
        Self {
            part: Part { series: of, additive: true },
            divisor: Some(Part { series: by, additive: true }),
            scale,
        }
    }

    /// Whether every part may be added up.
    pub fn additive(&self) -> bool {
        self.part.additive && self.divisor.is_none_or(|part| part.additive)
    }

    /// The series that it is made of.
    pub fn series(&self) -> impl Iterator<Item = SeriesId> {
        [Some(self.part.series), self.divisor.map(|part| part.series)].into_iter().flatten()
    }

    /// The cells a window is read from. Long windows move by the hour: a minute more or less in
    /// days changes nothing, and sums stay short.
    pub fn grain(&self, window: Duration) -> Grain {
        let seconds = window.seconds();
        match self.additive() {
            false if seconds == Grain::Day.seconds() => Grain::Day,
            false if seconds == Grain::Hour.seconds() => Grain::Hour,
            true if seconds > Grain::Day.seconds() => Grain::Hour,
            _ => Grain::Minute,
        }
    }
}
