-- Renews the locks of claims that are still ours, and takes their runs out of the queue's list of stalled ones. It only moves the ends of keys that are there:
-- also with its memory full, Redis lets no run be taken for abandoned.
-- KEYS stalled (of the queue), then the lock of each claim. ARGV lock time (ms), then token and job ID of each. → the indexes (from 1) of those that are lost
local lost = {}
for i = 1, #KEYS - 1 do
  if redis.call('GET', KEYS[i + 1]) == ARGV[2 * i] then
    redis.call('PEXPIRE', KEYS[i + 1], ARGV[1])
    redis.call('SREM', KEYS[1], ARGV[2 * i + 1])
  else
    lost[#lost + 1] = i
  end
end
return lost
