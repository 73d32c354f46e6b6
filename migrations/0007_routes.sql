-- What a channel hears and when, as a document; empty: everything, at once.
ALTER TABLE channel ADD COLUMN route TEXT;

-- Until the hours of its channel begin; then it goes into a summary.
ALTER TABLE notification ADD COLUMN held_until BIGINT;
-- The incident that its channel knows this one by, where several of one cause are told as one.
ALTER TABLE notification ADD COLUMN told_as UUID;
CREATE INDEX notification_held ON notification (held_until) WHERE held_until IS NOT NULL AND status = 'queued';
CREATE INDEX notification_told_as ON notification (told_as, channel_id) WHERE told_as IS NOT NULL;

-- When channels are told that hear only of what nobody has acknowledged.
ALTER TABLE incident ADD COLUMN escalate_at BIGINT;
-- What outages that are told as one have in common.
ALTER TABLE incident ADD COLUMN cause TEXT;
CREATE INDEX incident_escalation ON incident (escalate_at) WHERE escalate_at IS NOT NULL;
CREATE INDEX incident_cause ON incident (team_id, cause, started_at, id) WHERE status <> 'resolved';
