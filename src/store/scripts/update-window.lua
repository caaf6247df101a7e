-- Writes what an operator asked for, unless the window changed since it was read.
-- KEYS: window, open windows, events, windows   ARGV: id, version seen, new version, window JSON, span JSON, event data, wake channel, which request this is
-- Its answer was lost, and it is sent again.
if redis.call('HGET', KEYS[1], 'asked') == ARGV[8] then return 1 end
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[2] then return 0 end
redis.call('PERSIST', KEYS[1]) -- goes first, so that a full memory does not stop what follows: see README
redis.call('HSET', KEYS[1], 'version', ARGV[3], 'json', ARGV[4], 'asked', ARGV[8])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[5])
redis.call('XADD', KEYS[3], 'MAXLEN', '~', 10000, '*', 'type', 'window.request', 'data', ARGV[6])
redis.call('PUBLISH', ARGV[7], '')
return 1
