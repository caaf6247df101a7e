-- Lets pass what time has come for, and answers all that is kept of a workflow run but its results; where something begins, also what was asked for.
-- KEYS workflow, agenda, job. ARGV member of the agenda, ms until somebody else looks. Answers {now, data, opts, field, value, …}, both of the job or ''; {now} where there is none.
-- include workflow-steps
local wf = KEYS[1]
local now = now_ms()
local fields = redis.call('HGETALL', wf)
local begins, begun, rings = false, false, false
for i = 1, #fields, 2 do
  local field, value = fields[i], fields[i + 1]
  local letter = string.sub(field, 1, 2)
  if letter == 's:' then
    if value == 'ready' or value == 'expanded' then begins = true end
  elseif letter == 't:' then
    if tonumber(value) <= now then rings = true end
  elseif field == 'plan' then
    begun = true
  end
end
if not begun then return {now} end
if rings then
  local plan = plan_of(wf)
  local rang = false
  for _, step in ipairs(plan) do
    local name, kind = step[1], step[2]
    local at = redis.call('HMGET', wf, 's:' .. name, 't:' .. name)
    if at[1] == 'running' and at[2] and tonumber(at[2]) <= now then
      if kind == 'signal' then
        local message = 'signal "' .. name .. '" did not come in time'
        failed(wf, plan, name, cjson.encode({step = name, error = {name = 'TimeoutError', message = message, stack = message}}), now)
      end
      settle(wf, plan, name, kind == 'wait' and 'done' or 'failed', now)
      rang = true
    end
  end
  if rang then changed(wf, KEYS[2], ARGV[1], now + tonumber(ARGV[2])) end
  fields = redis.call('HGETALL', wf)
  begins = true
end
local asked = begins and redis.call('HMGET', KEYS[3], 'data', 'opts') or {}
local answer = {now, asked[1] or '', asked[2] or ''}
for i = 1, #fields, 2 do
  local letter = string.sub(fields[i], 1, 2)
  if fields[i] ~= 'plan' and letter ~= 'w:' and letter ~= 'd:' then
    answer[#answer + 1] = fields[i]
    answer[#answer + 1] = fields[i + 1]
  end
end
return answer
