-- KEYS: window schedules, last fires, fires of the schedule, events   ARGV: id, wake channel   → 1 if it was there
local schedule = redis.call('HGET', KEYS[1], ARGV[1])
if not schedule then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('DEL', KEYS[3])
redis.call('XADD', KEYS[4], 'MAXLEN', '~', 10000, '*', 'type', 'window-schedule.removed', 'data', '{"schedule":' .. schedule .. '}')
redis.call('PUBLISH', ARGV[2], '')
return 1
