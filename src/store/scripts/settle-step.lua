-- A run that is part of a workflow has ended, before the queue is told: its result is kept, and if it was the last of its step what waited for that goes on.
-- KEYS lock, run, workflow, agenda, results. ARGV token ('' where no claim is held), fence, member of the agenda, ms until somebody else looks, step, field,
-- how ('done', 'failed', 'cancelled'), JSON of the result, why (JSON). Answers 'kept' (also where it was before), 'settled' (there is something to do),
-- 'gone' (nobody waits for it), 'lost' or 'fenced'.
-- include workflow-steps
if ARGV[1] ~= '' then
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'lost' end
  if redis.call('HGET', KEYS[2], 'fence') ~= ARGV[2] then return 'fenced' end
end
local wf, name = KEYS[3], ARGV[5]
local kept = redis.call('HMGET', wf, 's:' .. name, 'stop', 'round')
if not kept[1] then return 'gone' end
redis.call('HDEL', wf, 't:' .. name) -- goes first, so that a full memory does not stop what follows: see README
local mark = ARGV[7] == 'done' and '=' or ARGV[7] == 'cancelled' and kept[2] and '~' or '!'
if redis.call('HSETNX', KEYS[5], ARGV[6], mark .. (mark == '=' and ARGV[8] or kept[3] or '0')) == 0 then return 'kept' end
local now = now_ms()
local plan = nil
local stops = false
if mark == '!' then
  plan = plan_of(wf)
  failed(wf, plan, name, ARGV[9], now)
  stops = not kept[2] and redis.call('HEXISTS', wf, 'stop') == 1
end
if not settle_run(wf, plan, name, mark, now) and not stops then return 'kept' end
changed(wf, KEYS[4], ARGV[3], now + tonumber(ARGV[4]))
return 'settled'
