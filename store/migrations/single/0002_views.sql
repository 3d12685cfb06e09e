-- What the dataflow maintains. One row per key, the highest epoch wins, a tombstone hides its key.
-- A key never changes partition. Amounts are fixed point, 1/10,000 of the site's currency.

CREATE TABLE IF NOT EXISTS v_traffic (
    site_id     UInt32,
    minute      DateTime('UTC'),
    events      Int64,
    pageviews   Int64,
    visitors    Int64,
    sessions    Int64,
    bounces     Int64,
    duration_ms Int64,
    revenue     Int64,
    epoch       UInt64,
    deleted     UInt8
)
ENGINE = ReplacingMergeTree(epoch, deleted)
PARTITION BY toYYYYMM(minute)
ORDER BY (site_id, minute);

CREATE TABLE IF NOT EXISTS v_uniques (
    site_id  UInt32,
    period   Enum8('day' = 1, 'week' = 2, 'month' = 3),
    start    Date32,
    visitors Int64,
    epoch    UInt64,
    deleted  UInt8
)
ENGINE = ReplacingMergeTree(epoch, deleted)
ORDER BY (site_id, period, start);

CREATE TABLE IF NOT EXISTS v_sessions (
    site_id         UInt32,
    start           DateTime64(3, 'UTC'),
    visitor         UInt64,
    end             DateTime64(3, 'UTC'),
    entry_page      String CODEC(ZSTD(1)),
    exit_page       String CODEC(ZSTD(1)),
    pageviews       UInt32,
    events          UInt32,
    bounce          Bool,
    duration_ms     UInt64,
    revenue         Int64,
    hostname        LowCardinality(String),
    referrer        String CODEC(ZSTD(1)),
    source          LowCardinality(String),
    medium          LowCardinality(String),
    campaign        LowCardinality(String),
    term            LowCardinality(String),
    content         LowCardinality(String),
    channel         LowCardinality(String),
    country         LowCardinality(String),
    region          LowCardinality(String),
    city            LowCardinality(String),
    device          LowCardinality(String),
    browser         LowCardinality(String),
    browser_version LowCardinality(String),
    os              LowCardinality(String),
    os_version      LowCardinality(String),
    screen          LowCardinality(String),
    language        LowCardinality(String),
    platform        LowCardinality(String),
    app             LowCardinality(String),
    app_version     LowCardinality(String),
    epoch           UInt64,
    deleted         UInt8
)
ENGINE = ReplacingMergeTree(epoch, deleted)
PARTITION BY toYYYYMM(start)
ORDER BY (site_id, start, visitor);

-- How far the views are. One row per engine; the highest epoch counts.
CREATE TABLE IF NOT EXISTS view_progress (
    engine     LowCardinality(String),
    epoch      UInt64,
    generation UInt64,
    closed_at  DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(epoch)
ORDER BY engine;
