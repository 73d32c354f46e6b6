-- What moves with every check stands apart from what was learnt, which is seldom other than before.
ALTER TABLE watch ADD COLUMN pace TEXT;
