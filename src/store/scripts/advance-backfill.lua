-- A step of a backfill: what it takes from its fires goes into the ledger and on the list of what is to be sent, together. Only the holder of the lease does.
-- KEYS: lease, open backfills, the backfill, its fires, fires of the schedule that were backfilled, ledger, unsent fires, events
-- ARGV: owner, term, app and schedule, version seen, JSON, state, seconds to keep what is over, wake channel, data of the event ('': none), kept fires, kept ms, ms to remember backfilled fires, then of each that it takes:
--   at (ms), JSON, field of the unsent fire, its JSON
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = redis.call('HMGET', KEYS[1], 'owner', 'term', 'until')
if lease[1] ~= ARGV[1] or lease[2] ~= ARGV[2] or tonumber(lease[3]) <= now then return 'not-the-holder' end
if redis.call('HGET', KEYS[3], 'version') ~= ARGV[4] then return 'stale' end
redis.call('HSET', KEYS[3], 'doc', ARGV[5], 'version', tonumber(ARGV[4]) + 1, 'state', ARGV[6])
local taken = (#ARGV - 12) / 4
if taken > 0 then redis.call('LTRIM', KEYS[4], taken, -1) end
for i = 13, #ARGV, 4 do
  redis.call('ZADD', KEYS[5], ARGV[i], ARGV[i])
  if tonumber(ARGV[i]) >= now - tonumber(ARGV[11]) then
    redis.call('ZREMRANGEBYSCORE', KEYS[6], ARGV[i], ARGV[i])
    redis.call('ZADD', KEYS[6], ARGV[i], ARGV[i + 1])
  end
  redis.call('HSET', KEYS[7], ARGV[i + 2], ARGV[i + 3])
end
if taken > 0 then
  redis.call('ZREMRANGEBYRANK', KEYS[5], 0, -100001)
  redis.call('PEXPIRE', KEYS[5], ARGV[12])
  redis.call('ZREMRANGEBYRANK', KEYS[6], 0, -1 - ARGV[10])
  redis.call('PEXPIRE', KEYS[6], ARGV[11])
end
if ARGV[6] ~= 'running' then
  redis.call('HDEL', KEYS[2], ARGV[3])
  redis.call('DEL', KEYS[4])
  redis.call('EXPIRE', KEYS[3], ARGV[7])
end
if ARGV[9] ~= '' then redis.call('XADD', KEYS[8], 'MAXLEN', '~', 10000, '*', 'type', 'backfill.ended', 'data', ARGV[9]) end
if taken > 0 or ARGV[9] ~= '' then redis.call('PUBLISH', ARGV[8], '') end
return 'advanced'
