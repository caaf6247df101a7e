-- There is nothing to do for a workflow run, until then. Only whoever has seen its last change may say so.
-- KEYS workflow, agenda. ARGV member of the agenda, the revision that was seen, when it is due (ms; '' when something happens). Answers 1, or 0 where it has changed.
if (redis.call('HGET', KEYS[1], 'rev') or '') ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('ZREM', KEYS[2], ARGV[1]) else redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1]) end
return 1
