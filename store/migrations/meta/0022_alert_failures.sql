-- When the first attempt to send a message failed; messages are given up a day later.
ALTER TABLE alert_outbox ADD COLUMN failing_since INTEGER;
