//! What tests of several modules need: sites and random queries.

use jiff::civil::{Weekday, date};
use jiff::tz::TimeZone;
use opentrace_events::{Site, SiteId, Timestamp};
use proptest::prelude::*;

use opentrace_events::define::{self, Attribute, Comparison, Condition as Event};

use crate::catalogue::{FIELDS, GRAINS, METRICS, Metric, Requires};
use crate::filter::{Condition, Filter, Operator};
use crate::measure::{self, Measure};
use crate::query::{
    Compare, DateRange, Dimension, Direction, Include, Moment, OrderBy, Pagination, Query, Subject,
};
use crate::vocabulary::Goal;

pub(crate) fn site(zone: &str) -> Site {
    Site {
        id: SiteId(1),
        domain: "example.com".to_owned(),
        timezone: TimeZone::get(zone).expect("a zone"),
        week_start: Weekday::Monday,
        identified: false,
        numbered: false,
        currency: "EUR".to_owned(),
        bots: Default::default(),
        honour_privacy_signals: false,
        retention_days: 0,
        calendar: 0,
    }
}

pub(crate) fn ms(instant: &str) -> Timestamp {
    Timestamp(instant.parse::<jiff::Timestamp>().expect("an instant").as_millisecond())
}

/// Strings that would break out of a literal, a list, an escape or a placeholder.
pub(crate) fn nasty() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "zq'; DROP TABLE events; --",
            "zq' OR '1'='1",
            "zq\\",
            "zq\\'",
            "zq\")",
            "zq{p0:String}",
            "zq??",
            "zq`",
            "zq\n\nzq",
            "zq\t",
            "zq\r\n--",
            "zq/*",
            "zq]zq",
            "zq\u{202e}",
            "zq\u{feff}",
            "zq%_",
            "zq(not set)",
        ])
        .prop_map(str::to_owned),
        "zq[^\u{0}]{0,20}",
    ]
}

fn field() -> impl Strategy<Value = Dimension> {
    prop_oneof![
        8 => prop::sample::select(FIELDS).prop_map(|field| {
            Dimension::Field(crate::catalogue::field(field.name).expect("the field"))
        }),
        1 => nasty().prop_map(Dimension::Property),
    ]
}

fn filter() -> impl Strategy<Value = Filter> {
    let operator = prop::sample::select(vec![Operator::Is, Operator::Contains, Operator::Matches]);
    let values = prop::collection::vec(nasty(), 1..4);
    let condition = (operator, any::<bool>(), field(), values, any::<bool>());
    let leaf = condition.prop_map(|(operator, negated, dimension, values, sensitive)| {
        let case_sensitive = sensitive || operator == Operator::Matches;
        Filter::Where(Condition { operator, negated, dimension, values, case_sensitive })
    });
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..3).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 1..3).prop_map(Filter::Or),
            inner.prop_map(|inner| Filter::Not(Box::new(inner))),
            done(),
        ]
    })
}

/// What a visit has done: conditions on properties.
fn done() -> impl Strategy<Value = Filter> {
    let event = (nasty(), nasty()).prop_map(|(key, value)| {
        Filter::Where(Condition {
            operator: Operator::Is,
            negated: false,
            dimension: Dimension::Property(key),
            values: vec![value],
            case_sensitive: true,
        })
    });
    (event, any::<bool>()).prop_map(|(event, negated)| {
        let done = Filter::Done(Box::new(event));
        if negated { Filter::Not(Box::new(done)) } else { done }
    })
}

/// Goals as nasty as they come.
pub(crate) fn goals() -> impl Strategy<Value = Vec<Goal>> {
    let goal = (nasty(), nasty(), nasty()).prop_map(|(name, key, value)| Goal {
        name,
        event: Event::Where(Comparison {
            attribute: Attribute::Property(key),
            operator: define::Operator::Is,
            negated: false,
            values: vec![value.clone()],
            case_sensitive: false,
            empty: value,
        }),
    });
    prop::collection::vec(goal, 0..3)
}

fn compare() -> impl Strategy<Value = Option<Compare>> {
    prop::option::of(prop_oneof![
        Just(Compare::PreviousPeriod),
        Just(Compare::YearOverYear),
        Just(Compare::Custom(DateRange::Dates(date(2023, 1, 1), date(2023, 2, 1)))),
    ])
}

