//! The rows of every table, as ClickHouse takes and gives them.
//!
//! Times are milliseconds (or, where the column says so, seconds or days) since 1970 in UTC, because
//! that is what the wire carries; money is fixed point as in `opentrace_events::money`.

use std::sync::Arc;

use clickhouse::Row;
use opentrace_events::{Event, Visit};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A row of `events`: an event, where it lies in the log, and the epoch it belongs to.
#[derive(Clone, Copy, Debug)]
pub struct EventRow<'a> {
    pub event: &'a Event,
    pub log_partition: u16,
    pub log_offset: u64,
    pub epoch: u64,
}

/// Defines a row that has the columns of a visit beside its own.
macro_rules! row_with_visit {
    ($(#[$doc:meta])* $name:ident { $($(#[$attribute:meta])* $field:ident: $type:ty,)* } visit { $($column:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
        pub struct $name {
            $($(#[$attribute])* pub $field: $type,)*
            $(pub $column: compact_str::CompactString,)*
        }

        impl $name {
            /// The visit's attributes.
            pub fn visit(&self) -> Visit {
                Visit { $($column: self.$column.clone(),)* }
            }
        }
    };
    ($(#[$doc:meta])* $name:ident { $($body:tt)* }) => {
        row_with_visit! {
            $(#[$doc])* $name { $($body)* } visit {
                hostname, referrer, source, medium, campaign, term, content, channel, country, region,
                city, device, browser, browser_version, os, os_version, screen, language, platform, app,
                app_version,
            }
        }
    };
}

/// A row of `v_sessions`. Keyed by site, start and visitor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SessionRow {
    pub site_id: u32,
    pub start: i64,
    pub visitor: u64,
    pub end: i64,
    pub entry_page: Arc<str>,
    pub exit_page: Arc<str>,
    pub stops: Vec<Arc<str>>,
    pub more_stops: bool,
    pub pageviews: u32,
    pub events: u32,
    pub bounce: bool,
    pub duration_ms: u64,
    pub revenue: i64,
    pub epoch: u64,
    pub deleted: u8,
    /// None where there are too many to be kept with the session.
    pub acts: Option<Acts>,
    pub visit: Arc<Visit>,
}

/// Acts that a session is kept with at most.
pub const ACTS: usize = 64;

/// How long a session that is kept with its acts lasts at most: who looks for acts of some time finds them
/// in sessions that began no longer before it.
pub const LONGEST_WHOLE_MS: i64 = 86_400_000;

/// The counted acts of a session, in order: a list of each attribute.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Acts {
    pub ts: Vec<i64>,
    pub name: Vec<Arc<str>>,
    pub path: Vec<Arc<str>>,
    /// In the site's currency.
    pub revenue: Vec<i64>,
}

impl SessionRow {
    /// A row that hides the session with this key.
    pub fn tombstone(site_id: u32, start: i64, visitor: u64, epoch: u64) -> Self {
        let acts = Some(Acts::default());
        Self { site_id, start, visitor, end: start, epoch, deleted: 1, acts, ..Self::default() }
    }
}

row_with_visit! {
    /// What of a stored session is read back: all but when it ended, its stops and its acts.
    StoredSession {
        site_id: u32,
        start: i64,
        visitor: u64,
        entry_page: String,
        exit_page: String,
        pageviews: u32,
        events: u32,
        bounce: bool,
        duration_ms: u64,
        revenue: i64,
        epoch: u64,
        deleted: u8,
    }
}

impl From<StoredSession> for SessionRow {
    fn from(stored: StoredSession) -> Self {
        let visit = Arc::new(stored.visit());
        let StoredSession { site_id, start, visitor, entry_page, exit_page, pageviews, events, .. } = stored;
        let StoredSession { bounce, duration_ms, revenue, epoch, deleted, .. } = stored;
        Self {
            site_id,
            start,
            visitor,
            end: start.saturating_add_unsigned(duration_ms),
            entry_page: entry_page.into(),
            exit_page: exit_page.into(),
            stops: Vec::new(),
            more_stops: false,
            pageviews,
            events,
            bounce,
            duration_ms,
            revenue,
            epoch,
            deleted,
            acts: None,
            visit,
        }
    }
}

row_with_visit! {
    /// What of a stored event the dataflow needs to have it back.
    StoredAct {
        site_id: u32,
        visitor: u64,
        ts: i64,
        #[serde(with = "clickhouse::serde::uuid")]
        id: Uuid,
        name: String,
        interactive: bool,
        path: String,
        /// Empty where they were not asked for.
        props: Vec<(String, String)>,
        revenue: i64,
        currency: String,
        /// Nought where it was not asked for.
        scroll_depth: u8,
        engagement_ms: u32,
        epoch: u64,
    }
}

/// A row of `v_traffic`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct TrafficRow {
    pub site_id: u32,
    /// Seconds since 1970 in UTC, a whole minute.
    pub minute: u32,
    pub events: i64,
    pub pageviews: i64,
    pub visitors: i64,
    pub sessions: i64,
    pub bounces: i64,
    pub duration_ms: i64,
    pub revenue: i64,
    pub epoch: u64,
    pub deleted: u8,
}

/// Defines the numbers of an `Enum8` as ClickHouse takes and gives them.
macro_rules! enum8 {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $number:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(i8)]
        pub enum $name { $($variant = $number,)* }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_i8(*self as i8)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                match i8::deserialize(deserializer)? {
                    $($number => Ok(Self::$variant),)*
                    other => Err(serde::de::Error::custom(format!("{other} is none of {}", stringify!($name)))),
                }
            }
        }
    };
}

