-- Looks at the runs whose time is over, at most so many at once. Those that the queue was told to keep longer are removed; one that was queued again stays; a parked one stays for as
-- long as nobody has decided, and then for as long as an ended one.
-- KEYS queue, live. ARGV most, ms that a failed run is kept where nobody wrote that down. Answers how many were looked at, and how many of them removed.
-- include parked
local queue = KEYS[1]
local failed, completed, expiring = queue .. 'failed', queue .. 'completed', queue .. 'sw:expiring'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = redis.call('ZRANGEBYSCORE', expiring, '-inf', now, 'LIMIT', 0, ARGV[1])
local removed = 0
for _, id in ipairs(due) do
  redis.call('ZREM', expiring, id)
  local job, run = queue .. id, queue .. id .. ':sw'
  local score = tonumber(redis.call('ZSCORE', failed, id) or '0')
  local ended = score > 0 or redis.call('ZSCORE', completed, id)
  if redis.call('EXISTS', job) == 0 then
    -- Others have removed it.
    redis.call('DEL', run, run .. ':steps')
    redis.call('SREM', KEYS[2], id)
  elseif redis.call('HGET', run, 'outcome') == 'parked' then
    keep_parked(failed, expiring, id, now)
  elseif score >= AHEAD then
    local keep_ms = redis.call('HGET', run, 'keepMs') or ARGV[2]
    redis.call('ZADD', failed, 'XX', now, id)
    redis.call('ZADD', expiring, now + keep_ms, id)
    redis.call('PEXPIRE', run, keep_ms)
    redis.call('PEXPIRE', run .. ':steps', keep_ms)
  elseif ended then
    redis.call('ZREM', score > 0 and failed or completed, id)
    redis.call('DEL', job, job .. ':logs', job .. ':dependencies', job .. ':processed', job .. ':failed', job .. ':unsuccessful')
    redis.call('DEL', run, run .. ':steps')
    redis.call('SREM', KEYS[2], id)
    removed = removed + 1
  end
end
return {#due, removed}
