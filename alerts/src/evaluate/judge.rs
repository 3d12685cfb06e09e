//! Whether a stretch of time breaks a rule: a function of cells and nothing else.

use serde::{Deserialize, Serialize};

use super::Cells;
use crate::rule::{Condition, Direction, Part, Rule, Span};
use crate::series::{Grain, Key, SeriesId};

/// Where a model expects a value, in the unit that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Band {
    pub lower: f64,
    pub upper: f64,
}

/// What a model says of a stretch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    pub band: Band,
    /// Whether a value outside the band is worth an alert; one that is open stays open by the band alone.
    pub strange: bool,
}

/// Models that say where a rule's value is expected.
pub trait Bands {
    /// What is expected of a stretch, by [`Condition::Anomaly`]'s sensitivity or the forecast; `None`
    /// while there is no model. `measured` gives the rule's value over any stretch. The answer must be the
    /// same however often it is asked.
    fn expected(
        &self,
        rule: &Rule,
        key: &Key,
        span: Span,
        measured: &dyn Fn(Span) -> Option<f64>,
    ) -> Option<Expected>;
}

/// No model.
#[derive(Clone, Copy, Debug)]
pub struct NoBands;

impl Bands for NoBands {
    fn expected(&self, _: &Rule, _: &Key, _: Span, _: &dyn Fn(Span) -> Option<f64>) -> Option<Expected> {
        None
    }
}

/// What is to be said about a stretch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// In the unit that is shown; `None` where a quotient has nothing to divide by.
    pub value: Option<f64>,
    pub band: Option<Band>,
    /// The rule is broken.
    pub breach: bool,
    /// An alert that is open stays open: as `breach`, but with hysteresis.
    pub holds: bool,
}

/// What a verdict is made from.
pub(super) struct View<'a> {
    pub(super) rule: &'a Rule,
    pub(super) cells: &'a Cells,
    pub(super) key: &'a Key,
    pub(super) bands: &'a dyn Bands,
}

/// Judges a stretch of a rule's series.
pub fn judge(rule: &Rule, cells: &Cells, key: &Key, span: Span, bands: &dyn Bands) -> Verdict {
    View { rule, cells, key, bands }.verdict(span, None)
}

/// What a rule measures over a stretch; `None` where a quotient has nothing to divide by.
pub fn measured(rule: &Rule, cells: &Cells, key: &Key, span: Span) -> Option<f64> {
    View { rule, cells, key, bands: &NoBands }.value(span)
}

impl View<'_> {
    /// Judges a stretch, by the band given or the one that models give now.
    pub(super) fn verdict(&self, span: Span, band: Option<Band>) -> Verdict {
        let value = self.value(span);
        let expected = match self.rule.condition {
            Condition::Anomaly { .. } | Condition::ForecastBreach { .. } => band
                .map(|band| Expected { band, strange: true })
                .or_else(|| self.bands.expected(self.rule, self.key, span, &|span| self.value(span))),
            _ => None,
        };
        let band = expected.map(|expected| expected.band);
        let mut verdict = Verdict { value, band, breach: false, holds: false };
        if self.may_speak(span) {
            let strange = expected.is_none_or(|expected| expected.strange);
            verdict.breach = strange && self.broken(span, value, band, 0.0);
            verdict.holds = self.broken(span, value, band, self.rule.hysteresis);
        }
        verdict
    }

    fn broken(&self, span: Span, value: Option<f64>, band: Option<Band>, slack: f64) -> bool {
        if let (Condition::NoData, Some(_)) = (&self.rule.condition, self.rule.measure.divisor) {
            return value.is_none();
        }
        let Some(value) = value else { return false };
        match &self.rule.condition {
            Condition::Above { value: limit } => value > limit - limit.abs() * slack,
            Condition::Below { value: limit } => value < limit + limit.abs() * slack,
            Condition::Change { percent, direction, over } => {
                let shift = over.shift(self.rule.window.seconds());
                let base = self.value(span.earlier(shift)).filter(|base| *base != 0.0);
                base.is_some_and(|base| {
                    let change = (value - base) / base.abs() * 100.0;
                    let percent = percent * (1.0 - slack);
                    outside(change, Band { lower: -percent, upper: percent }, *direction, true)
                })
            }
            Condition::Anomaly { .. } => {
                band.is_some_and(|band| outside(value, band.narrowed(slack), Direction::Both, false))
            }
            Condition::ForecastBreach { direction } => {
                band.is_some_and(|band| outside(value, band.narrowed(slack), *direction, false))
            }
            Condition::NoData => value == 0.0,
            Condition::Event { .. } => value > 0.0,
            Condition::NewValue { memory } => {
                value > 0.0 && !self.seen(span.from - memory.seconds(), span.from)
            }
        }
    }

    fn value(&self, span: Span) -> Option<f64> {
        let measure = &self.rule.measure;
        let value = match measure.divisor {
            None => self.number(measure.part, span),
            Some(divisor) => match self.number(divisor, span) {
                0.0 => return None,
                by => self.number(measure.part, span) / by,
            },
        };
        Some(value * measure.scale)
    }

    fn number(&self, part: Part, span: Span) -> f64 {
        let whole = Key::whole();
        let key = if part.across { &whole } else { self.key };
        self.cells.sum(self.rule.site, part.series, key, span) as f64 * part.scale
    }

    /// Whether there is enough to judge by.
    fn may_speak(&self, span: Span) -> bool {
        let rule = self.rule;
        if rule.condition.holds_in_silence() {
            if span.from.saturating_mul(1000) < rule.created_at {
                return false;
            }
            // Of a value of a dimension that was never there, nothing is missing.
            if rule.grouping.is_some() && !self.known(span) {
                return false;
            }
        }
        rule.minimum <= 0 || {
            let all = Part { across: true, ..Part::sum(SeriesId::EVENTS) };
            self.number(rule.measure.divisor.unwrap_or(all), span) >= rule.minimum as f64
        }
    }

    /// Whether the key had anything within what the rule looks back on.
    fn known(&self, span: Span) -> bool {
        let from = span.to - self.rule.lookback() + 2 * 86_400;
        let whole = Span { from, ..span };
        self.rule.measure.grouped().any(|series| self.cells.sum(self.rule.site, series, self.key, whole) != 0)
    }

    /// Whether the series had anything in a stretch: whole hours before the one in which it ends, and
    /// minutes, or what the window's grain is, in that one.
    fn seen(&self, from: i64, to: i64) -> bool {
        let offset = crate::rule::offset(to, &self.rule.zone);
        let hour = Grain::Hour.start_of(to, offset);
        let series = self.rule.measure.part.series;
        let sum = |span| self.cells.sum(self.rule.site, series, self.key, span);
        let grain = self.rule.measure.grain(self.rule.window);
        sum(Span { grain: Grain::Hour, from: Grain::Hour.start_of(from, offset), to: hour }) != 0
            || sum(Span { grain, from: hour, to }) != 0
    }
}

impl Band {
    fn narrowed(self, slack: f64) -> Self {
        let by = (self.upper - self.lower) / 2.0 * slack;
        Self { lower: self.lower + by, upper: self.upper - by }
    }
}

/// Whether a value is beyond a band; `edge` says whether its ends count.
fn outside(value: f64, band: Band, direction: Direction, edge: bool) -> bool {
    let up = value > band.upper || (edge && value == band.upper);
    let down = value < band.lower || (edge && value == band.lower);
    match direction {
        Direction::Up => up,
        Direction::Down => down,
        Direction::Both => up || down,
    }
}
