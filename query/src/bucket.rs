//! Buckets of time: how a moment on the site's clock falls into one, and what that is called.
//!
//! Statements return a bucket as a number, which is small to group by, and its label is written
//! here. Numbers and labels are in the order of time.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::{self, Weekday};
use opentrace_events::Timestamp;

use crate::catalogue::Grain;
use crate::error::QueryError;
use crate::limits;
use crate::range::{Range, local};

const EPOCH: civil::Date = civil::Date::constant(1970, 1, 1);
const MINUTE: i64 = 60_000;

/// The number of the bucket that holds a moment of the site's clock.
///
/// Minutes are `yyyymmddhhmm`, hours `yyyymmddhh`, months `yyyymm`; days and weeks count from
/// 1970-01-01. A week that began before the range is called by the first day of the range.
pub fn number(grain: Grain, at: civil::DateTime, week_start: Weekday, first: civil::Date) -> i64 {
    let month = i64::from(at.year()) * 100 + i64::from(at.month());
    let hour = (month * 100 + i64::from(at.day())) * 100 + i64::from(at.hour());
    match grain {
        Grain::Minute => hour * 100 + i64::from(at.minute()),
        Grain::Hour => hour,
        Grain::Day => day_number(at.date()),
        Grain::Week => {
            let into = i64::from(at.date().weekday().since(week_start));
            (day_number(at.date()) - into).max(day_number(first))
        }
        Grain::Month => month,
    }
}

/// Days since 1970-01-01.
pub fn day_number(date: civil::Date) -> i64 {
    EPOCH.until(date).map_or(0, |span| i64::from(span.get_days()))
}

/// What a bucket is called in answers.
pub fn label(grain: Grain, number: i64) -> String {
    let two = |shift: i64| number / shift % 100;
    match grain {
        Grain::Minute => format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:00",
            number / 100_000_000,
            two(1_000_000),
            two(10_000),
            two(100),
            two(1)
        ),
        Grain::Hour => {
            format!("{:04}-{:02}-{:02} {:02}:00:00", number / 1_000_000, two(10_000), two(100), two(1))
        }
        Grain::Day | Grain::Week => {
            EPOCH.checked_add(number.days()).map_or_else(|_| number.to_string(), |date| date.to_string())
        }
        Grain::Month => format!("{:04}-{:02}-01", number / 100, two(1)),
    }
}

/// The labels of every bucket of the range, also of those without events.
pub fn labels(range: &Range, grain: Grain) -> Result<Vec<String>, QueryError> {
    // Zones change by multiples of a quarter of an hour, so no local hour is stepped over.
    let step = match grain {
        Grain::Minute => MINUTE,
        Grain::Hour => 15 * MINUTE,
        Grain::Day | Grain::Week | Grain::Month => {
            let numbers: BTreeSet<i64> = dates(range)
                .map(|date| {
                    number(grain, date.to_datetime(civil::Time::midnight()), range.week_start, range.first)
                })
                .collect();
            return Ok(numbers.into_iter().map(|number| label(grain, number)).collect());
        }
    };
    let given = (range.to.0 - range.from.0) / if grain == Grain::Minute { MINUTE } else { 60 * MINUTE };
    if given > limits::TIME_LABELS as i64 {
        return Err(QueryError::TooMany {
            field: "include.time_labels".to_owned(),
            what: "labels",
            given: given.unsigned_abs(),
            limit: limits::TIME_LABELS as u64,
        });
    }
    let mut numbers = BTreeSet::new();
    let mut at = range.from.0;
    while at < range.to.0 {
        numbers.insert(number(grain, local(&range.zone, Timestamp(at))?, range.week_start, range.first));
        at = (at.div_euclid(step) + 1) * step;
    }
    Ok(numbers.into_iter().map(|number| label(grain, number)).collect())
}

/// The labels of the buckets that the range cuts or that are not over at `now`.
pub fn partial(range: &Range, grain: Grain, now: Timestamp) -> Result<Vec<String>, QueryError> {
    let name = |ts: i64| -> Result<String, QueryError> {
        let at = local(&range.zone, Timestamp(ts))?;
        Ok(label(grain, number(grain, at, range.week_start, range.first)))
    };
    let mut partial = BTreeSet::new();
    // The bucket that holds an end of the range is cut where the moment beyond is in it, too.
    let whole = |ts: i64, beyond: i64| -> Result<bool, QueryError> {
        let at = |ts: i64| local(&range.zone, Timestamp(ts));
        // Weeks are cut where they begin, not where the range does.
        let first = range.first.checked_sub(7.days()).unwrap_or(range.first);
        Ok(number(grain, at(ts)?, range.week_start, first)
            != number(grain, at(beyond)?, range.week_start, first))
    };
    if range.from.0 < range.to.0 {
        if !whole(range.from.0, range.from.0 - 1)? {
            partial.insert(name(range.from.0)?);
        }
        if !whole(range.to.0 - 1, range.to.0)? {
            partial.insert(name(range.to.0 - 1)?);
        }
        if (range.from.0..range.to.0).contains(&now.0) {
            partial.insert(name(now.0)?);
        }
    }
    Ok(partial.into_iter().collect())
}

fn dates(range: &Range) -> impl Iterator<Item = civil::Date> {
    let last = range.last;
    std::iter::successors(Some(range.first), |date| date.tomorrow().ok())
        .take_while(move |date| *date <= last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_labels() {
        let at = civil::date(2024, 2, 29).at(23, 5, 59, 0);
        for (grain, want) in [
            (Grain::Minute, "2024-02-29 23:05:00"),
            (Grain::Hour, "2024-02-29 23:00:00"),
            (Grain::Day, "2024-02-29"),
            (Grain::Week, "2024-02-26"),
            (Grain::Month, "2024-02-01"),
        ] {
            let number = number(grain, at, Weekday::Monday, civil::date(2024, 1, 1));
            assert_eq!(label(grain, number), want);
        }
    }

    #[test]
    fn weeks_begin_where_the_site_says_and_not_before_the_range() {
        let at = civil::date(2024, 3, 3).at(12, 0, 0, 0); // a Sunday
        let name = |start, first| label(Grain::Week, number(Grain::Week, at, start, first));
        let early = civil::date(2024, 1, 1);
        assert_eq!(name(Weekday::Monday, early), "2024-02-26");
        assert_eq!(name(Weekday::Sunday, early), "2024-03-03");
        assert_eq!(name(Weekday::Saturday, early), "2024-03-02");
        assert_eq!(name(Weekday::Monday, civil::date(2024, 2, 28)), "2024-02-28");
    }

    #[test]
    fn days_before_1970_count_backwards() {
        assert_eq!(day_number(civil::date(1969, 12, 31)), -1);
        assert_eq!(label(Grain::Day, -1), "1969-12-31");
    }
}
