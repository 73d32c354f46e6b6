-- When trouble is expected and nobody is told.

-- `over_at` is empty while it recurs; `ended_at` cuts the occurrence that it lies in.
CREATE TABLE maintenance_window (
    id          UUID    NOT NULL PRIMARY KEY,
    team_id     UUID    NOT NULL REFERENCES team (id) ON DELETE CASCADE,
    name        TEXT    NOT NULL,
    schedule    TEXT    NOT NULL,
    zone        TEXT    NOT NULL,
    is_for_all  BOOLEAN NOT NULL,
    is_excluded BOOLEAN NOT NULL,
    ended_at    BIGINT,
    over_at     BIGINT,
    created_at  BIGINT  NOT NULL
);
CREATE INDEX maintenance_window_team ON maintenance_window (team_id, over_at);
CREATE INDEX maintenance_window_over ON maintenance_window (over_at) WHERE over_at IS NOT NULL;

CREATE TABLE maintenance_monitor (
    window_id  UUID NOT NULL REFERENCES maintenance_window (id) ON DELETE CASCADE,
    monitor_id UUID NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
    team_id    UUID NOT NULL,
    PRIMARY KEY (window_id, monitor_id)
);
CREATE INDEX maintenance_monitor_monitor ON maintenance_monitor (monitor_id);

CREATE TABLE maintenance_tag (
    window_id UUID NOT NULL REFERENCES maintenance_window (id) ON DELETE CASCADE,
    tag       TEXT NOT NULL,
    team_id   UUID NOT NULL,
    PRIMARY KEY (window_id, tag)
);
CREATE INDEX maintenance_tag_team ON maintenance_tag (team_id, tag);
