-- Who hears of a status page without being of the team, what is announced on it, and what is told.

CREATE TABLE subscriber (
    id             UUID   NOT NULL PRIMARY KEY,
    team_id        UUID   NOT NULL,
    status_page_id UUID   NOT NULL REFERENCES status_page (id) ON DELETE CASCADE,
    kind           TEXT   NOT NULL CHECK (kind IN ('email', 'webhook')),
    sealed         TEXT   NOT NULL,
    fingerprint    TEXT   NOT NULL,
    components     TEXT,
    state          TEXT   NOT NULL CHECK (state IN ('pending', 'active', 'refused')),
    asked_at       BIGINT NOT NULL,
    confirmed_at   BIGINT,
    error_at       BIGINT,
    error          TEXT
);
CREATE UNIQUE INDEX subscriber_once ON subscriber (status_page_id, fingerprint);
CREATE INDEX subscriber_page ON subscriber (status_page_id, id);
CREATE INDEX subscriber_inactive ON subscriber (asked_at) WHERE state <> 'active';

CREATE TABLE announcement (
    id             UUID   NOT NULL PRIMARY KEY,
    team_id        UUID   NOT NULL,
    status_page_id UUID   NOT NULL REFERENCES status_page (id) ON DELETE CASCADE,
    title          TEXT   NOT NULL,
    text           TEXT   NOT NULL,
    ends_at        BIGINT,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL
);
CREATE INDEX announcement_page ON announcement (status_page_id, created_at, id);

-- Incidents of which something was written that the public may have to hear.
CREATE TABLE incident_news (
    incident_id UUID NOT NULL PRIMARY KEY REFERENCES incident (id) ON DELETE CASCADE,
    team_id     UUID NOT NULL
);

-- What a page tells its subscribers, in the words of the moment: each once (`name`) of each thing
-- (`about`). `told_to` is the subscriber up to whom letters are written.
CREATE TABLE news (
    id             UUID   NOT NULL PRIMARY KEY,
    team_id        UUID   NOT NULL,
    status_page_id UUID   NOT NULL REFERENCES status_page (id) ON DELETE CASCADE,
    about          UUID   NOT NULL,
    name           TEXT   NOT NULL,
    content        TEXT   NOT NULL,
    created_at     BIGINT NOT NULL,
    told_to        UUID,
    finished_at    BIGINT
);
CREATE UNIQUE INDEX news_once ON news (status_page_id, about, name);
CREATE INDEX news_untold ON news (id) WHERE finished_at IS NULL;
CREATE INDEX news_finished ON news (finished_at) WHERE finished_at IS NOT NULL;

-- One letter to one subscriber, claimed like a notification. Without news it asks to confirm.
CREATE TABLE letter (
    id            UUID   NOT NULL PRIMARY KEY,
    team_id       UUID   NOT NULL,
    subscriber_id UUID   NOT NULL REFERENCES subscriber (id) ON DELETE CASCADE,
    news_id       UUID   REFERENCES news (id) ON DELETE CASCADE,
    about         UUID   NOT NULL,
    status        TEXT   NOT NULL CHECK (status IN ('queued', 'sent', 'dead')),
    attempts      BIGINT NOT NULL,
    next_attempt  BIGINT NOT NULL,
    claim         UUID,
    created_at    BIGINT NOT NULL,
    finished_at   BIGINT
);
CREATE UNIQUE INDEX letter_once ON letter (news_id, subscriber_id);
CREATE INDEX letter_queue ON letter (next_attempt) WHERE status = 'queued';
CREATE INDEX letter_subscriber ON letter (subscriber_id, about);
CREATE INDEX letter_finished ON letter (finished_at) WHERE finished_at IS NOT NULL;
