//! Visits made of events, for whoever trusts nothing that is kept.
//!
//! The definition once more, in one statement: a visitor's events in their order, cut where more than
//! half an hour passes, engagement then taken out of each piece, pieces without anything else dropped.

use opentrace_store::VISIT_COLUMNS;

use super::builder::Builder;

/// The pause that ends a visit, in milliseconds.
const PAUSE: i64 = 1_800_000;

impl Builder<'_> {
    /// The rows of visits: those that are kept, or the same made of every event of the site.
    pub(super) fn visit_rows(&mut self, alias: &str) -> String {
        if !self.context.shape.made_visits {
            return format!("v_sessions AS {alias} FINAL");
        }
        let (site, currency) = (self.site(), self.currency());
        let first: Vec<String> = VISIT_COLUMNS
            .iter()
            .enumerate()
            .map(|(place, name)| format!("acts[1].7.{} AS {name}", place + 1))
            .collect();
        let pages = "arrayFilter(act -> act.3 = 'pageview', acts)";
        format!(
            "(SELECT site_id, visitor, fromUnixTimestamp64Milli(acts[1].1, 'UTC') AS start, \
               fromUnixTimestamp64Milli(acts[-1].1, 'UTC') AS end, {pages}[1].5 AS entry_page, \
               {pages}[-1].5 AS exit_page, arraySlice(arrayCompact({pages}.5), 1, 32) AS stops, \
               length(arrayCompact({pages}.5)) > 32 AS more_stops, length({pages}) AS pageviews, \
               length(acts) AS events, arrayCount(act -> act.4, acts) <= 1 AS bounce, \
               toUInt64(acts[-1].1 - acts[1].1) AS duration_ms, arraySum(act -> act.6, acts) AS revenue, {} \
             FROM (SELECT site_id, visitor, arrayJoin(arrayFilter(piece -> notEmpty(piece), arrayMap(piece -> \
                 arrayFilter(act -> act.3 != 'engagement', piece), arraySplit((act, pause) -> pause > {PAUSE}, \
                 visitor_acts, arrayDifference(visitor_acts.1))))) AS acts \
               FROM (SELECT site_id, visitor, arraySort(act -> (act.1, act.2), groupArray((\
                   toUnixTimestamp64Milli(ts), reinterpretAsUInt64(reverse(substring(UUIDToNum(id), 9, 8))), \
                   toString(name), interactive, path, if(currency = {currency}, revenue, 0), ({})))) AS visitor_acts \
                 FROM events WHERE site_id = {site} GROUP BY site_id, visitor))) AS {alias}",
            first.join(", "),
            VISIT_COLUMNS.map(|name| format!("toString({name})")).join(", ")
        )
    }
}
