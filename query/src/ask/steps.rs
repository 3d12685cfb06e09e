//! Steps of a funnel, said one after the other.

use super::draft::{Intent, Step};
use super::read::Reading;
use super::time::calendar::Unit;
use super::tokens::{Kind, Token};

impl Reading<'_> {
    /// Steps of a funnel that stand one after the other: `/cart -> /checkout`, `from signup to purchase`.
    pub(crate) fn steps(&mut self, at: usize) -> Option<usize> {
        if !self.draft.steps.is_empty() {
            return self.window(at);
        }
        let made = self.made();
        let read = self.steps_from(at);
        if read.is_none() {
            self.unmake(made);
        }
        let (steps, end) = read?;
        self.draft.intend(Intent::Funnel);
        self.draft.steps = steps;
        Some(end)
    }

    pub(crate) fn steps_from(&mut self, at: usize) -> Option<(Vec<Step>, usize)> {
        let lead = self.any(
            at,
            &[
                "from",
                "go from",
                "going from",
                "between",
                "of",
                "for",
                ":",
                "with",
                "get from",
                "move from",
                "went from",
                "goes from",
            ],
        );
        let between = self.word(at) == "between";
        let mut asked = self.draft.intends(Intent::Funnel)
            || self.draft.measures.iter().any(|known| known.name == "conversion_rate")
            || self.conversion_before(at)
            || lead.is_some_and(|lead| lead > at + 1);
        let (first, mut end) = self.one_step(lead.unwrap_or(at))?;
        let mut steps = vec![first];
        let mut arrows = false;
        let mut tos = false;
        loop {
            let turned = self.any(
                end,
                &[
                    "turned into",
                    "turn into",
                    "became",
                    "become",
                    "converted to",
                    "converted into",
                    "convert to",
                    "convert into",
                    "led to",
                    "lead to",
                ],
            );
            asked |= turned.is_some();
            let joint = turned.or(self.any(
                end,
                &[
                    "to",
                    "then",
                    "and then",
                    ", then",
                    "> ",
                    ">",
                    "followed by",
                    "and finally",
                    ", and then",
                    "and then to",
                    "through to",
                    "into",
                    "to the",
                    "until",
                ],
            ));
            let listed =
                (self.draft.intends(Intent::Funnel) || between).then(|| self.connector(end)).flatten();
            let Some(next) = joint.or(listed) else { break };
            arrows |= self.word(end) == ">";
            tos |= self.word(end) == "to" || self.word(end) == "then";
            let Some((step, after)) = self.one_step(next) else { break };
            steps.push(step);
            end = after;
        }
        let named = self.any(
            end,
            &[
                "conversion rate",
                "conversion",
                "conversions",
                "conversion funnel",
                "funnel",
                "rate",
                "drop off",
            ],
        );
        if let (Some(after), true) = (named, steps.len() > 1 && tos) {
            asked = true;
            end = after;
        }
        let many_tos = tos && lead.is_some() && steps.len() > 2;
        (steps.len() > 1 && (asked || arrows || many_tos)).then_some((steps, end))
    }

    /// Whether the words before ask how many get from one step to the next.
    pub(crate) fn conversion_before(&self, at: usize) -> bool {
        (0..at).any(|place| {
            matches!(
                self.word(place),
                "conversion"
                    | "convert"
                    | "converts"
                    | "converted"
                    | "go"
                    | "dropoff"
                    | "proceed"
                    | "progress"
                    | "continue"
                    | "make"
            )
        })
    }

    pub(crate) fn one_step(&mut self, at: usize) -> Option<(Step, usize)> {
        let at = self
            .any(
                at,
                &[
                    "viewing the",
                    "viewing",
                    "visiting the",
                    "visiting",
                    "the",
                    "view the",
                    "view",
                    "visit",
                    "visited",
                    "viewed",
                    "a",
                    "reaching",
                    "on",
                ],
            )
            .unwrap_or(at);
        let at = if self.word(at) == "the" { at + 1 } else { at };
        if let Some(end) =
            self.any(at, &["pageview", "pageviews", "page view", "page views", "any page", "visit"])
        {
            return Some((Step::Event("pageview".to_owned()), end));
        }
        let made = self.made();
        if let Some(event) = self.event(at) {
            return Some((Step::Event(event.name), event.end));
        }
        self.unmake(made);
        let value = self
            .value(at, Some("event:page"))
            .filter(|value| value.operator == "is" || self.kind(at) == Some(Kind::Word))?;
        let path = value.values.into_iter().next()?;
        let end = self.page_noun(value.end).map_or(value.end, |(_, after)| after);
        Some((Step::Page(path), end))
    }

    /// `within 1 day`, `in 7 days`, after the steps.
    pub(crate) fn window(&mut self, at: usize) -> Option<usize> {
        let next = self.any(at, &["within", "in under", "in less than", "within a", "in"])?;
        let (count, unit_at) = match self.tokens.get(next).and_then(Token::number) {
            Some(count) => (count, next + 1),
            None if matches!(self.word(next), "a" | "an" | "one") => (1, next + 1),
            None if self.word(at) == "within" && Unit::of(self.word(next)).is_some() => (1, next),
            None => return self.short_window(next),
        };
        let (unit, _) = Unit::of(self.word(unit_at))?;
        let letter = match unit {
            Unit::Minute => 'm',
            Unit::Hour => 'h',
            Unit::Day => 'd',
            Unit::Week => 'w',
            _ => return None,
        };
        self.draft.window = Some(format!("{count}{letter}"));
        Some(unit_at + 1)
    }

    pub(crate) fn short_window(&mut self, at: usize) -> Option<usize> {
        let text = self.word(at);
        let digits = text.trim_end_matches(['m', 'h', 'd', 'w']);
        let sound = digits.parse::<u32>().is_ok_and(|count| count > 0) && digits.len() + 1 == text.len();
        sound.then(|| {
            self.draft.window = Some(text.to_owned());
            at + 1
        })
    }
}
