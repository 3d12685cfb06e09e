//! Times of the day: `9`, `17`, `8am`, `5 pm`, `10:30`, `noon`, and spans of them.

use jiff::civil::{Date, Time};

use super::Reader;
use super::calendar::Span;

/// A time of the day, and whether it can be nothing else (`9` can).
pub(super) struct At {
    pub(super) time: Time,
    /// 24:00.
    pub(super) end_of_day: bool,
    pub(super) sure: bool,
    pub(super) end: usize,
}

/// Hours of a day that the question names without saying of which day.
pub(super) struct Hours {
    from: Time,
    to: Time,
    /// Until the end of today, whichever day it begins on.
    open: bool,
    pub(super) end: usize,
}

impl Hours {
    /// These hours of a date.
    pub(super) fn of(&self, reader: Reader<'_>, date: Date) -> Option<Span> {
        if self.open {
            return reader.clock.since(reader.clock.instant(date.to_datetime(self.from))?);
        }
        reader.clock.hours(date, self.from, self.to)
    }
}

impl Reader<'_> {
    pub(super) fn time_of_day(&self, at: usize) -> Option<At> {
        let at = self.skip(at, &["at"]);
        let exact = |hour: i8, minute: i8, sure, end| {
            let time = Time::new(hour % 24, minute, 0, 0).ok()?;
            (hour < 24 || minute == 0).then_some(At { time, end_of_day: hour == 24, sure, end })
        };
        match self.word(at) {
            "noon" | "midday" => return exact(12, 0, true, at + 1),
            "midnight" => return exact(0, 0, true, at + 1),
            _ => {}
        }
        let text = self.word(at);
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let (mut half, mut end) = (&text[digits.len()..], at + 1);
        if half.is_empty() && self.is(end, &["am", "pm"]) {
            half = self.word(end);
            end += 1;
        } else if half.is_empty() && self.is(end, &["o"]) && self.is(end + 1, &["clock"]) {
            half = "h";
            end += 2;
        }
        let (hour, minute) = digits.split_once(':').map_or((digits, None), |(hour, rest)| (hour, Some(rest)));
        if hour.is_empty() || hour.len() > 2 || minute.is_some_and(|minute| minute.len() != 2) {
            return None;
        }
        let hour: i8 = hour.parse().ok()?;
        let sure = minute.is_some() || !half.is_empty();
        let minute: i8 = minute.map_or(Some(0), |minute| minute.parse().ok())?;
        match half {
            "" | "h" if (0..=24).contains(&hour) => exact(hour, minute, sure, end),
            "am" if (1..=12).contains(&hour) => exact(hour % 12, minute, true, end),
            "pm" if (1..=12).contains(&hour) => exact(hour % 12 + 12, minute, true, end),
            _ => None,
        }
    }

    /// `at 3pm`: the hour that begins then.
    fn one_hour(&self, at: usize, from: &At) -> Option<Hours> {
        let whole = self.is(at, &["at"]) && from.sure && from.time.minute() == 0 && !from.end_of_day;
        let to = Time::new((from.time.hour() + 1) % 24, 0, 0, 0).ok()?;
        whole.then_some(Hours { from: from.time, to, open: false, end: from.end })
    }

    /// `between 9 and 17`, `from 8am to noon`, `9am to 5pm`, `after 5pm`, `before 10:30`.
    pub(super) fn hours(&self, at: usize) -> Option<Hours> {
        let (first, joint): (usize, &[&str]) = match self.word(at) {
            "between" => (at + 1, &["and"]),
            "from" => (at + 1, &["to", "until", "till", "-", "through"]),
            "after" | "since" => {
                let from = self.time_of_day(at + 1).filter(|from| from.sure)?;
                return Some(Hours {
                    from: from.time,
                    to: Time::midnight(),
                    open: self.is(at, &["since"]),
                    end: from.end,
                });
            }
            "before" | "until" | "till" => {
                let to = self.time_of_day(at + 1).filter(|to| to.sure)?;
                return Some(Hours { from: Time::midnight(), to: to.time, open: false, end: to.end });
            }
            _ => (at, &["to", "until", "till", "-"]),
        };
        let from = self.time_of_day(first)?;
        if !self.is(from.end, joint) {
            return self.one_hour(at, &from);
        }
        let to = self.time_of_day(from.end + 1)?;
        // Two bare numbers are hours only where a word says that they are a span.
        if first == at && !to.sure {
            return None;
        }
        // `9 to 5pm` and `between 9 and 5 pm` begin in the morning.
        if from.end_of_day || (from.time == to.time && !to.end_of_day) {
            return None;
        }
        let end = self.any(to.end, &["o clock", "h", "hours"]).unwrap_or(to.end);
        Some(Hours { from: from.time, to: to.time, open: false, end })
    }
}
