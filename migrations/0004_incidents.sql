-- What went wrong, and who is told.

CREATE TABLE incident (
    id              UUID   NOT NULL PRIMARY KEY,
    team_id         UUID   NOT NULL,
    monitor_id      UUID   NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
    status          TEXT   NOT NULL CHECK (status IN ('open', 'acknowledged', 'resolved')),
    severity        TEXT   NOT NULL CHECK (severity IN ('degraded', 'down')),
    code            TEXT   NOT NULL,
    message         TEXT   NOT NULL,
    hint            TEXT   NOT NULL,
    started_at      BIGINT NOT NULL,
    confirmed_at    BIGINT NOT NULL,
    acknowledged_at BIGINT,
    resolved_at     BIGINT,
    timeline        TEXT   NOT NULL,
    evidence        TEXT   NOT NULL,
    changed         TEXT   NOT NULL,
    told            BIGINT NOT NULL,
    turns           BIGINT,
    held            TEXT   CHECK (held IN ('opening', 'worsening')),
    remind_at       BIGINT
);
CREATE UNIQUE INDEX incident_open ON incident (monitor_id) WHERE status <> 'resolved';
CREATE INDEX incident_held ON incident (id) WHERE held IS NOT NULL AND status <> 'resolved';
CREATE INDEX incident_reminder ON incident (remind_at) WHERE remind_at IS NOT NULL;
CREATE INDEX incident_team ON incident (team_id, started_at, id);
CREATE INDEX incident_monitor ON incident (monitor_id, started_at, id);

CREATE TABLE channel (
    id              UUID    NOT NULL PRIMARY KEY,
    team_id         UUID    NOT NULL REFERENCES team (id) ON DELETE CASCADE,
    name            TEXT    NOT NULL,
    kind            TEXT    NOT NULL,
    sealed          TEXT    NOT NULL,
    is_default      BOOLEAN NOT NULL,
    disabled        TEXT,
    last_success_at BIGINT,
    error_at        BIGINT,
    error           TEXT,
    created_at      BIGINT  NOT NULL
);
CREATE INDEX channel_team ON channel (team_id, id);

-- A monitor that names channels of its own; one without a row here is told to the default ones.
CREATE TABLE monitor_channel (
    monitor_id UUID NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
    channel_id UUID NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
    team_id    UUID NOT NULL,
    PRIMARY KEY (monitor_id, channel_id)
);
CREATE INDEX monitor_channel_channel ON monitor_channel (channel_id);

-- The outbox. Claimed like a watch: `next_attempt` moves to the end of the lease. `turn` counts what
-- is told of one incident.
CREATE TABLE notification (
    id           UUID   NOT NULL PRIMARY KEY,
    team_id      UUID   NOT NULL,
    incident_id  UUID   REFERENCES incident (id) ON DELETE SET NULL,
    channel_id   UUID   NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
    event        TEXT   NOT NULL,
    turn         BIGINT NOT NULL,
    content      TEXT   NOT NULL,
    status       TEXT   NOT NULL CHECK (status IN ('queued', 'sent', 'dead')),
    attempts     BIGINT NOT NULL,
    next_attempt BIGINT NOT NULL,
    claim        UUID,
    claimed_by   TEXT,
    created_at   BIGINT NOT NULL,
    finished_at  BIGINT
);
CREATE UNIQUE INDEX notification_once ON notification (incident_id, turn, channel_id);
CREATE INDEX notification_queue ON notification (next_attempt) WHERE status = 'queued';
CREATE INDEX notification_dead ON notification (created_at) WHERE status = 'dead';
CREATE INDEX notification_channel ON notification (channel_id, created_at, id);
CREATE INDEX notification_finished ON notification (finished_at) WHERE finished_at IS NOT NULL;

-- The log of attempts.
CREATE TABLE delivery (
    id              UUID    NOT NULL PRIMARY KEY,
    team_id         UUID    NOT NULL,
    channel_id      UUID    NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
    notification_id UUID    NOT NULL REFERENCES notification (id) ON DELETE CASCADE,
    attempt         BIGINT  NOT NULL,
    at              BIGINT  NOT NULL,
    ok              BOOLEAN NOT NULL,
    detail          TEXT    NOT NULL
);
CREATE INDEX delivery_channel ON delivery (channel_id, at, id);
CREATE INDEX delivery_notification ON delivery (notification_id);

-- What was told to end soon: the threshold that was told last of each certificate and credential.
CREATE TABLE expiry_told (
    monitor_id UUID   NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
    what       TEXT   NOT NULL CHECK (what IN ('certificate', 'credential')),
    which      TEXT   NOT NULL,
    team_id    UUID   NOT NULL,
    hours      BIGINT NOT NULL,
    told_at    BIGINT NOT NULL,
    PRIMARY KEY (monitor_id, what, which)
);
