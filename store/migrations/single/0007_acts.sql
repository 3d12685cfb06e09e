-- What happened in a visit, with the visit: page views and custom events in order, a list of each
-- attribute. Questions about events by what their visit is need no look for the visit of each. Where
-- `acts_whole` is false the lists are empty: the visit has very many events or lasts for days, or its row
-- is older than these columns. Revenue is in the site's currency; of other currencies it is 0.
ALTER TABLE v_sessions ADD COLUMN IF NOT EXISTS acts_whole Bool;

ALTER TABLE v_sessions ADD COLUMN IF NOT EXISTS acts_ts Array(DateTime64(3, 'UTC')) CODEC(Delta, ZSTD(1));

ALTER TABLE v_sessions ADD COLUMN IF NOT EXISTS acts_name Array(LowCardinality(String));

ALTER TABLE v_sessions ADD COLUMN IF NOT EXISTS acts_path Array(LowCardinality(String));

ALTER TABLE v_sessions ADD COLUMN IF NOT EXISTS acts_revenue Array(Int64) CODEC(ZSTD(1));

-- Whose visits are not whole is asked by every question that reads the lists.
ALTER TABLE v_sessions ADD INDEX IF NOT EXISTS by_acts_whole acts_whole TYPE minmax GRANULARITY 1;

-- Days by the name of a custom event.
ALTER TABLE v_breakdowns MODIFY COLUMN dimension
    Enum8('everyone' = 1, 'visits' = 2, 'page' = 3, 'entry_page' = 4, 'exit_page' = 5, 'source' = 6,
          'medium' = 7, 'campaign' = 8, 'channel' = 9, 'country' = 10, 'region' = 11, 'city' = 12,
          'device' = 13, 'browser' = 14, 'os' = 15, 'name' = 16);
