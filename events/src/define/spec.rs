//! Definitions and their limits.

use serde::{Deserialize, Serialize};

use super::condition::{BadPattern, Condition, Matcher};
use crate::ids::{DefinitionId, SiteId};

/// The longest a funnel may take.
const LONGEST_WINDOW_MS: i64 = 90 * crate::ids::DAY_MS;
/// The most steps of a funnel.
const MOST_STEPS: usize = 16;

/// What a user asked to be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// Never given twice. A definition that is changed gets a new one.
    pub id: DefinitionId,
    pub site: SiteId,
    pub spec: Spec,
}

/// The kinds of definitions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Spec {
    /// An event that matters, counted per day, week and month.
    Goal { event: Condition },
    /// People who take one step after another.
    Funnel {
        steps: Vec<Step>,
        #[serde(default)]
        order: Order,
        /// From the first step to the last.
        window_ms: i64,
    },
    /// People who come back.
    Retention { start: Condition, back: Condition, period: Period },
    /// A number over time, per minute, hour and day.
    Series { event: Condition, measure: Measure },
}

/// A step of a funnel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub name: String,
    pub event: Condition,
}

/// How the steps of a funnel must follow each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    #[default]
    Ordered,
    Strict,
    Any,
}

/// The length of a cohort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    #[default]
    Day,
    Week,
    Month,
}

/// What a series adds up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    #[default]
    Events,
    /// In the site's currency.
    Revenue,
    Visitors,
}

/// Why a definition cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    #[error("a funnel has from 1 to {MOST_STEPS} steps, not {0}")]
    Steps(usize),
    #[error("the window of a funnel is from a second to 90 days")]
    Window,
    #[error(transparent)]
    Pattern(#[from] BadPattern),
}

impl Spec {
    /// Every condition, in order.
    pub fn conditions(&self) -> Vec<&Condition> {
        match self {
            Self::Goal { event } | Self::Series { event, .. } => vec![event],
            Self::Funnel { steps, .. } => steps.iter().map(|step| &step.event).collect(),
            Self::Retention { start, back, .. } => vec![start, back],
        }
    }

    /// Checks the limits.
    ///
    /// # Errors
    /// [`SpecError`].
    pub fn check(&self) -> Result<(), SpecError> {
        if let Self::Funnel { steps, window_ms, .. } = self {
            if !(1..=MOST_STEPS).contains(&steps.len()) {
                return Err(SpecError::Steps(steps.len()));
            }
            if !(1_000..=LONGEST_WINDOW_MS).contains(window_ms) {
                return Err(SpecError::Window);
            }
        }
        for condition in self.conditions() {
            Matcher::new(condition)?;
        }
        Ok(())
    }
}
