-- What a channel says in words of its own; empty where the built-in ones hold.
ALTER TABLE channel ADD COLUMN words TEXT;

-- When it tells what happened in a day or a week, and when that is due next.
ALTER TABLE channel ADD COLUMN digest TEXT;
ALTER TABLE channel ADD COLUMN digest_due BIGINT;
CREATE INDEX channel_digest ON channel (digest_due) WHERE digest_due IS NOT NULL;
