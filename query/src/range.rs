//! When: a date range becomes two instants.
//!
//! Ranges are half-open, in milliseconds. Days begin where the site's calendar says: at the first
//! instant of the local date, also where that is not midnight because clocks went forward, and a
//! day is 23 or 25 hours long where they changed. A pair of times includes its last second, as in
//! Plausible's API.

use jiff::ToSpan;
use jiff::civil::{self, Weekday};
use jiff::tz::TimeZone;
use opentrace_events::{Site, Timestamp};

use crate::catalogue::Grain;
use crate::error::QueryError;
use crate::query::{DateRange, Moment};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// A resolved range: `from` is in it, `to` is not.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    pub from: Timestamp,
    pub to: Timestamp,
    /// The site's, in which buckets are cut and labels are written.
    pub zone: TimeZone,
    pub week_start: Weekday,
    /// The local date of the first instant.
    pub first: civil::Date,
    /// The local date of the last instant.
    pub last: civil::Date,
}

impl Range {
    /// The two instants that `range` means at `now`. `earliest` is the time of the site's first
    /// event, which only [`DateRange::All`] asks for.
    pub fn resolve(
        range: &DateRange,
        site: &Site,
        now: Timestamp,
        earliest: Option<Timestamp>,
    ) -> Result<Self, QueryError> {
        let zone = &site.timezone;
        let today = local(zone, now)?.date();
        let days = |first, last| Self::days(site, first, last);
        let months = |count: u16| {
            let first =
                today.first_of_month().checked_sub((i64::from(count) - 1).months()).map_err(outside)?;
            days(first, today.last_of_month())
        };
        match range {
            DateRange::Day => days(today, today),
            DateRange::LastDays(count) => {
                days(today.checked_sub((i64::from(*count) - 1).days()).map_err(outside)?, today)
            }
            DateRange::Month => months(1),
            DateRange::LastMonths(count) => months(*count),
            DateRange::Year => days(today.first_of_year(), today.last_of_year()),
            DateRange::Dates(first, last) => days(*first, *last),
            DateRange::All => {
                let first = earliest.map_or(Ok(today), |ts| Ok(local(zone, ts)?.date()))?;
                days(first.min(today), today)
            }
            DateRange::Last24Hours => {
                let end = now.0.div_euclid(SECOND) * SECOND + SECOND;
                Self::between(site, end - 24 * HOUR, end)
            }
            DateRange::Moments(first, last) => {
                let (from, to) = (instant(zone, first)?, instant(zone, last)?);
                // The last second is within, or the last millisecond where one is given.
                let to = if to % SECOND == 0 { to + SECOND } else { to + 1 };
                Self::between(site, from, to)
            }
        }
    }

    /// The whole local days from `first` to `last`.
    fn days(site: &Site, first: civil::Date, last: civil::Date) -> Result<Self, QueryError> {
        let from = start_of(&site.timezone, first)?;
        let to = start_of(&site.timezone, last.tomorrow().map_err(outside)?)?;
        Ok(Self { first, last, ..Self::between(site, from, to)? })
    }

    fn between(site: &Site, from: i64, to: i64) -> Result<Self, QueryError> {
        if from > to {
            return Err(QueryError::Invalid {
                field: "date_range".to_owned(),
                message: "the range ends before it begins".to_owned(),
                hint: Some("the earlier of the two comes first".to_owned()),
            });
        }
        let zone = site.timezone.clone();
        let first = local(&zone, Timestamp(from))?.date();
        let last = local(&zone, Timestamp((to - 1).max(from)))?.date();
        Ok(Self { from: Timestamp(from), to: Timestamp(to), zone, week_start: site.week_start, first, last })
    }

    /// Whether the range is made of whole local days.
    pub fn whole_days(&self) -> bool {
        self.whole(Grain::Day)
    }

    /// The range whose dates are other ones, with the same times of the day.
    pub(crate) fn moved(
        &self,
        site: &Site,
        date: impl Fn(civil::Date) -> Result<civil::Date, jiff::Error>,
    ) -> Result<Self, QueryError> {
        if self.whole_days() {
            return Self::days(site, date(self.first).map_err(outside)?, date(self.last).map_err(outside)?);
        }
        let instant = |ts: i64| -> Result<i64, QueryError> {
            let at = local(&self.zone, Timestamp(ts))?;
            let moved = date(at.date()).map_err(outside)?.to_datetime(at.time());
            instant(&self.zone, &Moment::Local(moved))
        };
        Self::between(site, instant(self.from.0)?, instant(self.to.0)?)
    }

