-- A run goes on in another release without a new claim: only what people see of it changes, and crashes on another release no longer count.
-- KEYS run. ARGV release, host.
redis.call('HDEL', KEYS[1], 'yielded') -- goes first, so that a full memory does not stop what follows: see README
if redis.call('HGET', KEYS[1], 'release') ~= ARGV[1] then redis.call('HDEL', KEYS[1], 'crashes') end
redis.call('HSET', KEYS[1], 'release', ARGV[1], 'host', ARGV[2])
return 1
