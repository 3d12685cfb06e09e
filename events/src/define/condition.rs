//! Conditions on single events, as definitions use them.
//!
//! A condition looks at one event and nothing else: its name, its page, its properties, and the
//! attributes of a visit as the event carries them. Comparisons are those of the query API, and an
//! empty attribute answers to the name that answers call it by.

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::model::{Event, Kind, Visit};

/// A condition, nested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// All of these hold; of none, always.
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Where(Comparison),
}

/// One comparison: the attribute is, contains or matches any of the values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    pub attribute: Attribute,
    pub operator: Operator,
    /// Whether none of the values may apply.
    pub negated: bool,
    pub values: Vec<String>,
    pub case_sensitive: bool,
    /// What an empty value is called; empty where it has no name.
    pub empty: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    Is,
    Contains,
    /// A regular expression found anywhere in the value.
    Matches,
}

/// What of an event is compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attribute {
    Name,
    /// The name of a custom event; other events have none and meet no comparison.
    Goal,
    Path,
    Property(String),
    /// A column of a visit.
    Visit(VisitColumn),
}

macro_rules! visit_columns {
    ($($name:ident = $field:ident,)*) => {
        /// The attributes of a visit.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum VisitColumn { $($name,)* }

        impl VisitColumn {
            /// The attribute whose column in the store has this name.
            pub fn of_column(name: &str) -> Option<Self> {
                match name {
                    $(stringify!($field) => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// The name of its column in the store.
            pub fn column(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($field),)*
                }
            }

            fn value(self, visit: &Visit) -> &str {
                match self {
                    $(Self::$name => &visit.$field,)*
                }
            }
        }
    };
}

visit_columns! {
    Hostname = hostname,
    Referrer = referrer,
    Source = source,
    Medium = medium,
    Campaign = campaign,
    Term = term,
    Content = content,
    Channel = channel,
    Country = country,
    Region = region,
    City = city,
    Device = device,
    Browser = browser,
    BrowserVersion = browser_version,
    Os = os,
    OsVersion = os_version,
    Screen = screen,
    Language = language,
    Platform = platform,
    App = app,
    AppVersion = app_version,
}

/// What a condition looks at.
pub trait Subject {
    fn name(&self) -> &str;
    fn path(&self) -> &str;
    fn visit(&self) -> &Visit;
    /// Empty where the event does not have it.
    fn property(&self, key: &str) -> &str;
}

impl Subject for Event {
    fn name(&self) -> &str {
        &self.name
    }

    fn path(&self) -> &str {
        &self.page.path
    }

    fn visit(&self) -> &Visit {
        &self.visit
    }

    fn property(&self, key: &str) -> &str {
        let found = self.props.binary_search_by(|(held, _)| held.as_str().cmp(key));
        found.map_or("", |place| &self.props[place].1)
    }
}

impl Attribute {
    /// The attribute of an event; empty where it has none.
    pub fn of<'a>(&self, subject: &'a impl Subject) -> &'a str {
        match self {
            Self::Name => subject.name(),
            Self::Goal if kind(subject.name()) == Kind::Custom => subject.name(),
            Self::Goal => "",
            Self::Path => subject.path(),
            Self::Property(key) => subject.property(key),
            Self::Visit(column) => column.value(subject.visit()),
        }
    }
}

impl Condition {
    /// The condition that every counted event meets.
    pub fn any() -> Self {
        Self::And(Vec::new())
    }

    /// Calls `visit` with every comparison within.
    pub fn comparisons<'a>(&'a self, visit: &mut impl FnMut(&'a Comparison)) {
        match self {
            Self::And(inner) | Self::Or(inner) => inner.iter().for_each(|one| one.comparisons(visit)),
            Self::Not(inner) => inner.comparisons(visit),
            Self::Where(comparison) => visit(comparison),
        }
    }
}

/// A pattern that is no regular expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is no regular expression: {reason}")]
pub struct BadPattern {
    pub pattern: String,
    pub reason: String,
}

/// A condition made ready to be asked often.
#[derive(Clone, Debug)]
pub struct Matcher {
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    Compare { attribute: Attribute, empty: String, values: Values },
}

