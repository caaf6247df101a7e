-- What the release's code said about a step that is ready, stored once: an answer that comes second changes nothing. A few runs are put into their queue with it.
-- KEYS workflow, agenda, payloads of the step, those of this try, queue of the runs. ARGV member of the agenda, ms until somebody else looks, step,
-- answer ('run', 'skip', 'failed'), runs, what its runs are (JSON) or why it failed (JSON), the revision after which this is all that there is to do (else ''),
-- how its runs are enqueued ('': not here, 'call': who waits is called, 'quiet': the caller claims), their job, ms, payloads … (where they are not in the fourth key),
-- ID and options of each that is enqueued …. Answers 'stored', 'rests' (there is nothing to do before something happens) or 'late'.
-- include workflow-steps
-- include moves
local wf, name = KEYS[1], ARGV[3]
if redis.call('HGET', wf, 's:' .. name) ~= 'ready' then
  redis.call('UNLINK', KEYS[4])
  return 'late'
end
local now = now_ms()
local count, enqueue = tonumber(ARGV[5]), ARGV[8]
local rests = false
if ARGV[4] == 'run' and count > 0 then
  local state = enqueue == '' and 'expanded' or 'running'
  redis.call('HSET', wf, 's:' .. name, state, 'n:' .. name, count, 'l:' .. name, count, 'q:' .. name, enqueue == '' and 0 or count, 'o:' .. name, ARGV[6])
  redis.call('UNLINK', KEYS[3])
  if #ARGV > 10 then
    redis.call('RPUSH', KEYS[3], unpack(ARGV, 11, 10 + count))
  else
    redis.call('RENAME', KEYS[4], KEYS[3])
    redis.call('PERSIST', KEYS[3])
  end
  if enqueue ~= '' then
    for i = 1, count do
      local at = 10 + count + 2 * i - 1
      addJob(KEYS[5], ARGV[at], ARGV[9], ARGV[10 + i], ARGV[at + 1], ARGV[10], enqueue == 'quiet')
    end
    rests = redis.call('HGET', wf, 'rev') == ARGV[7]
  end
else
  local plan = nil
  if ARGV[4] == 'failed' then
    plan = plan_of(wf)
    failed(wf, plan, name, ARGV[6], now)
  end
  if ARGV[4] == 'run' then redis.call('HSET', wf, 'n:' .. name, 0, 'l:' .. name, 0) end
  settle(wf, plan, name, ARGV[4] == 'failed' and 'failed' or ARGV[4] == 'skip' and 'skipped' or 'done', now)
end
if not rests then
  changed(wf, KEYS[2], ARGV[1], now + tonumber(ARGV[2]))
  return 'stored'
end
redis.call('HINCRBY', wf, 'rev', 1)
redis.call('ZREM', KEYS[2], ARGV[1])
return 'rests'
