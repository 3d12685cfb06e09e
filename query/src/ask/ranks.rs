//! Orders: `top 5`, `five least visited`, `highest`, `best performing`, `busiest hour`.

use super::draft::{Mention, Rank};
use super::read::Reading;
use super::time::calendar::Unit;
use super::tokens::{Kind, Token};

impl Reading<'_> {
    /// `top 5`, `five least visited`, `highest`, `best performing`, `busiest hour`.
    pub(crate) fn ranks(&mut self, at: usize) -> Option<usize> {
        let number = self
            .tokens
            .get(at)
            .filter(|token| token.kind != Kind::Path)
            .and_then(Token::number)
            .filter(|count| (1..=1_000).contains(count));
        let mut next = at + usize::from(number.is_some());
        let before = self.draft.rank.unwrap_or_default();
        let mut rank = Rank { count: number.or(before.count), at, ..before };
        let said = self.word(next);
        // `at least 50` is a bound, and none of the calendar's or of an order.
        if number.is_none()
            && matches!(said, "least" | "most")
            && at.checked_sub(1).is_some_and(|before| self.word(before) == "at")
        {
            return None;
        }
        let known = match said {
            "top" | "leading" => {
                rank.descending = Some(true);
                true
            }
            "bottom" => {
                rank.descending = Some(false);
                true
            }
            "best" => {
                rank.good = Some(true);
                true
            }
            "worst" => {
                rank.good = Some(false);
                true
            }
            "highest" | "biggest" | "largest" | "longest" | "greatest" | "most" | "strongest" => {
                rank.descending = Some(true);
                true
            }
            "lowest" | "smallest" | "shortest" | "least" | "fewest" | "weakest" => {
                rank.descending = Some(false);
                true
            }
            "busiest" | "peak" => {
                rank.descending = Some(true);
                rank.hint = Some("visitors");
                true
            }
            "quietest" => {
                rank.descending = Some(false);
                rank.hint = Some("visitors");
                true
            }
            // `which variant converts better`
            "better" | "worse" if number.is_none() && self.judged(at) => {
                rank.good = Some(said == "better");
                true
            }
            "number" if self.word(next + 1) == "one" => {
                rank.descending = Some(true);
                rank.count = Some(1);
                next += 1;
                true
            }
            "#" if self.word(next + 1) == "1" => {
                rank.descending = Some(true);
                rank.count = Some(1);
                next += 1;
                true
            }
            _ => false,
        };
        if known {
            next += 1;
            if let Some(count) =
                self.tokens.get(next).and_then(Token::number).filter(|count| (1..=1_000).contains(count))
                && rank.count.is_none()
            {
                rank.count = Some(count);
                next += 1;
            }
            // The longest visits are those that last longest.
            if matches!(said, "longest" | "shortest")
                && matches!(self.word(next), "visit" | "visits" | "session" | "sessions")
            {
                self.measure("visit_duration", next);
                next += 1;
            }
            let how = matches!(said, "most" | "least" | "best" | "worst" | "top" | "highest");
            let adjectives: &[(&str, Option<&'static str>)] = &[
                ("viewed", Some("pageviews")),
                ("read", Some("pageviews")),
                ("visited", Some("visitors")),
                ("popular", Some("visitors")),
                ("used", Some("visitors")),
                ("common", Some("visitors")),
                ("frequent", Some("visitors")),
                ("trafficked", Some("visitors")),
                ("frequented", Some("visitors")),
                ("performing", None),
                ("converting", Some("conversion_rate")),
                ("ranked", None),
            ];
            if matches!(said, "best" | "most" | "top" | "least" | "worst")
                && matches!(self.word(next), "selling" | "sold" | "bought" | "purchased" | "ordered")
                && self.sold(next)
            {
                rank.descending = Some(!matches!(said, "least" | "worst"));
                rank.good = None;
                next += 1;
            }
            if let Some((_, hint)) = adjectives.iter().find(|(word, _)| how && *word == self.word(next)) {
                rank.hint = hint.or(rank.hint);
                if *hint == Some("conversion_rate") {
                    self.measure("conversion_rate", next);
                }
                if said == "most" || said == "least" {
                    rank.descending = Some(said == "most");
                }
                next += 1;
            }
            self.rank_of_time(&mut next);
            self.draft.rank = Some(rank);
            return Some(next);
        }
        // `which 3 browsers`.
        let listed = matches!(
            at.checked_sub(1).map_or("", |before| self.word(before)),
            "" | "which" | "what" | "the" | "show" | "list" | "me" | "name" | "top" | "our" | "my"
        );
        if number.is_some() && listed && self.dimension(at + 1).is_some() && !self.is_time(at) {
            self.draft.rank = Some(rank);
            return Some(at + 1);
        }
        // `which day had the most visitors`.
        if matches!(self.word(at), "which" | "what")
            && matches!(
                self.word(at + 1),
                "day" | "hour" | "week" | "month" | "days" | "hours" | "weeks" | "months" | "minute"
            )
        {
            let mut next = at + 1;
            self.rank_of_time(&mut next);
            return Some(next);
        }
        None
    }

    /// Whether what stands before says how well something does.
    fn judged(&self, at: usize) -> bool {
        at.checked_sub(1).is_some_and(|before| {
            matches!(
                self.word(before),
                "converts" | "convert" | "performs" | "perform" | "performed" | "converted"
            )
        })
    }

    /// What was sold is what purchases are of.
    fn sold(&mut self, at: usize) -> bool {
        let Some(name) = self.events_called(&["purchase"]).into_iter().next() else { return false };
        self.draft.mentions.push(Mention {
            names: vec![name],
            verb: false,
            apart: false,
            negated: false,
            at,
        });
        true
    }

    /// A unit of time among what is ranked.
    pub(crate) fn rank_of_time(&mut self, next: &mut usize) {
        let word = self.word(*next);
        if let Some((unit, several)) = Unit::of(word)
            && let Some(grain) = unit.grain()
            && !self.is_time(*next)
        {
            self.draft.divide(grain.name(), several, true);
            *next += 1;
        }
    }
}
