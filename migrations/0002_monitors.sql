-- What is watched, how it is, and when it is due.

-- A value sealed with the key of this database: another key is noticed at start.
CREATE TABLE key_check (
    id     BIGINT NOT NULL PRIMARY KEY,
    sealed TEXT   NOT NULL
);

-- Work that only one node does.
CREATE TABLE lease (
    name       TEXT   NOT NULL PRIMARY KEY,
    holder     TEXT   NOT NULL,
    held_until BIGINT NOT NULL
);

-- `spec` and `url` hold nothing secret; header values, tokens and the query of the URL are in
-- `sealed`. `fingerprint` finds another monitor of the same address and headers.
CREATE TABLE monitor (
    id          UUID    NOT NULL PRIMARY KEY,
    team_id     UUID    NOT NULL REFERENCES team (id) ON DELETE CASCADE,
    name        TEXT    NOT NULL,
    url         TEXT    NOT NULL,
    words       TEXT    NOT NULL,
    spec        TEXT    NOT NULL,
    sealed      TEXT,
    fingerprint TEXT    NOT NULL,
    paused      BOOLEAN NOT NULL,
    created_at  BIGINT  NOT NULL,
    revision    BIGINT  NOT NULL
);
CREATE INDEX monitor_team ON monitor (team_id, id);
CREATE INDEX monitor_fingerprint ON monitor (team_id, fingerprint);

CREATE TABLE monitor_tag (
    team_id    UUID NOT NULL,
    monitor_id UUID NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
    tag        TEXT NOT NULL,
    PRIMARY KEY (monitor_id, tag)
);
CREATE INDEX monitor_tag_team ON monitor_tag (team_id, tag);

-- Written by every check, hence narrow.
CREATE TABLE monitor_state (
    monitor_id UUID   NOT NULL PRIMARY KEY REFERENCES monitor (id) ON DELETE CASCADE,
    team_id    UUID   NOT NULL,
    status     TEXT   NOT NULL CHECK (status IN ('pending', 'up', 'degraded', 'down', 'unknown')),
    state      TEXT   NOT NULL,
    revision   BIGINT NOT NULL
);
CREATE INDEX monitor_state_team ON monitor_state (team_id, status);

-- A monitor at a location: what is due, claimed and judged. To claim one is to move `next_due` to
-- the end of the lease and to keep the slot that it was due for in `slot`; a claim that is never
-- finished is therefore due again, for the same slot. `next_due` is empty while paused.
CREATE TABLE watch (
    monitor_id      UUID    NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
    location        TEXT    NOT NULL,
    team_id         UUID    NOT NULL,
    next_due        BIGINT,
    slot            BIGINT,
    claim           UUID,
    claimed_by      TEXT,
    attempt         BIGINT  NOT NULL,
    last_slot       BIGINT,
    last_started_at BIGINT,
    last_status     TEXT    CHECK (last_status IN ('up', 'degraded', 'down', 'unknown')),
    last_gated      BOOLEAN,
    last_code       TEXT,
    last_message    TEXT,
    last_total_ms   DOUBLE PRECISION,
    memory          TEXT,
    facts_hash      TEXT,
    PRIMARY KEY (monitor_id, location)
);
CREATE INDEX watch_due ON watch (location, next_due) WHERE next_due IS NOT NULL;

-- The last good report of a watch, written only when something in it has changed.
CREATE TABLE watch_facts (
    monitor_id UUID   NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
    location   TEXT   NOT NULL,
    team_id    UUID   NOT NULL,
    seen_at    BIGINT NOT NULL,
    report     TEXT   NOT NULL,
    PRIMARY KEY (monitor_id, location)
);
