-- The runs of a step are in their queue up to here, or were looked at for their end.
-- KEYS workflow, agenda. ARGV member of the agenda, ms until somebody else looks, step, 'q' (enqueued) or 'x' (looked at), up to.
-- Answers 1, or 0 where that is no longer done.
-- include workflow-steps
local wf, name, field, to = KEYS[1], ARGV[3], ARGV[4], tonumber(ARGV[5])
local step = redis.call('HMGET', wf, 's:' .. name, field .. ':' .. name, 'n:' .. name, 'stop')
if field == 'q' and (step[1] ~= 'expanded' or step[4]) then return 0 end
if field == 'x' and not step[4] then return 0 end
if to > tonumber(step[2] or '0') then redis.call('HSET', wf, field .. ':' .. name, to) end
if field == 'q' and to >= tonumber(step[3]) then
  redis.call('HSET', wf, 's:' .. name, 'running')
  redis.call('HDEL', wf, 'a:' .. name)
end
changed(wf, KEYS[2], ARGV[1], now_ms() + tonumber(ARGV[2]))
return 1
