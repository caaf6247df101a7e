-- A signal for a workflow run: the first counts, and one that comes early is kept.
-- KEYS workflow, agenda, results, job. ARGV member of the agenda, step, payload (JSON), ms that it is kept for a run that has not begun,
-- app of the agenda, which request this is. Answers 'taken', 'kept', 'already', 'over' (the step has ended without it), 'unknown' (no such signal), 'gone', or 'again': it is another app's.
-- include workflow-steps
local wf, name = KEYS[1], ARGV[2]
-- Its answer was lost, and it is sent again.
if redis.call('HGET', wf, 'i:' .. name) == ARGV[6] then return redis.call('HGET', wf, 's:' .. name) == 'done' and 'taken' or 'kept' end
if redis.call('HEXISTS', wf, 'plan') == 0 then
  if redis.call('EXISTS', KEYS[4]) == 0 or redis.call('HEXISTS', KEYS[4], 'finishedOn') == 1 then return 'gone' end
  if redis.call('HSETNX', wf, 'g:' .. name, ARGV[3]) == 0 then return 'already' end
  redis.call('HSET', wf, 'i:' .. name, ARGV[6])
  redis.call('PEXPIRE', wf, ARGV[4])
  return 'kept'
end
if redis.call('HGET', wf, 'app') ~= ARGV[5] then return 'again' end
local plan = plan_of(wf)
local step = step_of(plan, name)
if not step or step[2] ~= 'signal' then return 'unknown' end
local state = redis.call('HGET', wf, 's:' .. name)
if state == 'done' then return 'already' end
-- A person has it go on, and no host has let it begin again yet: it comes early.
local begins = redis.call('HGET', wf, 'retry') == '1' and (state == 'stopped' or (state == 'failed' and step[3] ~= 'continue'))
if SETTLED[state] and not begins then return 'over' end
if redis.call('HSETNX', wf, 'g:' .. name, ARGV[3]) == 0 then return 'already' end
redis.call('HSET', wf, 'i:' .. name, ARGV[6])
if state ~= 'running' then return 'kept' end
local now = now_ms()
redis.call('HSET', KEYS[3], name, '=' .. ARGV[3])
settle(wf, plan, name, 'done', now)
changed(wf, KEYS[2], ARGV[1], now)
return 'taken'
