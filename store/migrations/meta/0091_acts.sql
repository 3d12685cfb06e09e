-- Visits carry their events, and days are kept by the names of events. History is counted anew under
-- another number of the calendar.
UPDATE sites SET calendar = calendar + 1;
