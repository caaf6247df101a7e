-- Ends the turn of a request with an Idempotency-Key: keeps its answer or, where it failed, lets the key go. A turn that ran out while the
-- request took long may be another's by now: then nothing is changed.
-- KEYS turn. ARGV the turn as it was taken, answer JSON ('' for none), time to keep it (s). Answers 1, or 0 where the turn is another's.
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1]) -- also goes first, so that a full memory does not stop what follows: see README
if ARGV[2] ~= '' then redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end
return 1
