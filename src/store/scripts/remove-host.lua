-- KEYS: hosts, host, events, signs of life, windows   ARGV: id, wake channel, its last words in each of the windows
redis.call('DEL', KEYS[2])
redis.call('HDEL', KEYS[4], ARGV[1])
for i = 5, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 1 then redis.call('HSET', KEYS[i], 'host:' .. ARGV[1], ARGV[i - 2]) end
end
local removed = redis.call('ZREM', KEYS[1], ARGV[1])
if removed == 1 then
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', 10000, '*', 'type', 'host.left', 'data', cjson.encode({ host = ARGV[1], reason = 'left' }))
  redis.call('PUBLISH', ARGV[2], '')
end
return removed
