//! Which slices of the traffic an alert came from: what changed most against the stretch before.
//!
//! Asked for when somebody looks, not when it fires: an alert does not wait for it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use opentrace_alerts::rule::draft;
use opentrace_events::Site;
use opentrace_query::limits::Budget;
use opentrace_query::{Asking, QueryError, Views, Vocabulary};
use opentrace_store::meta::AlertHistoryRecord;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Alerts;
use super::asked::Asked;
use super::defined::Defined;
use crate::clock;

/// Means over visits. A slice contributes to one by its visits.
const OF_VISITS: [&str; 3] = ["bounce_rate", "visit_duration", "views_per_visit"];
/// What is looked at.
const DIMENSIONS: [&str; 5] = ["event:page", "visit:source", "visit:country", "visit:device", "event:name"];
/// Slices in an answer.
const MOST: usize = 5;
/// Values of a dimension that are compared.
const VALUES: u32 = 200;

/// The figure of a slice, and its part of the figure of the whole.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Figure {
    own: f64,
    part: f64,
}

/// A slice and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Slice {
    pub dimension: &'static str,
    pub value: String,
    pub before: f64,
    pub after: f64,
    /// Of all that went the same way.
    pub share: f64,
}

impl Alerts {
    /// The slices that contributed most to an alert; none where its rule is gone, or what that watches.
    ///
    /// # Errors
    /// Those of the query.
    pub async fn slices(&self, site: &Site, record: &AlertHistoryRecord) -> Result<Vec<Slice>, QueryError> {
        let Ok(defined) = self.defined(site.id).await else { return Ok(Vec::new()) };
        let body: Value = serde_json::from_str(&record.row.body).unwrap_or_default();
        let question = self.question(&record.row.rule, &body, &defined).await;
        let (Some(question), Some((from, to))) = (question, stretch(&body)) else { return Ok(Vec::new()) };
        let words = &defined.vocabulary;
        let complete = self.shared.pipeline.get().is_some_and(|pipeline| pipeline.is_complete(site));
        let views = if complete { Views::Use } else { Views::Avoid };
        let both = async |dimension| {
            let before = (from - (to - from), from);
            let before = self.values(site, words, &question, dimension, before, views).await?;
            Ok((before, self.values(site, words, &question, dimension, (from, to), views).await?))
        };
        let (before, after) = both(None).await?;
        let whole = sum(&after) - sum(&before);
        if whole * way(&body) < 0.0 {
            return Ok(Vec::new());
        }
        let mut slices = Vec::new();
        for dimension in DIMENSIONS {
            match both(Some(dimension)).await {
                Ok((before, after)) => slices.extend(compared(dimension, whole, &before, &after)),
                // What is of whole visits is not divided by what single events have.
                Err(QueryError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        slices.sort_by(|a, b| b.share.total_cmp(&a.share));
        slices.truncate(MOST);
        Ok(slices)
    }

    /// Metric and filters of the rule as it is now, and the value of the dimension that fired.
    async fn question(&self, rule: &str, body: &Value, defined: &Defined) -> Option<Map<String, Value>> {
        let rule = self.shared.meta.alert_rule(rule.parse().ok()?).await.ok()??;
        let draft = draft(&serde_json::from_str(&rule.body).ok()?).ok()?;
        let asked = Asked::of(&draft, &defined.definitions, rule.site)?;
        let Asked { metric, filters } = asked.within(&draft, body["group"].as_str());
        let metrics = if OF_VISITS.contains(&&*metric) { json!([metric, "visits"]) } else { json!([metric]) };
        let body = json!({ "metrics": metrics, "filters": filters });
        body.as_object().cloned()
    }

    async fn values(
        &self,
        site: &Site,
        words: &Vocabulary,
        question: &Map<String, Value>,
        dimension: Option<&str>,
        (from, to): (i64, i64),
        views: Views,
    ) -> Result<BTreeMap<String, Figure>, QueryError> {
        let at = |second: i64| Timestamp::from_second(second).unwrap_or_default().to_string();
        let mut body = question.clone();
        body.insert("site_id".to_owned(), json!(site.domain));
        // The last second belongs to the range.
        body.insert("date_range".to_owned(), json!([at(from), at(to - 1)]));
        body.insert("dimensions".to_owned(), json!(dimension.as_slice()));
        body.insert("pagination".to_owned(), json!({ "limit": VALUES }));
        let query = opentrace_query::parse::from_value_with(&Value::Object(body), words)?;
        let client = self.shared.store.client();
        let (now, goals, budget) = (clock::now(), words.goals.as_slice(), Budget::default());
        let answer = Asking { client: &client, site, now, views, goals, budget }.answer(&query).await?;
        let value = |group: opentrace_query::answer::Group| {
            let visits = group.metrics.get(1).and_then(Value::as_f64);
            let name = group.dimensions.into_iter().next().unwrap_or_default();
            Some((name, figure_of(group.metrics.first()?)?, visits))
        };
        Ok(parts(answer.results.into_iter().filter_map(value).collect()))
    }
}

/// Which way the figure of an alert must have gone: 1 up, -1 down, 0 either. One that is above its mark although it
/// fell was there before, and what fell is not why.
fn way(body: &Value) -> f64 {
    match body["condition"]["type"].as_str() {
        Some("above") => 1.0,
        Some("below" | "no_data") => -1.0,
        _ => 0.0,
    }
}

/// The stretch that broke the rule, in seconds since 1970.
fn stretch(body: &Value) -> Option<(i64, i64)> {
    let at =
        |field: &str| body["window"][field].as_str()?.parse::<Timestamp>().ok().map(Timestamp::as_second);
    at("from").zip(at("to"))
}

/// A number, also of an amount with its currency.
fn figure_of(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value["value"].as_f64())
}

/// The figures of slices with their parts of the whole: by their visits, where there are those.
fn parts(rows: Vec<(String, f64, Option<f64>)>) -> BTreeMap<String, Figure> {
    let all: f64 = rows.iter().filter_map(|(.., visits)| *visits).sum();
    let part = |own: f64, visits: Option<f64>| match visits {
        Some(visits) if all > 0.0 => own * visits / all,
        Some(_) => 0.0,
        None => own,
    };
    let figure = |(name, own, visits)| (name, Figure { own, part: part(own, visits) });
    rows.into_iter().map(figure).collect()
}

/// The figures of all slices together.
fn sum(of: &BTreeMap<String, Figure>) -> f64 {
    of.values().map(|figure| figure.part).sum()
}

/// The slices that went the way of the whole. A dimension whose slices together did not go that way, or not half
/// as far, says nothing about it: in a stretch of minutes most of what visits did is not of the visits that began.
fn compared(
    dimension: &'static str,
    whole: f64,
    before: &BTreeMap<String, Figure>,
    after: &BTreeMap<String, Figure>,
) -> Vec<Slice> {
    // Of one value there is nothing to tell apart.
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    if whole == 0.0 || names.len() < 2 || (sum(after) - sum(before)) / whole < 0.5 {
        return Vec::new();
    }
    let of =
        |figures: &BTreeMap<String, Figure>, name: &String| figures.get(name).copied().unwrap_or_default();
    let change = |name: &String| (of(after, name).part - of(before, name).part) / whole;
    let along: f64 = names.iter().map(|name| change(name).max(0.0)).sum();
    let slice = |name: &String| Slice {
        dimension,
        value: name.clone(),
        before: of(before, name).own,
        after: of(after, name).own,
        share: change(name) / along,
    };
    names.into_iter().filter(|name| change(name) > 0.0).map(slice).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slice_that_changed_most_has_the_largest_share() {
        let values = |pairs: &[(&str, f64)]| {
            parts(pairs.iter().map(|(name, value)| ((*name).to_owned(), *value, None)).collect())
        };
        let before = values(&[("/", 100.0), ("/a", 10.0)]);
        let after = values(&[("/", 90.0), ("/a", 100.0), ("/b", 10.0)]);
        let mut slices = compared("event:page", 90.0, &before, &after);
        slices.sort_by(|a, b| b.share.total_cmp(&a.share));
        let told: Vec<_> =
            slices.iter().map(|slice| (slice.value.as_str(), slice.before, slice.after)).collect();
        assert_eq!(told, [("/a", 10.0, 100.0), ("/b", 0.0, 10.0)], "what fell did not make it rise");
        assert!((slices[0].share - 0.9).abs() < 1e-9, "of the hundred that came beside");
        let one = |count| values(&[("Desktop", count)]);
        assert!(compared("visit:device", 8.0, &one(1.0), &one(9.0)).is_empty());
    }

    #[test]
    fn a_dimension_that_went_another_way_is_no_cause() {
        let values = |us, de| parts(vec![("US".to_owned(), us, None), ("DE".to_owned(), de, None)]);
        assert!(compared("visit:country", 14.0, &values(24.0, 5.0), &values(4.0, 6.0)).is_empty());
        assert_eq!(compared("visit:country", -19.0, &values(24.0, 5.0), &values(4.0, 6.0)).len(), 1);
    }

    #[test]
    fn slices_of_a_mean_weigh_as_much_as_their_visits() {
        let rates = |rows: &[(&str, f64, f64)]| {
            parts(
                rows.iter().map(|(name, rate, visits)| ((*name).to_owned(), *rate, Some(*visits))).collect(),
            )
        };
        let before = rates(&[("big", 20.0, 90.0), ("small", 0.0, 10.0)]);
        let after = rates(&[("big", 40.0, 90.0), ("small", 100.0, 10.0)]);
        let slices = compared("visit:source", 28.0, &before, &after);
        let told: Vec<_> = slices.iter().map(|slice| (&*slice.value, slice.before, slice.after)).collect();
        assert_eq!(told, [("big", 20.0, 40.0), ("small", 0.0, 100.0)]);
        // The whole rose from 18 to 46 percent, of which 18 are of the big one.
        assert!((slices[0].share - 18.0 / 28.0).abs() < 1e-9 && (slices[1].share - 10.0 / 28.0).abs() < 1e-9);
    }
}
