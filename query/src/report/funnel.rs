//! How far people get who enter a funnel.

use opentrace_events::define::{Order, Spec, Step};
use serde::Serialize;
use serde_json::Value;

use super::{About, Divided, Reporting, conditions};
use crate::error::QueryError;
use crate::plan::Shape;
use crate::query::Query;
use crate::rows;
use crate::sql;

/// A question about how far people get. Of a person's entries in the range the one that reaches
/// furthest counts, of equals the first.
#[derive(Clone, Debug, PartialEq)]
pub struct Funnel {
    pub about: About,
    pub steps: Vec<Step>,
    pub order: Order,
    pub window_ms: i64,
}

/// The steps, in their order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FunnelAnswer {
    pub steps: Vec<Reached>,
    /// The same for each group by what the entry came with, the largest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breakdown: Option<Vec<Divided<Steps>>>,
}

/// The steps of one group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Steps {
    pub steps: Vec<Reached>,
}

/// Who got as far as a step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reached {
    pub name: String,
    pub visitors: u64,
    /// In percent of those who entered.
    pub rate: f64,
    /// From the entry; null where nobody got here.
    pub median_seconds: Option<f64>,
}

impl Reporting<'_> {
    /// Answers a question about how far people get.
    ///
    /// # Errors
    /// See [`QueryError::blame`].
    pub async fn funnel(&self, ask: &Funnel) -> Result<FunnelAnswer, QueryError> {
        let range = self.asking.range(&ask.about.date_range).await?;
        let filters = conditions(&ask.about)?;
        let (query, shape) = (Query::default(), Shape::default());
        let context = self.context(&query, &range, &shape);
        let undivided = filters.is_empty() && ask.about.dimension.is_none() && range.whole_days();
        let events = |steps: &[Step]| steps.iter().map(|step| step.event.clone()).collect::<Vec<_>>();
        let kept = self.kept(|definition| match &definition.spec {
            Spec::Funnel { steps, order, window_ms } => {
                undivided
                    && events(steps) == events(&ask.steps)
                    && (*order, *window_ms) == (ask.order, ask.window_ms)
            }
            _ => false,
        });
        let statement = match kept {
            Some(definition) => sql::report::kept_funnel(context, definition, ask.steps.len())?,
            None => sql::report::funnel(context, ask, &filters)?,
        };
        let mut groups = Vec::new();
        let mut all = None;
        for row in rows::fetch(self.asking.client, &statement, self.asking.budget).await? {
            let steps = steps(&row, &ask.steps)?;
            match row.first() {
                Some(Value::String(name)) => {
                    groups.push(Divided { dimensions: [name.clone()], part: Steps { steps } });
                }
                _ => all = Some(steps),
            }
        }
        let nobody = || steps(&[Value::Null, Value::Array(Vec::new()), Value::Array(Vec::new())], &ask.steps);
        Ok(FunnelAnswer {
            steps: all.map_or_else(nobody, Ok)?,
            breakdown: ask.about.dimension.as_ref().map(|_| groups),
        })
    }
}

/// A row's counts and medians with the names of the steps.
fn steps(row: &[Value], steps: &[Step]) -> Result<Vec<Reached>, QueryError> {
    let [_, Value::Array(counts), Value::Array(medians)] = row else {
        return Err(QueryError::Row { message: "steps of another form".to_owned() });
    };
    let count = |place: usize| counts.get(place).and_then(Value::as_u64).unwrap_or_default();
    let entered = count(0);
    let reached = steps.iter().enumerate().map(|(place, step)| {
        let visitors = count(place);
        let rate = if entered == 0 { 0.0 } else { visitors as f64 / entered as f64 * 100.0 };
        Reached {
            name: step.name.clone(),
            visitors,
            rate: (rate * 100.0).round_ties_even() / 100.0,
            median_seconds: medians.get(place).and_then(Value::as_f64).filter(|_| visitors > 0),
        }
    });
    Ok(reached.collect())
}
