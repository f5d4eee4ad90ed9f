-- Until now every upload was approved and on offer until it was retired.
ALTER TABLE plugins ADD COLUMN contract TEXT NOT NULL DEFAULT '0.1.0';
ALTER TABLE plugins ADD COLUMN tools TEXT NOT NULL DEFAULT '[]';
ALTER TABLE plugins ADD COLUMN uploader TEXT NOT NULL DEFAULT 'unknown';
ALTER TABLE plugins ADD COLUMN state TEXT NOT NULL DEFAULT 'active';
ALTER TABLE plugins ADD COLUMN approved_at TEXT;
ALTER TABLE plugins ADD COLUMN examples_check TEXT;
UPDATE plugins SET approved_at = uploaded_at;
UPDATE plugins SET state = 'retired' WHERE retired_at IS NOT NULL;

CREATE TABLE plugin_events (
    ordinal INTEGER PRIMARY KEY,
    name    TEXT NOT NULL,
    version TEXT NOT NULL,
    at      TEXT NOT NULL,
    kind    TEXT NOT NULL,
    by      TEXT NOT NULL,
    FOREIGN KEY (name, version) REFERENCES plugins (name, version)
) STRICT;
CREATE INDEX plugin_events_by_plugin ON plugin_events (name, version, ordinal);
