-- The turn of a request with an Idempotency-Key, unless the key is taken.
-- KEYS turn. ARGV the turn, how long it lasts without another word (ms). Answers what stands under the key already; nil: the turn is taken.
local kept = redis.call('GET', KEYS[1])
-- Its own: the answer was lost, and it is sent again.
if kept and kept ~= ARGV[1] then return kept end
redis.call('DEL', KEYS[1]) -- goes first, so that a full memory does not stop what follows: an abort must pass. See README
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return nil
