-- Lets pass what time has come for, and answers all that is kept of a workflow run but its results; where something begins, also what was asked for.
-- KEYS workflow, agenda, job. ARGV member of the agenda, ms until somebody else looks. Answers {now, data, opts, field, value, …}, both of the job or ''; {now} where there is none.
-- include workflow-steps
local wf = KEYS[1]
local now = now_ms()
if redis.call('HEXISTS', wf, 'plan') == 0 then return {now} end
local plan = plan_of(wf)
local rang, begins = false, false
for _, step in ipairs(plan) do
  local name, kind = step[1], step[2]
  if kind == 'signal' or kind == 'wait' then
    local at = redis.call('HMGET', wf, 's:' .. name, 't:' .. name)
    if at[1] == 'running' and at[2] and tonumber(at[2]) <= now then
      rang = true
      if kind == 'signal' then
        local message = 'signal "' .. name .. '" did not come in time'
        failed(wf, plan, name, cjson.encode({step = name, error = {name = 'TimeoutError', message = message, stack = message}}), now)
      end
      settle(wf, plan, name, kind == 'wait' and 'done' or 'failed', now)
    end
  end
end
if rang then changed(wf, KEYS[2], ARGV[1], now + tonumber(ARGV[2])) end
for _, step in ipairs(plan) do
  local state = redis.call('HGET', wf, 's:' .. step[1])
  if state == 'ready' or state == 'expanded' then begins = true end
end
local asked = begins and redis.call('HMGET', KEYS[3], 'data', 'opts') or {}
local answer = {now, asked[1] or '', asked[2] or ''}
for _, part in ipairs(redis.call('HGETALL', wf)) do answer[#answer + 1] = part end
return answer
