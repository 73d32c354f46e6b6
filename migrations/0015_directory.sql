-- The public directory: which monitors teams show to everybody, and who has proved that a host is theirs.

-- `host` is the one of the monitor's address when it was listed; a monitor that moves to another one leaves.
CREATE TABLE listing (
    monitor_id UUID   NOT NULL PRIMARY KEY REFERENCES monitor (id) ON DELETE CASCADE,
    team_id    UUID   NOT NULL REFERENCES team (id) ON DELETE CASCADE,
    host       TEXT   NOT NULL,
    listed_at  BIGINT NOT NULL
);
CREATE INDEX listing_team ON listing (team_id);
CREATE INDEX listing_host ON listing (host);

-- A team says that a host is theirs. `proved_at` is empty until the host says so, too, and again when
-- that was lost; at most one team holds a host. `next_check` is empty while nothing is proved.
CREATE TABLE claim (
    id         UUID   NOT NULL PRIMARY KEY,
    team_id    UUID   NOT NULL REFERENCES team (id) ON DELETE CASCADE,
    host       TEXT   NOT NULL,
    token      TEXT   NOT NULL,
    made_at    BIGINT NOT NULL,
    proved_at  BIGINT,
    checked_at BIGINT,
    outcome    TEXT,
    failures   BIGINT NOT NULL,
    next_check BIGINT,
    words      TEXT,
    link       TEXT
);
CREATE UNIQUE INDEX claim_team ON claim (team_id, host);
CREATE UNIQUE INDEX claim_holder ON claim (host) WHERE proved_at IS NOT NULL;
CREATE INDEX claim_due ON claim (next_check) WHERE next_check IS NOT NULL;

-- Teams whose listing the owner of a host has taken off: they list nothing of it while the claim holds.
CREATE TABLE listing_refusal (
    claim_id   UUID   NOT NULL REFERENCES claim (id) ON DELETE CASCADE,
    team_id    UUID   NOT NULL REFERENCES team (id) ON DELETE CASCADE,
    refused_at BIGINT NOT NULL,
    PRIMARY KEY (claim_id, team_id)
);
CREATE INDEX listing_refusal_team ON listing_refusal (team_id);
