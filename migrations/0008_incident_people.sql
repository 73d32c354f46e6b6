-- What people have decided about an incident and written at its end; read whole with it.
ALTER TABLE incident ADD COLUMN people TEXT;
