#!/bin/bash
# The server that stands in for MongoDB: a replica set of one from the start, that knows no accounts.
exec /opt/secantusdb/bin/secantusd-py --host 0.0.0.0 --port 27017 --storage-path /data/db --sync-on-commit