    /// The range between two instants, of which the last is not in it.
    pub(crate) fn at(&self, site: &Site, from: i64, to: i64) -> Result<Self, QueryError> {
        Self::between(site, from, to)
    }

    /// Whether the range begins and ends where minutes do.
    pub fn whole_minutes(&self) -> bool {
        self.from.0 % MINUTE == 0 && self.to.0 % MINUTE == 0
    }

    /// Whether the range is made of whole buckets. Hours and minutes are not asked about.
    pub fn whole(&self, grain: Grain) -> bool {
        let Ok(after) = self.last.tomorrow() else { return false };
        let days = start_of(&self.zone, self.first).is_ok_and(|start| start == self.from.0)
            && start_of(&self.zone, after).is_ok_and(|start| start == self.to.0);
        match grain {
            Grain::Minute | Grain::Hour => false,
            Grain::Day => days,
            Grain::Week => days && [self.first, after].iter().all(|date| date.weekday() == self.week_start),
            Grain::Month => days && [self.first, after].iter().all(|date| date.day() == 1),
        }
    }

    /// Whether the range is exactly one bucket.
    pub fn single(&self, grain: Grain) -> bool {
        let next = match grain {
            Grain::Minute | Grain::Hour => return false,
            Grain::Day => self.first.checked_add(1.day()),
            Grain::Week => self.first.checked_add(1.week()),
            Grain::Month => self.first.checked_add(1.month()),
        };
        self.whole(grain) && self.last.tomorrow().is_ok_and(|after| next.is_ok_and(|next| next == after))
    }

    /// Whether some times of the range come twice on the site's clock.
    pub fn clocks_go_back(&self) -> bool {
        let Ok(from) = jiff::Timestamp::from_millisecond(self.from.0) else { return false };
        let mut before = self.zone.to_offset(from);
        let within = |at: jiff::Timestamp| at.as_millisecond() < self.to.0;
        self.zone.following(from).take_while(|change| within(change.timestamp())).any(|change| {
            let back = change.offset() < before;
            before = change.offset();
            back
        })
    }

    /// The grain that `time` stands for: one that gives a readable number of buckets.
    pub fn natural_grain(&self) -> Grain {
        const LONGEST_IN_DAYS: i64 = 92;
        let length = self.to.0 - self.from.0;
        if length <= HOUR + SECOND {
            Grain::Minute
        } else if length <= 25 * HOUR {
            Grain::Hour
        } else if length <= LONGEST_IN_DAYS * 24 * HOUR + HOUR {
            Grain::Day
        } else {
            Grain::Month
        }
    }

    /// First and last second in ISO 8601 with the offset of the site's zone.
    pub fn iso(&self) -> [String; 2] {
        let last = if self.to.0 % SECOND == 0 { self.to.0 - SECOND } else { self.to.0 - 1 };
        [self.from.0, last.max(self.from.0)].map(|ms| {
            let format = if ms % SECOND == 0 { "%Y-%m-%dT%H:%M:%S%:z" } else { "%Y-%m-%dT%H:%M:%S%.3f%:z" };
            // Both ends were made from valid timestamps.
            let instant = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
            instant.to_zoned_datetime(self.zone.clone()).strftime(format).to_string()
        })
    }
}

/// The first instant of a local date.
pub(crate) fn start_of(zone: &TimeZone, date: civil::Date) -> Result<i64, QueryError> {
    Ok(date.to_zoned_datetime(zone.clone()).map_err(outside)?.timestamp().as_millisecond())
}

fn instant(zone: &TimeZone, moment: &Moment) -> Result<i64, QueryError> {
    match moment {
        Moment::Instant(instant) => Ok(instant.as_millisecond()),
        Moment::Local(local) => Ok(zone.to_timestamp(*local).map_err(outside)?.as_millisecond()),
    }
}

/// What the site's clock shows at an instant.
pub(crate) fn local(zone: &TimeZone, ts: Timestamp) -> Result<civil::DateTime, QueryError> {
    Ok(zone.to_datetime(jiff::Timestamp::from_millisecond(ts.0).map_err(outside)?))
}

/// The calendar ends in the year 9999; ranges that reach beyond are refused.
pub(crate) fn outside(error: jiff::Error) -> QueryError {
    QueryError::Invalid {
        field: "date_range".to_owned(),
        message: format!("the range leaves the calendar: {error}"),
        hint: None,
    }
}

#[cfg(test)]
mod tests;
