-- The steps of a workflow run have ended: the job that stands for it is claimed next. It computes nothing, so that what waits there loses nothing by it.
-- KEYS queue. ARGV job ID. Answers 'there' (also where it was before, or is claimed), 'ended' (the queue has its end) or 'gone'.
-- include moves
local queue, id = KEYS[1], ARGV[1]
if redis.call('EXISTS', queue .. id) == 0 then return 'gone' end
if redis.call('HEXISTS', queue .. id, 'finishedOn') == 1 then return 'ended' end
if redis.call('ZREM', queue .. 'delayed', id) == 1 then toHead(queue, id) end
return 'there'
