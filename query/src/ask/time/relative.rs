//! What a time is compared with, said by reference to it: `the previous period`, `the day before`,
//! `the same day last week`, `year over year`.

use super::Reader;
use super::calendar::{Clock, Unit};
use crate::ask::tokens::Token;

/// How a span is reached from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Earlier {
    /// As long, ending where the other begins.
    Previous,
    /// The same, so many units earlier.
    By(Unit, i64),
}

/// The reference that begins at a token, and the place after it.
pub(crate) fn relative(tokens: &[Token], at: usize, clock: &Clock) -> Option<(Earlier, usize)> {
    Reader { tokens, clock }.relative(at)
}

const OVER: [(&str, Unit); 14] = [
    ("year over year", Unit::Year),
    ("year on year", Unit::Year),
    ("yoy", Unit::Year),
    ("y o y", Unit::Year),
    ("month over month", Unit::Month),
    ("month on month", Unit::Month),
    ("mom", Unit::Month),
    ("quarter over quarter", Unit::Quarter),
    ("qoq", Unit::Quarter),
    ("week over week", Unit::Week),
    ("week on week", Unit::Week),
    ("wow", Unit::Week),
    ("day over day", Unit::Day),
    ("dod", Unit::Day),
];

impl Reader<'_> {
    fn relative(&self, at: usize) -> Option<(Earlier, usize)> {
        if let Some((end, unit)) =
            OVER.iter().find_map(|(phrase, unit)| Some((self.words(at, phrase)?, *unit)))
        {
            return Some((Earlier::By(unit, 1), end));
        }
        let at = self.skip(at, &["the"]);
        if let Some(end) = self.words(at, "same").and_then(|next| self.same(next)) {
            return Some(end);
        }
        let previous = [
            "previous period",
            "prior period",
            "preceding period",
            "period before",
            "previous one",
            "one before",
            "last period",
            "previous time",
            "period prior",
        ];
        if let Some(end) = self.any(at, &previous) {
            return Some((Earlier::Previous, self.skip(end, &["that"])));
        }
        // `the previous month`, `the 7 days before`, `the week before`, `a year earlier`.
        let (said, next) =
            if self.is(at, &["previous", "prior", "preceding"]) { (true, at + 1) } else { (false, at) };
        let (count, unit_at) = match self.word(next) {
            "a" | "an" => (1, next + 1),
            _ => self.number(next).map_or((1, next), |count| (count, next + 1)),
        };
        let (unit, _) = Unit::of(self.word(unit_at))?;
        let end = unit_at + 1;
        if said {
            return Some((Earlier::By(unit, count), end));
        }
        let end = self.any(end, &["before that", "before", "earlier", "prior", "ago"])?;
        // `the week before last` is a week of the calendar.
        (!self.is(end, &["last"])).then_some((Earlier::By(unit, count), end))
    }

    /// After `the same`: `day last week`, `period a year ago`, `time last year`.
    fn same(&self, at: usize) -> Option<(Earlier, usize)> {
        let mut next = at;
        if self.is(
            next,
            &[
                "period", "time", "day", "days", "week", "month", "quarter", "date", "hours", "hour",
                "weekday",
            ],
        ) {
            next += 1;
        }
        next = self.skip(next, &["of", "in", "from"]);
        next = self.skip(next, &["the"]);
        let (count, unit_at) = match self.word(next) {
            "last" | "previous" | "prior" | "a" | "an" => (1, next + 1),
            _ => (self.number(next)?, next + 1),
        };
        let (unit, _) = Unit::of(self.word(unit_at))?;
        let end = self.any(unit_at + 1, &["before", "earlier", "prior", "ago"]).unwrap_or(unit_at + 1);
        Some((Earlier::By(unit, count), end))
    }
}
