-- Begins a backfill, unless one of this schedule is under way. One with nothing to do is over as it begins.
-- KEYS: open backfills, the backfill, its fires, all backfills, events   ARGV: schedule, ID, JSON, created (ms), state, seconds to keep what is over, wake channel, data of the event   → '' or the ID of the other one
-- Its answer was lost, and it is sent again.
if redis.call('EXISTS', KEYS[2]) == 1 then return '' end
if ARGV[5] == 'running' then
  local other = redis.call('HGET', KEYS[1], ARGV[1])
  if other then return other end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
end
redis.call('HSET', KEYS[2], 'doc', ARGV[3], 'version', 1, 'state', ARGV[5])
-- They were written before, to go by themselves should their server have died.
redis.call('PERSIST', KEYS[3])
redis.call('ZADD', KEYS[4], ARGV[4], ARGV[2])
if ARGV[5] ~= 'running' then redis.call('EXPIRE', KEYS[2], ARGV[6]) end
redis.call('XADD', KEYS[5], 'MAXLEN', '~', 10000, '*', 'type', 'backfill.started', 'data', ARGV[8])
redis.call('PUBLISH', ARGV[7], '')
return ''
