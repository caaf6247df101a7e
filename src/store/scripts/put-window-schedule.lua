-- Stores a recurring window, or changes one that is there. Fires up to the time given have their fate: none of them comes any more.
-- KEYS: window schedules, last fires, events   ARGV: id, JSON, last fire (ms), event, wake channel   → 1, or 0 where there is none to change
if ARGV[4] == 'window-schedule.changed' and redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
-- Never back: a clock that went back would fire again.
local last = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '0')
if tonumber(ARGV[3]) > last then redis.call('HSET', KEYS[2], ARGV[1], ARGV[3]) end
redis.call('XADD', KEYS[3], 'MAXLEN', '~', 10000, '*', 'type', ARGV[4], 'data', '{"schedule":' .. ARGV[2] .. '}')
redis.call('PUBLISH', ARGV[5], '')
return 1
