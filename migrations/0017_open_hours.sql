-- The sums of the hour that a monitor is in. They join `rollup_hour` and `rollup_day` when it is over.
ALTER TABLE monitor_state ADD COLUMN open_hour TEXT;
