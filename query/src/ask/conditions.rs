//! Conditions: values with what joins, negates and compares them, and attributes that stand alone.

use super::draft::Cond;
use super::lexicon::Class;
use super::link::{Value, is_page};
use super::read::Reading;
use super::time::calendar::Unit;
use super::tokens::Kind;

impl Reading<'_> {
    /// The place after what joins values of a list.
    pub(crate) fn connector(&self, at: usize) -> Option<usize> {
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
            // `mobile users vs desktop users`.
            let mut people = self.phrase(end, Class::Metric("visitors")).unwrap_or(end);
            // `how did the blog do compared with the docs`
            while matches!(
                self.word(people),
                "do" | "does"
                    | "did"
                    | "doing"
                    | "done"
                    | "perform"
                    | "performed"
                    | "performing"
                    | "performs"
            ) && self.phrase(people + 1, Class::Versus).is_some()
            {
                people += 1;
            }
            let mut next = match self.connector(end) {
                Some(next) => next,
                None => match self.phrase(people, Class::Versus) {
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
            if against && people > end {
                self.people(end);
            }
            end = self.after_noun(other.end, &mut cond);
        }
        // `from google or on mobile`: one or the other.
        let before = at.checked_sub(1).map_or(0, |before| self.back_over_joints(before));
        cond.or = self.word(before) == "or" && !self.draft.conds.is_empty();
        self.condition(cond);
        end
    }

    pub(crate) fn back_over_joints(&self, mut at: usize) -> usize {
        while at > 0
            && matches!(self.word(at), "from" | "on" | "in" | "the" | "using" | "to" | "with" | "via")
        {
            at -= 1;
        }
        at
    }

    pub(crate) fn condition(&mut self, cond: Cond) {
        let same = |known: &&mut Cond| {
            known.dimension == cond.dimension
                && known.operator == cond.operator
                && known.negated == cond.negated
                && !cond.or
        };
        match self.draft.conds.iter_mut().find(same) {
            // Said twice, of one attribute: any of them, as nothing is two things at once.
            Some(known) => {
                // A visit is of one country, but of many pages.
                if is_page(&cond.dimension) && !cond.negated {
                    self.draft.refuse("two pages were named, and not how they go together");
                    return;
                }
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
    pub(crate) fn viewed(&self, at: usize) -> bool {
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
    pub(crate) fn after_noun(&mut self, end: usize, cond: &mut Cond) -> usize {
        if is_page(&cond.dimension) {
            let Some((several, after)) = self.page_noun(end) else { return end };
            if let Some((name, ..)) = self.dimension(end)
                && name != "event:page"
            {
                cond.dimension = name;
            }
            self.draft.folder |= several || cond.operator == "contains";
            self.draft.folder_one |= !several && cond.operator == "contains" && self.word(end) != "section";
            if self.draft.rank.is_some() && cond.operator == "contains" {
                self.draft.divide("event:page", several, false);
            }
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
    pub(crate) fn take_dimension(&mut self, at: usize, end: usize, name: &str, several: bool) -> usize {
        if let Some(after) = self.condition_on(at, end, name) {
            return after;
        }
        let before = at.checked_sub(1).map_or("", |before| self.word(before));
        let counted = self.counts_values(at);
        if counted && several {
            self.draft.unknown.push(at);
            self.draft.refuse("how many different values an attribute has cannot be counted yet");
        }
        // `newsletter campaign` names a campaign that the site does not have.
        let acquired =
            |name: &str| name.starts_with("visit:utm_") || matches!(name, "visit:source" | "visit:channel");
        let named =
            self.draft.conds.last().is_some_and(|cond| acquired(&cond.dimension) && cond.at + 1 == at);
        if acquired(name) && named && !several {
            self.draft.unknown.push(at);
        }
        if matches!(before, "a" | "an" | "this" | "that") && !several && self.draft.rank.is_none() {
            self.draft.unknown.push(at);
        }
        self.draft.divide(name, several, false);
        end
    }

    /// `how many countries`, `the number of different pages`.
    fn counts_values(&self, at: usize) -> bool {
        let mut before = at;
        let mut distinct = false;
        while before > 0
            && matches!(
                self.word(before - 1),
                "different" | "distinct" | "unique" | "separate" | "individual" | "of"
            )
        {
            distinct |= self.word(before - 1) != "of";
            before -= 1;
        }
        let word = before.checked_sub(1).map_or("", |before| self.word(before));
        matches!(word, "many") || word == "number" || distinct
    }

    /// `plan is pro`, `category: shoes`, `page contains blog`, `source google`.
    pub(crate) fn condition_on(&mut self, at: usize, end: usize, name: &str) -> Option<usize> {
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
                "in",
                "is in",
                "is one of",
                "one of",
                "is either",
                "of",
                "like",
            ],
        );
        // `plan in free, pro` is a condition; `top pages in the blog` is a list.
        let copula =
            copula.filter(|_| self.word(end) != "in" || name.starts_with(crate::catalogue::PROPERTY));
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
        } else if let Some(after) =
            self.any(end, &["does not", "do not", "that do not", "which do not", "not", "that are not"])
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
    pub(crate) fn operator(&self, at: usize) -> Option<(&'static str, &'static str, &'static str, usize)> {
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

    /// `which page do people leave most`: the page asked about is where visits end.
    fn role_of_listed(&mut self, at: usize) -> Option<usize> {
        let verb = self.word(at);
        let dimension = match verb {
            "leave" | "exit" | "quit" => "visit:exit_page",
            "land" | "enter" | "arrive" | "begin" => "visit:entry_page",
            _ => return None,
        };
        let end = self.any(at + 1, &["from", "on", "at", "in", "via", "through"]).unwrap_or(at + 1);
        if self.page_asked() { self.take_role(dimension, end) } else { self.where_to(at, dimension) }
    }

    /// `where do people land`.
    fn where_to(&mut self, at: usize, dimension: &str) -> Option<usize> {
        let asked = (0..at).any(|place| self.word(place) == "where");
        if !asked || self.page_follows(at + 1).is_some() {
            return None;
        }
        self.draft.divide(dimension, true, true);
        let end = self.any(at + 1, &["from", "on", "at", "us", "the site"]).unwrap_or(at + 1);
        Some(end)
    }

    fn page_asked(&self) -> bool {
        self.draft.divides.iter().any(|divide| divide.name == "event:page")
    }

    fn take_role(&mut self, dimension: &str, end: usize) -> Option<usize> {
        let page = self.draft.divides.iter_mut().find(|divide| divide.name == "event:page")?;
        dimension.clone_into(&mut page.name);
        Some(end)
    }

    fn page_follows(&mut self, at: usize) -> Option<usize> {
        let at = if self.word(at) == "the" { at + 1 } else { at };
        let made = self.made();
        let value = self.value(at, Some("event:page")).map(|value| value.end);
        self.unmake(made);
        value
    }

    /// `landed on /pricing`, `exited from the cart`.
    pub(crate) fn role_of_page(&mut self, at: usize) -> Option<usize> {
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
            (None, None) => return self.role_of_listed(at),
        };
        if self.page_asked() && self.page_follows(end).is_none() {
            return self.take_role(dimension, end);
        }
        self.role = Some((dimension, at, end));
        Some(end)
    }
}
