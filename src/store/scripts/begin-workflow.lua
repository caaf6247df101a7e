-- A workflow run begins: its graph is kept for its life, and its first steps are ready.
-- KEYS lock, run, workflow, agenda, live workflows of the queue. ARGV token, fence, job ID, member of the agenda, app, graph, plan, priority, ms until somebody else looks, key of the graph.
-- Answers 'begun' (also where it had begun), 'cancelled', 'lost' or 'fenced'.
-- include workflow-steps
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'lost' end
local run = redis.call('HMGET', KEYS[2], 'fence', 'cancel')
if run[1] ~= ARGV[2] then return 'fenced' end
local wf = KEYS[3]
if redis.call('HEXISTS', wf, 'plan') == 1 then return 'begun' end
if run[2] == '1' then return 'cancelled' end
local now = now_ms()
local plan = cjson.decode(ARGV[7])
redis.call('HSET', KEYS[2], 'workflow', '1')
redis.call('HSET', wf, 'app', ARGV[5], 'graph', ARGV[6], 'plan', ARGV[7], 'priority', ARGV[8], 'key', ARGV[10])
redis.call('PERSIST', wf)
local before, behind = {}, {}
for i, step in ipairs(plan) do
  before[i], behind[i] = {}, {}
  for n, place in ipairs(step[4]) do
    before[i][n] = plan[place + 1][1]
    table.insert(behind[place + 1], step[1])
  end
end
for i, step in ipairs(plan) do
  local name = step[1]
  redis.call('HSET', wf, 's:' .. name, 'waiting', 'w:' .. name, table.concat(before[i], ','), 'd:' .. name, table.concat(behind[i], ','))
end
release(wf, plan, now)
redis.call('SADD', KEYS[5], ARGV[3])
changed(wf, KEYS[4], ARGV[4], now + tonumber(ARGV[9]))
return 'begun'
