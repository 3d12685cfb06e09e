//! What a statement reads, from `FROM` to the end of `WHERE`.
//!
//! `FINAL` takes the last version of each row of a view and leaves out those that were withdrawn.

use std::collections::{BTreeMap, BTreeSet};

use super::Value;
use super::builder::Builder;
use crate::catalogue::{Grain, People, Scope};
use crate::filter::Filter;
use crate::plan::{self, LONGEST_VISIT_MS, Source};

/// What stands for the site's zone in formulas about people.
const ZONE: &str = "{zone}";

impl Builder<'_> {
    pub(super) fn traffic(&mut self) -> String {
        format!("FROM v_traffic FINAL WHERE {}", self.minutes())
    }

    /// Which rows of `v_traffic` are the site's and in the range.
    pub(super) fn minutes(&mut self) -> String {
        let site = self.site();
        let (from, to) = (self.context.range.from.0, self.context.range.to.0);
        // The column begins in 1970, as every accepted range does but for the offset of its zone.
        let from = self.bind(Value::Int(from.max(0) / 1_000));
        let to = self.bind(Value::Int(to.max(0) / 1_000));
        format!(
            "site_id = {site} AND minute >= toDateTime({from}, 'UTC') AND minute < toDateTime({to}, 'UTC')"
        )
    }

    pub(super) fn uniques(&mut self, grain: Grain) -> String {
        let period = match grain {
            Grain::Week => "week",
            Grain::Month => "month",
            _ => "day",
        };
        let site = self.site();
        let calendar = self.bind(Value::Count(u64::from(self.context.site.calendar)));
        let first = self.bind(Value::Date(self.context.range.first.to_string()));
        let last = self.bind(Value::Date(self.context.range.last.to_string()));
        format!(
            "FROM v_uniques FINAL WHERE site_id = {site} AND calendar = {calendar} AND period = '{period}' \
             AND start >= {first} AND start <= {last}"
        )
    }

    pub(super) fn breakdowns(&mut self, dimension: &'static str) -> String {
        let site = self.site();
        let calendar = self.bind(Value::Count(u64::from(self.context.site.calendar)));
        let first = self.bind(Value::Date(self.context.range.first.to_string()));
        let last = self.bind(Value::Date(self.context.range.last.to_string()));
        let rows = format!(
            "v_breakdowns FINAL WHERE site_id = {site} AND calendar = {calendar} \
             AND dimension = '{dimension}' AND day >= {first} AND day <= {last}"
        );
        if !self.context.shape.dimensions.iter().any(|dimension| dimension.field().is_some()) {
            return format!("FROM {rows}");
        }
        // Values are kept once, and until they are merged once more for each epoch that touched them.
        format!(
            "FROM (SELECT * FROM {rows}) AS b ANY LEFT JOIN \
             (SELECT hash, value FROM v_values WHERE site_id = {site}) AS w ON b.hash = w.hash"
        )
    }

    pub(super) fn visits(&mut self, filters: &[Filter]) -> String {
        let site = self.site();
        let (from, to) = self.instants(self.context.range.from.0, self.context.range.to.0);
        let mut conditions =
            vec![format!("s.site_id = {site}"), format!("s.start >= {from}"), format!("s.start < {to}")];
        conditions.extend(self.filters(filters));
        let visits = self.visits_of_people(&from, &to);
        format!("FROM {visits} WHERE {}", conditions.join(" AND "))
    }

    /// Visits as `s`. Where something of the people whose visits they are is asked for, it stands
    /// beside the columns of those that began between two instants.
    pub(super) fn visits_of_people(&mut self, from: &str, to: &str) -> String {
        let mut tables: BTreeMap<&'static str, Vec<(&'static str, People)>> = BTreeMap::new();
        for (column, people) in &self.people {
            tables.entry(people.name()).or_default().push((column, *people));
        }
        if tables.is_empty() {
            return self.visit_rows("s");
        }
        let site = self.site();
        let of_visits = format!("site_id = {site} AND start >= {from} AND start < {to}");
        let mut own = BTreeSet::from(["site_id", "visitor", "start", "end"]);
        own.extend(self.visit_columns.iter().chain(&self.tested_columns));
        own.retain(|column| !self.people.contains_key(column));
        // Each by its plain name: of two tables that have a column, a star would call it by both.
        let mut selected: Vec<String> = own.iter().map(|column| format!("s.{column} AS {column}")).collect();
        let mut joined = String::new();
        for (name, columns) in tables {
            let Some((table, which, grouped)) = columns.first().map(|(_, people)| {
                let (table, which) = people.rows();
                (table, which, people.is_grouped())
            }) else {
                continue;
            };
            let mut values = Vec::with_capacity(columns.len());
            for (column, people) in columns {
                let formula = people.formula();
                let formula = match formula.contains(ZONE) {
                    true => formula.replace(ZONE, &self.zone()),
                    false => formula,
                };
                values.push(format!("{formula} AS {column}"));
                selected.push(format!("{name}.{column} AS {column}"));
            }
            joined.push_str(&format!(
                " LEFT JOIN (SELECT visitor, {} FROM {table} FINAL WHERE site_id = {site}{which} AND visitor IN \
                 (SELECT visitor FROM {} WHERE {of_visits}){}) AS {name} ON s.visitor = {name}.visitor",
                values.join(", "),
                self.visit_rows("v"),
                if grouped { " GROUP BY visitor" } else { "" }
            ));
        }
        format!(
            "(SELECT {} FROM (SELECT {} FROM {} WHERE {of_visits}) AS s{joined}) AS s",
            selected.join(", "),
            own.into_iter().collect::<Vec<_>>().join(", "),
            self.visit_rows("v")
        )
    }

    pub(super) fn events(&mut self, filters: &[Filter]) -> String {
        let mut conditions = self.counted_events();
        conditions.extend(self.dimension_conditions());
        conditions.extend(self.filters(filters));
        format!("FROM events AS e WHERE {}", conditions.join(" AND "))
    }

    /// Every counted event with its visit: the last that began at or before it. Visits of one
    /// person do not overlap, so an event that lies after the end of that one has none; therefore
    /// visits that do not match may be left out before they are joined.
    pub(super) fn events_in_visits(&mut self, filters: &[Filter]) -> String {
        self.events_in_visits_of(filters, None)
    }

    /// The same, of some people only.
    pub(super) fn events_in_visits_of(&mut self, filters: &[Filter], people: Option<&str>) -> String {
        let counted = self.counted_events();
        let range = (self.context.range.from.0, self.context.range.to.0);
        self.joined(filters, counted, range, people, "e.ts <= s.end")
    }

    /// Events that meet `of_events`, all of them between two instants, with their visits, of some people or
    /// of all, where `belongs` says whether an event belongs to the last visit that began at or before it.
    pub(super) fn joined(
        &mut self,
        filters: &[Filter],
        mut of_events: Vec<String>,
        (from, to): (i64, i64),
        people: Option<&str>,
        belongs: &str,
    ) -> String {
        let site = self.site();
        let (earliest, to) = self.instants(from.saturating_sub(LONGEST_VISIT_MS), to);
        let mut of_visits =
            vec![format!("s.site_id = {site}"), format!("s.start >= {earliest}"), format!("s.start < {to}")];
        if let Some(people) = people {
            of_events.push(format!("e.visitor IN {people}"));
            of_visits.push(format!("s.visitor IN {people}"));
        }
        let mut of_both = vec![belongs.to_owned()];

        // Columns that only one side's conditions name need not come out of it.
        let needed = (self.event_columns.clone(), self.visit_columns.clone());
        of_events.extend(self.dimension_conditions());
        let (one_sided, others): (Vec<_>, Vec<_>) =
            filters.iter().map(|filter| (self.side(filter), filter)).partition(|(side, _)| side.is_some());
        for (side, filter) in one_sided {
            let condition = self.filter(filter);
            if side == Some(Scope::Event) { of_events.push(condition) } else { of_visits.push(condition) }
        }
        self.tested_columns.extend(&self.visit_columns);
        (self.event_columns, self.visit_columns) = needed;
        of_both.extend(others.into_iter().map(|(_, filter)| self.filter(filter)));

        self.event_columns.extend(["visitor", "ts", "name"]);
        self.visit_columns.extend(["visitor", "start", "end"]);
        let visits = self.visits_of_people(&earliest, &to);
        let list = |columns: &BTreeSet<&'static str>| columns.iter().copied().collect::<Vec<_>>().join(", ");
        format!(
            "FROM (SELECT {} FROM events AS e WHERE {}) AS e \
             ASOF INNER JOIN (SELECT {}, sipHash64(visitor, start) AS visit FROM {visits} \
             WHERE {}) AS s ON e.visitor = s.visitor AND e.ts >= s.start WHERE {}",
            list(&self.event_columns),
            of_events.join(" AND "),
            list(&self.visit_columns),
            of_visits.join(" AND "),
            of_both.join(" AND ")
        )
    }

    /// The visits of matching events, each once in every group. The groups become columns of the
    /// inner statement and are referred to by name from then on.
    pub(super) fn visits_of_events(&mut self, filters: &[Filter], groups: &mut [(String, String)]) -> String {
        const MEASURES: [&str; 3] = ["pageviews", "bounce", "duration_ms"];
        self.visit_columns.extend(MEASURES);
        self.visit_columns.insert("start");
        let from = match self.context.shape.acts {
            true => self.acts(filters),
            false => self.events_in_visits(filters),
        };
        let mut selected = Vec::new();
        let mut keys = Vec::new();
        for (name, expression) in groups {
            let inner = format!("g{}", name.trim_start_matches('d'));
            selected.push(format!("{expression} AS {inner}"));
            *expression = format!("s.{inner}");
            keys.push(inner);
        }
        selected.extend(MEASURES.map(|column| format!("any(s.{column}) AS {column}")));
        keys.extend(["e.visitor".to_owned(), "s.start".to_owned()]);
        format!("FROM (SELECT {} {from} GROUP BY {}) AS s", selected.join(", "), keys.join(", "))
    }

    /// Visits with what engagement events told of them, each once in every group. Such an event
    /// may come after the last that counts: it belongs to the visit as long as a visit lives on.
    pub(super) fn engagement(&mut self, filters: &[Filter], groups: &mut [(String, String)]) -> String {
        self.event_columns.extend(["scroll_depth", "engagement_ms"]);
        let range = (self.context.range.from.0, self.context.range.to.0);
        let mut of_events = self.events_between(range.0, range.1);
        of_events.push("e.name = 'engagement'".to_owned());
        let from = self.joined(filters, of_events, range, None, "e.ts <= s.end + toIntervalMinute(30)");
        let mut selected = Vec::new();
        let mut keys = Vec::new();
        for (name, expression) in groups {
            let inner = format!("g{}", name.trim_start_matches('d'));
            selected.push(format!("{expression} AS {inner}"));
            *expression = format!("g.{inner}");
            keys.push(inner);
        }
        selected.push("max(e.scroll_depth) AS depth".to_owned());
        selected.push("sum(e.engagement_ms) AS ms".to_owned());
        keys.extend(["e.visitor".to_owned(), "s.start".to_owned()]);
        format!("FROM (SELECT {} {from} GROUP BY {}) AS g", selected.join(", "), keys.join(", "))
    }

    /// That the visit of a row holds an event that meets the filter, be it within the range or not.
    pub(super) fn done(&mut self, filter: &Filter) -> String {
        if !self.context.shape.lists || !plan::carries(filter, self.context.goals) {
            return self.done_in_events(filter, None);
        }
        let carried = self.done_in_lists(filter);
        let people = self.people_not_carried();
        let others = self.done_in_events(filter, Some(&people));
        format!("if(s.visitor IN {people}, {others}, {carried})")
    }

    /// The same by events, of some people or of all.
    fn done_in_events(&mut self, filter: &Filter, people: Option<&str>) -> String {
        // Inside, attributes of events are those of events, and columns are of no use outside.
        let source = std::mem::replace(&mut self.source, Source::EventsInVisits);
        let columns = (self.event_columns.clone(), self.visit_columns.clone());
        let range = self.context.range;
        let earliest = range.from.0.saturating_sub(LONGEST_VISIT_MS);
        let mut of_events = self.counted_between(earliest, range.to.0.saturating_add(LONGEST_VISIT_MS));
        of_events.push(self.filter(filter));
        let mut of_visits = String::new();
        if let Some(people) = people {
            of_events.push(format!("e.visitor IN {people}"));
            of_visits = format!(" AND s.visitor IN {people}");
        }
        let site = self.site();
        let (earliest, to) = self.instants(earliest, range.to.0);
        let visits = self.visit_rows("s");
        (self.event_columns, self.visit_columns) = columns;
        self.source = source;
        self.visit_columns.extend(["visitor", "start"]);
        format!(
            "((s.visitor, s.start) IN (SELECT s.visitor, s.start FROM (SELECT visitor, ts FROM events AS e \
             WHERE {}) AS e ASOF INNER JOIN (SELECT visitor, start, end FROM {visits} \
             WHERE s.site_id = {site} AND s.start >= {earliest} AND s.start < {to}{of_visits}) AS s \
             ON e.visitor = s.visitor AND e.ts >= s.start WHERE e.ts <= s.end))",
            of_events.join(" AND ")
        )
    }

    /// The events of the range that count.
    fn counted_events(&mut self) -> Vec<String> {
        self.counted_between(self.context.range.from.0, self.context.range.to.0)
    }

    /// The events between two instants that count.
    pub(super) fn counted_between(&mut self, from: i64, to: i64) -> Vec<String> {
        let mut conditions = self.events_between(from, to);
        conditions.push("e.name != 'engagement'".to_owned());
        conditions
    }

    pub(super) fn events_between(&mut self, from: i64, to: i64) -> Vec<String> {
        let site = self.site();
        let (from, to) = self.instants(from, to);
        vec![format!("e.site_id = {site}"), format!("e.ts >= {from}"), format!("e.ts < {to}")]
    }

    pub(super) fn site(&mut self) -> String {
        self.bind(Value::Count(u64::from(self.context.site.id.0)))
    }

    pub(super) fn instants(&mut self, from: i64, to: i64) -> (String, String) {
        (self.instant(from), self.instant(to))
    }

    pub(super) fn instant(&mut self, ms: i64) -> String {
        format!("fromUnixTimestamp64Milli({}, 'UTC')", self.bind(Value::Int(ms)))
    }
}
