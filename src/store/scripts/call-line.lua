-- A look at the lines of a job: seats of runs that are gone are freed, and who can be called is. Nobody is while the queue is paused.
-- KEYS queue, seats. ARGV as `seats`.
-- include seats
if redis.call('HEXISTS', queue .. 'meta', 'paused') == 1 then return 0 end
for _, key in ipairs(redis.call('ZRANGE', seats .. ':keys', 0, 49)) do
  redis.call('ZADD', seats .. ':keys', now, key)
  callKey(key)
end
-- By the clock of a host its instant may be far; by ours it is there.
for _, id in ipairs(redis.call('ZRANGEBYSCORE', seats .. ':due', '-inf', now, 'LIMIT', 0, MOST)) do
  redis.call('ZREM', seats .. ':due', id)
  if redis.call('ZREM', queue .. 'delayed', id) == 1 then toHead(queue, id) end
end
callLine('')
return 1
