-- The request is still under way: its turn lasts on, if it has not run out and become another's.
-- KEYS turn. ARGV the turn as it was taken, how long it lasts without another word (ms). Answers 1, or 0 where the turn is another's.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
