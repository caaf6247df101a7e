-- A run has ended, or waits for its next attempt: its seat is free, and the next one is called.
-- KEYS queue, seats. ARGV as `seats`, then [6] job ID, [7] '1': it has ended.
-- include seats
redis.call('PERSIST', seats .. ':in') -- goes first, so that a full memory does not stop what follows: see README
leave(ARGV[6])
freeDead()
if ARGV[7] == '1' then redis.call('HDEL', runOf(ARGV[6]), 'askedAt') end
callLine('')
return 1
