-- Records fires of a recurring window that opened none. Only the holder of the lease does, and each fire gets one fate: the latest that has one is compared.
-- KEYS: lease, last fires, fires of the schedule, events   ARGV: owner, term, wake channel, schedule, last fire seen, last fire now, JSON of each fire …
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = redis.call('HMGET', KEYS[1], 'owner', 'term', 'until')
if lease[1] ~= ARGV[1] or lease[2] ~= ARGV[2] or tonumber(lease[3]) <= now then return 'not-the-holder' end
if redis.call('HGET', KEYS[2], ARGV[4]) ~= ARGV[5] then return 'stale' end
redis.call('HSET', KEYS[2], ARGV[4], ARGV[6])
for i = 7, #ARGV do
  redis.call('LPUSH', KEYS[3], ARGV[i])
  redis.call('XADD', KEYS[4], 'MAXLEN', '~', 10000, '*', 'type', 'window.fire', 'data', ARGV[i])
end
redis.call('LTRIM', KEYS[3], 0, 199)
redis.call('PUBLISH', ARGV[3], '')
return 'recorded'
