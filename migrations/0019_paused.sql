-- Who is paused is counted apart: the others are counted from the index of statuses alone.

CREATE INDEX monitor_paused ON monitor (team_id, id) WHERE paused;
