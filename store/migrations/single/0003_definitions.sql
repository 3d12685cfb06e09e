-- Views of what users define, of each visitor, and of series; journeys and live as queries.
--
-- A view that adds up (`v_uniques`, `v_goals`, `v_retention`, `v_series`) has up to two rows per
-- cell: origin 0 is what the dataflow added since the definition came into force, origin 1 what
-- history came to before. Their sum counts. `calendar` numbers the settings (time zone, start of
-- the week, currency) that a site's rows were made with; only the site's newest number counts.

DROP TABLE IF EXISTS v_uniques;

CREATE TABLE IF NOT EXISTS v_uniques (
    site_id  UInt32,
    calendar UInt32,
    period   Enum8('day' = 1, 'week' = 2, 'month' = 3),
    start    Date32,
    origin   UInt8,
    visitors Int64,
    epoch    UInt64,
    deleted  UInt8
)
ENGINE = ReplacingMergeTree(epoch, deleted)
ORDER BY (site_id, calendar, period, start, origin);

CREATE TABLE IF NOT EXISTS v_goals (
    site_id    UInt32,
    definition UInt32,
    period     Enum8('day' = 1, 'week' = 2, 'month' = 3),
    start      Date32,
    origin     UInt8,
    events     Int64,
    visitors   Int64,
    revenue    Int64,
    epoch      UInt64,
    deleted    UInt8
)
ENGINE = ReplacingMergeTree(epoch, deleted)
ORDER BY (site_id, definition, period, start, origin);

-- `offset` counts periods since the cohort's; -1 is the size of the cohort.
CREATE TABLE IF NOT EXISTS v_retention (
    site_id    UInt32,
    definition UInt32,
    cohort     Date32,
    offset     Int32,
    origin     UInt8,
    people     Int64,
    epoch      UInt64,
    deleted    UInt8
)
ENGINE = ReplacingMergeTree(epoch, deleted)
ORDER BY (site_id, definition, cohort, offset, origin);

-- `series` is 1 visitors, 2 visits, 3 pageviews, 4 events, 5 bounces, 6 duration in ms, 7 revenue,
-- or the number of a definition, whose calendar is 0. Days are the site's dates, at midnight in UTC.
CREATE TABLE IF NOT EXISTS v_series (
    site_id  UInt32,
    calendar UInt32,
    series   UInt32,
    grain    Enum8('minute' = 1, 'hour' = 2, 'day' = 3),
    start    DateTime('UTC'),
    origin   UInt8,
    value    Int64,
    epoch    UInt64,
    deleted  UInt8
)
ENGINE = ReplacingMergeTree(epoch, deleted)
PARTITION BY toYYYYMM(start)
ORDER BY (site_id, calendar, series, grain, start, origin);

-- One row per funnel, day of entry and visitor. `seconds` holds the time from the entry to each
-- step reached, 0 for the first: its length is how far the visitor got.
CREATE TABLE IF NOT EXISTS v_funnels (
    site_id    UInt32,
    definition UInt32,
    day        Date32,
    visitor    UInt64,
    entered    DateTime64(3, 'UTC'),
    seconds    Array(UInt32),
    epoch      UInt64,
    deleted    UInt8
)
ENGINE = ReplacingMergeTree(epoch, deleted)
PARTITION BY toYYYYMM(day)
ORDER BY (site_id, definition, day, visitor);

-- What is known of each visitor. `first_*` and `last_*` are of the first and the last session.
CREATE TABLE IF NOT EXISTS v_features (
    site_id       UInt32,
    visitor       UInt64,
    first_seen    DateTime64(3, 'UTC'),
    last_seen     DateTime64(3, 'UTC'),
    active_days   UInt32,
    sessions      UInt32,
    bounces       UInt32,
    pageviews     UInt32,
    events        UInt32,
    purchases     UInt32,
    revenue       Int64,
    duration_ms   Int64,
    pages         UInt32,
    origins       UInt32,
    first_source  LowCardinality(String),
    first_channel LowCardinality(String),
    last_source   LowCardinality(String),
    last_channel  LowCardinality(String),
    country       LowCardinality(String),
    device        LowCardinality(String),
    browser       LowCardinality(String),
    os            LowCardinality(String),
    language      LowCardinality(String),
    platform      LowCardinality(String),
    hours         Array(UInt32),
    weekdays      Array(UInt32),
    epoch         UInt64,
    deleted       UInt8
)
ENGINE = ReplacingMergeTree(epoch, deleted)
ORDER BY (site_id, visitor);

-- The pages of a session in order, without reloads; the first 32.
ALTER TABLE v_sessions ADD COLUMN IF NOT EXISTS stops Array(String) AFTER exit_page;

ALTER TABLE v_sessions ADD COLUMN IF NOT EXISTS more_stops Bool AFTER stops;

-- Transitions between pages within a session: step 0 leads from nowhere to the entry page, the last
-- from the exit page to nowhere.
CREATE VIEW IF NOT EXISTS v_journeys AS
SELECT
    site_id,
    start,
    visitor,
    toUInt16(place - 1) AS step,
    if(place = 1, '', stops[place - 1]) AS from_page,
    if(place > length(stops), '', stops[place]) AS to_page
FROM v_sessions FINAL
ARRAY JOIN range(1, length(stops) + if(more_stops, 1, 2)) AS place
WHERE notEmpty(stops);

-- Who is on a site now: visitors of the last 5 and 30 minutes, in all, by page and by country.
CREATE VIEW IF NOT EXISTS v_live AS
SELECT site_id, minutes, kind, value, uniqExact(visitor) AS visitors
FROM (
    SELECT
        site_id,
        visitor,
        argMax(path, ts) AS page,
        argMax(toString(country), ts) AS place,
        max(ts) AS latest,
        arrayJoin([5, 30]) AS minutes
    FROM events
    WHERE ts > now64(3) - INTERVAL 30 MINUTE AND name != 'engagement'
    GROUP BY site_id, visitor
)
ARRAY JOIN ['all', 'page', 'country'] AS kind, ['', page, place] AS value
WHERE latest > now64(3) - toIntervalMinute(minutes)
GROUP BY site_id, minutes, kind, value;