fn date_range() -> impl Strategy<Value = DateRange> {
    let local = |minutes: i64| {
        date(2024, 1, 1).at(0, 0, 0, 0).checked_add(jiff::Span::new().minutes(minutes)).expect("a time")
    };
    prop_oneof![
        Just(DateRange::Day),
        Just(DateRange::Last24Hours),
        (1_u16..1_000).prop_map(DateRange::LastDays),
        Just(DateRange::Month),
        (1_u16..30).prop_map(DateRange::LastMonths),
        Just(DateRange::Year),
        Just(DateRange::All),
        (0_i64..500_000, 0_i64..100_000).prop_map(move |(start, length)| {
            DateRange::Dates(local(start).date(), local(start + length).date())
        }),
        (0_i64..500_000, 0_i64..100_000).prop_map(move |(start, length)| {
            DateRange::Moments(Moment::Local(local(start)), Moment::Local(local(start + length)))
        }),
        (0_i64..900_000_000, 0_i64..100_000_000).prop_map(|(start, length)| {
            let at =
                |s| Moment::Instant(jiff::Timestamp::from_second(1_700_000_000 + s).expect("an instant"));
            DateRange::Moments(at(start), at(start + length))
        }),
    ]
}

/// Any query that the parser accepts. Some ask for metrics and dimensions that do not go together.
pub(crate) fn queries() -> impl Strategy<Value = Query> {
    let metrics = prop::sample::subsequence(METRICS, 1..=METRICS.len());
    let time = prop::option::of(prop_oneof![
        Just(Dimension::Time),
        prop::sample::select(GRAINS).prop_map(|time| Dimension::Bucket(time.grain)),
    ]);
    let fields = prop::collection::vec(field(), 0..3);
    let filters = prop::collection::vec(filter(), 0..3);
    let flags = any::<(bool, bool, bool, bool, bool, bool)>();
    let pagination = (1_u64..=10_000, 0_u64..1_000);
    let rest = (compare(), prop::collection::vec(nasty(), 0..2), prop::option::of(any::<u64>()));
    (metrics, date_range(), time, fields, filters, flags, pagination, rest).prop_map(
        |(metrics, date_range, time, fields, filters, flags, (limit, offset), (compare, keys, since))| {
            let mut dimensions: Vec<Dimension> = time.into_iter().collect();
            for field in fields {
                if !dimensions.contains(&field) {
                    dimensions.push(field);
                }
            }
            let (time_labels, total_rows, imports, source, ordered, ascending) = flags;
            let mut metrics: Vec<Metric> = metrics.iter().map(|info| info.metric).collect();
            let named = |name: &str| {
                let is = |dimension: &Dimension| dimension.name() == name;
                dimensions.iter().any(is) || filters.iter().any(|filter: &Filter| filter.mentions(is))
            };
            metrics.retain(|metric| match metric.info().requires {
                Requires::Nothing => true,
                Requires::Dimension => !dimensions.is_empty(),
                Requires::Page => named("event:page"),
                Requires::Goal => named("event:goal"),
            });
            metrics.truncate(crate::limits::METRICS - 2);
            let measures: Vec<Measure> = keys
                .into_iter()
                .filter_map(|key| measure::by_name(&format!("p95:event:props:{key}")))
                .collect();
            let own = (0..measures.len()).map(|place| Metric::Custom(place as u8));
            metrics.extend(own);
            metrics.extend(metrics.is_empty().then_some(Metric::Visitors));
            let direction = if ascending { Direction::Asc } else { Direction::Desc };
            let subjects = metrics.last().map(|metric| Subject::Metric(*metric)).into_iter();
            let subjects = subjects.chain(dimensions.last().cloned().map(Subject::Dimension));
            Query {
                site_id: "example.com".to_owned(),
                metrics: metrics.clone(),
                date_range,
                order_by: subjects
                    .filter(|_| ordered)
                    .map(|subject| OrderBy { subject, direction })
                    .collect(),
                include: Include {
                    time_labels: time_labels && dimensions.iter().any(Dimension::is_time),
                    total_rows,
                    imports,
                    source,
                    explain: source,
                    partial_time_labels: false,
                    epoch: imports,
                    corrected_since: since,
                },
                dimensions,
                filters,
                pagination: Pagination { limit, offset },
                compare,
                measures,
            }
        },
    )
}