enum8! {
    /// The length of a cell of `v_uniques` and `v_goals`.
    PeriodColumn { Day = 1, Week = 2, Month = 3, }
}

enum8! {
    /// The length of a cell of `v_series`.
    GrainColumn { Minute = 1, Hour = 2, Day = 3, }
}

enum8! {
    /// What a row of `v_breakdowns` divides a day by: nothing at all, or nothing but that there was a
    /// visit, the page of an event, the name of a custom one, or a column of `v_sessions`.
    BreakdownColumn {
        Everyone = 1, Visits = 2, Page = 3, EntryPage = 4, ExitPage = 5, Source = 6, Medium = 7, Campaign = 8,
        Channel = 9, Country = 10, Region = 11, City = 12, Device = 13, Browser = 14, Os = 15, Name = 16,
    }
}

impl BreakdownColumn {
    /// Each with its name in ClickHouse.
    pub const NAMED: [(Self, &'static str); 16] = [
        (Self::Everyone, "everyone"),
        (Self::Visits, "visits"),
        (Self::Page, "page"),
        (Self::EntryPage, "entry_page"),
        (Self::ExitPage, "exit_page"),
        (Self::Source, "source"),
        (Self::Medium, "medium"),
        (Self::Campaign, "campaign"),
        (Self::Channel, "channel"),
        (Self::Country, "country"),
        (Self::Region, "region"),
        (Self::City, "city"),
        (Self::Device, "device"),
        (Self::Browser, "browser"),
        (Self::Os, "os"),
        (Self::Name, "name"),
    ];

    /// The one that is of visits by this column of theirs.
    pub fn of_visits(column: &str) -> Option<&'static str> {
        let others = [Self::Everyone, Self::Visits, Self::Page, Self::Name];
        let mut found = Self::NAMED.into_iter().filter(|(dimension, _)| !others.contains(dimension));
        found.find(|(_, name)| *name == column).map(|(_, name)| name)
    }
}

/// Where a row of a view that adds up comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Origin {
    /// The dataflow.
    Live = 0,
    /// History, counted when the definition came into force.
    History = 1,
}