#[derive(Clone, Debug)]
enum Values {
    Is(Vec<String>),
    IsFolded(Vec<String>),
    Contains(Vec<String>),
    ContainsFolded(Vec<String>),
    Matches(Vec<Regex>),
}

impl Matcher {
    /// Compiles a condition.
    ///
    /// # Errors
    /// [`BadPattern`].
    pub fn new(condition: &Condition) -> Result<Self, BadPattern> {
        Ok(Self { test: compile(condition)? })
    }

    /// Whether the event meets the condition. Engagement meets none: it counts as nothing.
    pub fn matches(&self, subject: &impl Subject) -> bool {
        subject.name() != crate::model::ENGAGEMENT && self.test.holds(subject)
    }

    /// Whether an event about engagement meets the condition; others do not.
    pub fn matches_engagement(&self, subject: &impl Subject) -> bool {
        subject.name() == crate::model::ENGAGEMENT && self.test.holds(subject)
    }
}

fn compile(condition: &Condition) -> Result<Test, BadPattern> {
    let all = |inner: &[Condition]| inner.iter().map(compile).collect::<Result<Vec<_>, _>>();
    Ok(match condition {
        Condition::And(inner) => Test::All(all(inner)?),
        Condition::Or(inner) => Test::Any(all(inner)?),
        Condition::Not(inner) => Test::Not(Box::new(compile(inner)?)),
        Condition::Where(comparison) => {
            let test = Test::Compare {
                attribute: comparison.attribute.clone(),
                empty: comparison.empty.clone(),
                values: values_of(comparison)?,
            };
            if comparison.negated { Test::Not(Box::new(test)) } else { test }
        }
    })
}

fn values_of(comparison: &Comparison) -> Result<Values, BadPattern> {
    let given = || comparison.values.clone();
    let folded = || comparison.values.iter().map(|value| value.to_lowercase()).collect();
    Ok(match (comparison.operator, comparison.case_sensitive) {
        (Operator::Is, true) => Values::Is(given()),
        (Operator::Is, false) => Values::IsFolded(folded()),
        (Operator::Contains, true) => Values::Contains(given()),
        (Operator::Contains, false) => Values::ContainsFolded(folded()),
        (Operator::Matches, _) => {
            let pattern = |pattern: &String| {
                // As in the store, a dot matches the end of a line too.
                regex::RegexBuilder::new(pattern)
                    .dot_matches_new_line(true)
                    .build()
                    .map_err(|error| BadPattern { pattern: pattern.clone(), reason: error.to_string() })
            };
            Values::Matches(comparison.values.iter().map(pattern).collect::<Result<_, _>>()?)
        }
    })
}

impl Test {
    fn holds(&self, subject: &impl Subject) -> bool {
        match self {
            Self::All(inner) => inner.iter().all(|test| test.holds(subject)),
            Self::Any(inner) => inner.iter().any(|test| test.holds(subject)),
            Self::Not(inner) => !inner.holds(subject),
            Self::Compare { attribute, empty, values } => {
                if *attribute == Attribute::Goal && kind(subject.name()) != Kind::Custom {
                    return false;
                }
                values.hold(attribute.of(subject), empty)
            }
        }
    }
}

impl Values {
    fn hold(&self, stored: &str, empty: &str) -> bool {
        let named = if stored.is_empty() { empty } else { stored };
        match self {
            // The name of emptiness means empty, and what really has that name.
            Self::Is(values) => values.iter().any(|value| value == named || value == stored),
            Self::IsFolded(values) => {
                let (named, stored) = (named.to_lowercase(), stored.to_lowercase());
                values.iter().any(|value| *value == named || *value == stored)
            }
            Self::Contains(values) => values.iter().any(|value| named.contains(value.as_str())),
            Self::ContainsFolded(values) => {
                let named = named.to_lowercase();
                values.iter().any(|value| named.contains(value.as_str()))
            }
            Self::Matches(patterns) => patterns.iter().any(|pattern| pattern.is_match(named)),
        }
    }
}

fn kind(name: &str) -> Kind {
    match name {
        crate::model::PAGEVIEW => Kind::Pageview,
        crate::model::ENGAGEMENT => Kind::Engagement,
        _ => Kind::Custom,
    }
}
