-- What was seen, check by check and in sums.

-- Rows arrive in the order of time and are kept in it. The checks of one watch are chained:
-- `previous_slot` leads from each to the one before, and `watch.last_slot` to the newest, so that
-- the last ones are found without an index over everything.
CREATE TABLE check_result (
    slot          BIGINT  NOT NULL,
    monitor_id    UUID    NOT NULL,
    location      TEXT    NOT NULL,
    team_id       UUID    NOT NULL,
    previous_slot BIGINT,
    started_at    BIGINT  NOT NULL,
    status        TEXT    NOT NULL CHECK (status IN ('up', 'degraded', 'down', 'unknown')),
    gated         BOOLEAN NOT NULL,
    blip          BOOLEAN NOT NULL,
    attempt       BIGINT  NOT NULL,
    code          TEXT,
    message       TEXT,
    total_ms      DOUBLE PRECISION,
    phases        TEXT    NOT NULL,
    PRIMARY KEY (slot, monitor_id, location)
);

-- The whole report of the last failures of a monitor.
CREATE TABLE check_report (
    monitor_id UUID   NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
    slot       BIGINT NOT NULL,
    location   TEXT   NOT NULL,
    team_id    UUID   NOT NULL,
    report     TEXT   NOT NULL,
    PRIMARY KEY (monitor_id, slot, location)
);

-- What a server is like, where it is not what it was at the check before.
CREATE TABLE monitor_change (
    monitor_id UUID   NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
    at         BIGINT NOT NULL,
    location   TEXT   NOT NULL,
    kind       TEXT   NOT NULL CHECK (kind IN ('era', 'transport', 'url', 'version', 'server')),
    team_id    UUID   NOT NULL,
    was        TEXT   NOT NULL,
    became     TEXT   NOT NULL,
    PRIMARY KEY (monitor_id, at, location, kind)
);

-- The location '' is the ledger of the whole monitor.
CREATE TABLE rollup_hour (
    monitor_id     UUID   NOT NULL,
    location       TEXT   NOT NULL,
    start          BIGINT NOT NULL,
    team_id        UUID   NOT NULL,
    up_ms          BIGINT NOT NULL,
    degraded_ms    BIGINT NOT NULL,
    down_ms        BIGINT NOT NULL,
    unknown_ms     BIGINT NOT NULL,
    maintenance_ms BIGINT NOT NULL,
    checks         BIGINT NOT NULL,
    failures       BIGINT NOT NULL,
    latency        TEXT   NOT NULL,
    PRIMARY KEY (monitor_id, location, start)
);
CREATE INDEX rollup_hour_start ON rollup_hour (start);

CREATE TABLE rollup_day (
    monitor_id     UUID   NOT NULL,
    location       TEXT   NOT NULL,
    start          BIGINT NOT NULL,
    team_id        UUID   NOT NULL,
    up_ms          BIGINT NOT NULL,
    degraded_ms    BIGINT NOT NULL,
    down_ms        BIGINT NOT NULL,
    unknown_ms     BIGINT NOT NULL,
    maintenance_ms BIGINT NOT NULL,
    checks         BIGINT NOT NULL,
    failures       BIGINT NOT NULL,
    latency        TEXT   NOT NULL,
    PRIMARY KEY (monitor_id, location, start)
);

-- The tools that a monitor has shown, whole, each list once.
CREATE TABLE tool_surface (
    monitor_id UUID NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
    hash       TEXT NOT NULL,
    team_id    UUID NOT NULL,
    tools      TEXT NOT NULL,
    PRIMARY KEY (monitor_id, hash)
);

-- What a monitor shows now in each generation of the protocol, and what was accepted. `endpoint`
-- is the fingerprint of the monitor when it was asked: another one makes a new beginning.
CREATE TABLE tool_baseline (
    monitor_id  UUID   NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
    era         TEXT   NOT NULL,
    team_id     UUID   NOT NULL,
    endpoint    TEXT   NOT NULL,
    location    TEXT   NOT NULL,
    hash        TEXT   NOT NULL,
    seen_at     BIGINT NOT NULL,
    accepted    TEXT   NOT NULL,
    accepted_at BIGINT NOT NULL,
    PRIMARY KEY (monitor_id, era)
);

-- How one list became another: `diff` tells it in words.
CREATE TABLE tool_change (
    monitor_id  UUID   NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
    at          BIGINT NOT NULL,
    era         TEXT   NOT NULL,
    team_id     UUID   NOT NULL,
    location    TEXT   NOT NULL,
    before_hash TEXT   NOT NULL,
    after_hash  TEXT   NOT NULL,
    diff        TEXT   NOT NULL,
    PRIMARY KEY (monitor_id, at, era)
);
