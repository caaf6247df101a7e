-- Records how a start failed, before the queue is told: a crash in between only means that the run starts again.
-- KEYS lock, run, expiring, runs without their job. ARGV token, fence, kind ('failed', 'parked' or 'cancelled'), attempts, error JSON, park JSON, job ID, the job for which it is parked (else '').
-- Answers {'retry', failures} | {'ended'} | {'lost'} | {'fenced'}.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
local run = KEYS[2]
if redis.call('HGET', run, 'fence') ~= ARGV[2] then return {'fenced'} end
if ARGV[5] ~= '' then redis.call('HSET', run, 'error', ARGV[5]) end
if ARGV[3] == 'failed' then
  local failures
  -- One start fails once: the answer was lost, and it is sent again.
  if redis.call('HGET', run, 'failedFence') == ARGV[2] then
    failures = tonumber(redis.call('HGET', run, 'failures') or '0')
  else
    failures = redis.call('HINCRBY', run, 'failures', 1)
    redis.call('HSET', run, 'failedFence', ARGV[2])
  end
  if failures < tonumber(ARGV[4]) then return {'retry', failures} end
else
  redis.call('HSET', run, 'outcome', ARGV[3])
  if ARGV[6] ~= '' then redis.call('HSET', run, 'park', ARGV[6]) end
  -- Should this host die before it tidies up, others see to it that the run stays.
  if ARGV[3] == 'parked' then redis.call('ZADD', KEYS[3], 0, ARGV[7]) end
  if ARGV[8] ~= '' then redis.call('HSET', KEYS[4], ARGV[7], ARGV[8]) end
end
return {'ended'}
