-- What depends on what, and who is let in.

-- Which monitors explain the trouble of which: while one is down, nobody is told of those that
-- depend on it. The spec of a monitor says it, too; these rows find it from both ends.
CREATE TABLE monitor_dependency (
    monitor_id UUID NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
    depends_on UUID NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
    team_id    UUID NOT NULL,
    PRIMARY KEY (monitor_id, depends_on)
);
CREATE INDEX monitor_dependency_depends_on ON monitor_dependency (depends_on);

-- Who is let in by a server, and whether people find its login, as last told or first seen. `endpoint`
-- is the fingerprint of the monitor then: another one makes a new beginning.
CREATE TABLE gate_told (
    monitor_id UUID   NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
    matter     TEXT   NOT NULL CHECK (matter IN ('wall', 'login')),
    team_id    UUID   NOT NULL,
    endpoint   TEXT   NOT NULL,
    state      TEXT   NOT NULL CHECK (state IN ('open', 'gated', 'broken', 'sound')),
    told_at    BIGINT NOT NULL,
    PRIMARY KEY (monitor_id, matter)
);
