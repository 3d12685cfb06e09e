//! The dimensions, one row each.

use serde::Serialize;

use super::{People, Places, Scores};

/// Whose attribute a dimension is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Of a visit: the same for all its events.
    Visit,
    /// Of a single event.
    Event,
}

/// An attribute to group or filter by.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Field {
    pub name: &'static str,
    pub meaning: &'static str,
    pub scope: Scope,
    pub example: &'static str,
    pub synonyms: &'static [&'static str],
    /// What an empty value is called in answers and filters.
    pub empty: &'static str,
    /// In `v_sessions` for a visit, in `events` for an event.
    #[serde(skip)]
    pub column: &'static str,
    /// The column of a visit that stands for an event's attribute where whole visits are measured.
    #[serde(skip)]
    pub visit_column: Option<&'static str>,
    /// Whether only custom events have the attribute.
    pub custom_only: bool,
    /// Where the attribute stands, if it is one of the person whose visit it is; `column` is then
    /// what it is called beside the columns of the visit.
    #[serde(skip)]
    pub people: Option<People>,
    /// What kind of code the column holds, where the attribute is the name of the place.
    #[serde(skip)]
    pub places: Option<Places>,
}

/// How long a bucket of time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grain {
    Minute,
    Hour,
    Day,
    Week,
    Month,
}

/// A time dimension.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TimeField {
    pub name: &'static str,
    pub meaning: &'static str,
    pub example: &'static str,
    pub grain: Grain,
}

/// What the name of a property dimension begins with; the rest is the property's key.
pub const PROPERTY: &str = "event:props:";

/// The attribute of this name.
pub fn field(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.name == name)
}

/// The time dimension of this name.
pub fn grain(name: &str) -> Option<Grain> {
    GRAINS.iter().find(|field| field.name == name).map(|field| field.grain)
}

impl Grain {
    /// The name of the dimension.
    pub fn name(self) -> &'static str {
        GRAINS[self as usize].name
    }
}

/// Every time dimension, in the order of [`Grain`]. Labels are local to the site.
pub const GRAINS: &[TimeField] = &[
    TimeField {
        name: "time:minute",
        meaning: "Minute of the site's clock.",
        example: "2024-01-01 13:05:00",
        grain: Grain::Minute,
    },
    TimeField {
        name: "time:hour",
        meaning: "Hour of the site's clock. Where the clock is set back, the hour that comes twice is one bucket.",
        example: "2024-01-01 13:00:00",
        grain: Grain::Hour,
    },
    TimeField {
        name: "time:day",
        meaning: "Day in the site's time zone.",
        example: "2024-01-01",
        grain: Grain::Day,
    },
    TimeField {
        name: "time:week",
        meaning: "Week, called by its first day as the site starts weeks, or by the first day of the range where \
                  that lies within it.",
        example: "2024-01-01",
        grain: Grain::Week,
    },
    TimeField {
        name: "time:month",
        meaning: "Month, called by its first day.",
        example: "2024-01-01",
        grain: Grain::Month,
    },
];

const NOT_SET: &str = "(not set)";
const DIRECT: &str = "Direct / None";
/// What a missing property is called.
pub(crate) const NO_PROPERTY: &str = "(none)";

const fn visit(
    name: &'static str,
    column: &'static str,
    meaning: &'static str,
    example: &'static str,
) -> Field {
    Field {
        name,
        meaning,
        scope: Scope::Visit,
        example,
        synonyms: &[],
        empty: NOT_SET,
        column,
        visit_column: None,
        custom_only: false,
        people: None,
        places: None,
    }
}

/// What is known of the person, under the name it has in `v_features`.
const fn user(
    name: &'static str,
    column: &'static str,
    value: &'static str,
    meaning: &'static str,
    example: &'static str,
) -> Field {
    Field { people: Some(People::Features(value)), ..visit(name, column, meaning, example) }
}

/// What a model says of the person.
const fn predicted(
    name: &'static str,
    column: &'static str,
    scores: Scores,
    meaning: &'static str,
    example: &'static str,
) -> Field {
    Field { people: Some(People::Scores(scores)), ..visit(name, column, meaning, example) }
}

const fn event(
    name: &'static str,
    column: &'static str,
    meaning: &'static str,
    example: &'static str,
) -> Field {
    Field { scope: Scope::Event, ..visit(name, column, meaning, example) }
}

