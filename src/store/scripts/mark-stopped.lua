-- A run was stopped without a yield and waits to go on: only what people see of it changes. Nothing does where it has started again, or the claim is another's.
-- KEYS lock, run. ARGV token, fence. → 1; 0: it does not wait any more
local run = KEYS[2]
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('HGET', run, 'fence') ~= ARGV[2] then return 0 end
redis.call('PERSIST', run) -- goes first, so that a full memory does not stop what follows: see README
redis.call('HSET', run, 'stopped', '1')
return 1
