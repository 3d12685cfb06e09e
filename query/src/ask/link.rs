//! Linking words to what they name: values of the site, its events, its properties.

use super::read::Reading;
use super::stem::{is_past, stem};
use super::tokens::Kind;
use super::vocabulary::{LANGUAGE, Named, Strength, plural};
use crate::catalogue::PROPERTY;

/// Values of one attribute that some tokens name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) dimension: String,
    pub(crate) values: Vec<String>,
    pub(crate) operator: &'static str,
    pub(crate) end: usize,
}

/// Events that some tokens name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) verb: bool,
    /// Only part of the event's name was said.
    pub(crate) part: bool,
    pub(crate) end: usize,
}

/// Attributes of one family, of which the first that has a value is meant where none is said.
const ACQUISITION: &[&str] = &[
    "visit:channel",
    "visit:source",
    "visit:utm_source",
    "visit:utm_medium",
    "visit:referrer",
    "visit:utm_campaign",
    "visit:utm_content",
    "visit:utm_term",
];

/// Words of one meaning, by which an event is called otherwise than by its name.
const SYNONYMS: &[&[&str]] = &[
    &[
        "signup",
        "sign up",
        "signed up",
        "register",
        "registration",
        "new account",
        "create account",
        "account created",
        "join",
        "sign ups",
        "user registered",
    ],
    &[
        "purchase",
        "buy",
        "order",
        "order completed",
        "checkout completed",
        "sale",
        "ordered",
        "purchase completed",
        "order placed",
        "payment",
    ],
    &["login", "log in", "logged in", "sign in", "signed in", "logon", "signin"],
    &["subscribe", "subscription", "newsletter subscribe", "newsletter signup", "subscriber"],
    &["download", "file download"],
    &["cancel", "cancellation", "churned", "unsubscribe"],
    &["contact", "contact form", "form submission", "form submit", "form: submission"],
    &[
        "outbound link: click",
        "outbound click",
        "click on outbound link",
        "click on outbound links",
        "clicks on outbound links",
        "outbound link",
        "outbound link click",
        "external link click",
        "exit click",
    ],
    &["trial started", "trial start", "start trial", "trial", "free trial"],
    &["add to cart", "cart add", "added to cart", "add to basket"],
    &["video play", "play video", "video view", "watch video", "video start"],
];

/// Words inside the name of an action that say nothing of it.
const JOINTS: &[&str] = &[
    "a",
    "an",
    "the",
    "their",
    "some",
    "something",
    "anything",
    "items",
    "item",
    "products",
    "product",
    "was",
    "were",
    "is",
    "are",
    "our",
    "his",
    "this",
    "that",
    "up",
    "for",
];

/// Words of events' names that are too common to name one.
const COMMON: &[&str] = &[
    "form", "page", "view", "start", "file", "add", "to", "link", "button", "event", "submit", "new",
    "complet", "user", "click", "open", "clos", "time", "out", "in", "on", "up", "free", "video", "pag",
    "fil", "from", "with", "for", "by", "us", "shop", "site",
];

