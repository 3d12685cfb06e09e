-- Whether visitors were brought in by their numbers: they may come on many days, as those of a day do not.
ALTER TABLE sites ADD COLUMN numbered INTEGER NOT NULL DEFAULT 0;
