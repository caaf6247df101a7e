-- Asks a backfill to start no more; whoever advances it ends it. The first who asks is kept.
-- KEYS: the backfill, events   ARGV: who, JSON of the event, wake channel   → 1, or 0 where it is over
if redis.call('HGET', KEYS[1], 'state') ~= 'running' then return 0 end
if redis.call('HSETNX', KEYS[1], 'cancelledBy', ARGV[1]) == 1 then
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', 10000, '*', 'type', 'backfill.cancelling', 'data', ARGV[2])
  redis.call('PUBLISH', ARGV[3], '')
end
return 1
