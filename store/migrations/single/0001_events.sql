-- One row per event, as accepted. Ordered so that a site's day is one range, and within it a
-- visitor's events lie together: time ranges, unique counts and the look-up of one person's day
-- are all short scans. Writes carry the epoch, so a reader can ask for the state as of one.
CREATE TABLE IF NOT EXISTS events (
    site_id         UInt32,
    ts              DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    received_at     DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    visitor         UInt64,
    id              UUID,
    client_id       Bool,
    history         Bool,
    name            LowCardinality(String),
    interactive     Bool,
    user_id         String CODEC(ZSTD(1)),
    url             String CODEC(ZSTD(1)),
    path            String CODEC(ZSTD(1)),
    title           String CODEC(ZSTD(1)),
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
    props           Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    revenue         Int64,
    currency        LowCardinality(String),
    scroll_depth    UInt8,
    engagement_ms   UInt32,
    log_partition   UInt16,
    log_offset      UInt64 CODEC(Delta, ZSTD(1)),
    epoch           UInt64 CODEC(Delta, ZSTD(1)),
    INDEX by_epoch epoch TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(ts)
ORDER BY (site_id, toDate(ts), visitor, ts)
SETTINGS non_replicated_deduplication_window = 1000;
