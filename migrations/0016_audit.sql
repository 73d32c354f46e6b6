-- Who did what in a team, kept for a while. People and things are named as they were then: an entry
-- outlives both, so nothing refers to them.

CREATE TABLE audit_entry (
    id         UUID   NOT NULL PRIMARY KEY,
    team_id    UUID   NOT NULL REFERENCES team (id) ON DELETE CASCADE,
    done_at    BIGINT NOT NULL,
    way        TEXT   NOT NULL CHECK (way IN ('page', 'token', 'link', 'console')),
    email      TEXT,
    token_name TEXT,
    deed       TEXT   NOT NULL,
    kind       TEXT   NOT NULL,
    thing_id   UUID,
    thing_name TEXT   NOT NULL,
    fields     TEXT   NOT NULL
);
CREATE INDEX audit_entry_team ON audit_entry (team_id, id);
CREATE INDEX audit_entry_kind ON audit_entry (team_id, kind, id);
CREATE INDEX audit_entry_by_time ON audit_entry (done_at);
