//! Reading a question from left to right into a [`Draft`].
//!
//! At each place the longest thing that can stand there is taken; every token ends up in something
//! that was understood, in a word that only joins, or in the list of what was not understood. Where a
//! name has several meanings, [`Reading::choose`] takes the one this reading is told to take and
//! notes how many there were, so that every reading can be made in turn.

use super::Around;
use super::draft::{Against, Choices, Draft, Intent, Measure, Mention};
use super::lexicon::{self, Class};
use super::link::{Event, Value};
use super::time;
use super::tokens::{Kind, Token};

/// One way through a question.
pub(crate) struct Reading<'a> {
    pub(crate) tokens: &'a [Token],
    pub(crate) around: &'a Around<'a>,
    pub(crate) draft: Draft,
    /// Everything is in capitals, so that capitals mean nothing.
    pub(crate) shouted: bool,
    choices: Choices,
    /// The next page is where visits begin or end.
    pub(crate) role: Option<(&'static str, usize, usize)>,
    /// The next condition does not apply.
    pub(crate) negated: Option<usize>,
    /// Tokens that something far from them has used.
    used: Vec<usize>,
}

/// What can stand at a place.
enum Piece {
    Time(time::When),
    Event(Event),
    Class(Class),
    Dimension(String, bool),
    Value(Value),
}

impl<'a> Reading<'a> {
    pub(crate) fn new(tokens: &'a [Token], around: &'a Around<'a>, picks: Vec<usize>) -> Self {
        let letters = || tokens.iter().filter(|token| token.kind == Kind::Word);
        let shouted =
            letters().count() > 1 && letters().all(|token| !token.raw.chars().any(char::is_lowercase));
        Self {
            tokens,
            around,
            draft: Draft::default(),
            shouted,
            choices: Choices { picks, seen: Vec::new() },
            role: None,
            negated: None,
            used: Vec::new(),
        }
    }

    /// Reads everything.
    pub(crate) fn read(mut self) -> (Draft, Choices) {
        let mut at = 0;
        while at < self.tokens.len() {
            let end = self.step(at);
            debug_assert!(end > at, "every step takes something");
            at = end.max(at + 1);
        }
        if let Some((_, from, to)) = self.role {
            self.draft.unknown.extend(from..to);
        }
        if let Some(at) = self.negated {
            self.draft.unknown.push(at);
        }
        self.draft.unknown.sort_unstable();
        self.draft.unknown.dedup();
        (self.draft, self.choices)
    }

