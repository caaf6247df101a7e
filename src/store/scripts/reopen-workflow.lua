-- A person wants a workflow run to go on that failed or was cancelled: from what failed. What is done stays; runs that failed are queued again, what was stopped begins.
-- KEYS lock, run, workflow, agenda, live workflows of the queue, reopened ones, results, payloads of its steps … ARGV token, fence, job ID, member of the agenda, ms until somebody else looks.
-- Answers 'begun', 'cancelled' (somebody has meanwhile cancelled it: nothing begins), 'lost' or 'fenced'.
-- include workflow-steps
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'lost' end
if redis.call('HGET', KEYS[2], 'fence') ~= ARGV[2] then return 'fenced' end
local wf = KEYS[3]
if redis.call('HGET', wf, 'retry') ~= '1' then return 'begun' end
if redis.call('HGET', KEYS[2], 'cancel') == '1' then return 'cancelled' end
for i = 7, #KEYS do redis.call('PERSIST', KEYS[i]) end
redis.call('PERSIST', wf)
redis.call('HDEL', wf, 'retry', 'stop', 'why')
redis.call('HINCRBY', wf, 'round', 1)
local plan = plan_of(wf)
for _, step in ipairs(plan) do
  local name = step[1]
  local at = redis.call('HMGET', wf, 's:' .. name, 'n:' .. name, 'f:' .. name, 'c:' .. name)
  local failures, cancelled = tonumber(at[3] or '0'), tonumber(at[4] or '0')
  local stands = step[3] == 'continue' and cancelled == 0
  if at[1] == 'stopped' or (at[1] == 'failed' and not stands) then
    redis.call('HDEL', wf, 'x:' .. name, 't:' .. name, 'e:' .. name, 'c:' .. name)
    if tonumber(at[2] or '0') > 0 then
      local again = cancelled + (step[3] == 'continue' and 0 or failures)
      if step[3] ~= 'continue' then redis.call('HDEL', wf, 'f:' .. name) end
      redis.call('HSET', wf, 's:' .. name, 'expanded', 'q:' .. name, 0, 'a:' .. name, '1')
      redis.call('HINCRBY', wf, 'l:' .. name, again)
    else
      redis.call('HSET', wf, 's:' .. name, 'waiting')
    end
  end
end
local now = now_ms()
release(wf, plan, now)
redis.call('SADD', KEYS[5], ARGV[3])
redis.call('SREM', KEYS[6], ARGV[3])
changed(wf, KEYS[4], ARGV[4], now + tonumber(ARGV[5]))
return 'begun'
