-- A host's record, its place in the index and its last words in each window, in one act.
-- KEYS: hosts, host, events, signs of life, windows   ARGV: id, status JSON, ttl ms, wake channel or '', event data, sign of life, how long those of others are kept (ms), its words in each of the windows
-- include old-signs
redis.call('PERSIST', KEYS[2]) -- goes first, so that a full memory does not stop what follows: see README
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
local joined = redis.call('ZADD', KEYS[1], 0, ARGV[1])
if joined == 1 then
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', 10000, '*', 'type', 'host.joined', 'data', ARGV[5])
  forget_old_signs(KEYS[4], KEYS[1], ARGV[7])
end
redis.call('HSET', KEYS[4], ARGV[1], ARGV[6])
for i = 5, #KEYS do
  -- One that was forgotten meanwhile does not come back.
  if redis.call('EXISTS', KEYS[i]) == 1 then redis.call('HSET', KEYS[i], 'host:' .. ARGV[1], ARGV[i + 3]) end
end
if ARGV[4] ~= '' then redis.call('PUBLISH', ARGV[4], '') end
return joined
