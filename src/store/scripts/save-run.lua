-- Writes a checkpoint: only for the holder of the lock with the newest fence, so a checkpoint never goes back.
-- KEYS lock, run, live. ARGV token, fence, job ID, state, version, cursors ('' where there is none), mode ('save' or 'yield').
-- A state that differs from the last one is an advance: it gives the attempt budget back. A yield also takes the next fence, so that a
-- handover needs no further round trip. Answers {'ok', now, fence, advanced (1 or 0)} | {'lost'} | {'fenced'}.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
local run = KEYS[2]
if redis.call('HGET', run, 'fence') ~= ARGV[2] then return {'fenced'} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local advanced = 0
local fields = {'state', ARGV[4], 'version', ARGV[5], 'cursors', ARGV[6]}
if ARGV[4] ~= '' or ARGV[6] ~= '' then
  local last = redis.call('HMGET', run, 'state', 'cursors')
  if (last[1] or '') ~= ARGV[4] or (last[2] or '') ~= ARGV[6] then
    redis.call('HDEL', run, 'failures', 'crashes')
    advanced = 1
  end
  for i = 1, #fields, 2 do
    if fields[i + 1] == '' then redis.call('HDEL', run, fields[i]) else redis.call('HSET', run, fields[i], fields[i + 1]) end
  end
  redis.call('HSET', run, 'bytes', #ARGV[4] + #ARGV[6], 'savedAt', now)
  redis.call('HINCRBY', run, 'count', 1)
  redis.call('SADD', KEYS[3], ARGV[3])
end
local fence = ARGV[2]
if ARGV[7] == 'yield' then
  redis.call('HSET', run, 'yielded', '1')
  fence = redis.call('HINCRBY', run, 'fence', 1)
end
return {'ok', now, fence, advanced}
