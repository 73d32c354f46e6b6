-- Which monitors explain the trouble of which: while one is down, nobody is told of those that
-- depend on it. The spec of a monitor says it, too; these rows find it from both ends.
CREATE TABLE monitor_dependency (
    monitor_id UUID NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
    depends_on UUID NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
    team_id    UUID NOT NULL,
    PRIMARY KEY (monitor_id, depends_on)
);
CREATE INDEX monitor_dependency_depends_on ON monitor_dependency (depends_on);
