#!/bin/bash
# mongod as a replica set whose members know each other by a key, which it wants for itself alone.
set -e
install -m 0400 /run/secrets/mongodb_key /tmp/mongodb_key
exec docker-entrypoint.sh mongod --replSet rs0 --bind_ip_all --keyFile /tmp/mongodb_key
