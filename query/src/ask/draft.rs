//! What has been read of a question so far.

use serde_json::{Value as Json, json};

use super::time::Earlier;
use super::time::calendar::{Span, Unit};
use crate::catalogue::Grain;

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cond {
    pub(crate) dimension: String,
    pub(crate) operator: &'static str,
    pub(crate) values: Vec<String>,
    pub(crate) negated: bool,
    /// Where it stood.
    pub(crate) at: usize,
    /// What people did, rather than an attribute of what is counted.
    pub(crate) behaviour: bool,
    /// Joined to the condition before by `or`.
    pub(crate) or: bool,
}

/// Something to divide by.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Divide {
    pub(crate) name: String,
    pub(crate) plural: bool,
    /// Said with `by` or the like.
    pub(crate) said: bool,
}

/// An event that was named.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mention {
    pub(crate) names: Vec<String>,
    /// As what somebody did.
    pub(crate) verb: bool,
    /// Several that are to be told apart.
    pub(crate) apart: bool,
    pub(crate) negated: bool,
    pub(crate) at: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measure {
    pub(crate) name: &'static str,
    pub(crate) at: usize,
    /// The word only names who or what is counted, and gives way to another metric.
    pub(crate) weak: bool,
}

/// The order asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Rank {
    pub(crate) count: Option<i64>,
    pub(crate) descending: Option<bool>,
    /// `best` and `worst` depend on the metric.
    pub(crate) good: Option<bool>,
    pub(crate) hint: Option<&'static str>,
    pub(crate) at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Against {
    Span(Span),
    Earlier(Earlier),
}

/// Kinds of questions that are not answered by a table of figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    Forecast,
    Anomalies,
    Insight,
    Live,
    Retention,
    Journeys,
    Funnel,
}

/// A step of a funnel: an event, or the view of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Event(String),
    Page(String),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    pub(crate) measures: Vec<Measure>,
    pub(crate) divides: Vec<Divide>,
    pub(crate) conds: Vec<Cond>,
    pub(crate) mentions: Vec<Mention>,
    pub(crate) times: Vec<Span>,
    pub(crate) ahead: Option<(Unit, i64)>,
    pub(crate) against: Option<Against>,
    pub(crate) rank: Option<Rank>,
    pub(crate) intents: Vec<Intent>,
    pub(crate) steps: Vec<Step>,
    pub(crate) window: Option<String>,
    /// The dimension whose values were set against each other.
    pub(crate) versus: Option<String>,
    pub(crate) share: bool,
    pub(crate) rate: bool,
    pub(crate) trend: bool,
    /// `trending`, which of several things are those that grow.
    pub(crate) trending: bool,
    /// A picture was asked for, whatever it shows.
    pub(crate) chart: bool,
    pub(crate) average: Option<usize>,
    pub(crate) changes: Vec<usize>,
    pub(crate) comparatives: Vec<usize>,
    pub(crate) compare: bool,
    /// `how has it changed`: the course of it, not one difference.
    pub(crate) course: bool,
    /// `how is it doing`, whatever that is measured by.
    pub(crate) doing: bool,
    /// `explain …`, which may ask for what a word means.
    pub(crate) explain: bool,
    pub(crate) then: bool,
    pub(crate) follow_up: bool,
    /// `what do they …`, which is answered by a report or a list and not by their number.
    pub(crate) what_do: Option<usize>,
    pub(crate) stays: bool,
    /// Pages of a folder were named, which are rows where an order is asked for.
    pub(crate) folder: bool,
    /// One of them is asked for.
    pub(crate) folder_one: bool,
    /// A metric was said with `by`.
    pub(crate) by_metric: bool,
    /// Events from here on are those that people come back for.
    pub(crate) back_to: Option<usize>,
    /// Tokens that were not understood.
    pub(crate) unknown: Vec<usize>,
    /// Why it cannot be answered although every word is known.
    pub(crate) refusal: Option<String>,
}

impl Draft {
    pub(crate) fn intends(&self, intent: Intent) -> bool {
        self.intents.contains(&intent)
    }

    pub(crate) fn intend(&mut self, intent: Intent) {
        if !self.intends(intent) {
            self.intents.push(intent);
        }
    }

    /// Whether people are who the question is about.
    pub(crate) fn of_people(&self) -> bool {
        self.measures.iter().any(|measure| measure.name == "visitors")
    }

    /// Whether visits are what the question is about.
    pub(crate) fn of_visits(&self) -> bool {
        self.measures.iter().any(|measure| measure.name == "visits")
    }

    pub(crate) fn divide(&mut self, name: &str, plural: bool, said: bool) {
        match self.divides.iter_mut().find(|known| known.name == name) {
            Some(known) => {
                known.said |= said;
                known.plural |= plural;
            }
            None => self.divides.push(Divide { name: name.to_owned(), plural, said }),
        }
    }

    pub(crate) fn grain(&self) -> Option<Grain> {
        self.divides.iter().find_map(|divide| crate::catalogue::grain(&divide.name))
    }

    pub(crate) fn refuse(&mut self, why: impl Into<String>) {
        self.refusal.get_or_insert_with(|| why.into());
    }
}

impl Cond {
    pub(crate) fn is(dimension: &str, values: &[String], at: usize) -> Self {
        Self {
            dimension: dimension.to_owned(),
            operator: "is",
            values: values.to_vec(),
            negated: false,
            at,
            behaviour: false,
            or: false,
        }
    }

    /// As a filter of a query.
    pub(crate) fn json(&self) -> Json {
        let name = match (self.operator, self.negated) {
            ("is", true) => "is_not",
            ("contains", true) => "contains_not",
            ("matches", true) => "matches_not",
            (operator, _) => operator,
        };
        let plain = |name: &str| json!([name, self.dimension, self.values]);
        match (self.behaviour, self.negated) {
            (true, true) => json!(["has_not_done", plain(self.operator)]),
            (true, false) => json!(["has_done", plain(name)]),
            _ => plain(name),
        }
    }
}

impl Step {
    pub(crate) fn json(&self) -> Json {
        match self {
            Self::Event(name) => json!({ "event": name }),
            Self::Page(path) => json!({ "event": "pageview", "filters": [["is", "event:page", [path]]] }),
        }
    }
}

/// Which meaning to take at each place that has several, and how many there were.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choices {
    pub(crate) picks: Vec<usize>,
    pub(crate) seen: Vec<usize>,
}

impl Choices {
    pub(crate) fn choose(&mut self, several: usize) -> usize {
        let place = self.seen.len();
        self.seen.push(several);
        self.picks.get(place).copied().unwrap_or(0).min(several.saturating_sub(1))
    }
}
