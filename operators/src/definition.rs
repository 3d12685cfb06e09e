//! Definitions: what users ask to be kept, as the dataflow sees it.
//!
//! In these, an event is the mark of a condition. Definitions come and go while the dataflow runs,
//! as rows of a collection of their own; from the time of its row on, a definition's differences are
//! emitted for every change. What happened before is counted elsewhere, by the same functions over
//! whole histories.

use serde::{Deserialize, Serialize};

use crate::calendar::Period;
use crate::marks::{Mark, Marks};

/// The number of a definition. Never used again; a changed definition has a new one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DefinitionId(pub u32);

/// A definition in force on a site.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Installed {
    pub site: u32,
    pub id: DefinitionId,
    pub definition: Definition,
}

/// What is to be kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Definition {
    /// Events, people and revenue per day, week and month.
    Goal(Mark),
    Funnel(FunnelSpec),
    Retention(RetentionSpec),
    /// A series per minute, hour and day.
    Series {
        of: Mark,
        measure: Measure,
    },
}

/// Steps, and how they must follow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FunnelSpec {
    pub steps: Vec<Mark>,
    pub order: Order,
    /// From the first step to the last, in milliseconds, both ends included.
    pub window_ms: i64,
}

/// How the steps of a funnel must follow each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// One after the other, with anything between.
    #[default]
    Ordered,
    /// One directly after the other: no counted event of the person between.
    Strict,
    /// In any order; a person has reached as many steps as have happened.
    Any,
}

/// Who starts, and what counts as coming back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RetentionSpec {
    pub start: Mark,
    pub back: Mark,
    pub period: Period,
}

/// What a series adds up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Measure {
    #[default]
    Events,
    /// Fixed point in the site's currency.
    Revenue,
    /// People, each once in a minute, an hour, a day.
    Visitors,
}

impl Definition {
    /// The conditions whose events can change what is kept.
    pub fn marks(&self) -> Marks {
        match self {
            Self::Goal(mark) | Self::Series { of: mark, .. } => Marks::default().with(*mark),
            Self::Funnel(funnel) => funnel.steps.iter().copied().collect(),
            Self::Retention(retention) => [retention.start, retention.back].into_iter().collect(),
        }
    }
}
