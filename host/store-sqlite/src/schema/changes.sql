-- Which runs and versions of plugins changed, each by the number of its last change. One writes at a time: numbers are seen
-- in their order.
CREATE TABLE run_changes (
    sequence    INTEGER PRIMARY KEY AUTOINCREMENT,
    changed_run TEXT NOT NULL UNIQUE,
    whose       TEXT NOT NULL
) STRICT;
CREATE INDEX run_changes_by_owner ON run_changes (whose, sequence);
INSERT INTO run_changes (changed_run, whose) SELECT id, owner FROM runs ORDER BY id;

CREATE TRIGGER run_changes_first AFTER INSERT ON runs BEGIN
    DELETE FROM run_changes WHERE changed_run = new.id;
    INSERT INTO run_changes (changed_run, whose) VALUES (new.id, new.owner);
END;
-- Each event has its number written here, in a statement of its own; few change anything else.
CREATE TRIGGER run_changes_again AFTER UPDATE ON runs WHEN new.last_event = old.last_event BEGIN
    DELETE FROM run_changes WHERE changed_run = new.id;
    INSERT INTO run_changes (changed_run, whose) VALUES (new.id, new.owner);
END;
CREATE TRIGGER run_changes_no_more AFTER DELETE ON runs BEGIN
    DELETE FROM run_changes WHERE changed_run = old.id;
END;

CREATE TABLE plugin_changes (
    sequence        INTEGER PRIMARY KEY AUTOINCREMENT,
    changed_plugin  TEXT NOT NULL,
    changed_version TEXT NOT NULL,
    UNIQUE (changed_plugin, changed_version)
) STRICT;
INSERT INTO plugin_changes (changed_plugin, changed_version) SELECT name, version FROM plugins ORDER BY name, version;

CREATE TRIGGER plugin_changes_first AFTER INSERT ON plugins BEGIN
    DELETE FROM plugin_changes WHERE changed_plugin = new.name AND changed_version = new.version;
    INSERT INTO plugin_changes (changed_plugin, changed_version) VALUES (new.name, new.version);
END;
CREATE TRIGGER plugin_changes_again AFTER UPDATE ON plugins BEGIN
    DELETE FROM plugin_changes WHERE changed_plugin = new.name AND changed_version = new.version;
    INSERT INTO plugin_changes (changed_plugin, changed_version) VALUES (new.name, new.version);
END;
CREATE TRIGGER plugin_changes_no_more AFTER DELETE ON plugins BEGIN
    DELETE FROM plugin_changes WHERE changed_plugin = old.name AND changed_version = old.version;
END;

-- Of which order the numbers are: records that are put back begin another.
CREATE TABLE change_epoch (epoch TEXT NOT NULL) STRICT;
INSERT INTO change_epoch (epoch) VALUES (lower(hex(randomblob(8))));
