-- A run that was cancelled while it was delayed, or in line for a seat, is claimed next, so that a host ends it: its time might be far. A workflow run that has begun
-- is none of these: it stands among the delayed ones until its steps have ended. One that only has an early signal has not begun.
-- KEYS queue. ARGV job ID.
-- include moves
local queue, id = KEYS[1], ARGV[1]
local run = queue .. id .. ':sw'
if redis.call('HGET', run, 'cancel') ~= '1' or redis.call('HEXISTS', run .. ':wf', 'plan') == 1 then return 0 end
if redis.call('ZREM', queue .. 'delayed', id) == 0 then return 0 end
toHead(queue, id)
return 1
