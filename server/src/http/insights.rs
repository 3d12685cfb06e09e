//! `POST /api/v1/insights`: what changed against the time before, and why, ranked, each with its evidence.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::{try_join, try_join_all};
use opentrace_query::catalogue::{self, Unit};
use opentrace_query::report::{self, Course, Reporting, stretch};
use opentrace_query::{DateRange, Dimension, Pagination, QueryError};
use serde_json::{Map, Value, json};
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::question::{Question, asked, read};
use super::turns::Weight;
use super::{Answer, ApiError, Call, State, json};
use crate::auth::Read;
use crate::models::changes::{Change, Said, of_shares, of_steps, ranked, relative, sentence};
use crate::models::slices::between;

const BODY_LIMIT: usize = 256 * 1024;
/// What is looked at where nothing is said.
const METRICS: [&str; 6] =
    ["visitors", "visits", "pageviews", "bounce_rate", "visit_duration", "total_revenue"];
const MOST_METRICS: usize = 8;
/// What groups of the traffic are looked at, and how many of each dimension.
const DIVIDED: [&str; 4] = ["visit:source", "visit:entry_page", "visit:country", "visit:device"];
const GROUPS: u64 = 100;
/// Fewer visits, before and after together, are no group.
const LEAST: f64 = 10.0;
/// Changes in an answer.
const TOLD: (u64, u64) = (10, 50);

pub(super) fn routes(state: &Arc<State>) -> BoxedFilter<(Response,)> {
    asked(warp::path!("api" / "v1" / "insights"), state, answer)
}

/// The two stretches that are compared.
#[derive(Debug)]
struct Stretches {
    before: DateRange,
    after: DateRange,
}

async fn answer(state: Arc<State>, mut call: Call) -> Answer {
    if call.method != Method::POST {
        return Err(ApiError::method(&call.method, "POST"));
    }
    let allowed = state.gate.allow::<Read>(&call)?;
    let body = call.body(BODY_LIMIT, &state.budget).await?;
    let (body, domain) = read(&body.bytes)?;
    let question = Question::about(&state, &allowed, &domain, Weight::Kept).await?;
    let (names, limit, compare, body) = asked_for(body)?;
    let courses = names.iter().map(|name| {
        let mut body = body.clone();
        body.insert("metric".to_owned(), name.clone());
        Ok(report::course(&Value::Object(body), &question.vocabulary, &[])?.0)
    });
    let courses = courses.collect::<Result<Vec<Course>, ApiError>>()?;
    let reporting = question.reporting();
    let (mut stretches, steps) = stretches(&reporting, &courses[0]).await?;
    if let Some(compare) = compare {
        let mut body = body.clone();
        body.insert("metric".to_owned(), names[0].clone());
        body.insert("date_range".to_owned(), compare);
        stretches.before = report::course(&Value::Object(body), &question.vocabulary, &[])?.0.date_range;
    }
    if steps < 2 {
        let message = format!("the range has {steps} whole steps, at least 2 are needed");
        return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "too_short", message)
            .field("date_range")
            .hint("ask with a longer range or a shorter `granularity`"));
    }
    let currency = question.site.site().currency.clone();
    let about = About { reporting, stretches, currency, body: &body };
    let mut metrics = Vec::new();
    // Each is a dozen statements.
    for some in courses.chunks(2) {
        metrics.extend(try_join_all(some.iter().map(|course| about.metric(course))).await?);
    }
    let groups = about.groups(&courses[0]).await?;
    let mut changes = ranked(metrics.into_iter().flatten().chain(groups).collect(), limit as usize);
    for change in &mut changes {
        let course = courses.iter().find(|course| about.name(course) == change.metric);
        let unit = course.map(|course| course.metric.info().unit);
        let said = Said {
            name: &change.metric,
            percent: unit == Some(Unit::Percent),
            currency: (unit == Some(Unit::Revenue)).then_some(about.currency.as_str()),
        };
        change.sentence = sentence(said, change.group.as_ref(), change);
    }
    let query = json!({
        "site_id": domain, "date_range": about.stretches.after, "compare": about.stretches.before,
        "metrics": names, "filters": courses[0].filters,
    });
    Ok(json(StatusCode::OK, &json!({ "insights": changes, "query": query })))
}