impl Reading<'_> {
    /// The attribute that a noun names, whether several, and the place after it. The site's own
    /// properties count as nouns.
    pub(crate) fn dimension(&self, at: usize) -> Option<(String, bool, usize)> {
        let common = self
            .phrases(at)
            .into_iter()
            .filter_map(|(length, class)| match class {
                super::lexicon::Class::Dimension { name, plural } => {
                    Some((name.to_owned(), plural, at + length))
                }
                _ => None,
            })
            .max_by_key(|(_, _, end)| *end);
        let own = self
            .around
            .vocabulary
            .keys()
            .iter()
            .filter_map(|(words, key)| {
                let last = words.len().checked_sub(1)?;
                let mut several = false;
                let all = words.iter().enumerate().all(|(place, word)| {
                    let given = self.word(at + place);
                    let many = place == last && given == plural(word);
                    several |= many;
                    given == word || many
                });
                (all && self.kind(at) != Some(Kind::Quoted))
                    .then(|| (format!("{PROPERTY}{key}"), several, at + words.len()))
            })
            .max_by_key(|(_, _, end)| *end);
        match (common, own) {
            (Some(common), Some(own)) if own.2 > common.2 => Some(own),
            (None, own) => own,
            (common, _) => common,
        }
    }

    /// The value that some tokens name: of `expected`, or of whatever attribute has it.
    pub(crate) fn value(&mut self, at: usize, expected: Option<&str>) -> Option<Value> {
        let token = self.tokens.get(at)?;
        match token.kind {
            Kind::Path => {
                let dimension =
                    expected.filter(|name| is_page(name)).or(expected.is_none().then_some("event:page"))?;
                let mut value = self.path(&token.text.clone(), dimension, at + 1);
                let before = at.checked_sub(1).map_or("", |before| self.word(before));
                let listed = self.draft.divides.iter().any(|divide| is_page(&divide.name));
                let beneath =
                    matches!(before, "under" | "beneath" | "inside" | "within") || before == "in" && listed;
                if beneath && value.operator == "is" && self.around.vocabulary.has_beneath(&value.values[0]) {
                    value.operator = "contains";
                }
                return Some(value);
            }
            Kind::Quoted => return self.quoted(&token.raw.clone(), at, expected),
            Kind::Mark => return None,
            Kind::Word | Kind::Number => {}
        }
        if let Some(code) = self.country_code(at, expected) {
            return Some(code);
        }
        let mut found: Vec<(usize, &Named)> = self
            .around
            .vocabulary
            .named(&token.text)
            .iter()
            .filter(|named| named.words.iter().enumerate().all(|(place, word)| self.word(at + place) == word))
            .map(|named| (at + named.words.len(), named))
            .collect();
        if let Some(expected) = expected {
            let wanted = if is_page(expected) { "event:page" } else { expected };
            found.retain(|(_, named)| named.dimension == wanted);
        } else {
            found.retain(|(end, named)| self.may_stand_alone(at, *end, named));
        }
        let longest = found.iter().map(|(end, _)| *end).max()?;
        found.retain(|(end, _)| *end == longest);
        // A noun after the value says whose it is.
        if expected.is_none()
            && let Some((noun, ..)) = self.dimension(longest)
        {
            let wanted = if is_page(&noun) { "event:page" } else { noun.as_str() };
            if found.iter().any(|(_, named)| named.dimension == wanted) {
                found.retain(|(_, named)| named.dimension == wanted);
            }
        }
        let (end, named) = self.prefer(at, found)?;
        let named = named.clone();
        let spoken = matches!(self.word(end), "speaking" | "speakers" | "speaker" | "language" | "locale");
        let end = if named.dimension == LANGUAGE && spoken { end + 1 } else { end };
        let dimension = expected.unwrap_or(&named.dimension).to_owned();
        if named.dimension == "event:page" {
            return Some(self.page(&named, &dimension, at, end));
        }
        Some(Value { dimension, values: named.values, operator: "is", end })
    }

    /// Of several attributes that have a value of this name, the one that is meant.
    fn prefer<'n>(&mut self, at: usize, mut found: Vec<(usize, &'n Named)>) -> Option<(usize, &'n Named)> {
        let place_of = |name: &str| ACQUISITION.iter().position(|known| *known == name);
        let first = found.iter().filter_map(|(_, named)| place_of(&named.dimension)).min();
        found.retain(|(_, named)| place_of(&named.dimension).is_none_or(|place| Some(place) == first));
        let said = matches!(
            at.checked_sub(1).map_or("", |before| self.word(before)),
            "speaking" | "speak" | "speaks" | "using" | "language" | "languages" | "in"
        ) || found.first().is_some_and(|(end, _)| {
            matches!(self.word(*end), "speaking" | "speakers" | "speaker" | "language" | "locale")
        });
        if found.iter().any(|(_, named)| named.dimension == LANGUAGE) && found.len() > 1 {
            // `german visitors` are from Germany; who speaks it is said.
            let open = self.word(at) == "english" && !said;
            found.retain(|(_, named)| open || (named.dimension == LANGUAGE) == said);
        }
        let has =
            |found: &[(usize, &Named)], name: &str| found.iter().any(|(_, named)| named.dimension == name);
        if has(&found, "visit:country") {
            found.retain(|(_, named)| named.dimension != "visit:city");
        } else if has(&found, "visit:city") {
            found.retain(|(_, named)| named.dimension != "visit:region");
        }
        if has(&found, "visit:browser") && found.len() > 1 {
            let uses = at
                .checked_sub(1)
                .is_some_and(|before| matches!(self.word(before), "using" | "on" | "with" | "use" | "in"));
            found.retain(|(_, named)| (named.dimension == "visit:browser") == uses);
        }
        let strongest = found.iter().map(|(_, named)| named.strength).max()?;
        let own = |named: &Named| named.dimension.starts_with(PROPERTY);
        if found.iter().any(|(_, named)| !own(named)) {
            found.retain(|(_, named)| !own(named));
        }
        if strongest > Strength::Part {
            found.retain(|(_, named)| named.strength > Strength::Part);
        }
        if found.len() < 2 {
            return found.pop();
        }
        let pick = self.choose(found.len());
        found.into_iter().nth(pick)
    }

    /// Whether a name means the value although no attribute is said: a word with another use does not.
    fn may_stand_alone(&self, at: usize, end: usize, named: &Named) -> bool {
        let single = end == at + 1;
        let word = self.word(at);
        if named.dimension == "event:page" && named.values != ["/"] {
            if self.page_noun(end).is_some() {
                return true;
            }
            let before = at.checked_sub(1).map_or("", |before| self.word(before));
            let leads = [
                "on", "to", "of", "for", "the", "visited", "viewed", "our", "from", "at", "saw", "in",
                "view", "visit", "top",
            ];
            let counted = [
                "traffic",
                "visitors",
                "visits",
                "views",
                "pageviews",
                "readers",
                "sessions",
                "users",
                "audience",
            ];
            let usual = single && (super::lexicon::WORDS.contains(word) || word.len() < 3);
            let said = leads.contains(&before) || counted.contains(&self.word(end));
            return named.strength > Strength::Part && said && !usual;
        }
        if single && (word.chars().count() < 2 || word.chars().all(|letter| letter.is_ascii_digit())) {
            return false;
        }
        // `a paid plan`, `paid by card`: only traffic is of the paid channels.
        let acquired = [
            "traffic",
            "visitors",
            "users",
            "visits",
            "sessions",
            "channel",
            "channels",
            "campaigns",
            "ads",
            "clicks",
            "acquisition",
            "vs",
            "versus",
            "and",
            "or",
            "sources",
            "media",
            "people",
        ];
        if single && word == "paid" && !acquired.contains(&self.word(end)) {
            return false;
        }
        let common = single
            && self.phrases(at).iter().any(|(_, class)| {
                matches!(
                    class,
                    super::lexicon::Class::Filler
                        | super::lexicon::Class::Except
                        | super::lexicon::Class::By
                        | super::lexicon::Class::Versus
                )
            });
        let own_word = single
            && named.dimension.starts_with(PROPERTY)
            && (super::lexicon::WORDS.contains(word) || matches!(word, "true" | "false" | "yes" | "no"));
        !(common || own_word)
    }

    /// The place after a noun for pages.
    pub(crate) fn page_noun(&self, at: usize) -> Option<(bool, usize)> {
        if let Some((name, several, end)) = self.dimension(at)
            && is_page(&name)
        {
            return Some((several, end));
        }
        match self.word(at) {
            "posts" | "sections" | "entries" | "section" | "subpages" => Some((true, at + 1)),
            "post" | "article" => Some((false, at + 1)),
            _ => None,
        }
    }

    /// A page named in words: itself where one page is said, everything beneath where a part of the site is.
    fn page(&mut self, named: &Named, dimension: &str, at: usize, end: usize) -> Value {
        let path = named.values.first().cloned().unwrap_or_default();
        let noun = self.page_noun(end);
        let asked = at.checked_sub(1).is_some_and(|before| matches!(self.word(before), "which" | "what"));
        let one = matches!(noun, Some((false, _))) && self.word(end) != "section" && !asked;
        if !(one && self.draft.rank.is_none()) && path != "/" && self.around.vocabulary.has_beneath(&path) {
            return Value { dimension: dimension.to_owned(), values: vec![path], operator: "contains", end };
        }
        Value { dimension: dimension.to_owned(), values: vec![path], operator: "is", end }
    }

    /// A path as it was written; a star at its end stands for everything beneath.
    fn path(&self, path: &str, dimension: &str, end: usize) -> Value {
        let value = |operator, text: String| Value {
            dimension: dimension.to_owned(),
            values: vec![text],
            operator,
            end,
        };
        match path.strip_suffix("**").or(path.strip_suffix('*')) {
            Some(front) => value("matches", format!("^{}", escaped(front))),
            None => {
                // A slash at the end makes no other page, unless the site has it so.
                let pages = self.around.vocabulary.values_of("event:page");
                let bare = path.trim_end_matches('/');
                let known = pages.iter().find(|page| page.as_str() == path).or_else(|| {
                    pages.iter().find(|page| {
                        page.trim_end_matches('/').eq_ignore_ascii_case(bare) && !bare.is_empty()
                    })
                });
                value("is", known.cloned().unwrap_or_else(|| path.to_owned()))
            }
        }
    }

    /// Quoted text is a value as it stands where an attribute is said, or where one has it.
    fn quoted(&mut self, text: &str, at: usize, expected: Option<&str>) -> Option<Value> {
        let value = |dimension: &str, text: &str| Value {
            dimension: dimension.to_owned(),
            values: vec![text.to_owned()],
            operator: "is",
            end: at + 1,
        };
        let words = &self.around.vocabulary.words();
        let same = |known: &&String| known.eq_ignore_ascii_case(text);
        if let Some(expected) = expected {
            let own = self.around.vocabulary.values_of(expected).iter().find(same);
            return Some(value(expected, own.map_or(text, String::as_str)));
        }
        if text.starts_with('/') {
            return Some(value("event:page", text));
        }
        let mut found: Vec<Value> = words
            .values
            .iter()
            .map(|(dimension, values)| (dimension.clone(), values))
            .chain(words.properties.iter().map(|(key, values)| (format!("{PROPERTY}{key}"), values)))
            .filter_map(|(dimension, values)| Some(value(&dimension, values.iter().find(same)?)))
            .collect();
        let place_of = |value: &Value| ACQUISITION.iter().position(|known| *known == value.dimension);
        let first = found.iter().filter_map(place_of).min();
        found.retain(|value| place_of(value).is_none_or(|place| Some(place) == first));
        match found.len() {
            0 | 1 => found.pop(),
            several => {
                let pick = self.choose(several);
                found.into_iter().nth(pick)
            }
        }
    }

    /// `DE`, `US`: two capitals are a country where the question is not all capitals. `us` and `uk`
    /// are so in small letters too, where a country can stand.
    fn country_code(&self, at: usize, expected: Option<&str>) -> Option<Value> {
        let token = self.tokens.get(at)?;
        if expected.is_some_and(|name| name != "visit:country") || token.raw.len() != 2 {
            return None;
        }
        let before = at.checked_sub(1).map_or("", |before| self.word(before));
        let after = self.word(at + 1);
        let small = token.text == "us"
            && (matches!(
                before,
                "the"
                    | "from"
                    | "in"
                    | "not"
                    | "non"
                    | "excluding"
                    | "except"
                    | "vs"
                    | "versus"
                    | "and"
                    | "or"
                    | "outside"
            ) && !matches!(after, "the" | "how" | "what" | "about")
                || at == 0 && matches!(after, "vs" | "versus" | "traffic" | "visitors" | "users" | "visits")
                || expected.is_some() && !matches!(before, "show" | "tell" | "give"));
        let loud = token.raw.chars().all(|letter| letter.is_ascii_uppercase()) && !self.shouted;
        // Where a country is said to follow, small letters do, unless they are a word.
        let said = expected.is_some() && !super::lexicon::WORDS.contains(token.text.as_str());
        if !(small || loud || said) {
            return None;
        }
        let code = token.raw.to_uppercase();
        let known = include_str!("countries.txt").lines().any(|line| line.get(..2) == Some(code.as_str()));
        known.then(|| Value {
            dimension: "visit:country".to_owned(),
            values: vec![code],
            operator: "is",
            end: at + 1,
        })
    }

    /// The event that some tokens name.
    pub(crate) fn event(&mut self, at: usize) -> Option<Event> {
        if self.kind(at) == Some(Kind::Quoted) {
            let raw = self.tokens[at].raw.clone();
            let known = self
                .around
                .vocabulary
                .happenings()
                .iter()
                .find(|event| event.name.eq_ignore_ascii_case(&raw))?;
            return Some(Event { name: known.name.clone(), verb: false, part: false, end: at + 1 });
        }
        if self.kind(at) != Some(Kind::Word) {
            return None;
        }
        for length in (1..=6).rev() {
            let words: Vec<&str> = (at..at + length).map(|place| self.word(place)).collect();
            let last_is_joint = words
                .last()
                .is_some_and(|last| JOINTS.contains(last) && *last != "up" || matches!(*last, "" | "to"));
            let all_words = (at..at + length).all(|place| self.kind(place) == Some(Kind::Word));
            if last_is_joint || JOINTS.contains(&words[0]) || !all_words {
                continue;
            }
            let names = self.events_called(&words);
            if names.is_empty() || names.len() == 1 && self.belongs_to_page(at + length) {
                continue;
            }
            let pick = if names.len() > 1 { self.choose(names.len()) } else { 0 };
            let name = names.into_iter().nth(pick)?;
            let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
            let verb = self.says_a_deed(at, &words);
            let end = self.event_noun(at + length, &name);
            let part = length == 1 && self.is_part(&words[0], &name);
            return Some(Event { name, verb, part, end });
        }
        None
    }

    /// `the signup page` is a page, not an event.
    fn belongs_to_page(&self, end: usize) -> bool {
        self.page_noun(end).is_some_and(|(several, _)| !several)
    }

    /// Whether a word is one of several that an event is called by.
    fn is_part(&self, word: &str, name: &str) -> bool {
        let stems = self.around.vocabulary.happenings().iter().find(|event| event.name == name);
        stems.is_some_and(|event| event.stems.len() > 1 && event.stems.contains(&stem(word)))
    }

    fn says_a_deed(&self, at: usize, words: &[String]) -> bool {
        if words.iter().any(|word| is_past(word)) {
            return true;
        }
        let before = at.checked_sub(1).map_or("", |before| self.word(before));
        words.last().is_some_and(|last| !last.ends_with('s'))
            && matches!(
                before,
                "who"
                    | "that"
                    | "people"
                    | "users"
                    | "visitors"
                    | "customers"
                    | "they"
                    | "did"
                    | "not"
                    | "do"
                    | "to"
                    | "actually"
            )
    }

    /// Nouns after an event that only say that it is one.
    fn event_noun(&self, end: usize, name: &str) -> usize {
        let own = super::vocabulary::plural("event");
        let nouns = [
            "event",
            own.as_str(),
            "submission",
            "submissions",
            "submits",
            "completions",
            "completion",
            "actions",
            "goal",
            "goals",
            "conversions",
        ];
        let next = self.word(end);
        let own_word = name.to_lowercase().contains(next) && !next.is_empty();
        if nouns.contains(&next) && !(next == "conversions" && own_word) { end + 1 } else { end }
    }

    /// The events that words name: by their whole name, by one of the same meaning, or by a part that
    /// only one of them has.
    pub(crate) fn events_called(&self, words: &[&str]) -> Vec<String> {
        let events = self.around.vocabulary.happenings();
        let stems = |words: &[&str]| -> Vec<String> {
            words
                .iter()
                .filter(|word| !JOINTS.contains(word) || **word == "up")
                .map(|word| stem(word))
                .collect()
        };
        let given: Vec<String> = stems(words);
        let joined = given.concat();
        let strip_joints =
            |stems: &[String]| stems.iter().filter(|stem| stem.as_str() != "to").cloned().collect::<Vec<_>>();
        let same = |event: &super::vocabulary::Happening| {
            let mut reversed = event.stems.clone();
            reversed.reverse();
            event.stems == given
                || event.stems.len() == 2 && reversed == strip_joints(&given)
                || event.stems.concat() == joined
                || given.len() > 1 && strip_joints(&event.stems) == strip_joints(&given)
        };
        let whole: Vec<String> =
            events.iter().filter(|event| same(event)).map(|event| event.name.clone()).collect();
        if !whole.is_empty() {
            return whole.into_iter().take(1).collect();
        }
        let of = |phrase: &str| {
            phrase.split([' ', ':']).filter(|word| !word.is_empty()).map(stem).collect::<Vec<_>>()
        };
        for group in SYNONYMS {
            if !group.iter().any(|phrase| of(phrase) == given) {
                continue;
            }
            let called: Vec<String> = events
                .iter()
                .filter(|event| {
                    group.iter().any(|phrase| {
                        of(phrase) == event.stems || of(phrase).concat() == event.stems.concat()
                    })
                })
                .map(|event| event.name.clone())
                .collect();
            if !called.is_empty() {
                return called;
            }
        }
        if let ([word], [part]) = (words, given.as_slice())
            && word.chars().count() >= 5
            && !super::lexicon::WORDS.contains(*word)
            && !COMMON.contains(&part.as_str())
        {
            let having: Vec<String> = events
                .iter()
                .filter(|event| event.stems.contains(part))
                .map(|event| event.name.clone())
                .collect();
            return if having.len() <= 3 { having } else { Vec::new() };
        }
        Vec::new()
    }
}

/// Whether a dimension is a page.
pub(crate) fn is_page(name: &str) -> bool {
    matches!(name, "event:page" | "visit:entry_page" | "visit:exit_page")
}

/// Text in which nothing is part of a pattern.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii_punctuation() && !matches!(letter, '/' | '-' | '_') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}
