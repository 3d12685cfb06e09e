-- When what a model says of visitors was written last: what is due is due also after a restart.
ALTER TABLE models ADD COLUMN applied_at INTEGER;
