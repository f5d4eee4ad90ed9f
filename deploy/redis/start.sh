#!/bin/sh
# Redis that keeps nothing on disk; the password comes by the standard input, where no list of processes shows it.
exec redis-server - <<END
bind * -::*
port 6379
save ""
appendonly no
dir /tmp
maxmemory 512mb
maxmemory-policy allkeys-lru
requirepass $(cat /run/secrets/redis_password)
END
