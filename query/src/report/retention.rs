//! Of the people who started in a period, how many came back after k periods.

use std::collections::BTreeMap;

use opentrace_events::define::{Condition, Period, Spec};
use serde::Serialize;

use super::{About, Divided, GROUPS, Reporting, conditions};
use crate::bucket::{day_number, label};
use crate::catalogue::Grain;
use crate::error::QueryError;
use crate::plan::Shape;
use crate::query::Query;
use crate::range::Range;
use crate::rows;
use crate::sql;

/// A question about who comes back. A person belongs to the period of their first start event ever;
/// the range says which periods are shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Retention {
    pub about: About,
    pub start: Condition,
    pub back: Condition,
    pub period: Period,
}

/// The cohorts, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RetentionAnswer {
    pub cohorts: Vec<Cohort>,
    /// The same for each group, the largest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breakdown: Option<Vec<Divided<Cohorts>>>,
}

/// The cohorts of one group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cohorts {
    pub cohorts: Vec<Cohort>,
}

/// People who started in one period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cohort {
    /// The first day of the period.
    pub cohort: String,
    pub size: u64,
    /// People who came back after 0, 1, … periods, up to the last period of the range.
    pub values: Vec<u64>,
}

/// People by cohort, in days since 1970, and offset; -1 is the size.
type Cells = BTreeMap<i64, BTreeMap<i64, u64>>;

impl Reporting<'_> {
    /// Answers a question about who comes back.
    ///
    /// # Errors
    /// See [`QueryError::blame`].
    pub async fn retention(&self, ask: &Retention) -> Result<RetentionAnswer, QueryError> {
        let range = self.asking.range(&ask.about.date_range).await?;
        let filters = conditions(&ask.about)?;
        let (query, shape) = (Query::default(), Shape::default());
        let context = self.context(&query, &range, &shape);
        let undivided = filters.is_empty() && ask.about.dimension.is_none();
        let kept = self.kept(|definition| match &definition.spec {
            Spec::Retention { start, back, period } => {
                undivided && (start, back, *period) == (&ask.start, &ask.back, ask.period)
            }
            _ => false,
        });
        let statement = match kept {
            Some(definition) => sql::report::kept_retention(context, definition, ask.period)?,
            None => sql::report::retention(context, ask, &filters)?,
        };
        let unreadable = || QueryError::Row { message: "a cell of another form".to_owned() };
        let mut all = Cells::new();
        let mut groups: BTreeMap<String, Cells> = BTreeMap::new();
        for row in rows::fetch(self.asking.client, &statement, self.asking.budget).await? {
            let [group, cohort, offset, people] = row.as_slice() else { return Err(unreadable()) };
            let number = |value: &serde_json::Value| value.as_i64().ok_or_else(unreadable);
            let (cohort, offset, people) = (number(cohort)?, number(offset)?, number(people)?);
            let people = u64::try_from(people).unwrap_or_default();
            *all.entry(cohort).or_default().entry(offset).or_default() += people;
            if ask.about.dimension.is_some() {
                let group = group.as_str().ok_or_else(unreadable)?.to_owned();
                *groups.entry(group).or_default().entry(cohort).or_default().entry(offset).or_default() +=
                    people;
            }
        }
        let size = |cells: &Cells| -> u64 { cells.values().filter_map(|cells| cells.get(&-1)).sum() };
        let breakdown = ask.about.dimension.as_ref().map(|_| {
            let mut groups: Vec<_> = groups.into_iter().collect();
            groups.sort_by_key(|(_, cells)| std::cmp::Reverse(size(cells)));
            groups.truncate(GROUPS as usize);
            groups
                .into_iter()
                .map(|(name, cells)| Divided {
                    dimensions: [name],
                    part: Cohorts { cohorts: cohorts(&cells, &range, ask.period) },
                })
                .collect()
        });
        Ok(RetentionAnswer { cohorts: cohorts(&all, &range, ask.period), breakdown })
    }
}

/// Every cohort with people, and a value for each period up to the last of the range.
fn cohorts(cells: &Cells, range: &Range, period: Period) -> Vec<Cohort> {
    let last = day_number(range.last);
    cells
        .iter()
        .map(|(cohort, cells)| {
            let periods = match period {
                Period::Day => last - cohort,
                Period::Week => (last - cohort).div_euclid(7),
                Period::Month => months(last) - months(*cohort),
            };
            Cohort {
                cohort: label(Grain::Day, *cohort),
                size: cells.get(&-1).copied().unwrap_or_default(),
                values: (0..=periods).map(|offset| cells.get(&offset).copied().unwrap_or_default()).collect(),
            }
        })
        .collect()
}

/// Months since the beginning of the calendar, of a day since 1970.
fn months(day: i64) -> i64 {
    let date = label(Grain::Day, day).parse::<jiff::civil::Date>().unwrap_or_default();
    i64::from(date.year()) * 12 + i64::from(date.month())
}
