//! Events as their visits carry them.
//!
//! A visit holds its events in lists, so nothing has to be joined: visits that match are taken apart,
//! and each event has the attributes of its visit. People with a visit that does not carry its events
//! (very many of them, or days long) are left out there, and all their events are read where events are.
//! Both together are named as the join names them, `e.` and `s.`, so that the rest of the statement is
//! the same.

use std::collections::BTreeSet;

use opentrace_store::LONGEST_WHOLE_MS;

use super::builder::Builder;
use crate::catalogue::Scope;
use crate::filter::Filter;
use crate::plan::Source;

/// What visits carry of an event: the column, and the list.
const LISTS: [(&str, &str); 4] =
    [("ts", "acts_ts"), ("name", "acts_name"), ("path", "acts_path"), ("revenue", "acts_revenue")];

/// Columns of events and of visits.
type Columns = (BTreeSet<&'static str>, BTreeSet<&'static str>);

impl Builder<'_> {
    /// Every counted event with its visit, as [`Builder::events_in_visits`] gives them.
    pub(super) fn acts(&mut self, filters: &[Filter]) -> String {
        self.event_columns.extend(["visitor", "ts"]);
        let needed = (self.event_columns.clone(), self.visit_columns.clone());
        let carried = self.carried(&needed, filters);
        (self.event_columns, self.visit_columns) = needed.clone();
        self.tested_columns.clear();
        let others = self.not_carried(&needed, filters);
        format!("FROM ({carried} UNION ALL {others})")
    }

    /// That a visit which carries its events has one that meets the filter.
    pub(super) fn done_in_lists(&mut self, filter: &Filter) -> String {
        // Inside, attributes of events are those of events.
        let source = std::mem::replace(&mut self.source, Source::Acts);
        let alias = std::mem::replace(&mut self.event_alias, "act_");
        let columns = std::mem::take(&mut self.event_columns);
        let condition = self.filter(filter);
        (self.source, self.event_alias) = (source, alias);
        let named = std::mem::replace(&mut self.event_columns, columns);
        let lists: Vec<_> = LISTS.into_iter().filter(|(column, _)| named.contains(column)).collect();
        let variables: Vec<_> = lists.iter().map(|(column, _)| format!("act_{column}")).collect();
        let lists: Vec<_> = lists.iter().map(|(_, list)| self.visit_column(list)).collect();
        format!("arrayExists(({}) -> {condition}, {})", variables.join(", "), lists.join(", "))
    }

    /// People with a visit in the range that does not carry its events, as a set. An older version of a
    /// row counts as well: somebody too many costs a few rows more.
    pub(super) fn people_not_carried(&mut self) -> String {
        let site = self.site();
        let (from, to) = self.instants(self.context.range.from.0, self.context.range.to.0);
        format!(
            "(SELECT visitor FROM v_sessions WHERE site_id = {site} AND start < {to} AND end >= {from} \
             AND NOT acts_whole AND deleted = 0)"
        )
    }

    fn carried(&mut self, needed: &Columns, filters: &[Filter]) -> String {
        let site = self.site();
        let range = self.context.range;
        let (from, to) = self.instants(range.from.0, range.to.0);
        let earliest = self.instant(range.from.0.saturating_sub(LONGEST_WHOLE_MS));
        let mut of_visits = vec![
            format!("s.site_id = {site}"),
            format!("s.start >= {earliest}"),
            format!("s.start < {to}"),
            format!("s.end >= {from}"),
            format!("s.visitor NOT IN {}", self.people_not_carried()),
        ];
        let (of_visits_alone, others): (Vec<_>, Vec<_>) =
            filters.iter().partition(|filter| self.side(filter) == Some(Scope::Visit));
        of_visits.extend(of_visits_alone.into_iter().map(|filter| self.filter(filter)));
        self.tested_columns.extend(std::mem::replace(&mut self.visit_columns, needed.1.clone()));

        self.event_columns.insert("ts");
        let mut of_events = vec![format!("e.ts >= {from}"), format!("e.ts < {to}")];
        of_events.extend(self.dimension_conditions());
        of_events.extend(others.into_iter().map(|filter| self.filter(filter)));

        let lists: Vec<_> =
            LISTS.into_iter().filter(|(column, _)| self.event_columns.contains(column)).collect();
        self.tested_columns.extend(lists.iter().map(|(_, list)| list));
        let visits = self.visits_of_people(&earliest, &to);
        let mut of_a_visit: BTreeSet<&str> = self.visit_columns.iter().copied().collect();
        of_a_visit.extend(["visitor", "start"]);
        of_a_visit.extend(lists.iter().map(|(_, list)| list));
        let taken_apart = lists.iter().map(|(column, list)| format!("s.{list} AS act_{column}"));
        let taken_apart: Vec<_> = taken_apart.collect();
        let named: Vec<_> = self.named_in_lists();
        format!(
            "SELECT {} FROM (SELECT {} FROM (SELECT {} FROM {visits} WHERE {}) AS s ARRAY JOIN {}) WHERE {}",
            self.outward(needed, |column| column.to_owned()).join(", "),
            named.join(", "),
            of_a_visit.into_iter().collect::<Vec<_>>().join(", "),
            of_visits.join(" AND "),
            taken_apart.join(", "),
            of_events.join(" AND ")
        )
    }

    /// The columns of events and visits that conditions and the rest of the statement name.
    fn named_in_lists(&mut self) -> Vec<String> {
        let currency = self.event_columns.contains("currency").then(|| self.currency());
        let event = |column: &&str| match *column {
            "visitor" => "s.visitor AS `e.visitor`".to_owned(),
            // Revenue in another one is nought.
            "currency" => format!("{} AS `e.currency`", currency.as_deref().unwrap_or("''")),
            column => format!("act_{column} AS `e.{column}`"),
        };
        let mut named: Vec<String> = self.event_columns.iter().map(event).collect();
        named.extend(self.visit_columns.iter().map(|column| format!("s.{column} AS `s.{column}`")));
        if self.visit_ids {
            named.push("sipHash64(s.visitor, s.start) AS `s.visit`".to_owned());
        }
        named
    }

    /// All events of people with a visit that does not carry its events.
    fn not_carried(&mut self, needed: &Columns, filters: &[Filter]) -> String {
        let people = self.people_not_carried();
        let of_visits = !needed.1.is_empty() || self.visit_ids || self.context.shape.visits;
        let from = match of_visits {
            true => self.events_in_visits_of(filters, Some(&people)),
            false => format!("{} AND e.visitor IN {people}", self.events(filters)),
        };
        // As the lists hold them.
        let named = |column: &str| match column {
            "e.path" => "toLowCardinality(e.path)".to_owned(),
            other => other.to_owned(),
        };
        format!("SELECT {} {from}", self.outward(needed, named).join(", "))
    }

    /// The columns that the rest of the statement names, in one order.
    fn outward(&self, (events, visits): &Columns, named: impl Fn(&str) -> String) -> Vec<String> {
        let events = events.iter().map(|column| format!("e.{column}"));
        let visits = visits.iter().map(|column| format!("s.{column}"));
        let ids = self.visit_ids.then(|| "s.visit".to_owned());
        events.chain(visits).chain(ids).map(|column| format!("{} AS `{column}`", named(&column))).collect()
    }
}
