-- What is kept by now.
INSERT INTO stored (owner, blob_bytes, record_bytes)
    SELECT owner, sum(blobs), sum(texts) FROM
        (SELECT owner, 0 AS blobs, 0 AS texts FROM runs
        UNION ALL SELECT owner, size, 0 FROM
            (SELECT owner, sha256, max(size) AS size FROM
                (SELECT owner, sha256, size FROM artifacts UNION ALL SELECT owner, sha256, size FROM uploads)
            GROUP BY owner, sha256)
        UNION ALL SELECT runs.owner, 0, coalesce(records.bytes, 0) FROM records JOIN runs ON runs.id = records.run)
    GROUP BY owner;

-- Whoever has a run or an upload has a row.
CREATE TRIGGER run_comes AFTER INSERT ON runs BEGIN
    INSERT INTO stored (owner, blob_bytes, record_bytes) VALUES (new.owner, 0, 0) ON CONFLICT DO NOTHING;
END;

-- A blob counts while anything of its owner shows it.
CREATE TRIGGER artifact_comes AFTER INSERT ON artifacts
    WHEN NOT EXISTS (SELECT 1 FROM artifacts WHERE sha256 = new.sha256 AND owner = new.owner AND rowid <> new.rowid)
    AND NOT EXISTS (SELECT 1 FROM uploads WHERE sha256 = new.sha256 AND owner = new.owner)
BEGIN
    UPDATE stored SET blob_bytes = blob_bytes + new.size WHERE owner = new.owner;
END;
CREATE TRIGGER artifact_goes AFTER DELETE ON artifacts
    WHEN NOT EXISTS (SELECT 1 FROM artifacts WHERE sha256 = old.sha256 AND owner = old.owner)
    AND NOT EXISTS (SELECT 1 FROM uploads WHERE sha256 = old.sha256 AND owner = old.owner)
BEGIN
    UPDATE stored SET blob_bytes = blob_bytes - old.size WHERE owner = old.owner;
END;
CREATE TRIGGER upload_comes AFTER INSERT ON uploads
    WHEN NOT EXISTS (SELECT 1 FROM artifacts WHERE sha256 = new.sha256 AND owner = new.owner)
BEGIN
    INSERT INTO stored (owner, blob_bytes, record_bytes) VALUES (new.owner, new.size, 0)
        ON CONFLICT (owner) DO UPDATE SET blob_bytes = blob_bytes + new.size;
END;
CREATE TRIGGER upload_goes AFTER DELETE ON uploads
    WHEN NOT EXISTS (SELECT 1 FROM artifacts WHERE sha256 = old.sha256 AND owner = old.owner)
BEGIN
    UPDATE stored SET blob_bytes = blob_bytes - old.size WHERE owner = old.owner;
END;

-- The same texts as in the view `records`.
CREATE TRIGGER requested_come AFTER INSERT ON requested BEGIN
    UPDATE stored SET record_bytes = record_bytes + coalesce(octet_length(new.inputs), 0) + coalesce(octet_length(new.params), 0)
        WHERE owner = (SELECT owner FROM runs WHERE id = new.run);
END;
CREATE TRIGGER requested_go AFTER DELETE ON requested BEGIN
    UPDATE stored SET record_bytes = record_bytes - (coalesce(octet_length(old.inputs), 0) + coalesce(octet_length(old.params), 0))
        WHERE owner = (SELECT owner FROM runs WHERE id = old.run);
END;
CREATE TRIGGER reports_come AFTER INSERT ON reports BEGIN
    UPDATE stored SET record_bytes = record_bytes + coalesce(octet_length(new.report), 0)
        WHERE owner = (SELECT owner FROM runs WHERE id = new.run);
END;
CREATE TRIGGER reports_go AFTER DELETE ON reports BEGIN
    UPDATE stored SET record_bytes = record_bytes - (coalesce(octet_length(old.report), 0))
        WHERE owner = (SELECT owner FROM runs WHERE id = old.run);
END;
CREATE TRIGGER steps_come AFTER INSERT ON steps BEGIN
    UPDATE stored SET record_bytes = record_bytes + coalesce(octet_length(new.plan), 0)
        WHERE owner = (SELECT owner FROM runs WHERE id = new.run);
END;
CREATE TRIGGER steps_go AFTER DELETE ON steps BEGIN
    UPDATE stored SET record_bytes = record_bytes - (coalesce(octet_length(old.plan), 0))
        WHERE owner = (SELECT owner FROM runs WHERE id = old.run);
END;
CREATE TRIGGER asked_come AFTER INSERT ON asked BEGIN
    UPDATE stored SET record_bytes = record_bytes + coalesce(octet_length(new.call), 0)
        WHERE owner = (SELECT owner FROM runs WHERE id = new.run);
END;
CREATE TRIGGER asked_go AFTER DELETE ON asked BEGIN
    UPDATE stored SET record_bytes = record_bytes - (coalesce(octet_length(old.call), 0))
        WHERE owner = (SELECT owner FROM runs WHERE id = old.run);
END;
CREATE TRIGGER calls_come AFTER INSERT ON calls BEGIN
    UPDATE stored SET record_bytes = record_bytes + coalesce(octet_length(new.ending), 0)
        WHERE owner = (SELECT owner FROM runs WHERE id = new.run);
END;
CREATE TRIGGER calls_change AFTER UPDATE OF ending ON calls BEGIN
    UPDATE stored SET record_bytes = record_bytes + coalesce(octet_length(new.ending), 0) - coalesce(octet_length(old.ending), 0)
        WHERE owner = (SELECT owner FROM runs WHERE id = new.run);
END;
CREATE TRIGGER calls_go AFTER DELETE ON calls BEGIN
    UPDATE stored SET record_bytes = record_bytes - (coalesce(octet_length(old.ending), 0))
        WHERE owner = (SELECT owner FROM runs WHERE id = old.run);
END;
CREATE TRIGGER events_come AFTER INSERT ON events BEGIN
    UPDATE stored SET record_bytes = record_bytes + coalesce(octet_length(new.data), 0)
        WHERE owner = (SELECT owner FROM runs WHERE id = new.run);
END;
CREATE TRIGGER events_go AFTER DELETE ON events BEGIN
    UPDATE stored SET record_bytes = record_bytes - (coalesce(octet_length(old.data), 0))
        WHERE owner = (SELECT owner FROM runs WHERE id = old.run);
END;
