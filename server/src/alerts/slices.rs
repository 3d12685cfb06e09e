//! Which slices of the traffic an alert came from: what changed most against the stretch before.
//!
//! Asked for when somebody looks, not when it fires: an alert does not wait for it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use opentrace_alerts::rule::draft;
use opentrace_events::Site;
use opentrace_query::{QueryError, Views};
use opentrace_store::meta::AlertHistoryRecord;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Alerts;
use super::asked::Asked;
use crate::clock;

/// What is looked at.
const DIMENSIONS: [&str; 5] = ["event:page", "visit:source", "visit:country", "visit:device", "event:name"];
/// Slices in an answer.
const MOST: usize = 5;
/// Values of a dimension that are compared.
const VALUES: u32 = 200;

/// A slice and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Slice {
    pub dimension: &'static str,
    pub value: String,
    pub before: f64,
    pub after: f64,
    /// Of the whole change; negative where the slice went the other way.
    pub share: f64,
}

impl Alerts {
    /// The slices that contributed most to an alert, of a rule over a metric or an event; none of others.
    ///
    /// # Errors
    /// Those of the query.
    pub async fn slices(&self, site: &Site, record: &AlertHistoryRecord) -> Result<Vec<Slice>, QueryError> {
        let (Some(question), Some((from, to))) = (self.question(record).await, stretch(record)) else {
            return Ok(Vec::new());
        };
        let complete = self.shared.pipeline.get().is_some_and(|pipeline| pipeline.is_complete(site));
        let views = if complete { Views::Use } else { Views::Avoid };
        let mut slices = Vec::new();
        for dimension in DIMENSIONS {
            let after = self.values(site, &question, dimension, (from, to), views).await?;
            let before = self.values(site, &question, dimension, (from - (to - from), from), views).await?;
            slices.extend(compared(dimension, &before, &after));
        }
        slices.sort_by(|a, b| b.share.total_cmp(&a.share));
        slices.truncate(MOST);
        Ok(slices)
    }

    /// Metric and filters of the rule as it is now, and the value of the dimension that fired.
    async fn question(&self, record: &AlertHistoryRecord) -> Option<Map<String, Value>> {
        let rule = self.shared.meta.alert_rule(record.row.rule.parse().ok()?).await.ok()??;
        let draft = draft(&serde_json::from_str(&rule.body).ok()?).ok()?;
        let body: Value = serde_json::from_str(&record.row.body).ok()?;
        let Asked { metric, filters } = Asked::of(&draft, body["group"].as_str())?;
        let body = json!({ "metrics": [metric], "filters": filters });
        body.as_object().cloned()
    }

    async fn values(
        &self,
        site: &Site,
        question: &Map<String, Value>,
        dimension: &str,
        (from, to): (i64, i64),
        views: Views,
    ) -> Result<BTreeMap<String, f64>, QueryError> {
        let at = |second: i64| Timestamp::from_second(second).unwrap_or_default().to_string();
        let mut body = question.clone();
        body.insert("site_id".to_owned(), json!(site.domain));
        // The last second belongs to the range.
        body.insert("date_range".to_owned(), json!([at(from), at(to - 1)]));
        body.insert("dimensions".to_owned(), json!([dimension]));
        body.insert("pagination".to_owned(), json!({ "limit": VALUES }));
        let query = opentrace_query::parse(Value::Object(body).to_string().as_bytes())?;
        let answer = opentrace_query::run(&self.shared.store, site, &query, clock::now(), views).await?;
        let value = |group: opentrace_query::answer::Group| {
            Some((group.dimensions.into_iter().next()?, group.metrics.first()?.as_f64()?))
        };
        Ok(answer.results.into_iter().filter_map(value).collect())
    }
}

/// The stretch that broke the rule, in seconds since 1970.
fn stretch(record: &AlertHistoryRecord) -> Option<(i64, i64)> {
    let body: Value = serde_json::from_str(&record.row.body).ok()?;
    let at =
        |field: &str| body["window"][field].as_str()?.parse::<Timestamp>().ok().map(Timestamp::as_second);
    at("from").zip(at("to"))
}

fn compared(
    dimension: &'static str,
    before: &BTreeMap<String, f64>,
    after: &BTreeMap<String, f64>,
) -> Vec<Slice> {
    let total: f64 = after.values().sum::<f64>() - before.values().sum::<f64>();
    // Of one value there is nothing to tell apart.
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    if total == 0.0 || names.len() < 2 {
        return Vec::new();
    }
    let slice = |name: &String| {
        let (before, after) =
            (before.get(name).copied().unwrap_or_default(), after.get(name).copied().unwrap_or_default());
        Slice { dimension, value: name.clone(), before, after, share: (after - before) / total }
    };
    names.into_iter().map(slice).filter(|slice| slice.share > 0.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slice_that_changed_most_has_the_largest_share() {
        let values = |pairs: &[(&str, f64)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect::<BTreeMap<_, _>>()
        };
        let before = values(&[("/", 100.0), ("/a", 10.0)]);
        let after = values(&[("/", 90.0), ("/a", 100.0), ("/b", 10.0)]);
        let mut slices = compared("event:page", &before, &after);
        slices.sort_by(|a, b| b.share.total_cmp(&a.share));
        let told: Vec<_> =
            slices.iter().map(|slice| (slice.value.as_str(), slice.before, slice.after)).collect();
        assert_eq!(told, [("/a", 10.0, 100.0), ("/b", 0.0, 10.0)], "what fell did not make it rise");
        assert!((slices[0].share - 1.0).abs() < 1e-9);
        assert!(
            compared("visit:device", &values(&[("Desktop", 1.0)]), &values(&[("Desktop", 9.0)])).is_empty()
        );
    }
}
