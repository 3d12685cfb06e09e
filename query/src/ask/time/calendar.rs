//! Half-open spans of time on a site's clock.
//!
//! Conventions, where English leaves a choice: `last N days` ends with today and counts it; `last
//! week`, `last month` are the whole calendar unit before this one; `last N months` ends with this
//! month; `this week` is the whole week; hours and minutes roll back from now; a month, a weekday or
//! a date without a year is the latest that has begun.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span as Length, ToSpan};
use opentrace_events::{Site, Timestamp};

use crate::catalogue::Grain;

/// Units of the calendar, from short to long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unit {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// Now, on a site's clock.
#[derive(Clone, Debug)]
pub struct Clock {
    pub(crate) zone: TimeZone,
    pub(crate) week_start: Weekday,
    pub(crate) now: Timestamp,
    pub(crate) today: Date,
}

/// A resolved span: `from` is in it, `to` is not. In milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: i64,
    pub(crate) to: i64,
    /// What it is made of, which is what one goes back by to reach the one before.
    pub(crate) unit: Option<(Unit, i64)>,
}

impl Unit {
    /// The unit a word names, and whether it names several.
    pub(crate) fn of(word: &str) -> Option<(Self, bool)> {
        Some(match word {
            "minute" | "min" => (Self::Minute, false),
            "minutes" | "mins" => (Self::Minute, true),
            "hour" | "hr" => (Self::Hour, false),
            "hours" | "hrs" => (Self::Hour, true),
            "day" => (Self::Day, false),
            "days" => (Self::Day, true),
            "week" | "wk" => (Self::Week, false),
            "weeks" | "wks" => (Self::Week, true),
            "month" => (Self::Month, false),
            "months" => (Self::Month, true),
            "quarter" => (Self::Quarter, false),
            "quarters" => (Self::Quarter, true),
            "year" | "yr" => (Self::Year, false),
            "years" | "yrs" => (Self::Year, true),
            _ => return None,
        })
    }

    pub(crate) fn grain(self) -> Option<Grain> {
        Some(match self {
            Self::Minute => Grain::Minute,
            Self::Hour => Grain::Hour,
            Self::Day => Grain::Day,
            Self::Week => Grain::Week,
            Self::Month => Grain::Month,
            Self::Quarter | Self::Year => return None,
        })
    }

    /// So many of the unit as a length; none for a number no calendar reaches.
    pub(crate) fn times(self, count: i64) -> Option<Length> {
        let length = Length::new();
        match self {
            Self::Minute => length.try_minutes(count),
            Self::Hour => length.try_hours(count),
            Self::Day => length.try_days(count),
            Self::Week => length.try_weeks(count),
            Self::Month => length.try_months(count),
            Self::Quarter => length.try_months(count.checked_mul(3)?),
            Self::Year => length.try_years(count),
        }
        .ok()
    }
}

impl Span {
    /// Whether it is a whole day of the calendar.
    pub(crate) fn is_day(&self) -> bool {
        self.unit == Some((Unit::Day, 1))
    }

    pub(crate) fn length(&self) -> i64 {
        self.to - self.from
    }
}

impl Clock {
    /// The clock of a site. `zone` is another zone to read it in.
    pub fn new(site: &Site, now: Timestamp, zone: Option<TimeZone>) -> Option<Self> {
        Self::of(zone.unwrap_or_else(|| site.timezone.clone()), site.week_start, now)
    }

    /// A clock in a zone; none for a time outside the calendar.
    pub fn of(zone: TimeZone, week_start: Weekday, now: Timestamp) -> Option<Self> {
        let today = zone.to_datetime(jiff::Timestamp::from_millisecond(now.0).ok()?).date();
        Some(Self { zone, week_start, now, today })
    }

    /// The time that is now.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The first instant of a date.
    pub(crate) fn start(&self, date: Date) -> Option<i64> {
        Some(date.to_zoned_datetime(self.zone.clone()).ok()?.timestamp().as_millisecond())
    }

    /// The instant at which the clock shows a time; where it shows it twice, the first.
    pub(crate) fn instant(&self, at: DateTime) -> Option<i64> {
        Some(self.zone.to_timestamp(at).ok()?.as_millisecond())
    }

    /// What the clock shows at an instant.
    pub(crate) fn local(&self, ms: i64) -> Option<DateTime> {
        Some(self.zone.to_datetime(jiff::Timestamp::from_millisecond(ms).ok()?))
    }

    /// Whole days, the last of them within.
    pub(crate) fn days(&self, first: Date, last: Date, unit: Option<(Unit, i64)>) -> Option<Span> {
        let (from, to) = (self.start(first)?, self.start(last.tomorrow().ok()?)?);
        (from < to && first.year() >= 1970 && last.year() <= 2105).then_some(Span { from, to, unit })
    }

