-- KEYS: freezes, events   ARGV: id, wake channel   → 1 if it was there
local freeze = redis.call('HGET', KEYS[1], ARGV[1])
if not freeze then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', 10000, '*', 'type', 'freeze.removed', 'data', '{"freeze":' .. freeze .. '}')
redis.call('PUBLISH', ARGV[2], '')
return 1
