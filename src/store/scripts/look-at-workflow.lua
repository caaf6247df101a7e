-- Lets pass what time has come for, and answers all that is kept of a workflow run but its results.
-- KEYS workflow, agenda. ARGV member of the agenda, ms until somebody else looks. Answers {now, field, value, …}; {now} where there is none.
-- include workflow-steps
local wf = KEYS[1]
local now = now_ms()
if redis.call('HEXISTS', wf, 'plan') == 0 then return {now} end
local plan = plan_of(wf)
local rang = false
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
local answer = {now}
for _, part in ipairs(redis.call('HGETALL', wf)) do answer[#answer + 1] = part end
return answer
