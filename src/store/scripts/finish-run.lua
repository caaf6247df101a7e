-- Tidies up after a run that has ended: what was kept to go on with goes, unless a person may still resume it.
-- KEYS run, steps, live, expiring. ARGV job ID, keep state ('1' for failed and parked), parked ('1': its state stays in the proof), ms to live,
-- '1': the queue keeps it longer, so it is to be removed then.
if ARGV[3] ~= '1' then redis.call('SREM', KEYS[3], ARGV[1]) end
if ARGV[2] ~= '1' then
  redis.call('HDEL', KEYS[1], 'state', 'cursors', 'yielded', 'formerState', 'formerCursors')
  redis.call('DEL', KEYS[2])
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
if ARGV[5] == '1' then
  local time = redis.call('TIME')
  redis.call('ZADD', KEYS[4], time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[4], ARGV[1])
else
  redis.call('ZREM', KEYS[4], ARGV[1])
end
return 1
