-- A step that is ready begins to wait for a signal or for a time; a signal that came before is taken.
-- KEYS workflow, agenda, results. ARGV member of the agenda, ms until somebody else looks, step, 'for' or 'until', ms ('' for ever). Answers 'stored' or 'late'.
-- include workflow-steps
local wf, name = KEYS[1], ARGV[3]
if redis.call('HGET', wf, 's:' .. name) ~= 'ready' then return 'late' end
local now = now_ms()
local early = redis.call('HGET', wf, 'g:' .. name)
if early then
  redis.call('HSET', KEYS[3], name, '=' .. early)
  settle(wf, nil, name, 'done', now)
else
  redis.call('HSET', wf, 's:' .. name, 'running')
  if ARGV[5] ~= '' then redis.call('HSET', wf, 't:' .. name, (ARGV[4] == 'for' and now or 0) + tonumber(ARGV[5])) end
end
changed(wf, KEYS[2], ARGV[1], now + tonumber(ARGV[2]))
return 'stored'
