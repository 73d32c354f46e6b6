-- What a channel says in words of its own; empty where the built-in ones hold.
ALTER TABLE channel ADD COLUMN words TEXT;
