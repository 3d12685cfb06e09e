//! Days, weeks and months of a site's clock, as numbers.

use serde::{Deserialize, Serialize};

use crate::fact::Act;

pub(crate) const MINUTE_MS: i64 = 60_000;
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// A stretch of the site's calendar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Period {
    #[default]
    Day,
    Week,
    Month,
}

impl Period {
    /// Every period.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// The first day of the period that holds the act.
    pub fn start_of(self, act: &Act) -> i32 {
        let day = act.day();
        match self {
            Self::Day => day,
            // 1970-01-01 was a Thursday: three days after Monday.
            Self::Week => day - (day + 3 - i32::from(act.week_start)).rem_euclid(7),
            Self::Month => first_of_month(day),
        }
    }

    /// How many periods lie between the starts of two, 0 for the same.
    pub fn between(self, from: i32, to: i32) -> i32 {
        match self {
            Self::Day => to - from,
            Self::Week => (to - from).div_euclid(7),
            Self::Month => month_number(to) - month_number(from),
        }
    }
}

/// The local day of an instant, in days since 1970-01-01.
pub(crate) fn day(ts: i64, offset: i32) -> i32 {
    (ts + i64::from(offset) * 1000).div_euclid(DAY_MS) as i32
}

/// The hour of the local clock, 0 to 23.
pub(crate) fn hour_of_day(ts: i64, offset: i32) -> usize {
    ((ts + i64::from(offset) * 1000).rem_euclid(DAY_MS) / HOUR_MS) as usize
}

/// The instant at which the hour of the local clock that holds `ts` began, in milliseconds.
pub(crate) fn hour_start(ts: i64, offset: i32) -> i64 {
    ts - (ts + i64::from(offset) * 1000).rem_euclid(HOUR_MS)
}

/// Monday is 0.
pub(crate) fn weekday(day: i32) -> usize {
    (day + 3).rem_euclid(7) as usize
}

/// The first day of the month that holds `day`, in the proleptic Gregorian calendar.
pub fn first_of_month(day: i32) -> i32 {
    day - civil(day).1
}

/// Months since March of year 0.
fn month_number(day: i32) -> i32 {
    civil(day).0
}

/// Months since March of year 0, and days since the first of the month. Counts from 1 March of year
/// 0, so that the leap day ends a year and months follow one formula.
fn civil(day: i32) -> (i32, i32) {
    const DAYS_TO_1970: i32 = 719_468;
    let since = day + DAYS_TO_1970;
    let era = since.div_euclid(146_097);
    let of_era = since.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    ((era * 400 + year_of_era) * 12 + month, of_year - (153 * month + 2) / 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_on_their_first_and_are_counted() {
        // 400 years of days, with the calendar counted off day by day.
        let (mut year, mut month, mut day) = (1970, 1, 1);
        let (mut first, mut months) = (0, 0);
        for number in 0..146_097 {
            if day == 1 {
                first = number;
            }
            assert_eq!(first_of_month(number), first, "{year}-{month}-{day}");
            assert_eq!(Period::Month.between(0, number), months, "{year}-{month}-{day}");
            day += 1;
            if day > days_in(year, month) {
                (month, day) = (month + 1, 1);
                months += 1;
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
    }

    fn days_in(year: i32, month: i32) -> i32 {
        match month {
            2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    #[test]
    fn weeks_begin_where_the_site_says() {
        // 2026-11-23, a Monday.
        let monday = 20_780;
        let week = |day: i32, week_start| {
            let act = Act { ts: i64::from(day) * DAY_MS, week_start, ..Act::default() };
            Period::Week.start_of(&act)
        };
        assert_eq!(week(monday, 0), monday);
        assert_eq!(week(monday + 6, 0), monday);
        assert_eq!(week(monday, 6), monday - 1, "weeks from Sunday");
        assert_eq!(week(monday + 6, 6), monday + 6);
        assert_eq!(weekday(monday), 0);
    }

    #[test]
    fn hours_begin_where_the_local_clock_says() {
        // India: half an hour off.
        let offset = 19_800;
        assert_eq!(hour_start(90 * MINUTE_MS, offset), 90 * MINUTE_MS);
        assert_eq!(hour_start(89 * MINUTE_MS, offset), 30 * MINUTE_MS);
        assert_eq!(hour_of_day(0, offset), 5);
        assert_eq!(day(DAY_MS - 1, offset), 1);
    }
}
