//! What rules name: sites, metrics, series, goals, dimensions and channels.

use std::cell::RefCell;
use std::sync::Arc;

use jiff::tz::TimeZone;
use opentrace_alerts::rule::{ChannelId, Measure, Part, Resolver, RuleError, Source, Target};
use opentrace_alerts::series::SeriesId;
use opentrace_events::define::{self, Attribute, Condition, Spec, VisitColumn};
use opentrace_events::{Site, SiteId, Sites, money};
use opentrace_query::{Kind, QueryError};
use opentrace_store::meta::DefinitionRecord;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::asked::dimension;
use super::tally::{Counted, Tallies, What};
use super::visits::OfVisits;

/// A channel as rules name it.
#[derive(Clone, Debug)]
pub(super) struct ChannelName {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) site: Option<SiteId>,
}

/// Looks up what a rule names.
#[derive(Debug)]
pub(super) struct Names<'a> {
    pub(super) sites: &'a Sites,
    pub(super) definitions: &'a [DefinitionRecord],
    pub(super) channels: &'a [ChannelName],
    /// What is looked up is counted from now on.
    pub(super) tallies: RefCell<&'a mut Tallies>,
    /// The site of the rule, whose channels it may use.
    pub(super) site: SiteId,
}

/// Series that every site has.
const METRICS: &[(&str, Measure)] = &[
    ("visitors", Measure::people(SeriesId::VISITORS)),
    ("visits", Measure::sum(SeriesId::VISITS)),
    ("pageviews", Measure::sum(SeriesId::PAGEVIEWS)),
    ("events", Measure::sum(SeriesId::EVENTS)),
    ("bounce_rate", Measure::ratio(SeriesId::BOUNCES, SeriesId::VISITS, 100.0)),
    ("visit_duration", Measure::ratio(SeriesId::DURATION, SeriesId::VISITS, 0.001)),
    ("views_per_visit", Measure::ratio(SeriesId::PAGEVIEWS, SeriesId::VISITS, 1.0)),
    ("total_revenue", revenue(SeriesId::REVENUE)),
    ("revenue_per_visit", Measure::ratio(SeriesId::REVENUE, SeriesId::VISITS, 1.0 / money::SCALE as f64)),
    ("events_per_visitor", per_visitor(SeriesId::EVENTS, SeriesId::VISITORS)),
];

/// Those that are always counted here.
const COUNTED: [&str; 3] = ["conversion_rate", "group_conversion_rate", "average_revenue"];

/// Those that only whole visits have.
const OF_VISITS: [&str; 5] =
    ["visits", "bounce_rate", "visit_duration", "views_per_visit", "revenue_per_visit"];

const fn per_visitor(of: SeriesId, people: SeriesId) -> Measure {
    let people = Part { series: people, additive: false };
    Measure { divisor: Some(people), ..Measure::sum(of) }
}

const fn revenue(series: SeriesId) -> Measure {
    Measure { scale: 1.0 / money::SCALE as f64, ..Measure::sum(series) }
}

impl Resolver for Names<'_> {
    fn site(&self, site: &str) -> Result<(u32, TimeZone), RuleError> {
        let site = self.find(site)?;
        Ok((site.id.0, site.timezone.clone()))
    }

    fn measure(&self, target: &Target) -> Result<Measure, RuleError> {
        let site = self.find(&target.site)?;
        match &target.source {
            Source::Event(event) => {
                self.counted(&site, "condition.event", &json!({ "event": event }), target, &target.filters)
            }
            Source::Metric(metric) => self.metric(&site, "metric", metric, target, &target.filters),
            Source::Query(query) => self.query(&site, query, target),
        }
    }

    fn channel(&self, name: &str) -> Result<ChannelId, RuleError> {
        let mine = |channel: &&ChannelName| channel.site.is_none_or(|site| site == self.site);
        let named = |channel: &&ChannelName| channel.id.to_string() == name || channel.name == name;
        let mut found = self.channels.iter().filter(mine).filter(named);
        match (found.next(), found.next()) {
            (Some(channel), None) => Ok(ChannelId(channel.id)),
            (Some(_), Some(_)) => {
                Err(RuleError::new("channels", format!("`{name}` is the name of several"))
                    .hint("give its id"))
            }
            (None, _) => Err(RuleError::new("channels", format!("there is no channel `{name}`"))
                .hint("POST /api/v1/channels makes one")),
        }
    }
}