type AskedFor = (Vec<Value>, u64, Option<Value>, Map<String, Value>);

/// The metrics, how many changes, the range to compare with where one is named, and the rest of the body,
/// which is that of a course.
fn asked_for(body: Value) -> Result<AskedFor, ApiError> {
    let Value::Object(mut body) = body else {
        return Err(ApiError::bad_request("invalid_type", "the body must be an object"));
    };
    let wrong =
        |field: &'static str, message: String| ApiError::bad_request("invalid_value", message).field(field);
    let names = match (body.remove("metrics"), body.remove("metric")) {
        (Some(_), Some(_)) => return Err(wrong("metric", "give `metric` or `metrics`, not both".to_owned())),
        (Some(Value::Array(names)), None) if (1..=MOST_METRICS).contains(&names.len()) => names,
        (Some(_), None) => {
            return Err(wrong("metrics", format!("`metrics` must be a list of 1 to {MOST_METRICS} metrics")));
        }
        (None, Some(name)) => vec![name],
        (None, None) => METRICS.map(Value::from).to_vec(),
    };
    let limit = match body.remove("limit") {
        None => TOLD.0,
        Some(limit) => limit
            .as_u64()
            .filter(|limit| (1..=TOLD.1).contains(limit))
            .ok_or_else(|| wrong("limit", format!("`limit` must be from 1 to {}", TOLD.1)))?,
    };
    let compare = body.remove("compare").filter(|compare| compare != "previous_period");
    if compare.as_ref().is_some_and(|compare| !compare.is_array()) {
        return Err(wrong(
            "compare",
            "`compare` must be `previous_period` or a pair of dates or times".to_owned(),
        ));
    }
    body.entry("date_range").or_insert_with(|| Value::from("7d"));
    Ok((names, limit, compare, body))
}

/// The whole steps of the range and as many before it: right before, or at the same hours of earlier days.
async fn stretches(reporting: &Reporting<'_>, course: &Course) -> Result<(Stretches, usize), QueryError> {
    let courses = reporting.course(course, 0, 0).await?;
    let (steps, count) = (&courses.steps, courses.steps.len());
    let back = match course.grain {
        catalogue::Grain::Hour => count.div_ceil(24) * 24,
        catalogue::Grain::Minute => count.div_ceil(60) * 60,
        _ => count,
    };
    let zone = &reporting.asking.site.timezone;
    let first = steps.first().copied().unwrap_or_default();
    let earlier = course.grain.after(first, -(back as i64)).unwrap_or(first);
    let stretches = Stretches {
        before: stretch(zone, course.grain, earlier, count),
        after: stretch(zone, course.grain, first, count),
    };
    Ok((stretches, count))
}

/// What every part of the answer is made from.
#[derive(Debug)]
struct About<'a> {
    reporting: Reporting<'a>,
    stretches: Stretches,
    currency: String,
    body: &'a Map<String, Value>,
}

