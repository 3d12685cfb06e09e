-- What models say about the views. Nothing here is a truth of its own: it can be computed again.

-- Steps of a site's main series that were strange when they ended, or that came to be by later events.
-- `series` is as in `v_series`; `start` is the instant the step begins, in UTC. A tombstone hides a step
-- that is not strange any more.
CREATE TABLE IF NOT EXISTS anomalies (
    site_id  UInt32,
    series   UInt32,
    grain    Enum8('minute' = 1, 'hour' = 2, 'day' = 3),
    start    DateTime('UTC'),
    value    Float64,
    expected Float64,
    lower    Float64,
    upper    Float64,
    score    Float64,
    kind     LowCardinality(String),
    reason   String CODEC(ZSTD(1)),
    epoch    UInt64,
    deleted  UInt8
)
ENGINE = ReplacingMergeTree(epoch, deleted)
PARTITION BY toYYYYMM(start)
ORDER BY (site_id, series, grain, start);

-- The newest forecast of a site's main series. `start` is the instant the step begins, in UTC; `made` is
-- when the forecast was made, and the newest counts.
CREATE TABLE IF NOT EXISTS v_forecast (
    site_id UInt32,
    series  UInt32,
    grain   Enum8('minute' = 1, 'hour' = 2, 'day' = 3),
    start   DateTime('UTC'),
    mean    Float64,
    lower80 Float64,
    upper80 Float64,
    lower95 Float64,
    upper95 Float64,
    made    UInt64,
    deleted UInt8
)
ENGINE = ReplacingMergeTree(made, deleted)
PARTITION BY toYYYYMM(start)
ORDER BY (site_id, series, grain, start);

-- What live models predict of visitors: a probability, or an amount in the site's currency.
CREATE TABLE IF NOT EXISTS visitor_scores (
    site_id UInt32,
    visitor UInt64,
    model   LowCardinality(String),
    kind    LowCardinality(String),
    version UInt32,
    score   Float64,
    epoch   UInt64,
    deleted UInt8
)
ENGINE = ReplacingMergeTree(epoch, deleted)
ORDER BY (site_id, model, visitor);
