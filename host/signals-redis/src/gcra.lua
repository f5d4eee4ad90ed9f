-- Counts one against a limit: the generic cell rate algorithm.
-- KEYS[1]: the counter, the time in microseconds at which all is there again.
-- ARGV[1]: microseconds after which one more is allowed; ARGV[2]: how many at once.
-- Answers whether it is admitted, how many are left, and the microseconds until all is there again, or, when it is
-- refused, until one more is allowed.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = interval * burst
local counted = tonumber(redis.call('GET', KEYS[1])) or now
-- However far the clock was turned back, nobody waits for longer than from an empty counter.
local full_at = math.min(math.max(counted, now), now + full) + interval
local spare = now + full - full_at
if spare < 0 then
  return {0, 0, string.format('%.0f', math.ceil(-spare))}
end
redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', string.format('%.0f', math.ceil((full_at - now) / 1000)))
return {1, string.format('%.0f', math.floor(spare / interval)), string.format('%.0f', full_at - now)}
