//! What rules name: sites, metrics, series, goals and dimensions.

use std::cell::RefCell;
use std::sync::Arc;

use jiff::tz::TimeZone;
use opentrace_alerts::rule::{Measure, Part, Resolver, RuleError, Source, Target};
use opentrace_alerts::series::SeriesId;
use opentrace_events::define::{self, Spec};
use opentrace_events::{Site, Sites, money};
use opentrace_query::Vocabulary;
use opentrace_store::meta::DefinitionRecord;
use serde_json::Value;

use super::measures::{Asking, named, refused};
use super::tally::{Tallies, What};

/// Looks up what a rule names.
#[derive(Debug)]
pub(super) struct Names<'a> {
    pub(super) sites: &'a Sites,
    pub(super) definitions: &'a [DefinitionRecord],
    /// What the site has added to the language.
    pub(super) vocabulary: &'a Vocabulary,
    /// What is looked up is counted from now on.
    pub(super) tallies: RefCell<&'a mut Tallies>,
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
                let asking = self.asking(&site, "condition.event", target, &target.filters)?;
                Ok(Measure::sum(asking.count_also(What::Events, Some(named(event)))?))
            }
            Source::Metric(metric) => self.asking(&site, "metric", target, &target.filters)?.metric(metric),
            Source::Query(query) => self.query(&site, query, target),
        }
    }
}

impl<'t> Names<'t> {
    fn find(&self, site: &str) -> Result<Arc<Site>, RuleError> {
        self.sites.find(site).ok_or_else(|| RuleError::new("site_id", format!("there is no site `{site}`")))
    }

    /// What is asked of the site's traffic, by filters in the words of the query API.
    fn asking<'b>(
        &'b self,
        site: &Site,
        field: &'b str,
        target: &'b Target,
        filters: &Value,
    ) -> Result<Asking<'b, 't>, RuleError> {
        let filters = opentrace_query::filters(filters, "filters", self.vocabulary).map_err(refused)?;
        Ok(Asking {
            site: site.id,
            field,
            vocabulary: self.vocabulary,
            filters,
            group_by: target.group_by.as_deref(),
            tallies: &self.tallies,
        })
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
            let asking = self.asking(site, "query.goal", target, &target.filters)?;
            return Ok(Measure::sum(asking.count_also(What::Events, Some(event.clone()))?));
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
        self.asking(site, "query.metrics", target, &filters)?.metric(metric)
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
            define::Measure::Revenue => Measure::of(Part::sum(series).scaled(1.0 / money::SCALE as f64)),
            define::Measure::Visitors => Measure::people(series),
        })
    }

    fn definition(&self, site: &Site, id: &Value, field: &str) -> Result<&DefinitionRecord, RuleError> {
        let id = id.as_str().unwrap_or_default();
        let named = |record: &&DefinitionRecord| record.id.to_string() == id || record.name == id;
        let found = self.definitions.iter().filter(|record| record.definition.site == site.id).find(named);
        found.ok_or_else(|| RuleError::new(field, format!("there is no `{id}` on this site")))
    }
}
