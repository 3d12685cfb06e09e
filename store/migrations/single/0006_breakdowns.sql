-- Days by one attribute: what a list of sources, countries or pages of any range of days is added up
-- from. `dimension` is `everyone` (people with an event), `visits` (people with a visit that began),
-- `page` (of events), or a column of `v_sessions` (visits that began). Days are the site's.
--
-- People do not add up over days, so a row counts them by the day before on which they came with the
-- same value, 1900-01-01 where there is none: in a range are those whose `previous` lies before it.
-- All other sums stand where `previous` is 1900-01-01. The value that `hash` stands for is in `v_values`.
CREATE TABLE IF NOT EXISTS v_breakdowns (
    site_id     UInt32,
    calendar    UInt32,
    dimension   Enum8('everyone' = 1, 'visits' = 2, 'page' = 3, 'entry_page' = 4, 'exit_page' = 5,
                      'source' = 6, 'medium' = 7, 'campaign' = 8, 'channel' = 9, 'country' = 10,
                      'region' = 11, 'city' = 12, 'device' = 13, 'browser' = 14, 'os' = 15),
    day         Date32,
    hash        UInt64,
    previous    Date32,
    origin      UInt8,
    visitors    Int64,
    visits      Int64,
    pageviews   Int64,
    events      Int64,
    bounces     Int64,
    duration_ms Int64,
    revenue     Int64,
    epoch       UInt64,
    deleted     UInt8
)
ENGINE = ReplacingMergeTree(epoch, deleted)
PARTITION BY toYYYYMM(day)
ORDER BY (site_id, calendar, dimension, day, hash, previous, origin);

-- What the hashes of `v_breakdowns` stand for. A row for every epoch that touched the value: an erasure
-- removes those up to its own epoch where no day has the value any more.
CREATE TABLE IF NOT EXISTS v_values (
    site_id UInt32,
    hash    UInt64,
    value   String CODEC(ZSTD(1)),
    epoch   UInt64
)
ENGINE = ReplacingMergeTree(epoch)
ORDER BY (site_id, hash);

-- Whole days and visits of past months are read again and again. One part needs no merging while it is
-- read: parts of a month to which nothing was written for a day become one.
ALTER TABLE v_breakdowns MODIFY SETTING min_age_to_force_merge_seconds = 86400,
    min_age_to_force_merge_on_partition_only = 1, enable_max_bytes_limit_for_min_age_to_force_merge = 1;

ALTER TABLE v_sessions MODIFY SETTING min_age_to_force_merge_seconds = 86400,
    min_age_to_force_merge_on_partition_only = 1, enable_max_bytes_limit_for_min_age_to_force_merge = 1;
