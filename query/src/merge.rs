//! Rows of several statements become the rows of one answer.

use std::cmp::Ordering;
use std::collections::HashMap;

use crate::catalogue::{Metric, Presence};
use crate::plan::{Output, Part, Plan, Source};
use crate::query::{Direction, Pagination, Query, Subject};

/// A group with its numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// Labels, in the order of the query's dimensions.
    pub(crate) dimensions: Vec<String>,
    /// In the order of the statement's metrics, then of the query's.
    pub(crate) metrics: Vec<f64>,
}

/// Visitors of a total by the labels of the dimensions that divide it.
pub(crate) type Visitors = HashMap<Vec<String>, f64>;

/// Joins what the parts of a plan returned by their dimensions. A group that a part does not have
/// is nought there, or null. `totals` are those of the plan.
pub(crate) fn join(query: &Query, plan: &Plan, returned: Vec<Vec<Row>>, totals: &[Visitors]) -> Vec<Row> {
    let columns: Vec<Metric> = plan.parts.iter().flat_map(|part| part.metrics.iter().copied()).collect();
    let absent: Vec<f64> = columns.iter().map(|metric| metric.absent()).collect();
    let only_engagement = plan.parts.iter().all(|part| part.source == Source::Engagement);
    let mut groups: HashMap<Vec<String>, Vec<f64>> = HashMap::new();
    let mut later = Vec::new();
    let mut place = 0;
    for (Part { metrics, source }, rows) in plan.parts.iter().zip(returned) {
        let columns = place..place + metrics.len();
        place = columns.end;
        if *source == Source::Engagement && !only_engagement {
            later.push((columns, rows));
            continue;
        }
        for row in rows {
            let group = groups.entry(row.dimensions).or_insert_with(|| absent.clone());
            group[columns.clone()].copy_from_slice(&row.metrics);
        }
    }
    // Engagement says something about groups that the others have made.
    for (columns, rows) in later {
        for row in rows {
            if let Some(group) = groups.get_mut(&row.dimensions) {
                group[columns.clone()].copy_from_slice(&row.metrics);
            }
        }
    }

    let column = |metric: Metric| columns.iter().position(|column| *column == metric);
    let value = |group: &[f64], metric: Metric| column(metric).map_or(0.0, |place| group[place]);
    // A metric of visits made from one of events has groups without visits, which say nothing.
    let of_visits = !query.dimensions.is_empty()
        && query.metrics.iter().all(|metric| metric.info().presence == Presence::Visit)
        && plan.outputs.contains(&Output::Ratio(Metric::Pageviews, Metric::Visits));
    groups
        .into_iter()
        .filter(|(_, group)| !of_visits || value(group, Metric::Visits) > 0.0)
        .map(|(dimensions, group)| {
            let metrics = plan.outputs.iter().map(|output| match output {
                Output::Column(metric) => value(&group, *metric),
                Output::Ratio(of, by) => ratio(value(&group, *of), value(&group, *by), 100.0),
                Output::Share { total, digits } => {
                    let labels: Vec<String> =
                        plan.totals[*total].places.iter().map(|place| dimensions[*place].clone()).collect();
                    let all = totals[*total].get(&labels).copied().unwrap_or(0.0);
                    ratio(100.0 * value(&group, Metric::Visitors), all, 10_f64.powi(*digits))
                }
            });
            Row { metrics: metrics.collect(), dimensions }
        })
        .collect()
}

/// `a / b` to the digits that `scale` keeps, half to even as the store rounds; nought where `b` is.
fn ratio(a: f64, b: f64, scale: f64) -> f64 {
    if b == 0.0 { 0.0 } else { (a / b * scale).round_ties_even() / scale }
}

/// Orders rows as the query asks; rows that tie are ordered by their dimensions.
pub(crate) fn order(query: &Query, rows: &mut [Row]) {
    let order = query.order();
    rows.sort_unstable_by(|a, b| {
        let asked = order.iter().map(|by| {
            let ascending = match &by.subject {
                Subject::Metric(metric) => match query.metrics.iter().position(|column| column == metric) {
                    Some(place) => return by_value(a.metrics[place], b.metrics[place], by.direction),
                    None => Ordering::Equal,
                },
                Subject::Dimension(dimension) => {
                    match query.dimensions.iter().position(|column| column == dimension) {
                        Some(place) => a.dimensions[place].cmp(&b.dimensions[place]),
                        None => Ordering::Equal,
                    }
                }
            };
            match by.direction {
                Direction::Asc => ascending,
                Direction::Desc => ascending.reverse(),
            }
        });
        asked.fold(Ordering::Equal, Ordering::then).then_with(|| a.dimensions.cmp(&b.dimensions))
    });
}

/// Orders values; what is null comes last in either direction.
fn by_value(a: f64, b: f64, direction: Direction) -> Ordering {
    match (a.is_nan(), b.is_nan(), direction) {
        (false, false, Direction::Asc) => a.total_cmp(&b),
        (false, false, Direction::Desc) => b.total_cmp(&a),
        (a, b, _) => a.cmp(&b),
    }
}

/// The rows of one page.
pub(crate) fn page(rows: Vec<Row>, pagination: Pagination) -> Vec<Row> {
    let skipped = usize::try_from(pagination.offset).unwrap_or(usize::MAX);
    let taken = usize::try_from(pagination.limit).unwrap_or(usize::MAX);
    rows.into_iter().skip(skipped).take(taken).collect()
}
