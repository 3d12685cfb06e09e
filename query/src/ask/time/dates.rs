//! What names one day, week, month, quarter or year.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use super::Reader;
use super::calendar::{Span, Unit};
use crate::ask::tokens::Kind;

/// One stretch of the calendar as it was named.
#[derive(Clone, Copy, Debug)]
pub(super) struct Anchor {
    pub(super) span: Span,
    pub(super) end: usize,
    /// By what the name comes round again, where nothing said which one is meant.
    pub(super) cycle: Option<Unit>,
    /// Which day of which month, where it is one whose year was left out.
    pub(super) month: Option<i8>,
}

pub(super) const MONTHS: [&[&str]; 12] = [
    &["january", "jan"],
    &["february", "feb"],
    &["march", "mar"],
    &["april", "apr"],
    &["may"],
    &["june", "jun"],
    &["july", "jul"],
    &["august", "aug"],
    &["september", "sept", "sep"],
    &["october", "oct"],
    &["november", "nov"],
    &["december", "dec"],
];

pub(super) const WEEKDAYS: [(&[&str], Weekday); 7] = [
    (&["monday", "mondays", "mon"], Weekday::Monday),
    (&["tuesday", "tuesdays", "tue", "tues"], Weekday::Tuesday),
    (&["wednesday", "wednesdays", "wed"], Weekday::Wednesday),
    (&["thursday", "thursdays", "thu", "thurs"], Weekday::Thursday),
    (&["friday", "fridays", "fri"], Weekday::Friday),
    (&["saturday", "saturdays", "sat"], Weekday::Saturday),
    (&["sunday", "sundays", "sun"], Weekday::Sunday),
];

const ORDINALS: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];

const ENDINGS: [&str; 4] = ["st", "nd", "rd", "th"];

/// Days with a name that are the same every year.
const NAMED: [(&str, i8, i8); 9] = [
    ("valentine day", 14, 2),
    ("valentines day", 14, 2),
    ("christmas eve", 24, 12),
    ("christmas day", 25, 12),
    ("christmas", 25, 12),
    ("new years day", 1, 1),
    ("new year day", 1, 1),
    ("new year eve", 31, 12),
    ("halloween", 31, 10),
];

