-- What scripts share that add a job to BullMQ or move it from one place to another, as its own do (addStandardJob, promote, moveToDelayed; 6.7.0); no act of its own.
-- `queue` is the beginning of the keys of the queue ("bull:reports:").

-- A claim is possible now.
local function isOpen(queue)
  local meta = redis.call('HMGET', queue .. 'meta', 'paused', 'concurrency')
  return not meta[1] and (not meta[2] or redis.call('LLEN', queue .. 'active') < tonumber(meta[2]))
end

-- Into the delayed ones, wherever it has been taken from.
local function delayUntil(queue, id, at, now)
  redis.call('ZADD', queue .. 'delayed', at * 4096, id)
  redis.call('HSET', queue .. id, 'delay', math.max(0, at - now))
  redis.call('XADD', queue .. 'events', 'MAXLEN', '~', 10000, '*', 'event', 'delayed', 'jobId', id, 'delay', at)
  local first = redis.call('ZRANGE', queue .. 'delayed', 0, 0, 'WITHSCORES')
  redis.call('ZADD', queue .. 'marker', tonumber(first[2]) / 4096, '1')
end

-- It is claimed next, whatever its priority, once it has been taken from the delayed ones.
local function toHead(queue, id)
  redis.call('RPUSH', queue .. 'wait', id)
  redis.call('HSET', queue .. id, 'delay', 0)
  redis.call('XADD', queue .. 'events', 'MAXLEN', '~', 10000, '*', 'event', 'waiting', 'jobId', id, 'prev', 'delayed')
  if isOpen(queue) then redis.call('ZADD', queue .. 'marker', 0, '0') end
end

-- One without a priority, unless it is there. `quiet`: whoever adds it claims it, and calls nobody.
local function addJob(queue, id, name, data, opts, at, quiet)
  redis.call('INCR', queue .. 'id')
  if redis.call('EXISTS', queue .. id) == 1 then
    redis.call('XADD', queue .. 'events', 'MAXLEN', '~', 10000, '*', 'event', 'duplicated', 'jobId', id)
    return
  end
  redis.call('HSET', queue .. id, 'name', name, 'data', data, 'opts', opts, 'timestamp', at, 'delay', 0, 'priority', 0)
  redis.call('XADD', queue .. 'events', '*', 'event', 'added', 'jobId', id, 'name', name)
  redis.call('LPUSH', queue .. 'wait', id)
  if not quiet and isOpen(queue) then redis.call('ZADD', queue .. 'marker', 0, '0') end
  redis.call('XADD', queue .. 'events', 'MAXLEN', '~', 10000, '*', 'event', 'waiting', 'jobId', id)
end
