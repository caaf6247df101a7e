-- Removes ended runs of which the queue was told to keep them longer than they are to be kept: at most so many at once. One that was queued again, or waits for a person, stays.
-- KEYS queue, live. ARGV most.
local queue = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local removed = 0
for _, id in ipairs(redis.call('ZRANGEBYSCORE', queue .. 'sw:expiring', '-inf', now, 'LIMIT', 0, ARGV[1])) do
  redis.call('ZREM', queue .. 'sw:expiring', id)
  local job, run = queue .. id, queue .. id .. ':sw'
  local ended = redis.call('ZSCORE', queue .. 'completed', id) and 'completed' or redis.call('ZSCORE', queue .. 'failed', id) and 'failed'
  if ended and redis.call('HGET', run, 'outcome') ~= 'parked' then
    redis.call('ZREM', queue .. ended, id)
    redis.call('DEL', job, job .. ':logs', job .. ':dependencies', job .. ':processed', job .. ':failed', job .. ':unsuccessful')
    redis.call('DEL', run, run .. ':steps')
    redis.call('SREM', KEYS[2], id)
    removed = removed + 1
  end
end
return removed
