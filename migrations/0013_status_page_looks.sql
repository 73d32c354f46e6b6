-- How a status page looks, who may see it and at which address.

-- `is_public` stays true only where nobody has to say anything to see it; a page with a password
-- has it false and a hash.
ALTER TABLE status_page ADD COLUMN is_listed BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE status_page ADD COLUMN password_hash TEXT;
ALTER TABLE status_page ADD COLUMN domain TEXT;
ALTER TABLE status_page ADD COLUMN accent TEXT;
CREATE UNIQUE INDEX status_page_domain ON status_page (domain);

ALTER TABLE status_component ADD COLUMN section TEXT;

-- A picture, as Base64: at most 64 KiB of it.
CREATE TABLE status_logo (
    status_page_id UUID NOT NULL PRIMARY KEY REFERENCES status_page (id) ON DELETE CASCADE,
    team_id        UUID NOT NULL,
    kind           TEXT NOT NULL CHECK (kind IN ('png', 'webp')),
    digest         TEXT NOT NULL,
    content        TEXT NOT NULL
);
