-- Lets a schedule rest, or go on.
-- KEYS: schedules of the app, pauses of the app, versions, events   ARGV: name, pause (JSON) or '' to go on, event type, event, wake channel, app   → 1; 0: it was so already; -1: there is no such schedule
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return -1 end
local paused = redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1
if paused == (ARGV[2] ~= '') then return 0 end
if paused then redis.call('HDEL', KEYS[2], ARGV[1]) else redis.call('HSET', KEYS[2], ARGV[1], ARGV[2]) end
redis.call('HINCRBY', KEYS[3], ARGV[6], 1)
redis.call('XADD', KEYS[4], 'MAXLEN', '~', 10000, '*', 'type', ARGV[3], 'data', ARGV[4])
redis.call('PUBLISH', ARGV[5], '')
return 1
