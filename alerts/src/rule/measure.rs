//! What a rule watches: one series, or the quotient of two.

use crate::series::{Grain, SeriesId};

use super::Duration;

/// One series and what its cells are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    pub series: SeriesId,
    /// Whether cells may be added up. Counts and sums may; people may not, for one who comes twice is one.
    pub additive: bool,
    /// What the stored number is multiplied by to be a number of what is counted: series are whole numbers,
    /// also of seconds and of money.
    pub scale: f64,
    /// Whether it is of all values of the dimension together by which a rule is grouped.
    pub across: bool,
}

/// A number over a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    pub part: Part,
    /// Of a quotient.
    pub divisor: Option<Part>,
    /// What a number is multiplied by to be shown.
    pub scale: f64,
}

impl Part {
    /// A count or a sum.
    pub const fn sum(series: SeriesId) -> Self {
        Self { series, additive: true, scale: 1.0, across: false }
    }

    /// A number of people.
    pub const fn people(series: SeriesId) -> Self {
        Self { additive: false, ..Self::sum(series) }
    }

    /// The same in another unit.
    #[must_use]
    pub const fn scaled(self, scale: f64) -> Self {
        Self { scale, ..self }
    }
}

impl Measure {
    /// A part alone.
    pub const fn of(part: Part) -> Self {
        Self { part, divisor: None, scale: 1.0 }
    }

    /// A count or a sum.
    pub const fn sum(series: SeriesId) -> Self {
        Self::of(Part::sum(series))
    }

    /// A number of people.
    pub const fn people(series: SeriesId) -> Self {
        Self::of(Part::people(series))
    }

    /// A quotient.
    pub const fn ratio(of: Part, by: Part, scale: f64) -> Self {
        Self { part: of, divisor: Some(by), scale }
    }

    /// Whether every part may be added up.
    pub fn additive(&self) -> bool {
        self.parts().all(|part| part.additive)
    }

    /// What it is made of.
    pub fn parts(&self) -> impl Iterator<Item = Part> {
        [Some(self.part), self.divisor].into_iter().flatten()
    }

    /// The series that it is made of.
    pub fn series(&self) -> impl Iterator<Item = SeriesId> {
        self.parts().map(|part| part.series)
    }

    /// The series with a number for each value of the dimension by which a rule is grouped.
    pub(crate) fn grouped(&self) -> impl Iterator<Item = SeriesId> {
        self.parts().filter(|part| !part.across).map(|part| part.series)
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