impl About<'_> {
    fn name(&self, course: &Course) -> String {
        course.query(DateRange::Day, Vec::new()).metric_name(course.metric).to_owned()
    }

    /// How a metric changed; nothing where it has no value.
    async fn metric(&self, course: &Course) -> Result<Option<Change>, QueryError> {
        let (before, after) =
            (self.total(course, &self.stretches.before), self.total(course, &self.stretches.after));
        let (Some(before), Some(after)) = try_join(before, after).await? else {
            return Ok(None);
        };
        if before == 0.0 && after == 0.0 {
            return Ok(None);
        }
        let within = |range: &DateRange| {
            let course = Course { date_range: range.clone(), dimensions: Vec::new(), ..course.clone() };
            async move { Ok::<_, QueryError>(self.reporting.course(&course, 0, 0).await?.whole) }
        };
        let (earlier, now) = try_join(within(&self.stretches.before), within(&self.stretches.after)).await?;
        let evidence = of_steps(&earlier, &now);
        let causes = if before == after {
            Vec::new()
        } else {
            between(&self.reporting, course, &self.stretches.before, &self.stretches.after).await?
        };
        Ok(Some(Change {
            kind: "metric",
            metric: self.name(course),
            group: None,
            before,
            after,
            change: relative(before, after),
            significant: false,
            evidence,
            causes,
            sentence: String::new(),
            query: self.query(course, &self.name(course), None),
        }))
    }

    async fn total(&self, course: &Course, range: &DateRange) -> Result<Option<f64>, QueryError> {
        let answer = self.reporting.asking.answer(&course.query(range.clone(), Vec::new())).await?;
        let value = answer.results.first().and_then(|row| row.metrics.first()).cloned().unwrap_or_default();
        Ok(value.get("value").unwrap_or(&value).as_f64())
    }

    /// The groups of the traffic whose share of the visits changed.
    async fn groups(&self, course: &Course) -> Result<Vec<Change>, QueryError> {
        let mut changes = Vec::new();
        for name in DIVIDED {
            let Some(field) = catalogue::field(name) else { continue };
            if course.holds(name) {
                continue;
            }
            let sizes = |range: &DateRange| {
                let mut query = course.query(range.clone(), vec![Dimension::Field(field)]);
                query.metrics = vec![catalogue::Metric::Visits];
                query.pagination = Pagination { limit: opentrace_query::limits::PAGE, offset: 0 };
                async move {
                    let rows = self.reporting.asking.answer(&query).await?.results.into_iter();
                    let size = |row: opentrace_query::answer::Group| {
                        Some((row.dimensions.into_iter().next()?, row.metrics.first()?.as_f64()?))
                    };
                    Ok::<_, QueryError>(rows.filter_map(size).collect::<BTreeMap<String, f64>>())
                }
            };
            let (before, after) =
                try_join(sizes(&self.stretches.before), sizes(&self.stretches.after)).await?;
            let (all_before, all_after): (f64, f64) = (before.values().sum(), after.values().sum());
            let of =
                |groups: &BTreeMap<String, f64>, value: &str| groups.get(value).copied().unwrap_or_default();
            let mut values: Vec<&String> =
                before.keys().chain(after.keys().filter(|key| !before.contains_key(*key))).collect();
            values.sort_by(|a, b| {
                (of(&after, b) + of(&before, b)).total_cmp(&(of(&after, a) + of(&before, a)))
            });
            for value in values.into_iter().take(GROUPS as usize) {
                let (earlier, now) = (of(&before, value), of(&after, value));
                // The only group there is is the whole.
                if earlier + now < LEAST || before.len().max(after.len()) < 2 {
                    continue;
                }
                let counts = |part: f64, all: f64| (part as u64, all as u64);
                changes.push(Change {
                    kind: "group",
                    metric: "visits".to_owned(),
                    group: Some((name.to_owned(), value.clone())),
                    before: earlier,
                    after: now,
                    change: relative(earlier, now),
                    significant: false,
                    evidence: of_shares(counts(earlier, all_before), counts(now, all_after)),
                    causes: Vec::new(),
                    sentence: String::new(),
                    query: self.query(course, "visits", Some((name, value))),
                });
            }
        }
        Ok(changes)
    }

    /// The figures behind a change, for `POST /api/v2/query`.
    fn query(&self, course: &Course, metric: &str, group: Option<(&str, &str)>) -> Value {
        let mut filters = self.body.get("filters").cloned().unwrap_or_else(|| json!([]));
        if let (Some((dimension, value)), Some(filters)) = (group, filters.as_array_mut()) {
            filters.push(json!(["is", dimension, [value]]));
        }
        json!({
            "site_id": course.site_id, "metrics": [metric], "date_range": self.stretches.after,
            "compare": self.stretches.before, "filters": filters,
        })
    }
}
