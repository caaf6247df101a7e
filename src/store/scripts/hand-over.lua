-- A run goes on in another release without a new claim: only what people see of it changes.
-- KEYS run. ARGV release, host.
redis.call('HDEL', KEYS[1], 'yielded') -- goes first, so that a full memory does not stop what follows: see README
redis.call('HSET', KEYS[1], 'release', ARGV[1], 'host', ARGV[2])
return 1
