-- A run goes on in another release without a new claim: only what people see of it changes.
-- KEYS run. ARGV release, host.
redis.call('HSET', KEYS[1], 'release', ARGV[1], 'host', ARGV[2])
redis.call('HDEL', KEYS[1], 'yielded')
return 1