    pub(crate) fn word(&self, at: usize) -> &'a str {
        match self.tokens.get(at) {
            Some(token) if token.kind != Kind::Quoted => &token.text,
            _ => "",
        }
    }

    pub(crate) fn kind(&self, at: usize) -> Option<Kind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    pub(crate) fn phrases(&self, at: usize) -> Vec<(usize, Class)> {
        lexicon::at_front(|place| self.word(at + place))
    }

    /// The place after the longest phrase of a class that stands here.
    pub(crate) fn phrase(&self, at: usize, class: Class) -> Option<usize> {
        self.phrases(at).into_iter().filter(|(_, of)| *of == class).map(|(length, _)| at + length).max()
    }

    /// The place after some words, where they stand here.
    pub(crate) fn words(&self, at: usize, words: &str) -> Option<usize> {
        let mut end = at;
        for word in words.split(' ') {
            if self.word(end) != word {
                return None;
            }
            end += 1;
        }
        Some(end)
    }

    pub(crate) fn any(&self, at: usize, phrases: &[&str]) -> Option<usize> {
        phrases.iter().filter_map(|phrase| self.words(at, phrase)).max()
    }

    /// Which of several meanings this reading takes.
    pub(crate) fn choose(&mut self, several: usize) -> usize {
        self.choices.choose(several)
    }

    /// How many choices were made so far.
    pub(crate) fn made(&self) -> usize {
        self.choices.seen.len()
    }

    /// Forgets the choices made since: what they were about was not taken.
    pub(crate) fn unmake(&mut self, made: usize) {
        self.choices.seen.truncate(made);
    }

    /// The longest time here. What can be read in several ways is a choice.
    pub(crate) fn time(&mut self, at: usize) -> Option<(time::When, usize)> {
        let when = time::time(self.tokens, at, self.around.clock)?;
        let pick = if when.spans.len() > 1 { self.choose(when.spans.len()) } else { 0 };
        Some((when, pick))
    }

    fn unknown(&mut self, at: usize) -> usize {
        self.draft.unknown.push(at);
        at + 1
    }

    fn step(&mut self, at: usize) -> usize {
        if self.used.contains(&at) {
            return at + 1;
        }
        if let Some(end) = self.mark(at) {
            return end;
        }
        let special = [
            Self::steps,
            Self::brings,
            Self::beside,
            Self::asks_why,
            Self::how,
            Self::between_two,
            Self::versus,
            Self::ranks,
            Self::groups,
            Self::role_of_page,
            Self::compares,
            Self::small_words,
        ];
        for read in special {
            if let Some(end) = read(self, at) {
                return end;
            }
        }
        match self.longest(at) {
            Some((end, piece)) => self.take(at, end, piece),
            None => self.unknown(at),
        }
    }

    /// Punctuation. An arrow outside a funnel, or a sign with a meaning of its own, is not understood.
    fn mark(&mut self, at: usize) -> Option<usize> {
        if self.kind(at) != Some(Kind::Mark) {
            return None;
        }
        match self.word(at) {
            "," | "?" | "!" | ":" | "(" | ")" | "." | ";" | "&" | "-" => Some(at + 1),
            "%" => {
                self.draft.share = true;
                Some(at + 1)
            }
            _ => Some(self.unknown(at)),
        }
    }

    /// What takes most tokens; of as many, what says most.
    fn longest(&mut self, at: usize) -> Option<(usize, Piece)> {
        let mut best: Option<(usize, u8, Piece)> = None;
        let mut offer = |end: usize, rank: u8, piece: Piece| {
            if best.as_ref().is_none_or(|(longest, of, _)| (end, rank) > (*longest, *of)) {
                best = Some((end, rank, piece));
            }
        };
        for (length, class) in self.phrases(at) {
            let rank = match class {
                Class::Filler => 0,
                Class::Metric(_) => 6,
                Class::Dimension { .. } => 5,
                Class::Share
                | Class::Retention
                | Class::Journey
                | Class::Funnel
                | Class::Forecast
                | Class::Anomaly => 4,
                Class::Live | Class::Trend => 2,
                _ => 1,
            };
            if !matches!(class, Class::Dimension { .. }) {
                offer(at + length, rank, Piece::Class(class));
            }
        }
        if let Some((name, several, end)) = self.dimension(at) {
            // `logged_in` was written as the property's key, whatever else the words may mean.
            let glued = end > at + 1 && self.tokens[at + 1..end].iter().all(|token| token.glued);
            let key = glued && name.starts_with(crate::catalogue::PROPERTY);
            offer(end, if key { 9 } else { 5 }, Piece::Dimension(name, several));
        }
        if let Some(when) = time::time(self.tokens, at, self.around.clock) {
            offer(when.end, 8, Piece::Time(when));
        }
        // A choice is only made where the name is taken.
        let made = self.made();
        if let Some(event) = self.event(at) {
            if best
                .as_ref()
                .is_none_or(|(longest, of, _)| (event.end, if event.part { 1 } else { 7 }) > (*longest, *of))
            {
                best = Some((event.end, if event.part { 1 } else { 7 }, Piece::Event(event)));
            } else {
                self.unmake(made);
            }
        }
        let made = self.made();
        let page = self.role.is_some().then_some("event:page");
        if let Some(value) = page.and_then(|page| self.value(at, Some(page))).or_else(|| self.value(at, None))
        {
            if best.as_ref().is_none_or(|(longest, of, _)| (value.end, 3) > (*longest, *of)) {
                best = Some((value.end, 3, Piece::Value(value)));
            } else {
                self.unmake(made);
            }
        }
        best.map(|(end, _, piece)| (end, piece))
    }

    fn take(&mut self, at: usize, end: usize, piece: Piece) -> usize {
        match piece {
            Piece::Time(when) => self.take_time(at, when),
            Piece::Event(event) => self.take_event(at, event),
            Piece::Value(value) => self.take_value(at, value),
            Piece::Dimension(name, several) => self.take_dimension(at, end, &name, several),
            Piece::Class(class) => self.take_class(at, end, class),
        }
    }

    fn take_class(&mut self, at: usize, end: usize, class: Class) -> usize {
        match class {
            Class::Metric(name) => self.take_metric(at, end, name),
            Class::Filler => {}
            Class::Change => {
                let noun = self.word(at).ends_with('s') && end == at + 1;
                let hunted = at.checked_sub(1).is_some_and(|before| {
                    matches!(self.word(before), "any" | "find" | "detect" | "show" | "unusual" | "sudden")
                });
                if noun && hunted {
                    self.draft.intend(Intent::Anomalies);
                } else {
                    self.draft.changes.extend(at..end);
                }
            }
            Class::Forecast => self.draft.intend(Intent::Forecast),
            Class::Anomaly => self.draft.intend(Intent::Anomalies),
            Class::Live => {
                let again = self.word(at) == "now" && at == 0;
                if again {
                    self.draft.follow_up = true;
                } else {
                    self.draft.intend(Intent::Live);
                    if self.word(at) == "current" || self.word(at) == "live" {
                        self.people(at);
                    }
                }
            }
            Class::Trend => {
                let picture = matches!(
                    self.word(at),
                    "graph" | "chart" | "plot" | "curve" | "graphed" | "charted" | "plotted"
                );
                if picture {
                    self.draft.chart = true;
                } else {
                    self.draft.trend = true;
                    self.draft.trending |= self.word(at) == "trending";
                }
            }
            Class::Share => self.draft.share = true,
            Class::Retention => {
                self.draft.intend(Intent::Retention);
                if self.word(end) == "to" {
                    self.draft.back_to.get_or_insert(end);
                }
            }
            Class::Journey => {
                self.draft.intend(Intent::Journeys);
                if self.word(at) == "go" || self.word(at) == "do" || self.word(at) == "head" {
                    self.people(at);
                }
            }
            Class::Funnel => self.draft.intend(Intent::Funnel),
            Class::Except => self.negated = Some(at),
            Class::Versus | Class::By | Class::Dimension { .. } => {
                self.draft.unknown.extend(at..end);
            }
        }
        end
    }

    pub(crate) fn people(&mut self, at: usize) {
        if self.draft.measures.is_empty() {
            self.draft.measures.push(Measure { name: "visitors", at, weak: true });
        }
    }

    fn take_metric(&mut self, at: usize, end: usize, name: &'static str) {
        let joined = |place: usize| matches!(self.word(place), "and" | "," | "&" | "vs" | "versus" | "plus");
        // `visitors and pageviews` are two, `bounce rate of mobile visitors` is one.
        let beside =
            |first: usize, next: usize| joined(first) && (self.metric_at(next) || self.metric_before(first));
        let listed = at > 0 && joined(at - 1) && self.metric_before(at - 1) || beside(end, end + 1);
        let weak = matches!(name, "visitors" | "visits") && !listed;
        let counted = end == at + 1
            && matches!(self.word(at), "bounces" | "bounce" | "bounced")
            && (0..at).any(|place| {
                let word = self.word(place);
                matches!(word, "many" | "number" | "total")
                    || place + 1 == at && matches!(word, "that" | "who" | "which")
            });
        if counted {
            self.draft.unknown.push(at);
            self.draft.refuse("bounces are known as a rate, not as a number");
        }
        if !self.draft.measures.iter().any(|known| known.name == name) {
            self.draft.measures.push(Measure { name, at, weak });
        }
    }

    fn metric_at(&self, at: usize) -> bool {
        self.phrases(at).iter().any(|(_, class)| matches!(class, Class::Metric(_)))
    }

    /// Whether a metric ends before this place.
    pub(crate) fn metric_before(&self, at: usize) -> bool {
        (1..=4).any(|back| {
            at.checked_sub(back).is_some_and(|start| {
                self.phrases(start)
                    .iter()
                    .any(|(length, class)| matches!(class, Class::Metric(_)) && *length == back)
            })
        })
    }

    fn take_time(&mut self, at: usize, when: time::When) -> usize {
        // What one is compared with may be said by reference to it.
        if self.draft.compare
            && (!self.draft.times.is_empty() || self.around.context.is_some())
            && let Some((earlier, end)) = time::relative(self.tokens, at, self.around.clock)
            && end >= when.end
        {
            self.draft.against.get_or_insert(Against::Earlier(earlier));
            return end;
        }
        if let (true, Some((end, span))) = (self.draft.compare, when.alone) {
            self.draft.times.push(span);
            return end;
        }
        let pick = if when.spans.len() > 1 { self.choose(when.spans.len()) } else { 0 };
        let Some(span) = when.spans.get(pick) else { return self.unknown(at) };
        if !self.draft.times.contains(span) {
            self.draft.times.push(*span);
        }
        if when.ahead.is_some() {
            self.draft.ahead = when.ahead;
        }
        when.end
    }

    pub(crate) fn take_event(&mut self, at: usize, event: Event) -> usize {
        let mut names = vec![event.name];
        let mut end = event.end;
        let mut apart = false;
        // `signups and purchases`, `signups or purchases`.
        while let Some(next) = self.connector(end).or(self.phrase(end, Class::Versus)) {
            let made = self.made();
            match self.event(next) {
                Some(other) if other.verb == event.verb => {
                    if event.verb && !matches!(self.word(end), "or" | "vs") {
                        self.unmake(made);
                        break; // who did both
                    }
                    apart |= self.word(end) != "or";
                    names.push(other.name);
                    end = other.end;
                }
                _ => {
                    self.unmake(made);
                    break;
                }
            }
        }
        let beside = |first: usize| matches!(self.word(first), "and" | "," | "&" | "vs" | "versus" | "plus");
        let before = at.checked_sub(1).is_some_and(|before| beside(before) && self.metric_before(before));
        let next = self.connector(end).or(self.phrase(end, Class::Versus));
        if !event.verb && (before || next.is_some_and(|next| self.metric_at(next))) {
            self.draft
                .refuse("how often an event happened is counted by itself; ask for one figure at a time");
        }
        // `signup rate`, `signup conversion rate`, `signup conversions`.
        if let Some(after) = self.any(
            end,
            &["conversion rate", "conversion rates", "rate", "rates", "cvr", "conversion percentage"],
        ) {
            self.draft.rate = true;
            end = after;
        }
        if self.word(end) == "funnel" {
            // The funnel's name; its steps are said elsewhere.
            self.draft.intend(Intent::Funnel);
            return end + 1;
        }
        let negated = self.negated.take().is_some();
        let made_it = at.checked_sub(1).is_some_and(|before| self.did(before));
        let verb = event.verb || made_it && (self.draft.of_people() || self.draft.of_visits());
        self.draft.mentions.push(Mention { names, verb, apart, negated, at });
        end
    }

    /// Whether the words up to here say that people did what follows.
    fn did(&self, before: usize) -> bool {
        let before = if matches!(self.word(before), "a" | "an" | "the" | "at" | "least" | "one") {
            before.saturating_sub(1)
        } else {
            before
        };
        matches!(
            self.word(before),
            "made" | "completed" | "did" | "had" | "with" | "without" | "complete" | "make" | "have"
        )
    }

    pub(crate) fn use_up(&mut self, at: usize) {
        self.used.push(at);
    }

    pub(crate) fn negate(&mut self, at: usize) {
        // Twice denied is said.
        self.negated = if self.negated.is_none() { Some(at) } else { None };
    }
}
