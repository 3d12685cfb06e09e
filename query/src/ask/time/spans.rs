//! Spans: `last 7 days`, `since march`, `from 1 to 14 february`, `yesterday between 9 and 17`.

use jiff::ToSpan;
use jiff::civil::Time;

use super::calendar::{Span, Unit};
use super::dates::Anchor;
use super::{Reader, When};
use crate::ask::tokens::Kind;

/// Words before a time that add nothing.
const LEADS: &[&str] = &["in", "on", "during", "for", "over", "within", "throughout", "of", "across", "from"];

/// Parts of a day.
const PARTS: [(&str, i8, i8); 4] =
    [("morning", 6, 12), ("afternoon", 12, 18), ("evening", 18, 24), ("night", 18, 6)];

impl Reader<'_> {
    /// The longest time that begins here.
    pub(super) fn time(self, at: usize) -> Option<When> {
        let mut found: Vec<When> = Vec::new();
        let bare = self.skip(at, LEADS);
        let bare = self.skip(bare, &["the", "all", "entire", "whole"]);
        let bare = self.skip(bare, &["the"]);
        for start in if bare == at { vec![at] } else { vec![at, bare] } {
            found.extend(self.day_with_hours(start));
            found.extend(self.between(start));
            found.extend(self.open(start));
            found.extend(self.rolling(start));
            found.extend(self.ahead(start));
            found.extend(self.to_date(start));
            found.extend(self.ever(start));
            found.extend(self.part_of_day(start));
            found.extend(self.plain(start));
            found.extend(self.hours_alone(start));
        }
        found.extend(self.trailing(at));
        let longest = found.iter().map(|when| when.end).max()?;
        found.into_iter().rev().find(|when| when.end == longest && !when.spans.is_empty())
    }

    fn one(span: Option<Span>, end: usize) -> Option<When> {
        Some(When { end, spans: vec![span?], ahead: None, alone: None })
    }

    fn plain(&self, at: usize) -> Option<When> {
        // A month that is also a verb needs a word that makes it a time.
        if self.is(at, &["may"]) && !self.may_is_a_month(at) {
            return None;
        }
        let anchors = self.anchors(at);
        let end = anchors.first()?.end;
        Some(When {
            end,
            spans: anchors.into_iter().map(|anchor| anchor.span).collect(),
            ahead: None,
            alone: None,
        })
    }

    /// `in the last week`, `over the last year`: as long as one, ending now.
    fn trailing(&self, at: usize) -> Option<When> {
        if !self.is(at, &["in", "over", "within", "during", "for", "across"])
            || self.words(at + 1, "the last").is_none()
        {
            return None;
        }
        let (unit, false) = Unit::of(self.word(at + 3))? else { return None };
        match unit {
            Unit::Month => Self::one(self.clock.last(Unit::Day, 30), at + 4),
            Unit::Week | Unit::Year => Self::one(self.clock.last(unit, 1), at + 4),
            _ => None,
        }
    }

    fn may_is_a_month(&self, at: usize) -> bool {
        let before = at.checked_sub(1).map_or("", |at| self.word(at));
        let joint = [
            "in",
            "since",
            "from",
            "during",
            "of",
            "for",
            "this",
            "last",
            "until",
            "to",
            "and",
            "vs",
            "before",
            "after",
            "throughout",
            "with",
        ];
        joint.contains(&before)
            || self.number(at + 1).is_some()
            || self.year(at + 1).is_some()
            || self.tokens.get(at + 1).is_none_or(|token| token.is("?"))
    }

    /// `last 7 days`, `past 24h`, `previous two weeks`, `7d`, `30 days`.
    fn rolling(&self, at: usize) -> Option<When> {
        let mut next = at;
        let said = self.is(next, &["last", "past", "previous", "prior", "trailing", "rolling", "recent"]);
        if said {
            next = self.skip(next + 1, &["the"]);
            next = self.any(next, &["couple of", "couple"]).map_or(next, |_| next);
        }
        let short = |text: &str| {
            let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
            let unit = match &text[digits.len()..] {
                "d" => Unit::Day,
                "h" | "hrs" | "hr" => Unit::Hour,
                "min" | "mins" => Unit::Minute,
                "w" | "wk" | "wks" => Unit::Week,
                "mo" | "mos" => Unit::Month,
                "y" | "yr" => Unit::Year,
                _ => return None,
            };
            Some((digits.parse::<i64>().ok()?, unit))
        };
        let bare = self.word(next).strip_prefix('l').unwrap_or_default();
        let (count, unit, end) = if let Some((count, unit)) = short(self.word(next)) {
            (count, unit, next + 1)
        } else if let Some((count, unit)) = short(bare).filter(|_| !said) {
            // `l30d`, as spreadsheets say it.
            return Self::one(self.clock.last(unit, count), next + 1);
        } else if let Some(end) = self.any(next, &["half hour", "half an hour"]).filter(|_| said) {
            (30, Unit::Minute, end)
        } else if let Some(end) = self.any(next, &["fortnight"]).filter(|_| said) {
            (2, Unit::Week, end)
        } else {
            let (count, unit_at) = match self.any(next, &["couple of", "couple"]) {
                Some(end) => (2, end),
                None => (self.number(next)?, next + 1),
            };
            let unit_at = self.skip(unit_at, &["full", "calendar", "consecutive"]);
            let (unit, _) = Unit::of(self.word(unit_at))?;
            (count, unit, unit_at + 1)
        };
        // Without a word that says so, `3 days` is a length and no time; `7d` is how buttons say it.
        if !said && (short(self.word(next)).is_none() || self.is(end, &["ago"])) {
            return None;
        }
        Self::one(self.clock.last(unit, count), end)
    }

    /// `next week`, `the next 7 days`, `tomorrow`, `the coming month`: so many units from now on.
    fn ahead(&self, at: usize) -> Option<When> {
        let next = |end, unit: Unit, count: i64| {
            let today = self.clock.today()?;
            let (from, to) = match unit {
                Unit::Minute | Unit::Hour => {
                    let step = if unit == Unit::Hour { 3_600_000 } else { 60_000 };
                    (self.clock.now.0, self.clock.now.0.checked_add(count.checked_mul(step)?)?)
                }
                _ => {
                    let after = self.clock.today.checked_add(unit.times(count)?).ok()?.tomorrow().ok()?;
                    (today.to, self.clock.start(after)?)
                }
            };
            let span = Span { from, to, unit: Some((unit, count)) };
            (from < to).then(|| When { end, spans: vec![span], ahead: Some((unit, count)), alone: None })
        };
        if let Some(end) = self.any(at, &["rest of", "remainder of", "remaining"]) {
            let unit_at = self.skip(end, &["the", "this"]);
            let (unit, false) = Unit::of(self.word(unit_at))? else { return None };
            let left = self.clock.relative(unit, 0)?.to - self.clock.today()?.to;
            let days = (left + 43_200_000) / 86_400_000;
            return (days > 0).then(|| next(unit_at + 1, Unit::Day, days))?;
        }
        if self.is(at, &["tomorrow"]) {
            return next(at + 1, Unit::Day, 1);
        }
        if !self.is(at, &["next", "coming", "upcoming", "following"]) {
            return None;
        }
        let (count, unit_at) = match self.any(at + 1, &["couple of"]) {
            Some(end) => (2, end),
            None => self.number(at + 1).map_or((1, at + 1), |count| (count, at + 2)),
        };
        let text = self.word(unit_at);
        if let Some(hours) = text.strip_suffix('h').and_then(|hours| hours.parse().ok()) {
            return next(unit_at + 1, Unit::Hour, hours);
        }
        let (unit, _) = Unit::of(text)?;
        (count >= 1).then(|| next(unit_at + 1, unit, count))?
    }

    fn to_date(self, at: usize) -> Option<When> {
        let unit = match self.word(at) {
            "wtd" => Unit::Week,
            "mtd" => Unit::Month,
            "qtd" => Unit::Quarter,
            "ytd" => Unit::Year,
            "so" if self.is(at + 1, &["far"]) => {
                let this = self.skip(at + 2, &["in"]);
                if self.is(this, &["today"]) {
                    return Self::one(self.clock.today(), this + 1);
                }
                let (unit, false) = Unit::of(self.word(this + 1)).filter(|_| self.is(this, &["this"]))?
                else {
                    return None;
                };
                return Self::one(self.clock.to_date(unit), this + 2);
            }
            "today" if self.words(at + 1, "so far").is_some() => {
                return Self::one(self.clock.today(), at + 3);
            }
            word => {
                let (unit, false) = Unit::of(word)? else { return None };
                let end = self.words(at + 1, "to date")?;
                return Self::one(self.clock.to_date(unit), end);
            }
        };
        Self::one(self.clock.to_date(unit), at + 1)
    }

    /// From the first event on.
    fn ever(&self, at: usize) -> Option<When> {
        let end = self.any(
            at,
            &[
                "all time",
                "of all time",
                "ever",
                "since the beginning",
                "in total ever",
                "overall time",
                "since day one",
            ],
        )?;
        let to = self.clock.today()?.to;
        Self::one(Some(Span { from: 0, to, unit: None }), end)
    }

    /// `this morning`, `yesterday evening`, `last night`, `tonight`.
    fn part_of_day(&self, at: usize) -> Option<When> {
        let (back, part_at) = match self.word(at) {
            "tonight" => return Self::one(self.part(0, 18, 24), at + 1),
            "this" | "today" => (0, at + 1),
            "yesterday" => (1, at + 1),
            "last" if self.is(at + 1, &["night"]) => (1, at + 1),
            _ => return None,
        };
        let (_, from, to) = PARTS.iter().find(|(name, ..)| self.is(part_at, &[*name]))?;
        Self::one(self.part(back, *from, *to), part_at + 1)
    }

    fn part(&self, back: i64, from: i8, to: i8) -> Option<Span> {
        let date = self.clock.today.checked_sub(back.days()).ok()?;
        self.clock.hours(date, Time::new(from, 0, 0, 0).ok()?, Time::new(to % 24, 0, 0, 0).ok()?)
    }

    /// A day and hours of it, in either order.
    fn day_with_hours(&self, at: usize) -> Option<When> {
        let joined = |end: usize| self.skip(self.skip(end, &[","]), &["on"]);
        for anchor in self.anchors(at) {
            if anchor.span.is_day()
                && let Some(hours) = self.hours(joined(anchor.end))
            {
                let date = self.clock.local(anchor.span.from)?.date();
                return Self::one(hours.of(*self, date), hours.end);
            }
        }
        let hours = self.hours(at)?;
        let anchor = self.anchors(joined(hours.end)).into_iter().next()?;
        if !anchor.span.is_day() {
            return None;
        }
        Self::one(hours.of(*self, self.clock.local(anchor.span.from)?.date()), anchor.end)
    }

    /// Hours without a day: today's, or yesterday's where today's have not begun.
    fn hours_alone(&self, at: usize) -> Option<When> {
        let hours = self.hours(at)?;
        let today = hours.of(*self, self.clock.today)?;
        if today.from < self.clock.now.0 {
            return Self::one(Some(today), hours.end);
        }
        Self::one(hours.of(*self, self.clock.today.yesterday().ok()?), hours.end)
    }

    /// `since march`, `after 5 march`, `until yesterday`, `from monday on`.
    fn open(&self, at: usize) -> Option<When> {
        let first = |span: Span| span.from;
        let after = |span: Span| span.to;
        let (next, begin): (usize, fn(Span) -> i64) = match self.word(at) {
            "since" => (at + 1, first),
            "starting" | "beginning" => (self.skip(at + 1, &["from", "on", "in", "with"]), first),
            "after" => (at + 1, after),
            "from" => {
                let anchors = self.anchors(at + 1);
                let end = anchors.first()?.end;
                let end = self.any(
                    end,
                    &[
                        "on",
                        "onward",
                        "onwards",
                        "until now",
                        "till now",
                        "to now",
                        "until today",
                        "till today",
                        "to today",
                        "up to now",
                    ],
                )?;
                return Some(When { end, ..self.opened(&anchors, end, first)? });
            }
            _ => return None,
        };
        let next = self.skip(self.skip(next, &["the"]), &["start", "beginning"]);
        let next = self.skip(next, &["of"]);
        if !self.is(at, &["after"])
            && let Some((unit, false)) = Unit::of(self.word(next + usize::from(self.is(next, &["the"]))))
            && self.words(next.saturating_sub(1), "of").is_some()
        {
            // `since the beginning of the year`.
            let end = next + 1 + usize::from(self.is(next, &["the"]));
            return Self::one(self.clock.to_date(unit), end);
        }
        if let Some(rolled) = self.since_ago(next) {
            return Some(rolled);
        }
        let anchors = self.anchors(next);
        let end = anchors.first()?.end;
        self.opened(&anchors, end, begin)
    }

    /// `since 3 days ago` begins with that day.
    fn since_ago(&self, at: usize) -> Option<When> {
        let hours = self.number(at)?;
        let (unit, _) = Unit::of(self.word(at + 1)).filter(|(unit, _)| *unit <= Unit::Hour)?;
        let end = self.words(at + 2, "ago")?;
        Self::one(self.clock.last(unit, hours), end)
    }

    fn opened(&self, anchors: &[Anchor], end: usize, begin: fn(Span) -> i64) -> Option<When> {
        let spans: Vec<Span> =
            anchors.iter().filter_map(|anchor| self.clock.since(begin(anchor.span))).collect();
        (!spans.is_empty()).then_some(When { end, spans, ahead: None, alone: None })
    }

    /// `from A to B`, `between A and B`, `A to B`, `A - B`; both ends are within.
    fn between(&self, at: usize) -> Option<When> {
        let (first, joints): (usize, &[&str]) = match self.word(at) {
            "between" => (at + 1, &["and", "to", "-"]),
            "from" => (at + 1, &["to", "until", "till", "through", "-", "thru"]),
            _ => (at, &["to", "until", "till", "through", "-", "thru"]),
        };
        let froms = self.anchors(first);
        if let Some(anchor) = froms.first() {
            let hyphen = self.hyphen(at, anchor.end);
            if !self.is(anchor.end, joints) && !hyphen {
                return self.neighbours(*anchor).filter(|_| first == at);
            }
            let second = if hyphen { anchor.end } else { self.skip(anchor.end + 1, &["the"]) };
            // `march 1 to 10`: the second day is of the same month.
            let tos = match (anchor.month, self.anchors(second)) {
                (Some(month), tos) if tos.is_empty() && anchor.span.is_day() => {
                    let day = self.number(second).and_then(|day| i8::try_from(day).ok())?;
                    let from = self.clock.local(anchor.span.from)?.date();
                    let date = jiff::civil::Date::new(from.year(), month, day).ok()?;
                    let span = self.clock.day(date)?;
                    vec![Anchor { span, end: second + 1, cycle: anchor.cycle, month: Some(month) }]
                }
                (_, tos) => tos,
            };
            let end = tos.first()?.end;
            let spans: Vec<Span> = if froms.len() == tos.len() {
                // Two dates that are open in the same way are read in the same way.
                froms.iter().zip(&tos).filter_map(|(from, to)| self.joined(*from, *to)).collect()
            } else {
                froms
                    .iter()
                    .flat_map(|from| tos.iter().map(move |to| self.joined(*from, *to)))
                    .flatten()
                    .collect()
            };
            return (!spans.is_empty()).then_some(When { end, spans, ahead: None, alone: None });
        }
        // `1 to 14 february`: the first day is of the month said later.
        let day = self.number(first).and_then(|day| i8::try_from(day).ok())?;
        if !self.is(first + 1, joints) {
            return None;
        }
        let to = self.anchors(first + 2).into_iter().find(|to| to.span.is_day() && to.month.is_some())?;
        let last = self.clock.local(to.span.from)?.date();
        let from =
            jiff::civil::Date::new(last.year(), last.month(), day).ok().filter(|from| *from <= last)?;
        Self::one(self.clock.days(from, last, None), to.end)
    }

    /// `mon-fri`, `january-march`: two names with a hyphen between them.
    fn hyphen(&self, at: usize, next: usize) -> bool {
        let word = |at: usize| self.tokens.get(at).filter(|token| token.kind == Kind::Word);
        next == at + 1 && word(at).is_some() && word(next).is_some_and(|token| token.glued)
    }

    /// `saturday and sunday`, `january and february`: two of which one follows the other.
    fn neighbours(&self, first: Anchor) -> Option<When> {
        if !self.is(first.end, &["and", "&"]) {
            return None;
        }
        let second = self.anchors(first.end + 1).into_iter().next()?;
        let alike = first.span.unit.is_some_and(|(unit, count)| count == 1 && unit >= Unit::Day)
            && first.span.unit == second.span.unit;
        let span = self.joined(first, second).filter(|_| alike)?;
        let begins = Span { from: span.from, ..first.span };
        let (unit, _) = first.span.unit?;
        // What follows the first by one unit is the second.
        let follows = self.clock.earlier(second.span, unit, 1)?.from == begins.from;
        follows.then_some(When {
            end: second.end,
            spans: vec![span],
            ahead: None,
            alone: Some((first.end, first.span)),
        })
    }

    /// From the beginning of one to the end of the other. What comes round again is taken as the
    /// latest before the other.
    fn joined(&self, from: Anchor, to: Anchor) -> Option<Span> {
        let mut begin = from.span;
        if from.cycle == Some(Unit::Year) && to.cycle.is_none() {
            // The year said after the second is the first one's too.
            let years =
                i64::from(self.clock.local(begin.from)?.year() - self.clock.local(to.span.from)?.year());
            begin = self.clock.earlier(begin, Unit::Year, years)?;
        }
        if begin.from >= to.span.to {
            begin = self.clock.earlier(begin, from.cycle?, 1)?;
        }
        (begin.from < to.span.to).then_some(Span { from: begin.from, to: to.span.to, unit: None })
    }
}
