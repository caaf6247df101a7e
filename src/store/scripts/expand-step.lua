-- What the release's code said about a step that is ready, stored once: an answer that comes second changes nothing.
-- KEYS workflow, agenda, payloads of the step, those of this try. ARGV member of the agenda, ms until somebody else looks, step,
-- answer ('run', 'skip', 'failed'), runs, what its runs are (JSON) or why it failed (JSON), payloads … (where they are not in the last key).
-- Answers 'stored' or 'late'.
-- include workflow-steps
local wf, name = KEYS[1], ARGV[3]
if redis.call('HGET', wf, 's:' .. name) ~= 'ready' then
  redis.call('UNLINK', KEYS[4])
  return 'late'
end
local now = now_ms()
local count = tonumber(ARGV[5])
if ARGV[4] == 'run' and count > 0 then
  redis.call('UNLINK', KEYS[3])
  if #ARGV > 6 then redis.call('RPUSH', KEYS[3], unpack(ARGV, 7)) else redis.call('RENAME', KEYS[4], KEYS[3]) end
  redis.call('PERSIST', KEYS[3])
  redis.call('HSET', wf, 's:' .. name, 'expanded', 'n:' .. name, count, 'l:' .. name, count, 'q:' .. name, 0, 'o:' .. name, ARGV[6])
else
  local plan = plan_of(wf)
  if ARGV[4] == 'failed' then failed(wf, plan, name, ARGV[6], now) end
  if ARGV[4] == 'run' then redis.call('HSET', wf, 'n:' .. name, 0, 'l:' .. name, 0) end
  settle(wf, plan, name, ARGV[4] == 'failed' and 'failed' or ARGV[4] == 'skip' and 'skipped' or 'done', now)
end
changed(wf, KEYS[2], ARGV[1], now + tonumber(ARGV[2]))
return 'stored'
