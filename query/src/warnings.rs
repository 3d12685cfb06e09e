//! What an answer leaves out, told with it: amounts in other currencies, and that there are none.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::catalogue::{Metric, Unit};
use crate::error::QueryError;
use crate::plan::Plan;
use crate::query::Query;
use crate::range::Range;
use crate::rows;
use crate::run::Asking;
use crate::sql::{self, Context};

/// Something to know about the values of a metric.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    pub code: &'static str,
    pub warning: String,
}

/// Warnings by the names of metrics.
pub(crate) type Warnings = BTreeMap<&'static str, Warning>;

const NO_REVENUE: &str = "no_revenue_goals_matching";

/// Looks for the currencies of matching events, where a query asks for revenue by what events are.
pub(crate) async fn warnings(
    asking: &Asking<'_>,
    query: &Query,
    range: &Range,
    plan: &Plan,
) -> Result<Option<Warnings>, QueryError> {
    let about: Vec<Metric> =
        query.metrics.iter().copied().filter(|metric| metric.info().unit == Unit::Revenue).collect();
    if about.is_empty() || !plan.shape.events {
        return Ok(None);
    }
    let context = Context {
        site: asking.site,
        query,
        range,
        shape: &plan.shape,
        filters: &query.filters,
        goals: asking.goals,
    };
    let returned = rows::fetch(asking.client, &sql::currencies(context)?, asking.budget).await?;
    let currencies: Vec<String> =
        returned.into_iter().flatten().filter_map(|value| value.as_str().map(str::to_owned)).collect();
    let site = &asking.site.currency;
    let others: Vec<&str> =
        currencies.iter().map(String::as_str).filter(|currency| *currency != site.as_str()).collect();
    let warning = if currencies.is_empty() {
        Warning {
            code: NO_REVENUE,
            warning: "Revenue metrics are null as no matching event has revenue.".to_owned(),
        }
    } else if !others.is_empty() {
        Warning {
            code: "no_single_revenue_currency",
            warning: format!(
                "Only revenue in {site}, the site's currency, is counted; there is also some in {}.",
                others.join(", ")
            ),
        }
    } else {
        return Ok(None);
    };
    Ok(Some(about.iter().map(|metric| (metric.name(), warning.clone())).collect()))
}

/// The values of a row without those that a warning says are none.
pub(crate) fn without(metrics: &[Metric], values: &[f64], warnings: &Option<Warnings>) -> Vec<f64> {
    let none = |metric: &Metric| {
        let warning = warnings.as_ref().and_then(|warnings| warnings.get(metric.name()));
        warning.is_some_and(|warning| warning.code == NO_REVENUE)
    };
    metrics.iter().zip(values).map(|(metric, value)| if none(metric) { f64::NAN } else { *value }).collect()
}
