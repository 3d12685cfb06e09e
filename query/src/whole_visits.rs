//! Conditions on whole visits, for who counts visits as they change.
//!
//! They mean what they mean in a query about visits ([`crate::plan`]): a visit has the attributes of its
//! first event, a page it began on and one it ended on, and the page or host of an event is the one that it
//! began on. [`Attribute::Path`] is the page it began on, and the one it ended on, which no event has,
//! is a property by the name of its dimension ([`EXIT_PAGE`]).
//!
//! Other attributes of events are refused. In a query they mean the visits in which such an event happened
//! within the range, and a visit counts in each minute in which one did: such numbers do not add up to
//! those of a longer stretch, and whether a visit is among them is decided anew with every event.

use opentrace_events::define::{Attribute, Condition, VisitColumn};

use crate::catalogue::{self, Scope};
use crate::define::{self, condition_on};
use crate::error::QueryError;
use crate::filter::Filter;
use crate::query::Dimension;

/// The property of a visit that is the page it ended on.
pub const EXIT_PAGE: &str = "visit:exit_page";
const ENTRY_PAGE: &str = "visit:entry_page";
const ENTRY_HOST: &str = "visit:entry_page_hostname";

/// Filters as a condition on whole visits.
///
/// # Errors
/// Dimensions that no whole visit has.
pub fn visits(filters: &[Filter], field: &str) -> Result<Condition, QueryError> {
    if filters.iter().any(Filter::is_behavioural) {
        return Err(QueryError::Invalid {
            field: field.to_owned(),
            message: "what a visit has done besides is not known when it is counted".to_owned(),
            hint: Some("`has_done` is for queries".to_owned()),
        });
    }
    let all = filters.iter().enumerate().map(|(place, filter)| {
        let field = format!("{field}[{place}]");
        condition_on(filter, &field, &|dimension| attribute_of_visits(dimension, &field))
    });
    Ok(Condition::And(all.collect::<Result<_, _>>()?))
}

/// What of a visit a dimension is, by its full name.
///
/// # Errors
/// As [`visits`].
pub fn visit_attribute(name: &str, field: &str) -> Result<Attribute, QueryError> {
    let dimension = match (catalogue::field(name), name.strip_prefix(catalogue::PROPERTY)) {
        (Some(found), _) => Dimension::Field(found),
        (None, Some(key)) => Dimension::Property(key.to_owned()),
        (None, None) => {
            return Err(QueryError::Invalid {
                field: field.to_owned(),
                message: format!("`{name}` is not a dimension"),
                hint: catalogue::nearest_dimension(name).map(|near| format!("did you mean `{near}`?")),
            });
        }
    };
    attribute_of_visits(&dimension, field).map(|(attribute, _)| attribute)
}

/// Whether filters, or a dimension by its full name, are about what only whole visits have.
pub fn needs_visits(filters: &[Filter], dimension: Option<&str>) -> bool {
    let whole = |name: &str| [ENTRY_PAGE, EXIT_PAGE, ENTRY_HOST].contains(&name);
    dimension.is_some_and(whole)
        || filters.iter().any(|filter| filter.mentions(|dimension| whole(&dimension.name())))
}

fn attribute_of_visits(dimension: &Dimension, field: &str) -> Result<(Attribute, &'static str), QueryError> {
    let refused = |message: String, hint: &str| QueryError::Invalid {
        field: field.to_owned(),
        message,
        hint: Some(hint.to_owned()),
    };
    let name = dimension.name();
    let found = dimension.field();
    match found {
        Some(found) if [ENTRY_PAGE, "event:page"].contains(&found.name) => {
            return Ok((Attribute::Path, found.empty));
        }
        Some(found) if found.name == EXIT_PAGE => {
            return Ok((Attribute::Property(EXIT_PAGE.to_owned()), found.empty));
        }
        Some(found) if found.name == ENTRY_HOST => {
            return Ok((Attribute::Visit(VisitColumn::Hostname), found.empty));
        }
        _ => {}
    }
    let of_events = match found {
        Some(found) => found.scope == Scope::Event && found.visit_column.is_none(),
        None => true,
    };
    if of_events {
        return Err(refused(
            format!(
                "`{name}` is of single events: a visit would count in each minute in which one happened, and \
                 minutes of visits would not add up"
            ),
            "whole visits go by visit:* and by event:page, which is the page they began on; visitors, events, \
             total_revenue and conversion_rate go by what single events have",
        ));
    }
    define::attribute(dimension).ok_or_else(|| {
        refused(
            format!("`{name}` is not known of a visit when it is counted"),
            "use where the visit came from, such as visit:source, visit:country or visit:device",
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(given: Value) -> Vec<Filter> {
        crate::filters(&given, "filters", &crate::Vocabulary::default()).expect("filters")
    }

    #[test]
    fn visits_have_pages_and_what_their_first_event_had() {
        let of = |name: &str| visit_attribute(name, "group_by").expect("an attribute");
        assert_eq!([of("event:page"), of("visit:entry_page")], [Attribute::Path, Attribute::Path]);
        assert_eq!(of("visit:exit_page"), Attribute::Property(EXIT_PAGE.to_owned()));
        let host = Attribute::Visit(VisitColumn::Hostname);
        assert_eq!([of("event:hostname"), of("visit:entry_page_hostname")], [host.clone(), host]);
        assert_eq!(of("visit:utm_source"), Attribute::Visit(VisitColumn::Source));
    }

    #[test]
    fn what_no_visit_has_is_refused_by_name() {
        for name in
            ["event:name", "event:goal", "event:props:plan", "visit:country_name", "user:id", "cluster"]
        {
            let error = visit_attribute(name, "group_by").expect_err(name);
            assert_eq!(error.field().map(|field| field.to_string()).as_deref(), Some("group_by"), "{name}");
            assert!(error.to_string().contains(name) && error.hint().is_some(), "{error}");
        }
        let error = visits(&read(json!([["is", "event:goal", ["signup"]]])), "filters");
        let error = error.expect_err("of events");
        assert!(error.to_string().contains("event:goal"), "{error}");
        let done = visits(&read(json!([["has_done", ["is", "event:goal", ["a"]]]])), "filters");
        assert!(done.expect_err("done").to_string().contains("done besides"));
    }

    #[test]
    fn what_only_visits_have_is_found_also_within() {
        let nested =
            json!([["not", ["or", [["is", "visit:exit_page", ["/a"]], ["is", "visit:os", ["Mac"]]]]]]);
        assert!(needs_visits(&read(nested), None));
        assert!(needs_visits(&[], Some("visit:entry_page")));
        assert!(!needs_visits(&read(json!([["is", "event:page", ["/"]]])), None));
    }
}
