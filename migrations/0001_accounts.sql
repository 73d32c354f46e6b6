-- Teams, people, and the ways in. Whatever lets somebody in is stored as a hash.

CREATE TABLE team (
    id         UUID   NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE app_user (
    id            UUID   NOT NULL PRIMARY KEY,
    email         TEXT   NOT NULL UNIQUE,
    password_hash TEXT,
    created_at    BIGINT NOT NULL
);

CREATE TABLE membership (
    team_id    UUID   NOT NULL REFERENCES team (id) ON DELETE CASCADE,
    user_id    UUID   NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
    role       TEXT   NOT NULL CHECK (role IN ('owner', 'editor', 'viewer')),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (team_id, user_id)
);
CREATE INDEX membership_of_user ON membership (user_id);

CREATE TABLE session (
    hash       TEXT   NOT NULL PRIMARY KEY,
    team_id    UUID   NOT NULL REFERENCES team (id) ON DELETE CASCADE,
    user_id    UUID   NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX session_of_user ON session (user_id);
CREATE INDEX session_by_expiry ON session (expires_at);

-- The team is empty in the link that makes the first owner: there is none yet.
CREATE TABLE one_time_link (
    hash       TEXT   NOT NULL PRIMARY KEY,
    team_id    UUID   REFERENCES team (id) ON DELETE CASCADE,
    purpose    TEXT   NOT NULL CHECK (purpose IN ('owner', 'invite', 'reset')),
    email      TEXT,
    role       TEXT   CHECK (role IN ('owner', 'editor', 'viewer')),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT
);
CREATE INDEX one_time_link_by_expiry ON one_time_link (expires_at);

CREATE TABLE api_token (
    id           UUID   NOT NULL PRIMARY KEY,
    team_id      UUID   NOT NULL REFERENCES team (id) ON DELETE CASCADE,
    user_id      UUID   NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
    name         TEXT   NOT NULL,
    hash         TEXT   NOT NULL UNIQUE,
    scope        TEXT   NOT NULL CHECK (scope IN ('read', 'write')),
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at   BIGINT
);
CREATE INDEX api_token_team ON api_token (team_id, id);
