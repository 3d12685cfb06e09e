//! Divisions: `by country and device`, `per day`, `daily`, and what to order by.

use super::lexicon::Class;
use super::read::Reading;
use super::time::calendar::Unit;
use super::tokens::Token;

const ADVERBS: [(&str, &str); 14] = [
    ("daily", "time:day"),
    ("hourly", "time:hour"),
    ("weekly", "time:week"),
    ("monthly", "time:month"),
    ("day by day", "time:day"),
    ("hour by hour", "time:hour"),
    ("week by week", "time:week"),
    ("week after week", "time:week"),
    ("day after day", "time:day"),
    ("month after month", "time:month"),
    ("month by month", "time:month"),
    ("minute by minute", "time:minute"),
    ("on a daily basis", "time:day"),
    ("on a weekly basis", "time:week"),
];

/// Counts of people who were active, by the time they were active in.
const ACTIVE: [(&str, &str); 3] = [("dau", "time:day"), ("wau", "time:week"), ("mau", "time:month")];

impl Reading<'_> {
    /// `by country and device`, `per day`, `daily`, `broken down by plan`, `by revenue`.
    pub(crate) fn groups(&mut self, at: usize) -> Option<usize> {
        if let Some((end, grain)) = ADVERBS
            .iter()
            .filter_map(|(phrase, grain)| Some((self.words(at, phrase)?, *grain)))
            .max_by_key(|(end, _)| *end)
        {
            self.draft.divide(grain, false, true);
            return Some(end);
        }
        if let Some((_, grain)) = ACTIVE.iter().find(|(word, _)| self.word(at) == *word) {
            self.draft.divide(grain, false, true);
            self.measure("visitors", at);
            return Some(at + 1);
        }
        if let Some(end) =
            self.any(at, &["world map of", "map of", "on a map", "on the map", "on a world map"])
        {
            self.draft.divide("visit:country", true, true);
            return Some(end);
        }
        let by = self.phrase(at, Class::By)?;
        if let Some(end) = self.one_per_another(at, by) {
            return Some(end);
        }
        let mut end = by;
        let mut taken = None;
        loop {
            while matches!(
                self.word(end),
                "the"
                    | "each"
                    | "every"
                    | "number"
                    | "of"
                    | "count"
                    | "total"
                    | "different"
                    | "their"
                    | "its"
                    | "our"
                    | "both"
                    | "average"
                    | "visitor's"
            ) {
                end += 1;
            }
            let Some(after) = self.one_group(end) else { break };
            taken = Some(after);
            end = after;
            match self
                .any(end, &[", and", "and by", ", and by", ", by", "and", ",", "&", "then by", "x", "/"])
            {
                Some(next) if self.is_group(next) => end = next,
                _ => break,
            }
        }
        taken.or_else(|| self.by_value(at, by))
    }

    /// `revenue per visitor`, `signups for each session`: a ratio that no metric is.
    fn one_per_another(&mut self, at: usize, by: usize) -> Option<usize> {
        if !matches!(self.word(at), "per" | "each" | "every" | "for")
            || self.any(at, &["for each of"]).is_some()
        {
            return None;
        }
        let by = if self.tokens.get(by).and_then(Token::number).is_some() { by + 1 } else { by };
        let made = self.made();
        let event = self.event(by).map(|event| event.end);
        self.unmake(made);
        let metric = self.phrases(by).into_iter().filter_map(|(length, class)| match class {
            Class::Metric("visitors" | "visits" | "pageviews" | "events") => Some(by + length),
            _ => None,
        });
        let end = metric.max().or(event)?;
        self.draft.unknown.extend(at..end);
        self.draft.refuse("one figure divided by another is known only as the metrics there are");
        Some(end)
    }

    /// `paying by card`, `visits by mobile`: a word that joins.
    pub(crate) fn by_value(&mut self, at: usize, by: usize) -> Option<usize> {
        if self.word(at) != "by" {
            return None;
        }
        let made = self.made();
        let next = if matches!(self.word(by), "the" | "people" | "users" | "visitors") { by + 1 } else { by };
        let value = self.value(next, None).is_some();
        self.unmake(made);
        let people = self.phrases(by).iter().any(|(_, class)| *class == Class::Metric("visitors"));
        (value || people).then_some(by)
    }

    pub(crate) fn is_group(&self, at: usize) -> bool {
        let at = if matches!(self.word(at), "the" | "each") { at + 1 } else { at };
        self.dimension(at).is_some()
            || Unit::of(self.word(at)).is_some_and(|(unit, _)| unit.grain().is_some() && !self.is_time(at))
    }

    pub(crate) fn one_group(&mut self, at: usize) -> Option<usize> {
        if let Some((unit, several)) = Unit::of(self.word(at)) {
            let grain = unit.grain()?;
            let whole = super::time::time(self.tokens, at + 1, self.around.clock);
            if self.word(at + 1) == "of" && whole.is_none() {
                return None; // `day of the week` is none of the calendar's
            }
            self.draft.divide(grain.name(), several, true);
            return Some(at + 1);
        }
        if let Some((name, several, end)) = self.dimension(at) {
            self.draft.divide(&name, several, true);
            return Some(end);
        }
        if self.word(at) == "conversions" {
            self.measure("conversions", at);
            return Some(at + 1);
        }
        // `by revenue`, `by signups`: what to order by.
        let metric = self.phrases(at).into_iter().filter_map(|(length, class)| match class {
            Class::Metric(name) => Some((at + length, name)),
            _ => None,
        });
        if let Some((end, name)) = metric.max_by_key(|(end, _)| *end) {
            let counted =
                self.draft.measures.iter().any(|known| !known.weak) || !self.draft.mentions.is_empty();
            if name == "visitors" && counted {
                return Some(end); // `pages viewed by visitors from France`
            }
            self.measure(name, at);
            self.draft.by_metric = true;
            if let Some(known) = self.draft.measures.iter_mut().find(|known| known.name == name) {
                known.weak = false;
            }
            return Some(end);
        }
        if self.word(at) == "name" && self.draft.measures.iter().any(|known| known.name == "events") {
            self.draft.divide("event:name", true, true);
            return Some(at + 1);
        }
        let made = self.made();
        if let Some(event) = self.event(at).filter(|event| !event.verb) {
            return Some(self.take_event(at, event));
        }
        self.unmake(made);
        None
    }
}
