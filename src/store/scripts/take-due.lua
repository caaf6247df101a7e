-- Workflow runs for which there is something to do. They are this host's for a while: if it dies over them, the next one finds them due again.
-- KEYS agenda. ARGV at most so many, ms. Answers members of the agenda.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
for _, member in ipairs(due) do redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), member) end
return due
