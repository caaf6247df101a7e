-- Appends an event and forgets the oldest. That goes first: it makes room, so that a full memory does not silence what goes on.
-- KEYS: events   ARGV: type, data JSON   → ID
redis.call('XTRIM', KEYS[1], 'MAXLEN', '~', 10000)
return redis.call('XADD', KEYS[1], '*', 'type', ARGV[1], 'data', ARGV[2])