/// Every attribute that is not time and not a property.
pub const FIELDS: &[Field] = &[
    Field {
        synonyms: &["event:path", "event:url", "path"],
        visit_column: Some("entry_page"),
        ..event("event:page", "path", "Path of the page an event happened on.", "/pricing")
    },
    event("event:name", "name", "Name of the event; a page view is `pageview`.", "signup"),
    Field {
        synonyms: &["event:conversion"],
        custom_only: true,
        ..event("event:goal", "name", "Goal: one that is defined, by its name, or a custom event.", "signup")
    },
    Field {
        synonyms: &["event:host", "host"],
        visit_column: Some("hostname"),
        ..event("event:hostname", "hostname", "Host an event happened on.", "example.com")
    },
    Field {
        synonyms: &["landing_page"],
        ..visit("visit:entry_page", "entry_page", "Path of the first page of the visit.", "/")
    },
    Field {
        synonyms: &["last_page"],
        ..visit("visit:exit_page", "exit_page", "Path of the last page of the visit.", "/thanks")
    },
    visit("visit:entry_page_hostname", "hostname", "Host the visit began on.", "example.com"),
    Field {
        empty: DIRECT,
        ..visit(
            "visit:source",
            "source",
            "Where the visit came from: a tag in the link, or the referring site.",
            "Google",
        )
    },
    Field {
        empty: DIRECT,
        synonyms: &["visit:referer"],
        ..visit(
            "visit:referrer",
            "referrer",
            "Referring page, without scheme and `www.`.",
            "news.example/item",
        )
    },
    visit("visit:channel", "channel", "Kind of source.", "Organic Search"),
    visit("visit:utm_source", "source", "Tag `utm_source` of the link.", "newsletter"),
    Field {
        synonyms: &["visit:medium"],
        ..visit("visit:utm_medium", "medium", "Tag `utm_medium` of the link.", "email")
    },
    Field {
        synonyms: &["visit:campaign"],
        ..visit("visit:utm_campaign", "campaign", "Tag `utm_campaign` of the link.", "spring")
    },
    Field {
        synonyms: &["visit:content"],
        ..visit("visit:utm_content", "content", "Tag `utm_content` of the link.", "banner")
    },
    Field {
        synonyms: &["visit:term"],
        ..visit("visit:utm_term", "term", "Tag `utm_term` of the link.", "analytics")
    },
    visit("visit:country", "country", "Country, ISO 3166-1 alpha-2.", "DE"),
    visit("visit:region", "region", "Region, ISO 3166-2.", "DE-BE"),
    visit("visit:city", "city", "City.", "Berlin"),
    Field {
        places: Some(Places::Countries),
        ..visit("visit:country_name", "country", "Country, by its English name in ISO 3166-1.", "Estonia")
    },
    Field {
        places: Some(Places::Regions),
        ..visit("visit:region_name", "region", "Region, by its name in ISO 3166-2.", "Berlin")
    },
    visit("visit:city_name", "city", "City.", "Tallinn"),
    visit("visit:device", "device", "Kind of device.", "Desktop"),
    visit("visit:browser", "browser", "Browser.", "Firefox"),
    visit("visit:browser_version", "browser_version", "Version of the browser.", "128.0"),
    Field { synonyms: &["visit:operating_system"], ..visit("visit:os", "os", "Operating system.", "Mac") },
    visit("visit:os_version", "os_version", "Version of the operating system.", "14.5"),
    visit("visit:screen", "screen", "Size of the screen.", "1920x1080"),
    visit("visit:language", "language", "Language of the browser.", "de-DE"),
    visit("visit:platform", "platform", "Kind of program that sent the events.", "web"),
    visit("visit:app", "app", "Name of the app.", "shop"),
    visit("visit:app_version", "app_version", "Version of the app.", "2.4.1"),
    event(
        "user:id",
        "user_id",
        "Identifier that the site's own program sent for somebody who signed in; only of sites in identified mode.",
        "ada",
    ),
    user(
        "user:first_source",
        "user_first_source",
        "first_source",
        "Where the person's first visit came from.",
        "Google",
    )
    .direct(),
    user(
        "user:first_channel",
        "user_first_channel",
        "first_channel",
        "Kind of source of the person's first visit.",
        "Organic Search",
    ),
    user(
        "user:last_source",
        "user_last_source",
        "last_source",
        "Where the person's last visit came from.",
        "newsletter",
    )
    .direct(),
    user(
        "user:last_channel",
        "user_last_channel",
        "last_channel",
        "Kind of source of the person's last visit.",
        "Email",
    ),
    user("user:country", "user_country", "country", "Country of the person's last visit.", "DE"),
    user("user:device", "user_device", "device", "Kind of device of the person's last visit.", "Mobile"),
    user("user:browser", "user_browser", "browser", "Browser of the person's last visit.", "Firefox"),
    user("user:os", "user_os", "os", "Operating system of the person's last visit.", "Android"),
    user("user:language", "user_language", "language", "Language of the person's last visit.", "de-DE"),
    user("user:platform", "user_platform", "platform", "Kind of program of the person's last visit.", "web"),
    user(
        "user:first_seen",
        "user_first_seen",
        "toDate32(first_seen, {zone})",
        "Day of the person's first event, on the site's clock.",
        "2024-01-01",
    ),
    user("user:visits", "user_visits", "sessions", "How many visits the person has made in all.", "3"),
    Field {
        synonyms: &["user:cluster", "visit:cluster"],
        people: Some(People::Clusters),
        ..visit(
            "cluster",
            "cluster",
            "Segment of visitors who behave alike, as the site's model finds them.",
            "Loyal readers",
        )
    },
    predicted(
        "user:churn_risk",
        "churn_risk",
        Scores::Churn,
        "How likely the person is not to come again, as the site's model says: low, medium (from 30 %) or high (from 70 %).",
        "high",
    ),
    predicted(
        "user:conversion_chance",
        "conversion_chance",
        Scores::Conversion,
        "How likely the person is to convert, as the site's model says: low, medium (from 30 %) or high (from 70 %).",
        "medium",
    ),
    predicted(
        "user:predicted_value",
        "predicted_value",
        Scores::Value,
        "What the person will spend next, as the site's model says, in the site's currency.",
        "10 to 100",
    ),
];

impl Field {
    /// The same of a source, where none has a name of its own.
    const fn direct(self) -> Self {
        Self { empty: DIRECT, ..self }
    }
}
