-- While what another store holds is taken in: which. No host opens the records then.
CREATE TABLE transfer (source TEXT NOT NULL) STRICT;