    pub(crate) fn day(&self, date: Date) -> Option<Span> {
        self.days(date, date, Some((Unit::Day, 1)))
    }

    pub(crate) fn today(&self) -> Option<Span> {
        self.day(self.today)
    }

    fn week_of(&self, date: Date) -> Option<Date> {
        date.checked_sub(i64::from(date.weekday().since(self.week_start)).days()).ok()
    }

    /// The first day of the unit that holds a date.
    fn first_of(&self, unit: Unit, date: Date) -> Option<Date> {
        match unit {
            Unit::Minute | Unit::Hour => None,
            Unit::Day => Some(date),
            Unit::Week => self.week_of(date),
            Unit::Month => Some(date.first_of_month()),
            Unit::Quarter => Date::new(date.year(), (date.month() - 1) / 3 * 3 + 1, 1).ok(),
            Unit::Year => Some(date.first_of_year()),
        }
    }

    /// `count` whole units from the one that holds a date on.
    pub(crate) fn units(&self, unit: Unit, date: Date, count: i64) -> Option<Span> {
        let first = self.first_of(unit, date)?;
        let after = first.checked_add(unit.times(count)?).ok()?;
        self.days(first, after.yesterday().ok()?, Some((unit, count)))
    }

    /// The unit so many units from the current one: 0 is this one, -1 the one before.
    pub(crate) fn relative(&self, unit: Unit, offset: i64) -> Option<Span> {
        if unit <= Unit::Hour {
            let now = self.local(self.now.0)?;
            let minute = if unit == Unit::Hour { 0 } else { now.minute() };
            let begun = now.date().at(now.hour(), minute, 0, 0);
            let step = if unit == Unit::Hour { 3_600_000 } else { 60_000 };
            let from = self.instant(begun)? + offset.checked_mul(step)?;
            return Some(Span { from, to: from + step, unit: Some((unit, 1)) });
        }
        let first = self.first_of(unit, self.today)?;
        self.units(unit, first.checked_add(unit.times(offset)?).ok()?, 1)
    }

    /// The last `count` units, see the conventions above.
    pub(crate) fn last(&self, unit: Unit, count: i64) -> Option<Span> {
        if count < 1 {
            return None;
        }
        match unit {
            Unit::Minute | Unit::Hour => {
                let length = count.checked_mul(if unit == Unit::Hour { 3_600_000 } else { 60_000 })?;
                let from = self.now.0.checked_sub(length)?;
                (from >= 0).then_some(Span { from, to: self.now.0, unit: Some((unit, count)) })
            }
            Unit::Day | Unit::Week => {
                let days = if unit == Unit::Week { count.checked_mul(7)? } else { count };
                let first = self.today.checked_sub(Unit::Day.times(days - 1)?).ok()?;
                self.days(first, self.today, Some((Unit::Day, days)))
            }
            Unit::Month | Unit::Quarter | Unit::Year => {
                let months = count.checked_mul(match unit {
                    Unit::Month => 1,
                    Unit::Quarter => 3,
                    _ => 12,
                })?;
                let first = self.today.first_of_month().checked_sub(Unit::Month.times(months - 1)?).ok()?;
                self.days(first, self.today.last_of_month(), Some((Unit::Month, months)))
            }
        }
    }

    /// From the beginning of the current unit to the end of today.
    pub(crate) fn to_date(&self, unit: Unit) -> Option<Span> {
        self.days(self.first_of(unit, self.today)?, self.today, None)
    }

    /// From an instant to the end of today.
    pub(crate) fn since(&self, from: i64) -> Option<Span> {
        let to = self.today()?.to;
        (from < to).then_some(Span { from, to, unit: None })
    }

    /// The month of this number: in `year`, or the latest that has begun.
    pub(crate) fn month(&self, month: i8, year: Option<i16>) -> Option<Span> {
        let year = year.unwrap_or_else(|| self.today.year() - i16::from(month > self.today.month()));
        self.units(Unit::Month, Date::new(year, month, 1).ok()?, 1)
    }

    /// A quarter from 1 to 4.
    pub(crate) fn quarter(&self, quarter: i64, year: Option<i16>) -> Option<Span> {
        let month = i8::try_from((quarter - 1) * 3 + 1).ok()?;
        let year = year.unwrap_or_else(|| self.today.year() - i16::from(month > self.today.month()));
        self.units(Unit::Quarter, Date::new(year, month, 1).ok()?, 1)
    }

    /// The first or second half of a year.
    pub(crate) fn half(&self, half: i64, year: Option<i16>) -> Option<Span> {
        let month = if half == 1 { 1 } else { 7 };
        let year = year.unwrap_or_else(|| self.today.year() - i16::from(month > self.today.month()));
        self.units(Unit::Month, Date::new(year, month, 1).ok()?, 6)
    }

