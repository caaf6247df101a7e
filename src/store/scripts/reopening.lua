-- What scripts that reopen runs share; no act of its own. Failures no longer count; its outcome and why it was parked stay until it starts: should it not get into
-- the queue, it stands as before, with its choices. A workflow run is marked: the host that claims it lets what failed begin again. Until then it stands among the reopened ones: a window proves those, too.
local function reopen(run, steps, live, workflow, results, reopened, id)
  redis.call('HDEL', run, 'cancel', 'cancelWhy', 'error', 'failures', 'crashes', 'yielded', 'stopped', 'startedAt')
  redis.call('PERSIST', run)
  redis.call('PERSIST', steps)
  if redis.call('HEXISTS', workflow, 'plan') == 1 then
    redis.call('HSET', workflow, 'retry', '1')
    redis.call('PERSIST', workflow)
    redis.call('PERSIST', results)
    redis.call('SADD', reopened, id)
  end
  if redis.call('HEXISTS', run, 'state') == 1 or redis.call('HEXISTS', run, 'cursors') == 1 then redis.call('SADD', live, id) end
end
