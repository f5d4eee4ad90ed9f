-- Tells a part of a log.
-- KEYS[1]: the log. ARGV[1]: the byte at which the part begins; ARGV[2]: the part; ARGV[3]: seconds for which all is kept.
-- Answers how much of the log is known now: a part that does not begin there is not taken.
local known = redis.call('STRLEN', KEYS[1])
if known == tonumber(ARGV[1]) and ARGV[2] ~= '' then
  known = redis.call('APPEND', KEYS[1], ARGV[2])
end
redis.call('EXPIRE', KEYS[1], ARGV[3])
return known
