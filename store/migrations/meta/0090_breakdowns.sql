-- Days by one attribute are a new view. History is counted anew under another number of the calendar.
UPDATE sites SET calendar = calendar + 1;