impl Reader<'_> {
    /// Everything that the words from here may name. Readings of the same length are alternatives.
    pub(super) fn anchors(&self, at: usize) -> Vec<Anchor> {
        let at = self.skip(at, &["the"]);
        let mut found: Vec<Anchor> = Vec::new();
        found.extend(self.near_day(at));
        found.extend(self.nth_of(at));
        found.extend(self.unit(at));
        found.extend(self.named(at));
        found.extend(self.shopping(at));
        found.extend(self.day_and_month(at));
        found.extend(self.quarter(at));
        found.extend(self.weekday(at));
        found.extend(self.numeric(at));
        let Some(longest) = found.iter().map(|anchor| anchor.end).max() else { return found };
        found.retain(|anchor| anchor.end == longest);
        found.dedup_by_key(|anchor| (anchor.span.from, anchor.span.to));
        found
    }

    fn sure(span: Option<Span>, end: usize) -> Option<Anchor> {
        span.map(|span| Anchor { span, end, cycle: None, month: None })
    }

    fn near_day(&self, at: usize) -> Option<Anchor> {
        if let Some(end) = self.words(at, "day before yesterday") {
            return Self::sure(self.clock.relative(Unit::Day, -2), end);
        }
        match self.word(at) {
            "today" => Self::sure(self.clock.today(), at + 1),
            "yesterday" | "yday" => Self::sure(self.clock.relative(Unit::Day, -1), at + 1),
            _ => None,
        }
    }

    /// `this week`, `last month`, `the week before last`, `3 days ago`, `last weekend`.
    fn unit(&self, at: usize) -> Option<Anchor> {
        if let Some((unit, false)) = Unit::of(self.word(at))
            && let Some(end) = self.words(at + 1, "before last")
        {
            return Self::sure(self.clock.relative(unit, -2), end);
        }
        if let Some(of) = self.unit_of(at) {
            return Some(of);
        }
        if let Some(ago) = self.ago(at) {
            return Some(ago);
        }
        let offset = match self.word(at) {
            "this" | "current" => 0,
            "last" | "previous" | "prior" | "past" => -1,
            _ => return self.weekend(at, None),
        };
        if let Some(weekend) = self.weekend(at + 1, Some(offset)) {
            return Some(weekend);
        }
        let past = self.word(at) == "past" || self.word(at) == "this" && self.word(at + 1) == "past";
        let at = at + usize::from(self.word(at) == "this" && past);
        let whole = self.is(at + 1, &["full", "complete", "whole", "calendar"]);
        let at = at + usize::from(whole);
        let (unit, false) = Unit::of(self.word(at + 1))? else { return None };
        let end = at + 2;
        if past && !whole {
            // `past month` is as long as a month and ends now, `last month` is one of the calendar.
            return match unit {
                Unit::Month => Self::sure(self.clock.last(Unit::Day, 30), end),
                _ => Self::sure(self.clock.last(unit, 1), end),
            };
        }
        if unit <= Unit::Hour && offset < 0 {
            return Self::sure(self.clock.last(unit, 1), end);
        }
        // `so far` says that what has not come yet is not meant.
        let so_far = self.any(end, &["so far", "to date", "until now", "till now"]);
        match so_far {
            Some(end) if offset == 0 => Self::sure(self.clock.to_date(unit), end),
            _ => Self::sure(self.clock.relative(unit, offset), end),
        }
    }

    /// `the week of march 2`, `the month of march`, `the year 2025`.
    fn unit_of(&self, at: usize) -> Option<Anchor> {
        match self.word(at) {
            "year" => {
                let next = self.skip(at + 1, &["of"]);
                Self::sure(self.clock.year(self.year(next)?), next + 1)
            }
            "month" => {
                let next = at + 2;
                self.month_name(next).filter(|_| self.is(at + 1, &["of"]))?;
                self.day_and_month(next)
            }
            "week" if self.is(at + 1, &["of", "starting", "beginning"]) => {
                let next = self.skip(at + 2, &["the", "on"]);
                let day = self.day_and_month(next).or_else(|| self.numeric(next).into_iter().next())?;
                let date = self.clock.local(day.span.from).filter(|_| day.span.is_day())?.date();
                Self::sure(self.clock.units(Unit::Week, date, 1), day.end)
            }
            _ => None,
        }
    }

    fn ago(&self, at: usize) -> Option<Anchor> {
        let (count, next) = match self.word(at) {
            "a" | "an" => (1, at + 1),
            _ => (self.number(at)?, at + 1),
        };
        let (unit, _) = Unit::of(self.word(next))?;
        let end = self.words(next + 1, "ago")?;
        Self::sure(self.clock.relative(unit, -count), end)
    }

    /// The two days after Friday: this week's where they have begun, the latest otherwise.
    fn weekend(&self, at: usize, offset: Option<i64>) -> Option<Anchor> {
        if !self.is(at, &["weekend"]) {
            return None;
        }
        let saturday = self.clock.weekday(Weekday::Saturday)?;
        let running = (self.clock.today.weekday().since(Weekday::Saturday)) < 2;
        let saturday = match offset {
            Some(0) if !running => saturday.checked_add(7.days()).ok()?,
            Some(-1) if running => saturday.checked_sub(7.days()).ok()?,
            _ => saturday,
        };
        let span = self.clock.days(saturday, saturday.tomorrow().ok()?, None)?;
        Self::sure(Some(Span { unit: Some((Unit::Week, 1)), ..span }), at + 1)
    }

    /// The number of the month whose name stands here.
    pub(super) fn month_name(&self, at: usize) -> Option<i8> {
        let place = MONTHS.iter().position(|names| self.is(at, names))?;
        Some(place as i8 + 1)
    }

    fn weekday_name(&self, at: usize) -> Option<Weekday> {
        WEEKDAYS.iter().find(|(names, _)| self.is(at, names)).map(|(_, weekday)| *weekday)
    }

    /// A day of the month as a number: `3`, `3rd`, `third` is not.
    fn day_number(&self, at: usize) -> Option<i8> {
        let token = self.tokens.get(at).filter(|token| token.kind == Kind::Number)?;
        let digits = ENDINGS.iter().find_map(|end| token.text.strip_suffix(end)).unwrap_or(&token.text);
        let day: i8 = digits.parse().ok()?;
        (1..=31).contains(&day).then_some(day)
    }

    fn is_ordinal(&self, at: usize) -> bool {
        let text = self.word(at);
        text.starts_with(|c: char| c.is_ascii_digit()) && ENDINGS.iter().any(|end| text.ends_with(end))
    }

    /// The year said after a date: `2025`, `last year`, `this year`.
    fn year_after(&self, at: usize) -> (Option<i16>, usize) {
        let next = self.skip(at, &[",", "of", "in"]);
        if let Some(year) = self.year(next) {
            return (Some(year), next + 1);
        }
        if let Some(end) = self.any(next, &["last year", "previous year"]) {
            return (Some(self.clock.today.year() - 1), end);
        }
        match self.words(next, "this year") {
            Some(end) => (Some(self.clock.today.year()), end),
            None => (None, at),
        }
    }

    /// `march`, `last march`, `march 2025`, `march 8`, `8 march 2025`, `the 8th of march`, `the 8th`.
    fn day_and_month(&self, at: usize) -> Option<Anchor> {
        let last = self.is(at, &["last"]);
        if let Some(month) = self.month_name(at + usize::from(last)) {
            let next = at + 1 + usize::from(last);
            if last {
                let span = self.clock.month(month, None)?;
                let over = span.to <= self.clock.today()?.from;
                let span = if over { span } else { self.clock.earlier(span, Unit::Year, 1)? };
                return Self::sure(Some(span), next);
            }
            let day_at = self.skip(next, &["the"]);
            if let Some(day) = self.day_number(day_at).filter(|_| self.year(day_at).is_none()) {
                return self.day_of(day, month, day_at + 1);
            }
            let (year, end) = self.year_after(next);
            let span = self.clock.month(month, year)?;
            let cycle = year.is_none().then_some(Unit::Year);
            return Some(Anchor { span, end, cycle, month: Some(month) });
        }
        let day = self.day_number(at)?;
        let month_at = self.skip(at + 1, &["of"]);
        if let Some(month) = self.month_name(month_at) {
            return self.day_of(day, month, month_at + 1);
        }
        if !self.is_ordinal(at) {
            return None;
        }
        // `the 8th of this month`, `the 8th of last month`, `the 8th`.
        for (phrase, back) in [("of this month", 0), ("of last month", 1)] {
            if let Some(end) = self.words(at + 1, phrase) {
                let first = self.clock.today.first_of_month().checked_sub(Unit::Month.times(back)?).ok()?;
                let date = Date::new(first.year(), first.month(), day).ok()?;
                return Self::sure(self.clock.day(date), end);
            }
        }
        let latest = (0..3).find_map(|back| {
            let first = self.clock.today.first_of_month().checked_sub(Unit::Month.times(back)?).ok()?;
            Date::new(first.year(), first.month(), day).ok().filter(|date| *date <= self.clock.today)
        });
        Some(Anchor { span: self.clock.day(latest?)?, end: at + 1, cycle: Some(Unit::Month), month: None })
    }

    fn day_of(&self, day: i8, month: i8, after: usize) -> Option<Anchor> {
        let (year, end) = self.year_after(after);
        let span = self.clock.day(self.clock.date(day, month, year)?)?;
        let cycle = year.is_none().then_some(Unit::Year);
        Some(Anchor { span, end, cycle, month: Some(month) })
    }

    fn weekday(&self, at: usize) -> Option<Anchor> {
        let (said, name_at) = match self.word(at) {
            "last" | "past" | "previous" => (Some(-1), at + 1),
            "this" => (Some(0), at + 1),
            _ => (None, at),
        };
        let weekday = self.weekday_name(name_at)?;
        if self.word(name_at).ends_with("days") {
            return None; // `mondays` are many days
        }
        let end = name_at + 1;
        let week = |back: i64| {
            let start = self.clock.relative(Unit::Week, -back)?;
            let first = self.clock.local(start.from)?.date();
            first.checked_add(i64::from(weekday.since(self.clock.week_start)).days()).ok()
        };
        for (phrase, back) in [("of last week", 1), ("last week", 1), ("of this week", 0), ("this week", 0)] {
            if let Some(end) = self.words(end, phrase) {
                return Self::sure(self.clock.day(week(back)?), end);
            }
        }
        let latest = self.clock.weekday(weekday)?;
        let date = match said {
            Some(-1) if latest == self.clock.today => latest.checked_sub(7.days()).ok()?,
            Some(0) => week(0)?,
            _ => latest,
        };
        let cycle = (said != Some(0)).then_some(Unit::Week);
        Some(Anchor { span: self.clock.day(date)?, end, cycle, month: None })
    }

    /// `the first monday of october`, `the last week of february`, `the first 10 days of march`.
    fn nth_of(&self, at: usize) -> Option<Anchor> {
        let nth = match self.word(at) {
            "last" => -1,
            word => match ORDINALS.iter().position(|ordinal| *ordinal == word) {
                Some(place) => place as i8 + 1,
                None if self.is_ordinal(at) => self.day_number(at).filter(|nth| *nth <= 5)?,
                None => return None,
            },
        };
        let (count, unit_at) = match self.number(at + 1) {
            Some(count) => (count, at + 2),
            None => (1, at + 1),
        };
        let of = if self.is(unit_at + 1, &["of", "in"]) { unit_at + 2 } else { return None };
        let whole = self.anchors(of).into_iter().next()?;
        let (whole_first, whole_last) =
            (self.clock.local(whole.span.from)?.date(), self.clock.local(whole.span.to - 1)?.date());
        if let Some(weekday) = self.weekday_name(unit_at) {
            if count != 1 || !matches!(whole.span.unit, Some((Unit::Month, 1))) {
                return None;
            }
            let mut span = self.clock.day(self.clock.nth_weekday(nth, weekday, whole_first)?)?;
            let mut cycle = whole.cycle;
            if span.from > self.clock.now.0 && cycle == Some(Unit::Year) {
                let earlier = whole_first.checked_sub(Unit::Year.times(1)?).ok()?;
                span = self.clock.day(self.clock.nth_weekday(nth, weekday, earlier)?)?;
                cycle = None;
            }
            return Some(Anchor { span, end: whole.end, cycle, month: None });
        }
        let (unit, _) = Unit::of(self.word(unit_at))?;
        let inside = |date: Date| (whole_first..=whole_last).contains(&date);
        let length = unit.times(count)?;
        let first = match (nth, unit) {
            (_, Unit::Minute | Unit::Hour) => return None,
            (-1, _) => whole_last.tomorrow().ok()?.checked_sub(length).ok()?,
            (nth, _) => whole_first.checked_add(unit.times(i64::from(nth - 1) * count)?).ok()?,
        };
        let last = first.checked_add(length).ok()?.yesterday().ok()?;
        let last = last.min(whole_last);
        let span = (inside(first) && first <= last).then(|| self.clock.days(first, last, None))??;
        let span = Span { unit: (unit == Unit::Day && count == 1).then_some((Unit::Day, 1)), ..span };
        Some(Anchor { span, end: whole.end, cycle: whole.cycle, month: None })
    }

    /// `Q3`, `Q3 2025`, `the first quarter of 2025`, `H1`, `the second half of last year`.
    fn quarter(&self, at: usize) -> Option<Anchor> {
        let text = self.word(at);
        let number = text.get(1..).and_then(|rest| rest.parse::<i64>().ok());
        let (count, half, next) = match (text.chars().next(), number) {
            (Some('q'), Some(count @ 1..=4)) => (count, false, at + 1),
            (Some('h'), Some(count @ 1..=2)) => (count, true, at + 1),
            _ => {
                let nth = ORDINALS.iter().position(|ordinal| *ordinal == text)? as i64 + 1;
                match self.word(at + 1) {
                    "quarter" if nth <= 4 => (nth, false, at + 2),
                    "half" if nth <= 2 => (nth, true, at + 2),
                    _ => return None,
                }
            }
        };
        let (year, end) = self.year_after(next);
        let span = if half { self.clock.half(count, year) } else { self.clock.quarter(count, year) };
        let cycle = year.is_none().then_some(Unit::Year);
        Some(Anchor { span: span?, end, cycle, month: None })
    }

    fn named(&self, at: usize) -> Option<Anchor> {
        let (end, day, month) = NAMED
            .iter()
            .filter_map(|(name, day, month)| Some((self.words(at, name)?, *day, *month)))
            .max_by_key(|(end, ..)| *end)?;
        self.day_of(day, month, end)
    }

    /// `black friday` and `cyber monday`, where no campaign is meant.
    fn shopping(&self, at: usize) -> Option<Anchor> {
        let later = match (self.word(at), self.word(at + 1)) {
            ("black", "friday") => 1,
            ("cyber", "monday") => 4,
            _ => return None,
        };
        let name = self.tokens.get(at + 1).is_some_and(|second| second.glued)
            || self.word(at + 2).starts_with("campaign");
        let (year, end) = self.year_after(at + 2);
        let of = |year| {
            let fourth = Date::new(year, 11, 1).ok()?.nth_weekday_of_month(4, Weekday::Thursday).ok()?;
            fourth.checked_add(later.days()).ok()
        };
        let this = of(year.unwrap_or(self.clock.today.year()))?;
        let date =
            if year.is_none() && this > self.clock.today { of(self.clock.today.year() - 1)? } else { this };
        if name { None } else { Self::sure(self.clock.day(date), end) }
    }

    /// `2026-03-01`, `2026-03`, `2025`, `3/4`, `3/4/2026`, `17.3.2026`.
    fn numeric(&self, at: usize) -> Vec<Anchor> {
        let Some(token) = self.tokens.get(at).filter(|token| token.kind == Kind::Number) else {
            return Vec::new();
        };
        let text = token.text.as_str();
        let end = at + 1;
        if let Some(year) = self.year(at) {
            return Self::sure(self.clock.year(year), end).into_iter().collect();
        }
        let parts: Vec<&str> = text.split(['-', '/', '.']).collect();
        let numbers: Option<Vec<i16>> = parts.iter().map(|part| part.parse().ok()).collect();
        let small = |number: i16| i8::try_from(number).ok();
        let day = |year: i16, month: i16, day: i16| {
            let date = Date::new(year, small(month)?, small(day)?).ok()?;
            Self::sure(self.clock.day(date), end)
        };
        let free = |month: i16, day: i16| {
            let date = self.clock.date(small(day)?, small(month)?, None)?;
            let span = self.clock.day(date)?;
            Some(Anchor { span, end, cycle: Some(Unit::Year), month: small(month) })
        };
        let century = |year: i16| if year < 100 { 2000 + year } else { year };
        match (numbers.as_deref(), text) {
            (Some([year @ 1970..=2105, month, d]), _) => day(*year, *month, *d).into_iter().collect(),
            (Some([year @ 1970..=2105, month]), _) if text.contains('-') => {
                let month = small(*month).and_then(|month| self.clock.month(month, Some(*year)));
                Self::sure(month, end).into_iter().collect()
            }
            // Which of two numbers is the month is a matter of country; where both can be, it is open.
            (Some([a, b]), text) if text.contains('/') => {
                [free(*b, *a), free(*a, *b)].into_iter().flatten().collect()
            }
            (Some([a, b, year]), text) if text.contains('/') => {
                let year = century(*year);
                [day(year, *b, *a), day(year, *a, *b)].into_iter().flatten().collect()
            }
            (Some([d, month, year]), text) if text.contains('.') => {
                day(century(*year), *month, *d).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }
}
