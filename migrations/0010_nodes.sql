-- The processes of this installation, which belong to no team. One that stops in order takes its row
-- with it. `silent_since` and `told_trouble` hold what was told of it: since when it is silent, and
-- since when its own network has trouble.

CREATE TABLE node (
    name           TEXT   NOT NULL,
    location       TEXT   NOT NULL,
    roles          TEXT   NOT NULL,
    version        TEXT   NOT NULL,
    started_at     BIGINT NOT NULL,
    seen_at        BIGINT NOT NULL,
    lag_ms         BIGINT,
    in_flight      BIGINT NOT NULL,
    troubled_since BIGINT,
    silent_since   BIGINT,
    told_trouble   BIGINT,
    PRIMARY KEY (name, location, roles)
);
