//! Reading a question from left to right into a [`Draft`].
//!
//! At each place the longest thing that can stand there is taken; every token ends up in something
//! that was understood, in a word that only joins, or in the list of what was not understood. Where a
//! name has several meanings, [`Reading::choose`] takes the one this reading is told to take and
//! notes how many there were, so that every reading can be made in turn.

use super::Around;
use super::draft::{Against, Choices, Cond, Draft, Intent, Measure, Mention, Step};
use super::lexicon::{self, Class};
use super::link::{Event, Value, is_page};
use super::time::{self, calendar::Unit};
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
    role: Option<(&'static str, usize, usize)>,
    /// The next condition does not apply.
    negated: Option<usize>,
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
            offer(end, 5, Piece::Dimension(name, several));
        }
        if let Some(when) = time::time(self.tokens, at, self.around.clock) {
            offer(when.end, 8, Piece::Time(when));
        }
        // A choice is only made where the name is taken.
        let made = self.made();
        if let Some(event) = self.event(at) {
            if best.as_ref().is_none_or(|(longest, of, _)| (event.end, 7) > (*longest, *of)) {
                best = Some((event.end, 7, Piece::Event(event)));
            } else {
                self.unmake(made);
            }
        }
        let made = self.made();
        if let Some(value) = self.value(at, None) {
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
        let verb = event.verb || made_it && self.draft.of_people();
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

    /// The place after what joins values of a list.
    fn connector(&self, at: usize) -> Option<usize> {
        let mut end = at;
        if self.word(end) == "," {
            end += 1;
        }
        if matches!(self.word(end), "and" | "or" | "&" | "nor" | "plus") {
            end += 1;
        }
        (end > at).then_some(end)
    }

    /// Takes a value and those joined to it.
    pub(crate) fn take_value(&mut self, at: usize, value: Value) -> usize {
        let negated = self.negated.take().is_some();
        let mut cond =
            Cond { operator: value.operator, negated, ..Cond::is(&value.dimension, &value.values, at) };
        let mut end = self.after_noun(value.end, &mut cond);
        let version = match cond.dimension.as_str() {
            "visit:os" => Some("visit:os_version"),
            "visit:browser" => Some("visit:browser_version"),
            _ => None,
        };
        if let (Some(dimension), Some(Kind::Number)) = (version, self.kind(end))
            && Unit::of(self.word(end + 1)).is_none()
            && self.word(end).chars().all(|letter| letter.is_ascii_digit() || letter == '.')
            && self.word(end).len() < 4
        {
            // `windows 10`, `safari 17.4`.
            let number = vec![self.word(end).to_owned()];
            self.condition(Cond { negated, ..Cond::is(dimension, &number, at) });
            end += 1;
        }
        if is_page(&cond.dimension) {
            if let Some((dimension, ..)) = self.role.take() {
                cond.dimension = dimension.to_owned();
            }
            cond.behaviour = self.viewed(at);
        }
        loop {
            let mut against = false;
            let mut next = match self.connector(end) {
                Some(next) => next,
                None => match self.phrase(end, Class::Versus) {
                    Some(next) => {
                        against = true;
                        next
                    }
                    None if self.draft.compare && matches!(self.word(end), "with" | "to") => end + 1,
                    None => break,
                },
            };
            while matches!(self.word(next), "from" | "on" | "in" | "the" | "using" | "to" | "with")
                && self.word(end) != "with"
            {
                next += 1;
            }
            let made = self.made();
            let expected = cond.dimension.clone();
            let Some(other) =
                self.value(next, Some(&expected)).filter(|other| other.operator == cond.operator)
            else {
                self.unmake(made);
                break;
            };
            for value in other.values {
                if !cond.values.contains(&value) {
                    cond.values.push(value);
                }
            }
            if against || self.draft.compare {
                self.draft.versus = Some(expected);
            }
            end = self.after_noun(other.end, &mut cond);
        }
        // `from google or on mobile`: one or the other.
        let before = at.checked_sub(1).map_or(0, |before| self.back_over_joints(before));
        cond.or = self.word(before) == "or" && !self.draft.conds.is_empty();
        self.condition(cond);
        end
    }

    fn back_over_joints(&self, mut at: usize) -> usize {
        while at > 0
            && matches!(self.word(at), "from" | "on" | "in" | "the" | "using" | "to" | "with" | "via")
        {
            at -= 1;
        }
        at
    }

    fn condition(&mut self, cond: Cond) {
        let same = |known: &&mut Cond| {
            known.dimension == cond.dimension
                && known.operator == cond.operator
                && known.negated == cond.negated
                && !cond.or
        };
        match self.draft.conds.iter_mut().find(same) {
            // Said twice, of one attribute: any of them, as nothing is two things at once.
            Some(known) => {
                for value in cond.values {
                    if !known.values.contains(&value) {
                        known.values.push(value);
                    }
                }
                known.at = cond.at;
            }
            None => self.draft.conds.push(cond),
        }
    }

    /// Whether a page was viewed, by the word before it.
    fn viewed(&self, at: usize) -> bool {
        let mut before = at;
        while before > 0 {
            before -= 1;
            match self.word(before) {
                "the" | "our" | "a" => {}
                word => {
                    return matches!(
                        word,
                        "viewed"
                            | "visited"
                            | "saw"
                            | "opened"
                            | "read"
                            | "visit"
                            | "view"
                            | "reached"
                            | "visiting"
                            | "viewing"
                    );
                }
            }
        }
        false
    }

    /// The place after a noun that says whose value it was.
    fn after_noun(&mut self, end: usize, cond: &mut Cond) -> usize {
        if is_page(&cond.dimension) {
            let Some((several, after)) = self.page_noun(end) else { return end };
            if let Some((name, ..)) = self.dimension(end)
                && name != "event:page"
            {
                cond.dimension = name;
            }
            self.draft.folder |= several;
            return after;
        }
        match self.dimension(end) {
            Some((name, _, after)) if name == cond.dimension => after,
            _ if cond.dimension == "visit:device"
                && matches!(self.word(end), "phone" | "phones" | "devices" | "device") =>
            {
                end + 1
            }
            _ => end,
        }
    }

    /// An attribute: with a value after it a condition, by itself something to divide by.
    fn take_dimension(&mut self, at: usize, end: usize, name: &str, several: bool) -> usize {
        if let Some(after) = self.condition_on(at, end, name) {
            return after;
        }
        let before = at.checked_sub(1).map_or("", |before| self.word(before));
        let counted = matches!(before, "many") || before == "of" && at > 1 && self.word(at - 2) == "number";
        if counted && several {
            self.draft.unknown.push(at);
            self.draft.refuse("how many different values an attribute has cannot be counted yet");
        }
        if matches!(before, "a" | "an" | "this" | "that") && !several && self.draft.rank.is_none() {
            self.draft.unknown.push(at);
        }
        self.draft.divide(name, several, false);
        end
    }

    /// `plan is pro`, `category: shoes`, `page contains blog`, `source google`.
    fn condition_on(&mut self, at: usize, end: usize, name: &str) -> Option<usize> {
        let copula = self.any(
            end,
            &[
                "is",
                "are",
                "was",
                "were",
                "=",
                ":",
                "equals",
                "equal to",
                "is equal to",
                "named",
                "called",
                "= =",
                "being",
                "of",
                "like",
            ],
        );
        let mut next = copula.unwrap_or(end);
        let mut negated = self.negated.is_some();
        if copula.is_some()
            && let Some(after) = self.any(next, &["not", "not equal to", "no"])
        {
            negated = !negated;
            next = after;
        } else if copula.is_none() && self.words(end, "! =").is_some() {
            negated = !negated;
            next = end + 2;
        } else if let Some(after) = self.any(end, &["does not", "do not", "that do not", "which do not"])
            && self.operator(after).is_some()
        {
            negated = !negated;
            next = after;
        }
        if let Some((operator, front, back, operand)) = self.operator(next) {
            let token = self.tokens.get(operand).filter(|token| token.kind != Kind::Mark)?;
            let text = token.raw.clone();
            let text = if operator == "matches" {
                format!("{front}{}{back}", super::link::escaped(&text))
            } else {
                text
            };
            self.negated = None;
            self.draft.folder |=
                name == "event:page" && self.dimension(at).is_some_and(|(_, several, _)| several);
            self.condition(Cond { operator, negated, ..Cond::is(name, &[text], at) });
            return Some(operand + 1);
        }
        let made = self.made();
        let next = if matches!(self.word(next), "the") { next + 1 } else { next };
        let Some(value) = self.value(next, Some(name)) else {
            self.unmake(made);
            return None;
        };
        self.negated = negated.then_some(at);
        if is_page(name) && name != "event:page" {
            self.role = None;
        }
        Some(self.take_value(at, Value { dimension: name.to_owned(), ..value }))
    }

    /// A comparison of text: the operator, what stands around the operand, and where the operand is.
    fn operator(&self, at: usize) -> Option<(&'static str, &'static str, &'static str, usize)> {
        let at = self
            .any(at, &["that", "which", "whose url", "with"])
            .filter(|next| *next < self.tokens.len())
            .unwrap_or(at);
        if let Some(end) = self.any(
            at,
            &["containing", "contains", "contain", "including", "includes", "that contain", "with the word"],
        ) {
            return Some(("contains", "", "", end));
        }
        if let Some(end) = self.any(
            at,
            &["starting with", "starts with", "start with", "beginning with", "begins with", "begin with"],
        ) {
            return Some(("matches", "^", "", end));
        }
        let end = self.any(at, &["ending with", "ends with", "end with", "ending in", "ends in"])?;
        Some(("matches", "", "$", end))
    }

    /// `landed on /pricing`, `exited from the cart`.
    fn role_of_page(&mut self, at: usize) -> Option<usize> {
        let entry = [
            "landed on",
            "landing on",
            "land on",
            "entered on",
            "entered via",
            "entered through",
            "entered at",
            "entering on",
            "entering via",
            "started on",
            "started at",
            "starting at",
            "starting from",
            "beginning at",
            "starting on",
            "started with",
            "arrived on",
            "arrived at",
            "arriving on",
            "began on",
            "begin on",
            "beginning on",
            "start on",
            "starts on",
        ];
        let exit = [
            "exited on",
            "exited from",
            "exited at",
            "exited",
            "exiting on",
            "exit on",
            "exit from",
            "exit at",
            "left on",
            "left from",
            "left at",
            "left",
            "ended on",
            "ended at",
            "ending on",
            "leave on",
            "leave from",
            "leaving from",
            "leaving on",
            "bounced off",
        ];
        let (dimension, end) = match (self.any(at, &entry), self.any(at, &exit)) {
            (Some(end), _) => ("visit:entry_page", end),
            (None, Some(end)) => ("visit:exit_page", end),
            (None, None) => return None,
        };
        self.role = Some((dimension, at, end));
        Some(end)
    }

    /// Steps of a funnel that stand one after the other: `/cart -> /checkout`, `from signup to purchase`.
    fn steps(&mut self, at: usize) -> Option<usize> {
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

    fn steps_from(&mut self, at: usize) -> Option<(Vec<Step>, usize)> {
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
        let asked = self.draft.intends(Intent::Funnel)
            || self.draft.measures.iter().any(|known| known.name == "conversion_rate")
            || self.conversion_before(at)
            || lead.is_some_and(|lead| lead > at + 1);
        let (first, mut end) = self.one_step(lead.unwrap_or(at))?;
        let mut steps = vec![first];
        let mut arrows = false;
        let mut tos = false;
        loop {
            let joint = self.any(
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
            );
            let listed =
                (self.draft.intends(Intent::Funnel) || between).then(|| self.connector(end)).flatten();
            let Some(next) = joint.or(listed) else { break };
            arrows |= self.word(end) == ">";
            tos |= self.word(end) == "to" || self.word(end) == "then";
            let Some((step, after)) = self.one_step(next) else { break };
            steps.push(step);
            end = after;
        }
        let many_tos = tos && lead.is_some() && steps.len() > 2;
        (steps.len() > 1 && (asked || arrows || many_tos)).then_some((steps, end))
    }

    /// Whether the words before ask how many get from one step to the next.
    fn conversion_before(&self, at: usize) -> bool {
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

    fn one_step(&mut self, at: usize) -> Option<(Step, usize)> {
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
    fn window(&mut self, at: usize) -> Option<usize> {
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

    fn short_window(&mut self, at: usize) -> Option<usize> {
        let text = self.word(at);
        let digits = text.trim_end_matches(['m', 'h', 'd', 'w']);
        let sound = digits.parse::<u32>().is_ok_and(|count| count > 0) && digits.len() + 1 == text.len();
        sound.then(|| {
            self.draft.window = Some(text.to_owned());
            at + 1
        })
    }

    pub(crate) fn use_up(&mut self, at: usize) {
        self.used.push(at);
    }

    pub(crate) fn negate(&mut self, at: usize) {
        self.negated = Some(at);
    }
}