impl Names<'_> {
    fn find(&self, site: &str) -> Result<Arc<Site>, RuleError> {
        self.sites.find(site).ok_or_else(|| RuleError::new("site_id", format!("there is no site `{site}`")))
    }

    /// A metric of the query API, of the site as a whole or of some of its events.
    fn metric(
        &self,
        site: &Site,
        field: &str,
        metric: &str,
        target: &Target,
        filters: &Value,
    ) -> Result<Measure, RuleError> {
        let metric = if metric == "revenue" { "total_revenue" } else { metric };
        if ["conversion_rate", "group_conversion_rate"].contains(&metric) {
            return self.conversion_rate(site, field, target, filters);
        }
        if metric == "average_revenue" {
            return self.average_revenue(site, field, target, filters);
        }
        let Some((_, whole)) = METRICS.iter().find(|(name, _)| *name == metric) else {
            let names: Vec<&str> = METRICS.iter().map(|(name, _)| *name).chain(COUNTED).collect();
            return Err(RuleError::new(field, format!("`{metric}` cannot be watched"))
                .hint(format!("one of {}, or a series of your own by `query`", names.join(", "))));
        };
        let some = !(filters.is_null() || filters.as_array().is_some_and(Vec::is_empty));
        if !some && target.group_by.is_none() {
            return Ok(*whole);
        }
        let by = target.group_by.as_deref().map(dimension);
        let of_visits = OF_VISITS.contains(&metric)
            || opentrace_query::needs_visits(filters, by.as_deref(), "filters").map_err(refused)?;
        match metric {
            _ if of_visits => self.visits(site, field, metric, by.as_deref(), filters),
            "pageviews" => self.counted(site, field, &json!({ "event": "pageview" }), target, filters),
            "events" => self.counted(site, field, &json!({}), target, filters),
            "total_revenue" => self.counted(site, field, &json!({ "metric": "revenue" }), target, filters),
            "visitors" => self.counted(site, field, &json!({ "metric": "visitors" }), target, filters),
            "events_per_visitor" => {
                let events = self.counted(site, field, &json!({}), target, filters)?;
                let people = self.counted(site, field, &json!({ "metric": "visitors" }), target, filters)?;
                Ok(per_visitor(events.part.series, people.part.series))
            }
            _ => Err(RuleError::new(field, format!("`{metric}` cannot be filtered or grouped in a rule"))),
        }
    }

    /// A metric of visits that are so, each in the minute in which it began.
    fn visits(
        &self,
        site: &Site,
        field: &str,
        metric: &str,
        by: Option<&str>,
        filters: &Value,
    ) -> Result<Measure, RuleError> {
        let condition = opentrace_query::visits(filters, "filters").map_err(refused)?;
        let by =
            by.map(|by| opentrace_query::visit_attribute(by, "group_by")).transpose().map_err(refused)?;
        let count = |what| {
            let what = What::Visits(what);
            let counted = Counted { site: site.id, condition: condition.clone(), what, by: by.clone() };
            let series = self.tallies.borrow_mut().series(&counted);
            series.map_err(|error| RuleError::new("filters", error.to_string()))
        };
        let per_visit =
            |of, scale| Ok::<_, RuleError>(Measure::ratio(count(of)?, count(OfVisits::Visits)?, scale));
        match metric {
            "visits" => Ok(Measure::sum(count(OfVisits::Visits)?)),
            "pageviews" => Ok(Measure::sum(count(OfVisits::Pageviews)?)),
            "events" => Ok(Measure::sum(count(OfVisits::Events)?)),
            "total_revenue" => Ok(revenue(count(OfVisits::Revenue)?)),
            "bounce_rate" => per_visit(OfVisits::Bounces, 100.0),
            "visit_duration" => per_visit(OfVisits::Duration, 0.001),
            "views_per_visit" => per_visit(OfVisits::Pageviews, 1.0),
            "revenue_per_visit" => per_visit(OfVisits::Revenue, 1.0 / money::SCALE as f64),
            _ => Err(RuleError::new(
                field,
                format!("`{metric}` cannot be watched by the page that a visit began or ended on"),
            )
            .hint("use visits, pageviews, events, total_revenue, bounce_rate, visit_duration or views_per_visit")),
        }
    }

    /// The mean of the events that had revenue in the site's currency.
    fn average_revenue(
        &self,
        site: &Site,
        field: &str,
        target: &Target,
        filters: &Value,
    ) -> Result<Measure, RuleError> {
        let (event, _) = condition(field, &json!({}), filters)?;
        let count = |what| self.series_of(site, event.clone(), what, target, field);
        let (sum, paid) = (count(What::Events(define::Measure::Revenue))?, count(What::Paid)?);
        Ok(Measure::ratio(sum, paid, 1.0 / money::SCALE as f64))
    }

    /// The part, in percent, of the people whom the other filters mean that a goal's filter means as well.
    fn conversion_rate(
        &self,
        site: &Site,
        field: &str,
        target: &Target,
        filters: &Value,
    ) -> Result<Measure, RuleError> {
        let of_goal = |filter: &&Value| {
            let dimension = filter.get(1).and_then(Value::as_str);
            matches!(dimension, Some("event:goal" | "event:name" | "goal" | "name"))
        };
        let all: Vec<&Value> = filters.as_array().into_iter().flatten().collect();
        let others: Vec<&Value> = all.iter().copied().filter(|filter| !of_goal(filter)).collect();
        if others.len() == all.len() {
            return Err(RuleError::new(field, "`conversion_rate` needs to know what converting is")
                .hint(r#"add a filter such as ["is", "event:goal", ["signup"]]"#));
        }
        let people = json!({ "metric": "visitors" });
        let converted = self.counted(site, field, &people, target, filters)?;
        let everybody = self.counted(site, field, &people, target, &json!(others))?;
        Ok(Measure { part: converted.part, divisor: Some(everybody.part), scale: 100.0 })
    }

    /// `{"metrics": ["events"], "filters": […], "dimensions": […]}`, `{"series": id}` or `{"goal": id}`.
    fn query(&self, site: &Site, query: &Value, target: &Target) -> Result<Measure, RuleError> {
        let wrong = |reason: &str| {
            RuleError::new("query", reason).hint(
                r#"{"metrics": ["events"], "filters": [["is", "event:page", ["/"]]]}, {"series": id} or {"goal": id}"#,
            )
        };
        let body = query.as_object().ok_or_else(|| wrong("must be an object"))?;
        if let Some(series) = body.get("series") {
            return self.series(site, series, target);
        }
        if let Some(goal) = body.get("goal") {
            let record = self.definition(site, goal, "query.goal")?;
            let Spec::Goal { event } = &record.definition.spec else {
                return Err(RuleError::new("query.goal", "is not a goal"));
            };
            return self.count(site, event.clone(), define::Measure::Events, target, "query.goal");
        }
        let known = ["metrics", "filters", "dimensions", "site_id", "date_range"];
        if let Some(other) = body.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(RuleError::new(format!("query.{other}"), "is not for a query that is watched"));
        }
        let metrics = body.get("metrics").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let [Value::String(metric)] = metrics else { return Err(wrong("needs exactly one metric")) };
        let dimensions =
            body.get("dimensions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        match (dimensions, &target.group_by) {
            ([], _) => {}
            ([Value::String(by)], Some(group)) if by == group => {}
            _ => return Err(wrong("is grouped").hint("say it with `group_by`, by one dimension")),
        }
        let filters = match (body.get("filters"), &target.filters) {
            (None, filters) => filters.clone(),
            (Some(filters), Value::Null) => filters.clone(),
            (Some(_), _) => return Err(RuleError::new("filters", "were given in the query, too")),
        };
        self.metric(site, "query.metrics", metric, target, &filters)
    }

    fn series(&self, site: &Site, id: &Value, target: &Target) -> Result<Measure, RuleError> {
        let record = self.definition(site, id, "query.series")?;
        let Spec::Series { measure, .. } = &record.definition.spec else {
            return Err(RuleError::new("query.series", "is not a series"));
        };
        if !target.filters.is_null() || target.group_by.is_some() {
            return Err(RuleError::new(
                "query.series",
                "cannot be filtered or grouped: it is a number by itself",
            ));
        }
        let series = SeriesId(record.definition.id.0);
        Ok(match measure {
            define::Measure::Events => Measure::sum(series),
            define::Measure::Revenue => revenue(series),
            define::Measure::Visitors => {
                Measure { part: Part { series, additive: false }, ..Measure::sum(series) }
            }
        })
    }

    fn definition(&self, site: &Site, id: &Value, field: &str) -> Result<&DefinitionRecord, RuleError> {
        let id = id.as_str().unwrap_or_default();
        let named = |record: &&DefinitionRecord| record.id.to_string() == id || record.name == id;
        let found = self.definitions.iter().filter(|record| record.definition.site == site.id).find(named);
        found.ok_or_else(|| RuleError::new(field, format!("there is no `{id}` on this site")))
    }

    /// A count of events, said as the body of a series.
    fn counted(
        &self,
        site: &Site,
        field: &str,
        body: &Value,
        target: &Target,
        filters: &Value,
    ) -> Result<Measure, RuleError> {
        let (event, measure) = condition(field, body, filters)?;
        self.count(site, event, measure, target, field)
    }

    fn count(
        &self,
        site: &Site,
        event: Condition,
        measure: define::Measure,
        target: &Target,
        field: &str,
    ) -> Result<Measure, RuleError> {
        let series = self.series_of(site, event, What::Events(measure), target, field)?;
        Ok(match measure {
            define::Measure::Events => Measure::sum(series),
            define::Measure::Revenue => revenue(series),
            define::Measure::Visitors => Measure::people(series),
        })
    }

    fn series_of(
        &self,
        site: &Site,
        condition: Condition,
        what: What,
        target: &Target,
        field: &str,
    ) -> Result<SeriesId, RuleError> {
        let by = target.group_by.as_deref().map(attribute).transpose()?;
        let series = self.tallies.borrow_mut().series(&Counted { site: site.id, condition, what, by });
        series.map_err(|error| RuleError::new(field, error.to_string()))
    }
}

