-- Puts the schedules of a release in the place of those that applied to an app. Only the holder of the lease does, and only in the place of the set that it saw.
-- KEYS: lease, applied sets, schedules of the app, their states, events
-- ARGV: owner, term, wake channel, app, applied set seen ('' for none), applied set, event, names that go (JSON), names whose state goes (JSON), then of each that is new or changed: name, JSON, state or '' where it stays
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = redis.call('HMGET', KEYS[1], 'owner', 'term', 'until')
if lease[1] ~= ARGV[1] or lease[2] ~= ARGV[2] or tonumber(lease[3]) <= now then return 'not-the-holder' end
if (redis.call('HGET', KEYS[2], ARGV[4]) or '') ~= ARGV[5] then return 'stale' end
redis.call('HSET', KEYS[2], ARGV[4], ARGV[6])
for _, name in ipairs(cjson.decode(ARGV[8])) do redis.call('HDEL', KEYS[3], name) end
for _, name in ipairs(cjson.decode(ARGV[9])) do redis.call('HDEL', KEYS[4], name) end
for i = 10, #ARGV, 3 do
  redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1])
  if ARGV[i + 2] ~= '' then redis.call('HSET', KEYS[4], ARGV[i], ARGV[i + 2]) end
end
redis.call('XADD', KEYS[5], 'MAXLEN', '~', 10000, '*', 'type', 'schedules.applied', 'data', ARGV[7])
redis.call('PUBLISH', ARGV[3], '')
return 'recorded'
