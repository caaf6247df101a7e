-- A run goes on in another release without a new claim: only what people see of it changes, and crashes on another release no longer count. Nothing does where the claim is another's.
-- KEYS lock, run. ARGV token, release, host. → 1; 0: the claim is another's
local run = KEYS[2]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('HDEL', run, 'yielded') -- goes first, so that a full memory does not stop what follows: see README
if redis.call('HGET', run, 'release') ~= ARGV[2] then redis.call('HDEL', run, 'crashes') end
local time = redis.call('TIME')
redis.call('HSET', run, 'release', ARGV[2], 'host', ARGV[3], 'lastStart', time[1] * 1000 + math.floor(time[2] / 1000))
return 1
