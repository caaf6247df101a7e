-- Tidies up after a run that has ended: what was kept to go on with goes, unless a person may still resume it. A parked one stays as it is, until somebody has decided.
-- KEYS run, steps, live, expiring, failed (of the queue). ARGV job ID, keep state ('1' for failed and parked), '1': nobody may decide of it, ms to live,
-- '1': the queue keeps it longer, so it is to be removed then.
-- include parked
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[3] ~= '1' and redis.call('HGET', KEYS[1], 'outcome') == 'parked' then
  redis.call('PERSIST', KEYS[1])
  -- How long it is kept once that is decided.
  redis.call('HSET', KEYS[1], 'keepMs', ARGV[4])
  keep_parked(KEYS[5], KEYS[4], ARGV[1], now)
  return 1
end
redis.call('SREM', KEYS[3], ARGV[1])
if ARGV[2] ~= '1' then
  redis.call('HDEL', KEYS[1], 'state', 'cursors', 'yielded', 'formerState', 'formerCursors')
  redis.call('DEL', KEYS[2])
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
if ARGV[5] == '1' then
  redis.call('ZADD', KEYS[4], now + ARGV[4], ARGV[1])
else
  redis.call('ZREM', KEYS[4], ARGV[1])
end
return 1
