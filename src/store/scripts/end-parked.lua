-- A person ends the parking of a run by its end. From now on it is kept as long as any other: the next look at what is over sees to that.
-- KEYS run, live, expiring. ARGV job ID, by, reason ('': none)
-- include cancelling
redis.call('HSET', KEYS[1], 'outcome', 'cancelled', 'cancelWhy', who_cancels(ARGV[2], ARGV[3]))
redis.call('HDEL', KEYS[1], 'park')
redis.call('SREM', KEYS[2], ARGV[1])
redis.call('ZADD', KEYS[3], 'XX', 0, ARGV[1])
return 1
