PRAGMA foreign_keys=OFF;
CREATE TABLE accounts (
    name       TEXT PRIMARY KEY,
    role       TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "accounts" VALUES('ada','author','2026-11-29T09:01:00Z');
INSERT INTO "accounts" VALUES('local','admin','2026-11-29T09:00:00Z');
CREATE TABLE artifacts (
    run        TEXT NOT NULL REFERENCES runs (id),
    ordinal    INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    step       INTEGER,
    call_index      INTEGER,
    path       TEXT NOT NULL,
    size       INTEGER NOT NULL,
    sha256     TEXT NOT NULL,
    media_type TEXT NOT NULL, owner TEXT NOT NULL DEFAULT 'local',
    PRIMARY KEY (run, ordinal)
) STRICT;
INSERT INTO "artifacts" VALUES('01a224ed-b0b5-732f-86c7-c4c4a84f7113',0,'input',NULL,NULL,'mesh.csv',3,'17f8af97ad4a7f7639a4c9171d5185cbafb85462877a4746c21bdb0a4f940ca0','text/csv','local');
INSERT INTO "artifacts" VALUES('01a224ed-b0b5-732f-86c7-c4c4a84f7113',1,'output',0,0,'out/field.csv',3,'5cc3ec012284b76c9ebb137c692826dcba12e4cc6792de419b51667b02df4b58','text/csv','local');
INSERT INTO "artifacts" VALUES('01a224ed-b0b5-732f-86c7-c4c4a84f7113',2,'stdout',0,0,'stdout.log',5,'2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824','text/plain','local');
INSERT INTO "artifacts" VALUES('01a224ed-b0b5-732f-86c7-c4c4a84f7113',3,'stderr',0,0,'stderr.log',2,'cf04119a706e2c45f587f799676a22b234f349f260e293920a04bdd8e71d73bb','text/plain','local');
INSERT INTO "artifacts" VALUES('01a224ed-b0b5-732f-86c7-c4c4a84f7113',4,'kept',NULL,NULL,'plot.svg',6,'d4dc56669143034f31aa309635d4113d9ad76a02b1739da22c965ed2049be9e6','image/svg+xml','local');
INSERT INTO "artifacts" VALUES('01a224ed-b0df-731b-9f6d-2a2901392208',0,'input',NULL,NULL,'mesh.csv',3,'17f8af97ad4a7f7639a4c9171d5185cbafb85462877a4746c21bdb0a4f940ca0','text/csv','local');
CREATE TABLE asked (
    run   TEXT NOT NULL REFERENCES runs (id),
    step  INTEGER NOT NULL,
    call_index INTEGER NOT NULL,
    call  TEXT NOT NULL,
    PRIMARY KEY (run, step, call_index)
) STRICT;
INSERT INTO "asked" VALUES('01a224ed-b0b5-732f-86c7-c4c4a84f7113',0,0,'{"name":"call-0","image":"octave","command":["octave-cli","main.m"],"env":[["LANG","C"]],"files":[{"path":"main.m","sha256":"d378c09abdab63363683cc9e1ea79063c1c708ab07146a586b85a4960c9874c9","size":6},{"path":"a.bin","sha256":"26a66b061e8f48f39927c312f25293959729eee95978e2892d49d3512a5cc092","size":3},{"path":"mesh.csv","sha256":"17f8af97ad4a7f7639a4c9171d5185cbafb85462877a4746c21bdb0a4f940ca0","size":null}],"outputs":["*.csv"],"excludes":[],"keep_unchanged":true,"resources":{"cpu_milli":1000,"memory_mib":256,"scratch_mib":64,"timeout_ms":1000},"on_failure":"fail_run","deterministic":true}');
CREATE TABLE calls (
    run     TEXT NOT NULL REFERENCES runs (id),
    step    INTEGER NOT NULL,
    call_index   INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    started INTEGER NOT NULL,
    ending  TEXT,
    PRIMARY KEY (run, step, call_index, attempt)
) STRICT;
INSERT INTO "calls" VALUES('01a224ed-b0b5-732f-86c7-c4c4a84f7113',0,0,0,1,'{"result":{"name":"call-0","ending":{"exited":0},"stdout":"hello","stderr":"","outputs":[{"path":"out/field.csv","size":3,"sha256":"5cc3ec012284b76c9ebb137c692826dcba12e4cc6792de419b51667b02df4b58","media_type":"text/csv"}],"left_out":[],"left_out_more":0,"stdout_log":{"path":"stdout.log","size":5,"sha256":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824","media_type":"text/plain"},"stderr_log":{"path":"stderr.log","size":2,"sha256":"cf04119a706e2c45f587f799676a22b234f349f260e293920a04bdd8e71d73bb","media_type":"text/plain"},"stdout_omitted":0,"stderr_omitted":0,"wall_ms":5,"cpu_ms":null,"peak_memory_bytes":null,"reused":false}}');
CREATE TABLE deletions (
    run      TEXT PRIMARY KEY,
    pipeline TEXT NOT NULL,
    at       TEXT NOT NULL,
    why      TEXT NOT NULL
, owner TEXT NOT NULL DEFAULT 'local') STRICT, WITHOUT ROWID;
CREATE TABLE events (
    run      TEXT NOT NULL REFERENCES runs (id),
    sequence INTEGER NOT NULL,
    at       TEXT NOT NULL,
    kind     TEXT NOT NULL,
    data     TEXT NOT NULL,
    PRIMARY KEY (run, sequence)
) STRICT;
INSERT INTO "events" VALUES('01a224ed-b0b5-732f-86c7-c4c4a84f7113',1,'2026-11-29T01:31:26.774019036Z','run.queued','{}');
INSERT INTO "events" VALUES('01a224ed-b0b5-732f-86c7-c4c4a84f7113',2,'2026-11-29T01:31:26.796194441Z','run.started','{}');
INSERT INTO "events" VALUES('01a224ed-b0b5-732f-86c7-c4c4a84f7113',3,'2026-11-29T01:31:26.797190671Z','step.planned','{"step":0,"calls":["call-0"]}');
INSERT INTO "events" VALUES('01a224ed-b0b5-732f-86c7-c4c4a84f7113',4,'2026-11-29T01:31:26.806101684Z','call.started','{"step":0,"call":0,"attempt":0}');
INSERT INTO "events" VALUES('01a224ed-b0b5-732f-86c7-c4c4a84f7113',5,'2026-11-29T01:31:26.812469016Z','call.ended','{"step":0,"call":0,"attempt":0,"name":"call-0","ending":{"exited":0},"wall_ms":5,"outputs":[{"path":"out/field.csv","size":3,"sha256":"5cc3ec012284b76c9ebb137c692826dcba12e4cc6792de419b51667b02df4b58","media_type":"text/csv"}],"reused":false}');
INSERT INTO "events" VALUES('01a224ed-b0b5-732f-86c7-c4c4a84f7113',6,'2026-11-29T01:31:26.813978519Z','run.ended','{"state":"succeeded","outcome":{"peak":0.30000000000000004}}');
INSERT INTO "events" VALUES('01a224ed-b0df-731b-9f6d-2a2901392208',1,'2026-11-29T01:31:26.815117262Z','run.queued','{}');
CREATE TABLE leases (
    run       TEXT PRIMARY KEY REFERENCES runs (id),
    holder     TEXT NOT NULL,
    fence     INTEGER NOT NULL,
    until_ms  INTEGER NOT NULL,
    worked_ms INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE observed (ms INTEGER NOT NULL) STRICT;
INSERT INTO "observed" VALUES(1795915886815);
CREATE TABLE plugin_events (
    ordinal INTEGER PRIMARY KEY,
    name    TEXT NOT NULL,
    version TEXT NOT NULL,
    at      TEXT NOT NULL,
    kind    TEXT NOT NULL,
    by      TEXT NOT NULL, account TEXT NOT NULL DEFAULT 'local',
    FOREIGN KEY (name, version) REFERENCES plugins (name, version)
) STRICT;
INSERT INTO "plugin_events" VALUES(1,'heat','1.0.0','2026-11-29T01:31:26.773104017Z','uploaded','local','local');
CREATE TABLE plugins (
    name        TEXT NOT NULL,
    version     TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    size        INTEGER NOT NULL,
    manifest    TEXT NOT NULL,
    uploaded_at TEXT NOT NULL,
    retired_at  TEXT, contract TEXT NOT NULL DEFAULT '0.1.0', tools TEXT NOT NULL DEFAULT '[]', uploader TEXT NOT NULL DEFAULT 'unknown', state TEXT NOT NULL DEFAULT 'active', approved_at TEXT, examples_check TEXT, revision INTEGER NOT NULL DEFAULT 0, owner TEXT NOT NULL DEFAULT 'local',
    PRIMARY KEY (name, version)
) STRICT;
INSERT INTO "plugins" VALUES('heat','1.0.0','5694d08a2e53ffcae0c3103e5ad6f6076abd960eb1f8a56577040bc1028f702b',4,'{"name":"heat","version":"1.0.0","title":"Heat","description":"In a plate.","params_schema":{"type":"object"},"result_schema":{"type":"object"},"images":[],"max_resources":{"cpu_milli":1,"memory_mib":1,"scratch_mib":1,"timeout_ms":1},"max_parallel":1,"examples":[]}','2026-11-29T01:31:26.773104017Z',NULL,'0.1.0','[]','local','active','2026-11-29T01:31:26.773109545Z',NULL,0,'local');
CREATE TABLE public_plugins (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
INSERT INTO "public_plugins" VALUES('heat');
CREATE TABLE reports (
    run    TEXT PRIMARY KEY REFERENCES runs (id),
    report TEXT NOT NULL
) STRICT;
INSERT INTO "reports" VALUES('01a224ed-b0b5-732f-86c7-c4c4a84f7113','{"outcome":{"peak":0.30000000000000004},"plots":[],"artifacts":[{"name":"plot.svg","media_type":"image/svg+xml","content":{"artifact":"d4dc56669143034f31aa309635d4113d9ad76a02b1739da22c965ed2049be9e6"}}]}');
CREATE TABLE requested (
    run    TEXT PRIMARY KEY REFERENCES runs (id),
    inputs TEXT NOT NULL,
    params TEXT NOT NULL
) STRICT;
INSERT INTO "requested" VALUES('01a224ed-b0b5-732f-86c7-c4c4a84f7113','[{"path":"mesh.csv","size":3,"sha256":"17f8af97ad4a7f7639a4c9171d5185cbafb85462877a4746c21bdb0a4f940ca0","media_type":"text/csv"}]','{"width":0.1,"tiny":5e-324,"large":18446744073709551615}');
INSERT INTO "requested" VALUES('01a224ed-b0df-731b-9f6d-2a2901392208','[{"path":"mesh.csv","size":3,"sha256":"17f8af97ad4a7f7639a4c9171d5185cbafb85462877a4746c21bdb0a4f940ca0","media_type":"text/csv"}]','{"width":0.1,"tiny":5e-324,"large":18446744073709551615}');
CREATE TABLE "requests" (
    owner       TEXT NOT NULL,
    scope       TEXT NOT NULL,
    key         TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    at_ms       INTEGER NOT NULL,
    run         TEXT REFERENCES runs (id),
    answer      TEXT,
    PRIMARY KEY (owner, scope, key),
    CHECK ((run IS NULL) <> (answer IS NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO "requests" VALUES('local','POST /v1/inputs','k','230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5',1795915886774,NULL,'{}');
INSERT INTO "requests" VALUES('local','s','k','230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5',1795915886774,'01a224ed-b0b5-732f-86c7-c4c4a84f7113',NULL);
CREATE TABLE runs (
    id               TEXT PRIMARY KEY,
    pipeline         TEXT NOT NULL,
    version          TEXT NOT NULL,
    sha256           TEXT NOT NULL,
    seed             TEXT NOT NULL, -- decimal: SQLite has no unsigned 64-bit numbers
    state            TEXT NOT NULL,
    steps            INTEGER NOT NULL,
    cancel_requested INTEGER NOT NULL,
    created_at       TEXT NOT NULL,
    started_at       TEXT,
    ended_at         TEXT,
    error            TEXT,
    last_event       INTEGER NOT NULL
, retries INTEGER NOT NULL DEFAULT 0, ended_ms INTEGER, owner TEXT NOT NULL DEFAULT 'local') STRICT;
INSERT INTO "runs" VALUES('01a224ed-b0b5-732f-86c7-c4c4a84f7113','heat','1.2.3','5a2a0ed9aa3ab7d82b53e8209b13bf598377870fd38f8e1063bfbe0c4d7d7f96','18446744073709551615','succeeded',1,0,'2026-11-29T01:31:26.774019036Z','2026-11-29T01:31:26.796194441Z','2026-11-29T01:31:26.813978519Z',NULL,6,0,1795915886814,'local');
INSERT INTO "runs" VALUES('01a224ed-b0df-731b-9f6d-2a2901392208','heat','1.2.3','5a2a0ed9aa3ab7d82b53e8209b13bf598377870fd38f8e1063bfbe0c4d7d7f96','18446744073709551615','queued',0,0,'2026-11-29T01:31:26.815117262Z',NULL,NULL,NULL,1,0,NULL,'local');
CREATE TABLE steps (
    run  TEXT NOT NULL REFERENCES runs (id),
    step INTEGER NOT NULL,
    plan TEXT NOT NULL,
    PRIMARY KEY (run, step)
) STRICT;
INSERT INTO "steps" VALUES('01a224ed-b0b5-732f-86c7-c4c4a84f7113',0,'{"calls":[{"name":"call-0","image":"octave","command":["octave-cli","main.m"],"env":[["LANG","C"]],"files":[{"path":"main.m","content":{"text":"x = 1;"}},{"path":"a.bin","content":{"bytes":[0,1,255]}},{"path":"mesh.csv","content":{"artifact":"17f8af97ad4a7f7639a4c9171d5185cbafb85462877a4746c21bdb0a4f940ca0"}}],"outputs":["*.csv"],"excludes":[],"keep_unchanged":true,"resources":{"cpu_milli":1000,"memory_mib":256,"scratch_mib":64,"timeout_ms":1000},"on_failure":"fail_run","deterministic":true}],"state":{"round":1}}');
CREATE TABLE tokens (
    id           TEXT PRIMARY KEY,
    account      TEXT NOT NULL REFERENCES accounts (name),
    label        TEXT NOT NULL,
    sha256       TEXT NOT NULL UNIQUE,
    role         TEXT,
    created_at   TEXT NOT NULL,
    expires_at   TEXT,
    revoked_at   TEXT,
    last_used_at TEXT
) STRICT, WITHOUT ROWID;
INSERT INTO "tokens" VALUES('019a0000-0000-7000-8000-000000000001','ada','laptop','84c77ce764728828f15caf3998b6860ede219085d0cb74ecb8d56d1687d0bf79','runner','2026-11-29T09:02:00Z',NULL,NULL,'2026-11-29T09:03:00Z');
CREATE TABLE uploads (
    sha256 TEXT NOT NULL,
    owner  TEXT NOT NULL,
    at_ms  INTEGER NOT NULL,
    PRIMARY KEY (sha256, owner)
) STRICT, WITHOUT ROWID;
INSERT INTO "uploads" VALUES('17f8af97ad4a7f7639a4c9171d5185cbafb85462877a4746c21bdb0a4f940ca0','local',1795915886815);
INSERT INTO "uploads" VALUES('2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824','local',1795915886815);
INSERT INTO "uploads" VALUES('5cc3ec012284b76c9ebb137c692826dcba12e4cc6792de419b51667b02df4b58','local',1795915886815);
INSERT INTO "uploads" VALUES('7232ed0df57009030162b2d825a74c24e69607d9d4603d30b928dcb5a13303c2','local',1795915886815);
INSERT INTO "uploads" VALUES('cf04119a706e2c45f587f799676a22b234f349f260e293920a04bdd8e71d73bb','local',1795915886815);
INSERT INTO "uploads" VALUES('d4dc56669143034f31aa309635d4113d9ad76a02b1739da22c965ed2049be9e6','local',1795915886815);
CREATE INDEX runs_by_state ON runs (state, id);
CREATE INDEX plugin_events_by_plugin ON plugin_events (name, version, ordinal);
CREATE INDEX runs_by_end ON runs (ended_ms) WHERE ended_ms IS NOT NULL;
CREATE VIEW records AS
    SELECT run, octet_length(inputs) + octet_length(params) AS bytes FROM requested
    UNION ALL SELECT run, octet_length(report) FROM reports
    UNION ALL SELECT run, octet_length(plan) FROM steps
    UNION ALL SELECT run, octet_length(call) FROM asked
    UNION ALL SELECT run, octet_length(ending) FROM calls
    UNION ALL SELECT run, octet_length(data) FROM events;
CREATE INDEX runs_by_owner ON runs (owner, id);
CREATE INDEX runs_by_owner_and_state ON runs (owner, state, id);
CREATE INDEX runs_by_owner_and_pipeline ON runs (owner, pipeline, id);
CREATE INDEX runs_by_owner_pipeline_and_state ON runs (owner, pipeline, state, id);
CREATE INDEX artifacts_by_blob ON artifacts (sha256, owner);
CREATE INDEX uploads_by_age ON uploads (at_ms);
CREATE INDEX requests_by_age ON requests (at_ms);
CREATE INDEX requests_by_run ON requests (run) WHERE run IS NOT NULL;
CREATE VIEW deletable AS
    SELECT id, ended_ms, ended_at FROM runs WHERE ended_ms IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM requests WHERE requests.run = runs.id);
CREATE VIEW newest_calls AS
    SELECT calls.run, calls.step, calls.call_index, attempt, started, ending, call FROM calls
    LEFT JOIN asked ON asked.run = calls.run AND asked.step = calls.step AND asked.call_index = calls.call_index
    WHERE attempt = (SELECT max(attempt) FROM calls AS every
        WHERE every.run = calls.run AND every.step = calls.step AND every.call_index = calls.call_index);
CREATE INDEX tokens_by_account ON tokens (account, id);
CREATE INDEX plugins_by_owner ON plugins (owner, name);
