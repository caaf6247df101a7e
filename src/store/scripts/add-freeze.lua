-- KEYS: freezes, events   ARGV: id, freeze JSON, wake channel
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', 10000, '*', 'type', 'freeze.added', 'data', '{"freeze":' .. ARGV[2] .. '}')
redis.call('PUBLISH', ARGV[3], '')
return 1
