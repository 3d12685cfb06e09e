//! The turns of phrase that are more than a name: `why did …`, `how long …`, `X vs Y`, small words.

use super::draft::{Against, Intent};
use super::lexicon::Class;
use super::read::Reading;
use super::time::{self, Earlier, calendar::Unit};
use super::tokens::Kind;

impl Reading<'_> {
    /// `why …`, `what caused …`, `explain …`.
    pub(crate) fn asks_why(&mut self, at: usize) -> Option<usize> {
        let end = self.any(
            at,
            &[
                "why",
                "how come",
                "explain",
                "what caused",
                "what is causing",
                "what causes",
                "cause of",
                "causes of",
                "reason for",
                "reasons for",
                "the reason for",
                "reason behind",
                "reasons behind",
                "what is behind",
                "what is driving",
                "what drove",
                "what drives",
                "what explains",
                "what changed",
                "what has changed",
                "what happened to",
                "what happened with",
                "root cause of",
                "what is up with",
                "what is wrong with",
            ],
        )?;
        self.draft.intend(Intent::Insight);
        self.draft.explain |= self.word(at) == "explain";
        Some(end)
    }

    /// `how long do people stay`, `how far do they scroll`, `how many pages per visit`.
    pub(crate) fn how(&mut self, at: usize) -> Option<usize> {
        if let Some(end) = self.any(at, &["how far"]) {
            let scroll = (end..self.tokens.len())
                .find(|place| matches!(self.word(*place), "scroll" | "scrolled" | "scrolls" | "scrolling"))?;
            self.use_up(scroll);
            if self.word(scroll + 1) == "down" {
                self.use_up(scroll + 1);
            }
            self.measure("scroll_depth", at);
            return Some(end);
        }
        if let Some(end) = self.any(at, &["how long", "how much time"]) {
            self.draft.stays = true;
            let doing = [
                "stay", "stays", "stayed", "spend", "spends", "spent", "remain", "last", "lasts", "take",
                "spending", "staying", "long",
            ];
            for place in end..self.tokens.len() {
                if doing.contains(&self.word(place)) && !self.is_time(place) {
                    self.use_up(place);
                }
            }
            self.measure("visit_duration", at);
            return Some(end);
        }
        let of = [
            ("how many pages", "views_per_visit"),
            ("how many page views", "views_per_visit"),
            ("how many pageviews", "views_per_visit"),
            ("how many events", "events_per_visitor"),
            ("how many actions", "events_per_visitor"),
        ];
        for (phrase, metric) in of {
            let Some(end) = self.words(at, phrase) else { continue };
            let ones: &[&str] = if metric == "events_per_visitor" {
                &["visitor", "user", "person"]
            } else {
                &["visit", "session"]
            };
            let per = (end..self.tokens.len()).find(|place| {
                matches!(self.word(*place), "per" | "each" | "a" | "in")
                    && ones.contains(&self.word(place + usize::from(self.word(place + 1) == "a") + 1))
                    && self.word(*place) != "in"
            })?;
            self.use_up(per);
            self.use_up(per + 1);
            for place in end..per {
                if matches!(
                    self.word(place),
                    "look"
                        | "at"
                        | "view"
                        | "see"
                        | "read"
                        | "visit"
                        | "open"
                        | "average"
                        | "does"
                        | "an"
                        | "trigger"
                        | "browse"
                        | "avg"
                ) {
                    self.use_up(place);
                }
            }
            self.measure(metric, at);
            return Some(end);
        }
        None
    }

    pub(crate) fn is_time(&self, at: usize) -> bool {
        time::time(self.tokens, at, self.around.clock).is_some_and(|when| when.end > at + 1)
    }

    pub(crate) fn measure(&mut self, name: &'static str, at: usize) {
        if !self.draft.measures.iter().any(|known| known.name == name) {
            self.draft.measures.push(super::draft::Measure { name, at, weak: false });
        }
    }

    /// `between last month and this month`, where two times are compared and not joined.
    pub(crate) fn between_two(&mut self, at: usize) -> Option<usize> {
        if self.word(at) != "between" && self.word(at) != "from"
            || !(self.draft.intends(Intent::Insight) || self.draft.compare)
        {
            return None;
        }
        let made = self.made();
        let first = self.time(at + 1);
        let read = first.and_then(|(first, pick)| {
            let (end, span) = first.alone.or(first.spans.get(pick).map(|span| (first.end, *span)))?;
            if !matches!(self.word(end), "and" | "to") {
                return None;
            }
            let (second, other) = self.time(end + 1)?;
            Some((span, *second.spans.get(other)?, second.end))
        });
        let Some((first, second, end)) = read else {
            self.unmake(made);
            return None;
        };
        let (earlier, later) = if first.from < second.from { (first, second) } else { (second, first) };
        self.draft.times.push(later);
        self.draft.against = Some(Against::Span(earlier));
        Some(end)
    }

    /// What stands after `vs`, `compared to`, `than`.
    pub(crate) fn versus(&mut self, at: usize) -> Option<usize> {
        let end = match self.phrase(at, Class::Versus) {
            Some(end) => end,
            None if self.draft.compare && matches!(self.word(at), "with" | "to" | "and" | "against") => {
                at + 1
            }
            None => {
                let said = self.over(at)?;
                return Some(said);
            }
        };
        let mut next = end;
        while matches!(
            self.word(next),
            "that" | "those" | "of" | "in" | "to" | "with" | "it" | "was" | "it was"
        ) {
            next += 1;
        }
        if let Some(end) = self.against_value(next) {
            return Some(end);
        }
        let related = time::relative(self.tokens, next, self.around.clock);
        let absolute = time::time(self.tokens, next, self.around.clock).map_or(0, |when| when.end);
        if let Some((earlier, after)) = related
            && after >= absolute
        {
            self.draft.against = Some(Against::Earlier(earlier));
            return Some(after);
        }
        let made = self.made();
        if let Some((when, pick)) = self.time(next) {
            let first = self.draft.times.last().copied();
            let span = *when.spans.get(pick)?;
            self.draft.against = Some(self.against(first, span));
            return Some(when.end);
        }
        self.unmake(made);
        // `visitors vs pageviews` are two metrics.
        let two = self.metric_before(at)
            && self.phrases(next).iter().any(|(_, class)| matches!(class, Class::Metric(_)));
        two.then_some(end)
    }

    /// `did variant B get more signups than variant A`: another value of what a condition is on.
    fn against_value(&mut self, at: usize) -> Option<usize> {
        let known =
            self.draft.conds.iter().rev().find(|cond| !cond.negated && cond.operator == "is" && !cond.or)?;
        let dimension = known.dimension.clone();
        let mut at = at;
        while matches!(
            self.word(at),
            "on" | "from" | "using" | "the" | "via" | "people" | "users" | "visitors"
        ) {
            at += 1;
        }
        let at = match self.dimension(at) {
            Some((name, _, end)) if name == dimension => end,
            _ => at,
        };
        let made = self.made();
        let Some(value) = self.value(at, Some(&dimension)).filter(|value| value.operator == "is") else {
            self.unmake(made);
            return None;
        };
        let known =
            self.draft.conds.iter_mut().rev().find(|cond| cond.dimension == dimension && !cond.negated)?;
        known.values.extend(
            value.values.iter().filter(|value| !known.values.contains(value)).cloned().collect::<Vec<_>>(),
        );
        self.draft.versus = Some(dimension.clone());
        let mut cond = super::draft::Cond::is(&dimension, &value.values, at);
        let end = self.after_noun(value.end, &mut cond);
        Some(self.phrase(end, Class::Metric("visitors")).unwrap_or(end))
    }

    /// `this month vs last year` may be this month a year ago, or all of last year.
    fn against(
        &mut self,
        first: Option<super::time::calendar::Span>,
        span: super::time::calendar::Span,
    ) -> Against {
        let Some(first) = first else { return Against::Span(span) };
        if first == span {
            // `this monday vs last monday`, said on a Wednesday.
            return Against::Earlier(if span.is_day() {
                Earlier::By(Unit::Week, 1)
            } else {
                Earlier::Previous
            });
        }
        let (short, long) = (first.length().min(span.length()), first.length().max(span.length()));
        let Some((unit, 1)) = span.unit else { return Against::Span(span) };
        if long < short.saturating_mul(2) || unit < Unit::Week {
            return Against::Span(span);
        }
        match self.choose(2) {
            0 => Against::Earlier(Earlier::By(unit, 1)),
            _ => Against::Span(span),
        }
    }

    /// `year over year`, and `the month before` where something is being compared.
    fn over(&mut self, at: usize) -> Option<usize> {
        let (earlier, end) = time::relative(self.tokens, at, self.around.clock)?;
        let over = matches!(self.word(at), "yoy" | "mom" | "wow" | "dod" | "qoq")
            || matches!(self.word(at + 1), "over" | "on" | "o");
        if !over && !self.draft.compare {
            return None;
        }
        self.draft.against = Some(Against::Earlier(earlier));
        Some(end)
    }

    /// `compare …`, `difference between …`.
    pub(crate) fn compares(&mut self, at: usize) -> Option<usize> {
        let end = self.any(
            at,
            &[
                "compare",
                "comparison of",
                "comparison",
                "comparing",
                "difference between",
                "difference in",
                "difference",
                "how does",
                "how do",
                "how did",
                "how has",
                "how have",
                "how is",
                "how are",
                "how was",
                "how were",
            ],
        )?;
        if self.word(at) == "how" {
            self.draft.doing |= (end..self.tokens.len())
                .any(|place| matches!(self.word(place), "doing" | "performing" | "perform" | "do" | "going"));
            self.draft.course |= matches!(self.word(at + 1), "has" | "have");
            return Some(end);
        }
        self.draft.compare = true;
        // `difference between A and B`: the word that opens a span is left to it.
        Some(if self.word(end - 1) == "between" && end > at + 1 { end - 1 } else { end })
    }

    /// Words that the rest of the grammar looks at, or that only join.
    pub(crate) fn small_words(&mut self, at: usize) -> Option<usize> {
        let word = self.word(at);
        if let Some(end) = self.looked_at(at) {
            return Some(end);
        }
        let last = at + 1 >= self.tokens.len()
            || (at + 1..self.tokens.len()).all(|place| self.kind(place) == Some(Kind::Mark));
        match word {
            "and" | "but" if at == 0 => {
                self.draft.follow_up = true;
                Some(at + 1)
            }
            "and" | "but" | "then" if last => None,
            "and" | "but" if self.words(at + 1, "then").is_some() => {
                self.draft.then = true;
                Some(at + 2)
            }
            "and" | "but" => Some(at + 1),
            "or" if !self.draft.conds.is_empty() => {
                let mut next = at + 1;
                while matches!(
                    self.word(next),
                    "from" | "on" | "in" | "the" | "using" | "to" | "with" | "via"
                ) {
                    next += 1;
                }
                let made = self.made();
                let value = self.value(next, None).is_some();
                self.unmake(made);
                value.then_some(at + 1)
            }
            "then" | "subsequently" | "afterwards" => {
                self.draft.then |= at > 0;
                self.draft.follow_up |= at == 0;
                Some(at + 1)
            }
            "instead" | "again" | "too" if last || at == 0 => {
                self.draft.follow_up = true;
                Some(at + 1)
            }
            "what" | "how" if matches!(self.word(at + 1), "about") => {
                self.draft.follow_up = true;
                Some(at + 2)
            }
            "same" if at <= 1 => {
                self.draft.follow_up = true;
                Some(self.any(at, &["same thing", "same question", "same but", "same"]).unwrap_or(at + 1))
            }
            "only" | "just" | "now" | "also" if at == 0 => {
                self.draft.follow_up = true;
                Some(at + 1)
            }
            "average" | "avg" | "typical" | "mean" => {
                let phrase = self
                    .phrases(at)
                    .iter()
                    .any(|(length, class)| matches!(class, Class::Metric(_)) && *length > 1);
                if phrase || word == "mean" {
                    return None;
                }
                self.draft.average.get_or_insert(at);
                Some(at + 1)
            }
            "more" | "fewer" | "less" | "bigger" | "smaller" => {
                self.draft.comparatives.push(at);
                Some(at + 1)
            }
            "will" => {
                self.draft.intend(Intent::Forecast);
                Some(at + 1)
            }
            "going" if self.word(at + 1) == "to" => {
                self.draft.intend(Intent::Forecast);
                Some(at + 2)
            }
            "who" => {
                let people = self.draft.of_people();
                let here = (at + 1..self.tokens.len()).any(|place| self.phrase(place, Class::Live).is_some());
                if here && !people {
                    self.people(at);
                    return Some(at + 1);
                }
                let made = self.made();
                let deed = self.event(at + 1).is_some_and(|event| event.verb);
                self.unmake(made);
                let uses = [
                    "uses",
                    "use",
                    "used",
                    "visits",
                    "visited",
                    "came",
                    "comes",
                    "viewed",
                    "saw",
                    "converted",
                ];
                if !people && (deed || uses.contains(&self.word(at + 1))) {
                    self.people(at);
                    return Some(at + 1);
                }
                people.then_some(at + 1)
            }
            "nor" => {
                self.negated = Some(at);
                Some(at + 1)
            }
            "through" if self.time_after(at) => {
                self.draft.unknown.push(at);
                Some(at + 1)
            }
            "conversions" | "conversion" | "convert" | "converts" | "converted" | "converting" => {
                self.conversion(at)
            }
            "engagement" | "performance" => {
                let names: &[&'static str] = if word == "engagement" {
                    &["time_on_page", "visit_duration", "scroll_depth", "views_per_visit"]
                } else {
                    &["visitors", "bounce_rate", "total_revenue"]
                };
                let pick = self.choose(names.len());
                self.measure(names[pick], at);
                Some(at + 1)
            }
            "day" | "hour" | "week" | "month" | "days" | "hours" | "weeks" | "months"
                if self.draft.rank.is_some()
                    && self.draft.grain().is_none()
                    && !self.is_time(at)
                    && self.word(at + 1) != "of" =>
            {
                let mut next = at;
                self.rank_of_time(&mut next);
                Some(next.max(at + 1))
            }
            "under" | "beneath" | "inside" if self.kind(at + 1) == Some(Kind::Path) => Some(at + 1),
            "do" if at > 0 && self.word(at - 1) == "what" => {
                self.draft.what_do = Some(at);
                Some(at + 1)
            }
            "do" if !last && time::time(self.tokens, at + 1, self.around.clock).is_none() => Some(at + 1),
            "where" => self.where_from(at),
            "when" => self.when(at),
            _ => self.excludes(at),
        }
    }

    /// `where do visitors come from` is a source or a country, `where are they` is a country.
    fn where_from(&mut self, at: usize) -> Option<usize> {
        let verbs = (at + 1..self.tokens.len()).find(|place| {
            matches!(self.word(*place), "come" | "coming" | "came" | "originate" | "originated")
        });
        let from = verbs.filter(|verb| self.word(verb + 1) == "from");
        let begins = at == 0 || (0..at).all(|place| self.phrase(place, Class::Filler).is_some());
        if let Some(from) = from
            && begins
        {
            let pick = self.choose(2);
            self.draft.divide(["visit:source", "visit:country"][pick], true, true);
            self.use_up(from);
            self.use_up(from + 1);
            return Some(at + 1);
        }
        // `where are our users from`
        let last = (at + 1..self.tokens.len()).find(|place| self.word(*place) == "from");
        if let Some(last) = last
            && begins
            && matches!(self.word(at + 1), "are" | "is" | "were")
            && !self.value_follows(last + 1)
        {
            self.draft.divide("visit:country", true, true);
            self.use_up(last);
            return Some(at + 1);
        }
        let located =
            (at + 1..self.tokens.len()).any(|place| matches!(self.word(place), "located" | "based" | "live"));
        if begins && located {
            self.draft.divide("visit:country", true, true);
            for place in at + 1..self.tokens.len() {
                if matches!(self.word(place), "located" | "based" | "live") {
                    self.use_up(place);
                }
            }
            return Some(at + 1);
        }
        None
    }

    /// `through march 5` says when something ends, and not when it begins.
    fn time_after(&self, at: usize) -> bool {
        time::time(self.tokens, at + 1, self.around.clock).is_some()
    }

    fn value_follows(&mut self, at: usize) -> bool {
        let made = self.made();
        let value = self.value(at, None).is_some();
        self.unmake(made);
        value
    }

    /// `who sends us traffic`, `what brings people to the blog`: a source; `who links to us`: a referrer.
    pub(crate) fn brings(&mut self, at: usize) -> Option<usize> {
        let sends = [
            "sends",
            "send",
            "sending",
            "brings",
            "bringing",
            "refers",
            "referring",
            "is sending",
            "is bringing",
        ];
        let links = ["links to", "is linking to", "link to", "links here", "linking to"];
        if !matches!(self.word(at), "who" | "what" | "which") {
            return None;
        }
        let at = at + 1;
        let (dimension, end) = match (self.any(at, &links), self.any(at, &sends)) {
            (Some(end), _) => ("visit:referrer", end),
            (None, Some(end)) => ("visit:source", end),
            (None, None) => return None,
        };
        let end = self.any(end, &["us the", "us", "our site", "me", "our website", "here"]).unwrap_or(end);
        self.draft.divide(dimension, true, true);
        self.people(at);
        Some(end)
    }

    /// `what are people reading`: pages.
    fn looked_at(&mut self, at: usize) -> Option<usize> {
        let people = self.any(
            at,
            &["what are people", "what are users", "what are visitors", "what are they", "what is everyone"],
        )?;
        let end =
            self.any(people, &["looking at", "reading", "viewing", "browsing", "seeing", "visiting"])?;
        self.people(at);
        self.draft.divide("event:page", true, true);
        Some(end)
    }

    /// `when did we have the most visitors`: a day or an hour.
    fn when(&mut self, at: usize) -> Option<usize> {
        let ranks = [
            "most", "highest", "peak", "busiest", "least", "lowest", "fewest", "best", "worst", "biggest",
            "quietest",
        ];
        (at + 1..self.tokens.len()).find(|place| ranks.contains(&self.word(*place)))?;
        let pick = self.choose(2);
        self.draft.divide(["time:day", "time:hour"][pick], false, true);
        Some(at + 1)
    }

    /// `top sources and their bounce rate`: what is ordered is counted, too.
    pub(crate) fn beside(&mut self, at: usize) -> Option<usize> {
        let end = self.any(
            at,
            &[
                "and their",
                "and its",
                "with their",
                "with its",
                "along with their",
                "plus their",
                "including their",
            ],
        )?;
        let metric = self.phrases(end).iter().any(|(_, class)| matches!(class, Class::Metric(_)));
        let plain = self.draft.measures.iter().all(|measure| measure.weak) && self.draft.mentions.is_empty();
        if !metric || self.draft.rank.is_none() || !plain {
            return None;
        }
        self.draft.measures.retain(|measure| measure.name != "visitors");
        self.measure("visitors", at);
        Some(end)
    }

    /// `conversions`, which need a goal, and `conversion` before a goal's rate.
    fn conversion(&mut self, at: usize) -> Option<usize> {
        if self.phrases(at).iter().any(|(length, class)| matches!(class, Class::Metric(_)) && *length > 1) {
            return None;
        }
        if matches!(self.word(at), "conversions") {
            self.measure("conversions", at);
            return Some(at + 1);
        }
        if matches!(self.word(at), "converted" | "convert")
            && (self.draft.of_people() || self.draft.share)
            && !self.draft.rate
        {
            let goals: Vec<String> = self.around.vocabulary.goals().into_iter().map(str::to_owned).collect();
            let pick = if goals.len() > 1 { self.choose(goals.len().min(6)) } else { 0 };
            let names = vec![goals.into_iter().nth(pick)?];
            self.draft.mentions.push(super::draft::Mention {
                names,
                verb: true,
                apart: false,
                negated: false,
                at,
            });
            return Some(at + 1);
        }
        // `conversion from signup to purchase`, `does google convert`.
        self.measure("conversion_rate", at);
        Some(at + 1)
    }

    /// `not`, `except`, `excluding`: what follows does not apply.
    fn excludes(&mut self, at: usize) -> Option<usize> {
        if let Some(end) = self.any(at, &["no of", "no . of"]) {
            return Some(end); // `no. of visitors`
        }
        let end = self.phrase(at, Class::Except)?;
        self.negate(at);
        let mut next = end;
        while matches!(
            self.word(next),
            "from"
                | "on"
                | "in"
                | "the"
                | "using"
                | "to"
                | "with"
                | "come"
                | "came"
                | "use"
                | "a"
                | "any"
                | "visit"
                | "view"
                | "did"
                | "all"
                | "those"
                | "for"
                | "people"
                | "visitors"
                | "users"
                | "coming"
                | "made"
        ) {
            next += 1;
        }
        Some(next)
    }
}
