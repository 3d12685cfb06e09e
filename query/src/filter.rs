//! Which events and visits count.

use crate::catalogue::{Field, Scope};
use crate::query::Dimension;

/// A condition on events and visits, nested as deep as [`crate::limits::FILTER_DEPTH`].
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    Where(Condition),
    /// The visit holds an event that meets the filter, which is about events alone.
    Done(Box<Filter>),
}

/// One comparison: the attribute is, contains or matches any of the values.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    pub operator: Operator,
    /// Whether none of the values may apply.
    pub negated: bool,
    /// Never time.
    pub dimension: Dimension,
    /// At least one.
    pub values: Vec<String>,
    /// Always true for [`Operator::Matches`]: a pattern says `(?i)` itself.
    pub case_sensitive: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    Is,
    Contains,
    /// An RE2 pattern found anywhere in the value.
    Matches,
}

impl Operator {
    /// Every operator with its two names, plain and negated.
    pub const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Is, "is", "is_not"),
        (Self::Contains, "contains", "contains_not"),
        (Self::Matches, "matches", "matches_not"),
    ];

    /// The operator's name in requests.
    pub fn name(self, negated: bool) -> &'static str {
        let (_, plain, not) = Self::ALL[self as usize];
        if negated { not } else { plain }
    }
}

impl Filter {
    /// Calls `visit` with every condition on what is counted. What a visit has done besides
    /// ([`Filter::Done`]) is not of that kind.
    pub fn conditions<'a>(&'a self, visit: &mut impl FnMut(&'a Condition)) {
        match self {
            Self::And(inner) | Self::Or(inner) => inner.iter().for_each(|filter| filter.conditions(visit)),
            Self::Not(inner) => inner.conditions(visit),
            Self::Where(condition) => visit(condition),
            Self::Done(_) => {}
        }
    }

    /// Whether it asks what else a visit has done.
    pub fn is_behavioural(&self) -> bool {
        match self {
            Self::And(inner) | Self::Or(inner) => inner.iter().any(Self::is_behavioural),
            Self::Not(inner) => inner.is_behavioural(),
            Self::Where(_) => false,
            Self::Done(_) => true,
        }
    }

    /// Whether it has a condition on an attribute that `wanted` picks.
    pub fn mentions(&self, wanted: impl Fn(&Dimension) -> bool) -> bool {
        let mut found = false;
        self.conditions(&mut |condition| found |= wanted(&condition.dimension));
        found
    }
}

/// The conditions on goals that every counted event meets.
pub(crate) fn named_goals<'a>(filters: &'a [Filter], named: &mut Vec<&'a Condition>) {
    for filter in filters {
        match filter {
            Filter::And(inner) => named_goals(inner, named),
            Filter::Where(condition) if condition.dimension.is_goal() && !condition.negated => {
                named.push(condition);
            }
            _ => {}
        }
    }
}

impl Dimension {
    /// Whether it is `event:goal`.
    pub fn is_goal(&self) -> bool {
        self.field().is_some_and(|field| field.custom_only)
    }

    /// The catalogue's row, for dimensions that have one.
    pub fn field(&self) -> Option<&'static Field> {
        match self {
            Self::Field(field) => Some(field),
            _ => None,
        }
    }

    /// Whose attribute it is; time is nobody's.
    pub fn scope(&self) -> Option<Scope> {
        match self {
            Self::Time | Self::Bucket(_) => None,
            Self::Field(field) => Some(field.scope),
            Self::Property(_) => Some(Scope::Event),
        }
    }
}