    pub(crate) fn year(&self, year: i16) -> Option<Span> {
        self.units(Unit::Year, Date::new(year, 1, 1).ok()?, 1)
    }

    /// A day of a month: in `year`, or the latest that has begun.
    pub(crate) fn date(&self, day: i8, month: i8, year: Option<i16>) -> Option<Date> {
        match year {
            Some(year) => Date::new(year, month, day).ok(),
            None => {
                let year = self.today.year();
                (0..=8).find_map(|back| {
                    Date::new(year - back, month, day).ok().filter(|date| *date <= self.today)
                })
            }
        }
    }

    /// The latest such day of the week, today or before.
    pub(crate) fn weekday(&self, weekday: Weekday) -> Option<Date> {
        self.today.checked_sub(i64::from(self.today.weekday().since(weekday)).days()).ok()
    }

    /// The first or last of such days of the week in a month: 1 the first, -1 the last.
    pub(crate) fn nth_weekday(&self, nth: i8, weekday: Weekday, month: Date) -> Option<Date> {
        month.nth_weekday_of_month(nth, weekday).ok()
    }

    /// Part of a day, by the clock.
    pub(crate) fn hours(&self, date: Date, from: Time, to: Time) -> Option<Span> {
        let begin = self.instant(date.to_datetime(from))?;
        let end = if to == Time::midnight() {
            self.start(date.tomorrow().ok()?)?
        } else if to <= from {
            self.instant(date.tomorrow().ok()?.to_datetime(to))?
        } else {
            self.instant(date.to_datetime(to))?
        };
        (begin < end).then_some(Span { from: begin, to: end, unit: None })
    }

    /// The same span so many units earlier, by the calendar.
    pub(crate) fn earlier(&self, span: Span, unit: Unit, count: i64) -> Option<Span> {
        if unit <= Unit::Hour {
            let step = count.checked_mul(if unit == Unit::Hour { 3_600_000 } else { 60_000 })?;
            return Some(Span { from: span.from - step, to: span.to - step, ..span });
        }
        let back = |ms| {
            let at = self.local(ms)?.checked_sub(unit.times(count)?).ok()?;
            if at.time() == Time::midnight() { self.start(at.date()) } else { self.instant(at) }
        };
        let (from, to) = (back(span.from)?, back(span.to)?);
        (from < to && from >= 0).then_some(Span { from, to, ..span })
    }

    /// The span before, as long by the calendar.
    pub(crate) fn before(&self, span: Span) -> Option<Span> {
        match span.unit {
            Some((unit, count)) => self.earlier(span, unit, count),
            None => {
                let (from, to) = (self.local(span.from)?, self.local(span.to)?);
                let whole = from.time() == Time::midnight() && to.time() == Time::midnight();
                if !whole {
                    // Part of a day: the same part of the day before.
                    return if span.length() < 86_400_000 {
                        self.earlier(span, Unit::Day, 1)
                    } else {
                        Some(Span { from: span.from - span.length(), to: span.from, unit: None })
                    };
                }
                let days = i64::from(from.date().until(to.date()).ok()?.get_days());
                self.earlier(span, Unit::Day, days)
            }
        }
    }

    /// The span between two instants, with what it is made of where it is whole units of the calendar.
    pub(crate) fn recognise(&self, from: i64, to: i64) -> Span {
        let units = [Unit::Day, Unit::Week, Unit::Month, Unit::Quarter, Unit::Year];
        let begun = self.local(from).map(|at| at.date());
        let whole = |unit: &Unit| {
            let span = self.units(*unit, begun?, 1)?;
            (span.from == from && span.to == to).then_some(span)
        };
        units.iter().find_map(whole).unwrap_or(Span { from, to, unit: None })
    }

    /// A span in ISO 8601, with the offsets that hold at its ends.
    pub(crate) fn iso(&self, span: Span) -> [String; 2] {
        [span.from, span.to].map(|ms| self.iso_of(ms))
    }

    /// What the clock shows now.
    pub(crate) fn iso_now(&self) -> String {
        self.iso_of(self.now.0)
    }

    fn iso_of(&self, ms: i64) -> String {
        let format = if ms % 1_000 == 0 { "%Y-%m-%dT%H:%M:%S%:z" } else { "%Y-%m-%dT%H:%M:%S%.3f%:z" };
        // Spans are made of valid timestamps.
        let instant = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
        instant.to_zoned_datetime(self.zone.clone()).strftime(format).to_string()
    }

    /// The grain that makes a readable number of points of a span.
    pub(crate) fn grain(&self, span: Span) -> Grain {
        const HOUR: i64 = 3_600_000;
        match span.length() {
            length if length <= HOUR => Grain::Minute,
            length if length <= 25 * HOUR => Grain::Hour,
            length if length <= 92 * 24 * HOUR + HOUR => Grain::Day,
            _ => Grain::Month,
        }
    }
}
