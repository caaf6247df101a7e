-- A run that is part of a workflow has ended, before the queue is told: its result is kept, and if it was the last of its step what waited for that goes on.
-- KEYS lock, run, workflow, agenda, results, job of the workflow. ARGV token ('' where no claim is held), fence, member of the agenda, ms until somebody else looks,
-- step, field, how ('done', 'failed', 'cancelled'), JSON of the result, why (JSON). Answers {'kept'} (also where it was before, or nothing follows from it), {'gone'}
-- (nobody waits for it), {'lost'}, {'fenced'}, {'settled'}: there is something to do; where that was all that there is, it is said:
-- {'settled', revision, now, key of the graph, priority, all has come to its end ('1' or '0'), data, opts, number of steps that are ready, their names …,
-- name and mark of each that comes before them …}: not its own, and none where they are many or large.
-- include workflow-steps
local MOST_MARKS, MOST_BYTES = 32, 65536
if ARGV[1] ~= '' then
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
  if redis.call('HGET', KEYS[2], 'fence') ~= ARGV[2] then return {'fenced'} end
end
local wf, name = KEYS[3], ARGV[5]
local kept = redis.call('HMGET', wf, 's:' .. name, 'stop', 'round', 'key', 'priority', 'retry')
if not kept[1] then return {'gone'} end
redis.call('HDEL', wf, 't:' .. name) -- goes first, so that a full memory does not stop what follows: see README
local mark = ARGV[7] == 'done' and '=' or ARGV[7] == 'cancelled' and kept[2] and '~' or '!'
if redis.call('HSETNX', KEYS[5], ARGV[6], mark .. (mark == '=' and ARGV[8] or kept[3] or '0')) == 0 then return {'kept'} end
local now = now_ms()
local plan = nil
local stops = false
if mark == '!' then
  plan = plan_of(wf)
  failed(wf, plan, name, ARGV[9], now)
  stops = not kept[2] and redis.call('HEXISTS', wf, 'stop') == 1
end
local last, ready, over = settle_run(wf, plan, name, mark, now)
if not stops and not (last and (over or #ready > 0)) then return {'kept'} end
local rested = not redis.call('ZSCORE', KEYS[4], ARGV[3])
local revision = changed(wf, KEYS[4], ARGV[3], now + tonumber(ARGV[4]))
if stops or not rested or kept[2] or not kept[4] or kept[6] then return {'settled'} end

local asked = over and {} or redis.call('HMGET', KEYS[6], 'data', 'opts')
local answer = {'settled', revision, now, kept[4], kept[5] or '0', over and '1' or '0', asked[1] or '', asked[2] or '', #ready}
local names, met = {}, {[name] = true}
for _, later in ipairs(ready) do
  answer[#answer + 1] = later
  for before in string.gmatch(redis.call('HGET', wf, 'w:' .. later) or '', '[^,]+') do
    if not met[before] then names[#names + 1] = before end
    met[before] = true
  end
end
if #names == 0 or #names > MOST_MARKS then return answer end
local bytes, marks = 0, redis.call('HMGET', KEYS[5], unpack(names))
for i = 1, #names do bytes = bytes + (marks[i] and #marks[i] or 0) end
if bytes > MOST_BYTES then return answer end
for i, before in ipairs(names) do
  answer[#answer + 1] = before
  answer[#answer + 1] = marks[i] or ''
end
return answer
