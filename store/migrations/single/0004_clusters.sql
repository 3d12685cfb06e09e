-- Which segment each visitor is in, as the model that is live for the site assigned them: what the
-- dimension `cluster` reads. One row per visitor, the one of the highest epoch wins, and of one epoch
-- the one written last; a tombstone hides its visitor.
--
-- Written by whatever runs the model, whole: every visitor it knows, with the epoch that the features
-- it looked at were of, and tombstones for those it no longer assigns. `name` is what people read;
-- where it is empty the number stands for it. Erasures remove rows of any epoch, and rows are read
-- by way of visits, so that what is written late about somebody erased is never shown.
CREATE TABLE IF NOT EXISTS visitor_clusters (
    site_id UInt32,
    visitor UInt64,
    cluster Int32,
    name    LowCardinality(String),
    model   LowCardinality(String),
    version UInt32,
    epoch   UInt64,
    deleted UInt8
)
ENGINE = ReplacingMergeTree(epoch, deleted)
ORDER BY (site_id, visitor);
