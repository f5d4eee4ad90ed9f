-- Runs that have not ended, by whose turn they are: how many wait must not matter to who looks for the oldest.
CREATE INDEX runs_by_flow ON runs (owner, pipeline, cancel_requested, id) WHERE state IN ('queued', 'running');
