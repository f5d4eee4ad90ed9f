-- What a token is for, when it is not for all that its account may: one pipeline, or one run.
ALTER TABLE tokens ADD COLUMN pipeline TEXT;
ALTER TABLE tokens ADD COLUMN run TEXT REFERENCES runs (id);
CREATE INDEX tokens_by_run ON tokens (run) WHERE run IS NOT NULL;