/// The condition and measure of a series with this body and these filters.
fn condition(field: &str, body: &Value, filters: &Value) -> Result<(Condition, define::Measure), RuleError> {
    let mut body: Map<String, Value> = body.as_object().cloned().unwrap_or_default();
    if !filters.is_null() {
        body.insert("filters".to_owned(), filters.clone());
    }
    match opentrace_query::define(Kind::Series, &Value::Object(body)).map_err(refused)?.spec {
        Spec::Series { event, measure } => Ok((event, measure)),
        _ => Err(RuleError::new(field, "cannot be counted")),
    }
}

/// A dimension by its name in the query API, or by its last part where that says enough.
fn attribute(name: &str) -> Result<Attribute, RuleError> {
    let unknown = || {
        RuleError::new("group_by", format!("`{name}` cannot be grouped by in a rule"))
            .hint("use event:page, event:name, event:props:NAME or where the visitor came from, such as visit:country")
    };
    if let Some(key) = name.strip_prefix("event:props:").filter(|key| !key.is_empty()) {
        return Ok(Attribute::Property(key.to_owned()));
    }
    let full = dimension(name);
    match &*full {
        "event:name" => return Ok(Attribute::Name),
        "event:goal" => return Ok(Attribute::Goal),
        "event:page" => return Ok(Attribute::Path),
        _ => {}
    }
    let field = opentrace_query::catalogue::field(&full).ok_or_else(unknown)?;
    VisitColumn::of_column(field.column).map(Attribute::Visit).ok_or_else(unknown)
}

fn refused(error: QueryError) -> RuleError {
    let field = error.field().map_or_else(|| "filters".to_owned(), ToString::to_string);
    let wrong = RuleError::new(field, error.to_string());
    match error.hint() {
        Some(hint) => wrong.hint(hint),
        None => wrong,
    }
}
