-- The monitors that have a target of uptime, and what was told last of its error budget.

CREATE TABLE error_budget (
    monitor_id UUID   NOT NULL PRIMARY KEY REFERENCES monitor (id) ON DELETE CASCADE,
    team_id    UUID   NOT NULL,
    told       TEXT   CHECK (told IN ('slow', 'fast', 'exhausted')),
    told_at    BIGINT
);
