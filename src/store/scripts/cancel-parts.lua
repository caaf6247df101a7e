-- The workflow stops: runs of a step that have not started are cancelled, here and now; a host takes them out of the queue when their turn comes.
-- KEYS workflow, agenda, results, live runs of the queue, its expiring ones, then of each run: run, job. ARGV member of the agenda, ms until somebody else looks, step, who stops it, for what, then of each: its
-- field and job ID. Answers the places (from 0) of those that a person's cancellation has yet to reach: they have started.
-- include workflow-steps
-- include cancelling
local wf, name = KEYS[1], ARGV[3]
local kept = redis.call('HMGET', wf, 'stop', 'round')
if not kept[1] then return {} end
local cancelled, round = kept[1] == 'cancelled', kept[2] or '0'
local plan = plan_of(wf)
local retries = step_of(plan, name)[3] ~= 'continue'
local now = now_ms()
local running = {}
local who = who_cancels(ARGV[4], ARGV[5])
for i = 0, (#ARGV - 5) / 2 - 1 do
  local field, id, run, job = ARGV[6 + 2 * i], ARGV[7 + 2 * i], KEYS[6 + 2 * i], KEYS[7 + 2 * i]
  local mark = redis.call('HGET', KEYS[3], field)
  local kind = mark and string.sub(mark, 1, 1)
  -- It had ended before the last retry, and was yet to be queued again.
  local former = (kind == '~' or (kind == '!' and retries)) and tonumber(string.sub(mark, 2)) < tonumber(round)
  local ends = former
  if not mark then
    local at = redis.call('HMGET', run, 'startedAt', 'outcome')
    local there = redis.call('EXISTS', job) == 1
    local parked = at[2] == 'parked' and redis.call('HEXISTS', job, 'finishedOn') == 1
    ends = not there or not at[1] or (parked and cancelled)
    if not there or not at[1] then
      mark_cancelled(run, who)
      -- One that is not there is not enqueued after all; nor does this stay for it.
      if not there then redis.call('PEXPIRE', run, 86400000) end
    elseif parked and cancelled then
      redis.call('HSET', run, 'outcome', 'cancelled', 'cancelWhy', who)
      redis.call('HDEL', run, 'park')
      redis.call('SREM', KEYS[4], id)
      -- From now on it is kept as long as any other: the next look at what is over sees to that.
      redis.call('ZADD', KEYS[5], 'XX', 0, id)
    elseif cancelled then
      running[#running + 1] = i
    end
  end
  if ends then
    redis.call('HSET', KEYS[3], field, '~' .. round)
    settle_run(wf, plan, name, '~', now)
  end
end
changed(wf, KEYS[2], ARGV[1], now + tonumber(ARGV[2]))
return running
