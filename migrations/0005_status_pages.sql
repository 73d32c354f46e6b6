-- What the public sees.

CREATE TABLE status_page (
    id         UUID    NOT NULL PRIMARY KEY,
    team_id    UUID    NOT NULL REFERENCES team (id) ON DELETE CASCADE,
    slug       TEXT    NOT NULL UNIQUE,
    title      TEXT    NOT NULL,
    is_public  BOOLEAN NOT NULL,
    created_at BIGINT  NOT NULL
);
CREATE INDEX status_page_team ON status_page (team_id, id);

CREATE TABLE status_component (
    status_page_id UUID   NOT NULL REFERENCES status_page (id) ON DELETE CASCADE,
    place          BIGINT NOT NULL,
    team_id        UUID   NOT NULL,
    monitor_id     UUID   NOT NULL REFERENCES monitor (id) ON DELETE CASCADE,
    name           TEXT,
    PRIMARY KEY (status_page_id, place)
);
CREATE INDEX status_component_monitor ON status_component (monitor_id);