/// Defines a row of a view that adds up.
macro_rules! cell_row {
    ($(#[$doc:meta])* $name:ident { $($(#[$attribute:meta])* $key:ident: $key_type:ty,)* } values { $($value:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Row, Serialize, Deserialize)]
        pub struct $name {
            $($(#[$attribute])* pub $key: $key_type,)*
            /// See [`Origin`].
            pub origin: u8,
            $(pub $value: i64,)*
            pub epoch: u64,
            pub deleted: u8,
        }
    };
}

cell_row! {
    /// A row of `v_uniques`.
    UniquesRow {
        site_id: u32,
        calendar: u32,
        period: PeriodColumn,
        /// First day of the period, in days since 1970-01-01.
        start: i32,
    } values { visitors, }
}

cell_row! {
    /// A row of `v_breakdowns`.
    BreakdownRow {
        site_id: u32,
        calendar: u32,
        dimension: BreakdownColumn,
        /// Days since 1970-01-01, here and below.
        day: i32,
        /// Of the value, which stands in `v_values`: 64 bits, as of a visitor.
        hash: u64,
        /// The day before this one on which the visitors came with the same value.
        previous: i32,
    } values { visitors, visits, pageviews, events, bounces, duration_ms, revenue, }
}

/// A row of `v_values`: the value that a hash stands for.
#[derive(Clone, Debug, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct ValueRow {
    pub site_id: u32,
    pub hash: u64,
    pub value: compact_str::CompactString,
    pub epoch: u64,
}

cell_row! {
    /// A row of `v_goals`.
    GoalRow {
        site_id: u32,
        definition: u32,
        period: PeriodColumn,
        /// First day of the period, in days since 1970-01-01.
        start: i32,
    } values { events, visitors, revenue, }
}

cell_row! {
    /// A row of `v_retention`.
    RetentionRow {
        site_id: u32,
        definition: u32,
        /// First day of the cohort's period, in days since 1970-01-01.
        cohort: i32,
        /// Periods later, or -1 for the size of the cohort.
        offset: i32,
    } values { people, }
}

cell_row! {
    /// A row of `v_series`.
    SeriesRow {
        site_id: u32,
        calendar: u32,
        series: u32,
        grain: GrainColumn,
        /// Seconds since 1970 in UTC.
        start: u32,
    } values { value, }
}

/// A row of `v_funnels`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct PassageRow {
    pub site_id: u32,
    pub definition: u32,
    /// Days since 1970-01-01.
    pub day: i32,
    pub visitor: u64,
    pub entered: i64,
    pub seconds: Vec<u32>,
    pub epoch: u64,
    pub deleted: u8,
}

/// A row of `v_features`. What the first visit has is its source and channel, the rest is of the last.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeatureRow {
    pub site_id: u32,
    pub visitor: u64,
    pub first_seen: i64,
    pub last_seen: i64,
    pub active_days: u32,
    pub sessions: u32,
    pub bounces: u32,
    pub pageviews: u32,
    pub events: u32,
    pub purchases: u32,
    pub revenue: i64,
    pub duration_ms: i64,
    pub pages: u32,
    pub origins: u32,
    pub first: Arc<Visit>,
    pub last: Arc<Visit>,
    pub hours: [u32; 24],
    pub weekdays: [u32; 7],
    pub epoch: u64,
    pub deleted: u8,
}

/// A row of `visitor_clusters`: the segment that a model put a visitor in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct ClusterRow {
    pub site_id: u32,
    pub visitor: u64,
    /// The segment's number in the model.
    pub cluster: i32,
    /// What people read; empty where the segment has no name.
    pub name: compact_str::CompactString,
    /// The model, and its version.
    pub model: compact_str::CompactString,
    pub version: u32,
    /// Of the features that the model looked at.
    pub epoch: u64,
    pub deleted: u8,
}

/// A row of `view_progress`: every view holds everything up to this epoch.
#[derive(Clone, Debug, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct ProgressRow {
    pub engine: String,
    pub epoch: u64,
    pub generation: u64,
    /// Milliseconds since 1970 in UTC.
    pub closed_at: i64,
}

/// An id of the deduplication window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct StoredId {
    pub site_id: u32,
    #[serde(with = "clickhouse::serde::uuid")]
    pub id: Uuid,
    pub received_at: i64,
}
