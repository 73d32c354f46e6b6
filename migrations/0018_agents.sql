-- Probers in networks that do not reach this database: each makes the checks of one location of a
-- team's monitors. A token is kept as its hash. `seen_at` is by the clock of the node that heard it;
-- `silent_since` holds what was told: since when it is not heard of.

CREATE TABLE agent (
    id           UUID   NOT NULL PRIMARY KEY,
    team_id      UUID   NOT NULL REFERENCES team (id) ON DELETE CASCADE,
    name         TEXT   NOT NULL,
    location     TEXT   NOT NULL,
    hash         TEXT   NOT NULL UNIQUE,
    created_at   BIGINT NOT NULL,
    version      TEXT,
    seen_at      BIGINT,
    silent_since BIGINT,
    UNIQUE (team_id, location)
);
